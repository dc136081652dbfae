#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The lints find what they are there for: each is given a small project with and without
# the fault.
# shellcheck disable=SC2016 # what those projects hold is not for this shell

# shellcheck source=tests/tap.sh
. "${top_srcdir:?}/tests/tap.sh"
aux=$top_srcdir/build-aux
project=$tap_dir/project
mkdir -p "$project/docs" "$project/src/base" "$project/src/probe/read" "$project/src/run" "$project/src/top"
spdx='/* SPDX-License-Identifier: GPL-2.0-or-later */'

# put FILE LINE...: FILE of the project with these lines; `files` holds its name only.
put() {
	file=$1
	shift
	printf '%s\n' "$@" >"$project/$file"
	printf '%s\n' "$file" >"$tap_dir/files"
}

# finds NAME PATTERN / passes NAME: what build-aux/lint-NAME makes of the file put last.
finds() {
	! "$aux/lint-$1" "$project" <"$tap_dir/files" >"$tap_dir/said" 2>&1 || {
		echo "lint-$1 finds no fault"
		return 1
	}
	grep -q -e "$2" "$tap_dir/said" || {
		cat "$tap_dir/said"
		return 1
	}
}

passes() {
	"$aux/lint-$1" "$project" <"$tap_dir/files"
}

# --- includes -------------------------------------------------------------------------

put docs/architecture.md '| Module | May include | Outside libraries |' '|---|---|---|' \
	'| base | - | cjson |' '| probe/read | base | - |' '| top | base probe/read/x.h | uv |' '| run | probe/ | - |'
put src/base/a.c '#include <stdio.h>' '#include <sys/stat.h>' '#include <cjson/cJSON.h>' \
	'#include "base/b.h"'
tap_check 'includes: what is allowed' passes includes
put src/probe/read/a.c '#include "base/b.h"'
tap_check 'includes: a module that is allowed' passes includes
put src/top/a.c '#include "probe/read/x.h"' '#include <uv.h>'
tap_check 'includes: a header that is allowed' passes includes
put src/top/a.c '#include "probe/read/y.h"'
tap_check 'includes: another header of that module' finds includes 'src/top/a.c:1:.*probe/read/y.h'
put src/run/a.c '#include "probe/read/y.h"'
tap_check 'includes: a module below one that is allowed' passes includes
put src/run/a.c '#include "base/b.h"'
tap_check 'includes: a module that is not below it' finds includes 'src/run/a.c:1:.*base/b.h'
put src/base/a.c '#include <stdio.h>' ' # include "top/b.h"'
tap_check 'includes: a module that is not' finds includes 'src/base/a.c:2:.*top'
put src/base/a.c '#include "b.h"'
tap_check 'includes: a path without a module' finds includes 'src/base/a.c:1:'
put src/base/a.c '#include <uv.h>'
tap_check "includes: another module's library" finds includes 'src/base/a.c:1:.*<uv.h>'
put src/base/a.c '#include <zlib.h>'
tap_check 'includes: an unknown library' finds includes '<zlib.h>'
put src/probe/a.c ''
tap_check 'includes: a file of no module' finds includes 'src/probe/a.c'

# --- sizes ----------------------------------------------------------------------------

# long_one LINES: a function with a body of that many lines.
long_one() {
	echo 'static int long_one(void)'
	echo '{'
	yes '	;' | head -n "$1"
	echo '}'
}
put src/base/a.c "$(long_one 90)"
tap_check 'sizes: 90 lines are told' sh -c \
	"'$aux/lint-sizes' '$project' <'$tap_dir/files' | grep -q 'long_one has 90 lines'"
put src/base/a.c "$(long_one 91)"
tap_check 'sizes: a function of 91 lines' finds sizes 'long_one has 91 lines, more'
put src/base/a.c "$(yes 'int a;' | head -n 800)"
tap_check 'sizes: 800 lines' passes sizes
put src/base/a.c "$(yes 'int a;' | head -n 801)"
tap_check 'sizes: a file of 801 lines' finds sizes 'has 801 lines'

# --- headers --------------------------------------------------------------------------

