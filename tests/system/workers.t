#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Any program as a worker, in real guests: one with a shared jemalloc, one that gets it preloaded, scripts
# that start one, with files and environment; and what cannot be packed is refused with its place.

# shellcheck disable=SC2016 # jq's own variables
# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
top=$(realpath "${top_builddir:?}/ktstr-top")
plain=$(realpath "$top_builddir/tests/system/size_worker")
shared=$top_builddir/tests/system/size_worker_dso

# write NAME WORKER: the scenario NAME.json, whose worker has these members of jq and allocates
# 5,000,000 bytes.
write() {
	jq -n --arg name "$1" --arg dir "$tap_dir" --arg plain "$plain" --arg jemalloc "${jemalloc-}" \
		--arg python_lib "${python_lib-}" '
		{ schema: 1, $name, guest: { timeout_s: 600 },
			workers: [{ name: "w", ready: "marker", ready_timeout_ms: 300000 } + ('"$2"')],
			probes: [{ name: "p", target: "w", timeout_ms: 60000 }],
			checks: [{ exit_code: { equals: 0 } },
				{ counter: { of: "allocated_bytes", min: 5000000, max: 9000000 } }] }
	' >"$tap_dir/$1.json"
}

mkdir -p "$tap_dir/data/deep/er" "$tap_dir/bin"
echo 5000000 >"$tap_dir/data/deep/size"
echo other >"$tap_dir/outside"
echo empty >"$tap_dir/data/.hidden"
ln -s ../size "$tap_dir/data/deep/er/link"
ln -s ../../../outside "$tap_dir/data/deep/er/out"
ln -s "$tap_dir/outside" "$tap_dir/data/absolute"
printf '#!/does/not/exist\n' >"$tap_dir/data/never-run"
chmod 0755 "$tap_dir/data/never-run"
chmod 0640 "$tap_dir/data/deep/size"
chmod 0750 "$tap_dir/data/deep"

# ---- workers that work ----

# The script says with its exit code what it misses, then becomes the program.
cat >"$tap_dir/bin/start" <<'END'
#!/bin/sh -eu
[ "$KTSTR_GUEST" = 1 ] || exit 11
[ "$HOME" = /elsewhere ] && [ "${EMPTY-unset}" = "" ] && [ "$TEXT" = 'a "b" c' ] || exit 12
read -r size <data/deep/size && [ "$size" = 5000000 ] || exit 13
[ "$(stat -c '%a %u' data/deep/size data/deep)" = "640 0
750 0" ] || exit 14
[ "$(stat -c %F data/deep/er/link)" = 'symbolic link' ] || exit 15
read -r size <data/deep/er/link && [ "$size" = 5000000 ] || exit 16
[ "$(stat -c %F data/deep/er/out data/absolute)" = "regular file
regular file" ] || exit 17
read -r other <data/absolute && [ "$other" = other ] || exit 18
read -r other <data/.hidden && [ "$other" = empty ] || exit 19
[ "$*" = 'one two words' ] || exit 20
exec my-worker
END
chmod 0755 "$tap_dir/bin/start"

set --
if [ -x "$shared" ]; then
	cp "$shared" "$tap_dir/bin/my-worker"
	jemalloc=$(ldd "$shared" | sed -n 's/.*libjemalloc.* => \([^ ]*\) .*/\1/p')

	# A path relative to the scenario file, and a file at the same place below /.
	write program '{ command: ["bin/my-worker"], files: ["data/deep/size"],
		environment: { KT_SIZE_FILE: "data/deep/size" } }'
	# A library that nothing asks for but the environment.
	write preload '{ command: [$plain], files: [{ from: "./data/deep/size", to: "/etc/size" },
			{ from: $jemalloc, to: "/opt/lib/libjemalloc.so.2" }],
		environment: { KT_SIZE_FILE: "/etc/size", LD_PRELOAD: "/opt/lib/libjemalloc.so.2" } }'
	write script '{ command: ["bin/start", "one", "two words"],
		files: ["data", "/usr/bin/stat", { from: "bin/my-worker", to: "/usr/bin/my-worker" }],
		environment: { KT_SIZE_FILE: "/data/deep/size", HOME: "/elsewhere", EMPTY: "",
			TEXT: "a \"b\" c" } }'
	set -- program preload script
else
	tap_skip 'workers with a shared jemalloc' 'libjemalloc2 is missing'
fi

