#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages: each is there and whole, and tells of the options of --help, of no others.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"

# page NAME: the page, in the build tree or the tarball's.
page() {
	for tree in "${top_builddir:?}" "$top_srcdir"; do
		if [ -f "$tree/man/$1" ]; then
			printf '%s\n' "$tree/man/$1"
			return
		fi
	done
}

has_sections() {
	file=$(page "$1")
	shift
	[ -n "$file" ] || return 1
	for section in "$@"; do
		grep -q -e "^\\.SH $section" "$file" || {
			echo "no section $section"
			return 1
		}
	done
}

# help_options PROGRAM / page_options PAGE: long options, sorted.
help_options() {
	"$top_builddir/$1" --help 2>&1 | sed -n 's/^ *\(-., \)\{0,1\}--\([a-z-]*\).*/\2/p' | sort
}

# The lines of the list of options begin with the option in bold.
page_options() {
	sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' "$(page "$1")" | sed 's,[\\],,g' |
		sed -n 's/^\(fB-.f[A-Z], \)\{0,1\}fB--\([a-z-]*\)f[A-Z].*/\2/p' | sort
}

same_options() {
	help_options "$1" >"$tap_dir/help"
	page_options "$2" >"$tap_dir/page"
	grep -q -x help "$tap_dir/help" || {
		echo "--help shows no options"
		return 1
	}
	diff "$tap_dir/help" "$tap_dir/page"
}

# words_are_told SOURCE: every word in a table of SOURCE, as '[X] = "word"', is on the probe's page.
words_are_told() {
	sed -n 's/^\t*\[KT_[A-Z_]*\] = "\([a-z_-]*\)",$/\1/p' "$top_srcdir/src/probe/$1" >"$tap_dir/words"
	[ -s "$tap_dir/words" ] || return 1
	while read -r word; do
		sed 's,[\\],,g' "$(page ktstr-jemalloc-probe.1)" | grep -q -e "fB$word" || {
			echo "no word $word"
			return 1
		}
	done <"$tap_dir/words"
}

if [ -z "$(page ktstr-top.1)" ]; then
	tap_skip 'the pages' 'built from a clone without scdoc'
	tap_end
	exit
fi
for name in ktstr-jemalloc-alloc-worker.1 ktstr-jemalloc-probe.1 ktstr-top.1; do
	tap_check "$name has its sections" has_sections "$name" \
		NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'
done
tap_check 'ktstr-scenario.5 has its sections' has_sections ktstr-scenario.5 \
	NAME DESCRIPTION CHECKS EXAMPLE 'SEE ALSO'
tap_check 'ktstr-jemalloc-probe: options of --help and page' \
	same_options ktstr-jemalloc-probe ktstr-jemalloc-probe.1
tap_check 'ktstr-top: options of --help and page' same_options ktstr-top ktstr-top.1

# Every key of the table that the dashboard looks them up in, with what it does.
keys_are_told() {
	sed -n '/kt_key_table\[\] = {/,/^};/p' "$top_srcdir/src/tui/keys.c" |
		grep -o '"[A-Z][^"]*"' | tr -d '"' >"$tap_dir/keys"
	[ "$(wc -l <"$tap_dir/keys")" -gt 20 ] || return 1
	sed 's,[\\],,g' "$(page ktstr-top.1)" | tr '\n' ' ' >"$tap_dir/page"
	while read -r text; do
		grep -q -F -e "$text" "$tap_dir/page" || {
			echo "not told: $text"
			return 1
		}
	done <"$tap_dir/keys"
}
tap_check 'ktstr-top: the keys of the dashboard' keys_are_told
tap_check 'ktstr-top: what a screen needs to be told of' has_sections ktstr-top.1 \
	SCREEN KEYS TIME RECORDING PREFERENCES ENVIRONMENT
tap_check 'ktstr-jemalloc-alloc-worker: --churn' \
	test "$(page_options ktstr-jemalloc-alloc-worker.1)" = churn
for source in fatal.c run.c options.c members.c read/sweep.c; do
	tap_check "ktstr-jemalloc-probe tells every word of $source" words_are_told "$source"
done
tap_end
