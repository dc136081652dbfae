#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What shells complete: the files are those that the program prints, each shell can read its own, and
# bash completes as one expects.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=${top_builddir:?}/ktstr-top

# file NAME: of the build tree, or the tarball's.
file() {
	for tree in "$top_builddir" "$top_srcdir"; do
		if [ -f "$tree/completions/$1" ]; then
			printf '%s\n' "$tree/completions/$1"
			return
		fi
	done
}

is_printed() {
	"$top" --completion "$2" >"$tap_dir/printed" && diff "$(file "$1")" "$tap_dir/printed"
}
tap_check 'bash: the file is what is printed' is_printed ktstr-top bash
tap_check 'zsh: the file is what is printed' is_printed _ktstr-top zsh
tap_check 'fish: the file is what is printed' is_printed ktstr-top.fish fish

has_every_option() {
	"$top" --help | sed -n 's/^ *\(-., \)\{0,1\}--\([a-z-]*\).*/\2/p' >"$tap_dir/options"
	grep -q -x replay "$tap_dir/options" || return 1
	while read -r option; do
		grep -q -e "--$option\\|-l $option " "$(file "$1")" || {
			echo "no --$option"
			return 1
		}
	done <"$tap_dir/options"
}
for name in ktstr-top _ktstr-top ktstr-top.fish; do
	tap_check "$name has every option" has_every_option "$name"
done

tap_check 'bash reads it' bash -n "$(file ktstr-top)"
for shell in zsh fish; do
	name=_ktstr-top
	[ "$shell" = zsh ] || name=ktstr-top.fish
	if command -v "$shell" >"$tap_dir/where" 2>&1; then
		tap_check "$shell reads it" "$shell" -n "$(file "$name")"
	else
		tap_skip "$shell reads it" "$shell is not installed"
	fi
done

# completes WORDS EXPECTED: bash completes the last of the words, as typed, to these.
cat >"$tap_dir/complete.bash" <<'END'
source "$1"
compopt() { :; }
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_ktstr_top
printf '%s\n' "${COMPREPLY[@]}"
END
completes() {
	expected=$1
	shift
	(cd "$tap_dir/files" && bash "$tap_dir/complete.bash" "$(cd "$OLDPWD" && realpath "$(file ktstr-top)")" ktstr-top "$@") \
		>"$tap_dir/found" || return 1
	printf '%s\n' "$expected" | tr ' ' '\n' | sort >"$tap_dir/expected"
	sort "$tap_dir/found" | diff "$tap_dir/expected" -
}
mkdir "$tap_dir/files"
: >"$tap_dir/files/one.json"
: >"$tap_dir/files/two.ktr"
tap_check 'an option' completes '--repeat --replay --record' --re
tap_check 'a value' completes 'json' --format j
tap_check 'all values' completes 'plain tap json' --format ''
tap_check "a value behind '='" completes 'tap' --format = t
tap_check "all values behind '='" completes 'iec si bytes' --units =
tap_check 'a value of a letter' completes 'kvm' -a k
tap_check 'the first of a list' completes 'sched' --with s
tap_check 'the next of a list' completes 'tid,name,freed tid,name,freed-rate' --columns tid,name,fr
tap_check 'a file' completes 'one.json two.ktr' --replay ''
tap_check 'a scenario' completes 'thread-churn' --batch thread
tap_check 'a scenario of a file' completes 'one.json' --batch one
tap_check 'nothing for a number' completes '' --timeout 1

# fish_completes TYPED EXPECTED: the words that fish offers.
fish_completes() {
	# shellcheck disable=SC2016 # fish expands them
	fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$(file ktstr-top.fish)" "$1" |
		cut -f 1 | sort >"$tap_dir/found"
	printf '%s\n' "$2" | tr ' ' '\n' | diff - "$tap_dir/found"
}
if command -v fish >"$tap_dir/where" 2>&1; then
	tap_check 'fish: an option' fish_completes 'ktstr-top --re' '--record --repeat --replay'
	tap_check 'fish: all values' fish_completes 'ktstr-top --format ' 'json plain tap'
	tap_check 'fish: the next of a list' fish_completes 'ktstr-top --columns tid,name,fr' \
		'tid,name,freed tid,name,freed-rate'
	tap_check 'fish: a scenario' fish_completes 'ktstr-top --batch thr' thread-churn
else
	tap_skip 'what fish completes' 'fish is not installed'
fi

# An interactive zsh, which tells the line that the Tab made of what was typed.
cat >"$tap_dir/complete.zsh" <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -u -D"
zpty -w shell 'tell() { zle -I; print -r -- "line<$BUFFER>" }; zle -N tell; bindkey "^O" tell; echo pre""pared'
zpty -r -m shell out '*prepared*'
zpty -w -n shell "$2"$'\t\C-o'
zpty -r -m shell out '*line<*>*'
print -r -- ${${out##*line<}%%>*}
END
# zsh_completes TYPED EXPECTED: the line.
zsh_completes() {
	made=$(timeout 60 zsh -f "$tap_dir/complete.zsh" "$(realpath "$(dirname "$(file _ktstr-top)")")" "$1") || return 1
	echo "made '$made'"
	[ "$made" = "$2" ]
}
if command -v zsh >"$tap_dir/where" 2>&1; then
	tap_check 'zsh: an option' zsh_completes 'ktstr-top --rec' 'ktstr-top --record='
	tap_check 'zsh: a value' zsh_completes 'ktstr-top --format ta' 'ktstr-top --format tap '
	tap_check 'zsh: the next of a list' zsh_completes 'ktstr-top --columns tid,fl' 'ktstr-top --columns tid,flow'
	tap_check 'zsh: a scenario' zsh_completes 'ktstr-top --batch thr' 'ktstr-top --batch thread-churn '
else
	tap_skip 'what zsh completes' 'zsh is not installed'
fi

tap_end
