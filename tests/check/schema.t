#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The format of scenario files stands in four places: the parser, the JSON Schema, the man
# page and the shipped files.  They must say the same.

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
tool=${top_builddir:?}/tests/check/scenario_tool
schema=$top_srcdir/docs/scenario.schema.json
page=$top_srcdir/man/ktstr-scenario.5.scd

# documented: every key and every kind has its place in the man page.
documented() {
	"$tool" keys | sed 's/.*\.//' | sort -u >"$tap_dir/words"
	[ -s "$tap_dir/words" ] || return 1
	while IFS= read -r word; do
		grep -q "\*$word\*" "$page" || {
			echo "$word is not in the man page"
			return 1
		}
	done <"$tap_dir/words"
}

# example: the man page's example is a scenario.
example() {
	# shellcheck disable=SC2016 # the page's own quotes
	sed -n '/^```/,/^```/{/^```/!p}' "$page" >"$tap_dir/example.json"
	[ "$("$tool" parse "$tap_dir/example.json")" = "$tap_dir/example.json: ok" ]
}

same_keys() {
	"$tool" keys | sort >"$tap_dir/parser"
	python3 "$top_srcdir/tests/check/schema.py" keys "$schema" | sort >"$tap_dir/schema"
	diff "$tap_dir/parser" "$tap_dir/schema"
}

good() {
	python3 "$top_srcdir/tests/check/schema.py" good "$schema" \
		"$top_srcdir"/scenarios/*.json "$top_srcdir"/scenarios/*/*.json \
		"$tap_dir/example.json"
}

# same_judgement FILE: of variants of FILE the schema accepts those that the parser accepts.
# What a schema cannot say (names that refer to each other, sums, 2^64 in a number that
# Python takes as it is) is only the parser's to refuse, so it may refuse more.
same_judgement() {
	rm -rf "$tap_dir/variants"
	mkdir "$tap_dir/variants"
	python3 "$top_srcdir/tests/check/schema.py" vary "$schema" "$1" "$tap_dir/variants" |
		sort >"$tap_dir/by-schema"
	sed 's/ .*//' "$tap_dir/by-schema" | xargs "$tool" parse >"$tap_dir/said"
	sed -e 's/: ok$/ accepted/' -e t -e 's/:.*/ refused/' "$tap_dir/said" |
		sort >"$tap_dir/by-parser"
	grep -q refused "$tap_dir/by-parser" || return 1
	diff "$tap_dir/by-schema" "$tap_dir/by-parser" >"$tap_dir/differences" && return
	sed -n 's/^> \(.*\) .*/\1/p' "$tap_dir/differences" | while IFS= read -r name; do
		grep -F "$name:" "$tap_dir/said" >"$tap_dir/one"
		grep -q -e 'no worker is called' -e 'name of a probe' -e 'can never hold' "$tap_dir/one" ||
			cat "$tap_dir/one"
	done >"$tap_dir/odd"
	cat "$tap_dir/odd"
	[ ! -s "$tap_dir/odd" ]
}

# same_path PATH: as a file of a worker it is taken by both or by none.
same_path() {
	jq --arg path "$1" '.workers[0].files = [$path]' "$tap_dir/example.json" >"$tap_dir/path.json"
	is_good=1
	python3 "$top_srcdir/tests/check/schema.py" good "$schema" "$tap_dir/path.json" >"$tap_dir/bad" 2>&1 ||
		is_good=0
	is_ok=1
	"$tool" parse "$tap_dir/path.json" | grep -q ': ok$' || is_ok=0
	echo "schema $is_good parser $is_ok"
	[ "$is_good" -eq "$is_ok" ]
}

tap_check "every key and kind is in the man page" documented
tap_check "the man page's example is a scenario" example
if python3 -c 'import jsonschema' 2>/dev/null; then
	tap_check "schema and parser know the same keys" same_keys
	tap_check "the schema accepts the shipped files" good
	jq '.guest.kernel = "vmlinuz" | .workers[0] += { files: ["data", { from: "a", to: "/b/c" }],
		environment: { A_1: "", b: "c" } }' "$tap_dir/example.json" >"$tap_dir/files.json"
	for path in a ./a a/. /a/b ... .a a..b dev2 a/dev ..a \
		.. a/.. /../a . / ./. /./ dev /dev/x ./proc/a .//tmp /./run sys//a tmp; do
		tap_check "schema and parser judge the path $path alike" same_path "$path"
	done
	for file in "$top_srcdir"/scenarios/*.json "$top_srcdir"/scenarios/*/*.json \
		"$tap_dir/example.json" "$tap_dir/files.json"; do
		tap_check "schema and parser judge variants of ${file##*/} alike" same_judgement "$file"
	done
else
	tap_skip "schema and parser agree" "python3-jsonschema is missing"
fi
tap_end