# Python itself is a program with its libraries; its modules are files.
python=$(realpath /usr/bin/python3 2>/dev/null)
python_lib=/usr/lib/${python##*/}
if [ -x "$shared" ] && [ -f "$python_lib/os.py" ] && [ -d "$python_lib/encodings" ]; then
	cat >"$tap_dir/bin/start.py" <<END
#!$python -IS
import json, os
with open("/data/facts.json") as file:
    facts = json.load(file)
os.execvp(facts["program"], [facts["program"]])
END
	echo '{ "program": "my-worker" }' >"$tap_dir/data/facts.json"
	# All of it is larger than what a guest is given.
	mkdir "$tap_dir/lib"
	cp -r "$python_lib"/*.py "$python_lib/encodings" "$python_lib/collections" "$python_lib/json" \
		"$python_lib/re" "$python_lib/importlib" "$tap_dir/lib/" 2>"$tap_dir/.cp"
	write python '{ command: ["bin/start.py"], files: ["data", { from: "lib", to: $python_lib },
			{ from: "bin/my-worker", to: "/usr/bin/my-worker" }],
		environment: { KT_SIZE_FILE: "/data/deep/size" } }'
	set -- "$@" python
else
	tap_skip 'a Python script as worker' 'there is no Python of the distribution'
fi

for name; do
	"$top" -bcv "$tap_dir/$name.json" >"$tap_dir/$name.out" 2>&1
	status=$?
	sed 's/^/# /' "$tap_dir/$name.out"
	tap_check "a worker that is: $name" test "$status" -eq 0
done

# ---- what cannot be packed ----

# refused CODE TEXT WORKER: exit code and the one line that a scenario with this worker gets.
refused() {
	write refused "$3" || return 1
	"$top" -bc "$tap_dir/refused.json" >"$tap_dir/out" 2>"$tap_dir/err"
	status=$?
	cat "$tap_dir/err"
	[ "$status" -eq "$1" ] && [ ! -s "$tap_dir/out" ] && [ "$(wc -l <"$tap_dir/err")" -eq 1 ] &&
		grep -E -q "^ktstr-top: $tap_dir/refused\.json:[0-9]+:[0-9]+: worker 'w': .*$2" "$tap_dir/err"
}

mkdir "$tap_dir/odd" "$tap_dir/loop" "$tap_dir/many" "$tap_dir/dirs"
mkfifo "$tap_dir/odd/fifo"
ln -s "$tap_dir/data" "$tap_dir/loop/out"
ln -s /does/not/exist "$tap_dir/dirs/dangling"
truncate -s 40M "$tap_dir/large" "$tap_dir/many/large"
deep=$tap_dir/deepest
for _ in 1 2 3 4 5 6 7 8; do
	deep=$deep/a/b/c/d/e
done
mkdir -p "$deep"
tap_check 'no such file' refused 3 '/does/not/exist: No such file' \
	'{ command: [$plain], files: ["/does/not/exist"] }'
tap_check 'no such file beside the scenario' refused 3 "$tap_dir/nothing: No such file" \
	'{ command: [$plain], files: ["data", "nothing"] }'
tap_check 'a pipe' refused 3 'fifo: neither a file nor a directory' \
	'{ command: [$plain], files: ["odd"] }'
tap_check 'a symlink to another directory' refused 3 'loop/out: a symlink out of its directory' \
	'{ command: [$plain], files: ["loop"] }'
tap_check 'a symlink to nothing' refused 3 'dirs/dangling: No such file' \
	'{ command: [$plain], files: ["dirs"] }'
tap_check 'too much in all' refused 2 'many/large: a scenario brings at most 64 MiB' \
	'{ command: [$plain], files: ["large", { from: "many", to: "/more" }] }'
tap_check 'directories that never end' refused 2 'more than 32 directories deep' \
	'{ command: [$plain], files: ["deepest"] }'
tap_check 'two contents for a path' refused 2 'two different contents for /x' \
	'{ command: [$plain], files: [{ from: "outside", to: "/x" }, { from: "data/deep/size", to: "/x" }] }'
tap_check 'in the way of PID 1' refused 2 'two different contents for /init' \
	'{ command: [$plain], files: [{ from: "outside", to: "/init" }] }'
tap_check 'no such program on PATH' refused 3 'no-such-program: not found on PATH' \
	'{ command: ["no-such-program"] }'
tap_check 'no such program beside the scenario' refused 3 "$tap_dir/bin/nothing: No such file" \
	'{ command: ["bin/nothing"] }'
tap_check 'what is no program' refused 3 'outside: no program' '{ command: ["./outside"] }'
printf '#!/does/not/exist\n' >"$tap_dir/bin/odd"
tap_check 'a script without its interpreter' refused 3 '/does/not/exist: No such file' \
	'{ command: ["bin/odd"] }'

printf '{ "schema": 1, "name": "place", "workers": [{ "name": "w", "command": ["%s"],\n  "files": [ "bin",\n\t"gone" ] }],\n' \
	"$plain" >"$tap_dir/place.json"
echo '"probes": [{ "name": "p", "target": "w" }], "checks": [{ "exit_code": { "equals": 0 } }] }' \
	>>"$tap_dir/place.json"
"$top" -bc "$tap_dir/place.json" >"$tap_dir/out" 2>"$tap_dir/err"
tap_check 'the place is that of the name' grep -q "/place.json:3:2: worker 'w': .*/gone: No such" "$tap_dir/err"
tap_end
