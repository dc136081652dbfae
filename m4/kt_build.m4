# SPDX-License-Identifier: GPL-2.0-or-later

# KT_COMPILER_FLAGS: GNU C17 and the warnings the code is free of.
AC_DEFUN([KT_COMPILER_FLAGS], [
	KT_CFLAGS="-std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes"
	KT_CFLAGS="$KT_CFLAGS -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef"
	KT_CFLAGS="$KT_CFLAGS -fno-strict-aliasing -fno-common"
	AC_SUBST([KT_CFLAGS])
])

# KT_BUILD_SWITCHES: --enable-werror, -asan, -ubsan, -coverage, -fuzzing.
AC_DEFUN([KT_BUILD_SWITCHES], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
		[], [enable_werror=no])
	AC_ARG_ENABLE([asan],
		[AS_HELP_STRING([--enable-asan], [build with AddressSanitizer])],
		[], [enable_asan=no])
	AC_ARG_ENABLE([ubsan],
		[AS_HELP_STRING([--enable-ubsan], [build with UndefinedBehaviorSanitizer])],
		[], [enable_ubsan=no])
	AC_ARG_ENABLE([coverage],
		[AS_HELP_STRING([--enable-coverage], [build for gcov])],
		[], [enable_coverage=no])
	AC_ARG_ENABLE([fuzzing],
		[AS_HELP_STRING([--enable-fuzzing], [build the fuzz targets (needs CC=clang)])],
		[], [enable_fuzzing=no])

	AS_IF([test "$enable_werror" = yes], [KT_CFLAGS="$KT_CFLAGS -Werror"])
	KT_SANITIZE=
	kt_sanitizers=none
	AS_IF([test "$enable_asan" = yes], [KT_SANITIZE="-fsanitize=address"])
	AS_IF([test "$enable_ubsan" = yes],
		[KT_SANITIZE="$KT_SANITIZE -fsanitize=undefined -fno-sanitize-recover=all"])
	AS_IF([test "$enable_fuzzing" = yes], [KT_SANITIZE="$KT_SANITIZE -fsanitize=fuzzer-no-link"])
	AS_IF([test -n "$KT_SANITIZE"], [
		kt_sanitizers="$KT_SANITIZE"
		KT_SANITIZE="$KT_SANITIZE -fno-omit-frame-pointer"])
	AS_IF([test "$enable_coverage" = yes], [KT_SANITIZE="$KT_SANITIZE --coverage"])
	AC_SUBST([KT_SANITIZE])
	AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" = yes])
	AM_CONDITIONAL([SANITIZED], [test -n "$KT_SANITIZE"])
])

# KT_STATIC_PROBE: the probe is linked fully static where the libraries allow it: starting
# it costs half as much (docs/performance.md), and it runs in any container or guest as it is.
AC_DEFUN([KT_STATIC_PROBE], [
	AC_ARG_ENABLE([static-probe],
		[AS_HELP_STRING([--disable-static-probe], [link the probe dynamically])],
		[], [enable_static_probe=auto])
	kt_static_dw_libs="-ldw -lelf -lz -llzma -lbz2"
	kt_probe_linkage=dynamic
	PROBE_LDFLAGS=
	PROBE_LIBS="$DW_LIBS $ELF_LIBS"
	AS_IF([test "$enable_static_probe" != no && test -z "$KT_SANITIZE"], [
		AC_MSG_CHECKING([whether libdw can be linked statically])
		kt_saved_libs=$LIBS kt_saved_ldflags=$LDFLAGS
		LDFLAGS="$LDFLAGS -static" LIBS="$kt_static_dw_libs $LIBS"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <elfutils/libdw.h>]],
			[[return dwarf_begin(0, DWARF_C_READ) != 0;]])],
			[kt_probe_linkage=static
			 PROBE_LDFLAGS=-static
			 PROBE_LIBS=$kt_static_dw_libs])
		LIBS=$kt_saved_libs LDFLAGS=$kt_saved_ldflags
		AC_MSG_RESULT([$kt_probe_linkage])
	])
	AS_IF([test "$enable_static_probe" = yes && test "$kt_probe_linkage" != static],
		[AC_MSG_ERROR([a static probe needs libdw.a, libelf.a, libz.a, liblzma.a, libbz2.a and no sanitizer])])
	AC_SUBST([PROBE_LDFLAGS])
	AC_SUBST([PROBE_LIBS])
])

# KT_JEMALLOC: where the jemalloc with debug information is, or will be built by `make`.
AC_DEFUN([KT_JEMALLOC], [
	AC_ARG_WITH([jemalloc],
		[AS_HELP_STRING([--with-jemalloc=DIR],
			[jemalloc built with -g: DIR/lib/libjemalloc.a; by default built once into the user's cache])],
		[], [with_jemalloc=])
	kt_build_jemalloc=no
	AS_CASE([$with_jemalloc],
		[yes|no|""], [
			JEMALLOC_DIR=`"$srcdir/build-aux/build-jemalloc" --print-dir`
			kt_build_jemalloc=yes],
		[/*], [JEMALLOC_DIR=$with_jemalloc],
		[JEMALLOC_DIR=`pwd`/$with_jemalloc])
	AS_CASE([$JEMALLOC_DIR],
		[*[[\ \	\:\#\$]]*], [AC_MSG_ERROR([make cannot cope with the name of the directory "$JEMALLOC_DIR"; give another by --with-jemalloc or XDG_CACHE_HOME])])
	AS_IF([test "$kt_build_jemalloc" = no && test ! -f "$JEMALLOC_DIR/lib/libjemalloc.a"],
		[AC_MSG_ERROR([--with-jemalloc: there is no $JEMALLOC_DIR/lib/libjemalloc.a])])
	AC_SUBST([JEMALLOC_DIR])
	AM_CONDITIONAL([BUILD_JEMALLOC], [test "$kt_build_jemalloc" = yes])
])

# KT_DSO_JEMALLOC: a variant of the worker is linked with the system's shared jemalloc.  Only malloc
# and its like are used, so neither headers nor the link that -ljemalloc needs have to be there.
AC_DEFUN([KT_DSO_JEMALLOC], [
	AC_CACHE_CHECK([for libjemalloc.so.2], [kt_cv_dso_jemalloc], [
		kt_saved_LIBS=$LIBS
		LIBS="-l:libjemalloc.so.2 $LIBS"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([#include <stdlib.h>], [free(malloc(1));])],
			[kt_cv_dso_jemalloc=yes], [kt_cv_dso_jemalloc=no])
		LIBS=$kt_saved_LIBS
	])
	AM_CONDITIONAL([HAVE_DSO_JEMALLOC], [test "$kt_cv_dso_jemalloc" = yes])
])

# KT_MAN_PAGES: the manual pages are made by scdoc, or are in the tarball.
AC_DEFUN([KT_MAN_PAGES], [
	AC_PATH_PROG([SCDOC], [scdoc])
	kt_man_pages="no (scdoc is missing)"
	AS_IF([test -n "$SCDOC"], [kt_man_pages="by $SCDOC"],
		[test -f "$srcdir/man/ktstr-jemalloc-alloc-worker.1"],
		[kt_man_pages="those of the tarball (scdoc is missing)"])
	AM_CONDITIONAL([HAVE_MAN_PAGES], [test "${kt_man_pages#no}" = "$kt_man_pages"])
	AS_IF([test -z "$SCDOC"], [SCDOC="${am_missing_run}scdoc"])
])