idea='/** The idea. */'
put src/base/a.h "$spdx" "$idea" '#ifndef A' '#define A(x) f(x)' \
	'struct a {' '	int (*f)(int x);' '};' 'typedef int (*fn)(void);' \
	'/** Counts. */' 'int kt_a_count(const struct a *a);' \
	'/** Makes one.  Errors: io.  The caller frees *@ret. */' \
	'struct kt_error *kt_a_create(' '	struct a **ret) KT_MUST_CHECK;' \
	'/** Name, borrowed. */' 'char *kt_a_name(struct a *a);' \
	'/** Title. */' 'const char *kt_a_title(struct a *a);' '#endif'
tap_check 'headers: all documented' passes headers
put src/base/a.h "$spdx" '#ifndef A' '#endif'
tap_check 'headers: no idea' finds headers 'a.h:1:'
put src/base/a.h "$spdx" "$idea" 'struct a {' '	int b;' '};' 'int kt_a_count(void);'
tap_check 'headers: an undocumented prototype' finds headers 'a.h:6: kt_a_count has no'
put src/base/a.h "$spdx" "$idea" '/** Counts. */' '' 'int kt_a_count(void);'
tap_check 'headers: the block is not directly before it' finds headers 'kt_a_count has no'
put src/base/a.h "$spdx" "$idea" '/** A. */' 'int a(int b);' 'int c(int d);'
tap_check 'headers: the second of two' finds headers 'a.h:5: c has no'
put src/base/a.h "$spdx" "$idea" '/** Does. */' 'struct kt_error *kt_a_do(int x);'
tap_check 'headers: which errors?' finds headers 'kt_a_do does not say "Errors:"'
put src/base/a.h "$spdx" "$idea" '/** Gives. */' 'struct a *kt_a_get(void);'
tap_check 'headers: whose is the result?' finds headers 'kt_a_get does not say who'
put src/base/a.h "$spdx" "$idea" '/** Gives. */' 'void kt_a_get(struct a **ret);'
tap_check 'headers: whose is the output?' finds headers 'kt_a_get does not say who'

# --- text -----------------------------------------------------------------------------

put src/base/a.c "$spdx" 'int a; /* see /proc/self/root/etc and $HOME/src/x */'
tap_check 'text: nothing to say' passes text
put src/base/a.c 'int a;'
tap_check 'text: no license line' finds text 'a.c:1: no line'
put src/base/a.c "$spdx" 'int a; '
tap_check 'text: blanks at the end' finds text 'a.c:2: blanks'
put src/base/a.c "$spdx" "// TO""DO"
tap_check 'text: unfinished work' finds text 'a.c:2: unfinished'
put src/base/a.c "$spdx" "char *a = \"/ho""me/somebody/x\";"
tap_check 'text: the path of one machine' finds text 'a.c:2: a path'
put src/base/a.c "$spdx" "// http://de""b.debian.org/debian"
tap_check 'text: a package server' finds text 'a.c:2: a package server'

# --- scripts and format -----------------------------------------------------------------

put src/base/a.sh '#!/bin/sh' 'rm -r $1'
if command -v shellcheck >/dev/null; then
	tap_check 'scripts: a fault' finds scripts SC2086
	put src/base/a.sh '#!/bin/sh' 'rm -r "$1"'
	tap_check 'scripts: none' passes scripts
else
	tap_skip 'scripts' 'shellcheck is missing'
fi
cp "$top_srcdir/.clang-format" "$project/"
put src/base/a.c 'int a( void );'
status=0
passes format >/dev/null 2>&1 || status=$?
if [ "$status" -ne 77 ]; then
	tap_check 'format: a fault' finds format 'a.c:1:'
	put src/base/a.c 'int a(void);'
	tap_check 'format: none' passes format
else
	tap_skip 'format' 'there is no clang-format 14'
fi

# --- files ----------------------------------------------------------------------------

rm -rf "$project"
mkdir -p "$project/src" "$project/build/src" "$project/build-aux" "$project/autom4te.cache"
for file in configure src/a.c build/src/b.c build-aux/lint build-aux/compile autom4te.cache/c; do
	: >"$project/$file"
done
"$aux/lint-files" "$project" | sort >"$tap_dir/files"
printf '%s\n' build-aux/lint src/a.c >"$tap_dir/expected"
tap_check 'files: of a tarball' cmp "$tap_dir/files" "$tap_dir/expected"
tap_end
