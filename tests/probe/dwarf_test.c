/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug information as compilers write it, in all versions and forms, made here by them. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "probe/resolve/dwarf.h"

#define PREFIX "cant_access_tsd_items_directly_use_a_getter_or_setter_"

/* A structure of the same name in an inner scope and a declaration come before the real one. */
static const char source[] = "struct node { struct node *next; union { long l; char c[8]; } u; };\n"
			     "struct tsd_s;\n"
			     "long other(struct tsd_s *tsd, struct node *n) {\n"
			     "	struct tsd_s2 { long " PREFIX "thread_allocated; } inner = { 1 };\n"
			     "	return tsd != 0 && n->next ? inner." PREFIX
			     "thread_allocated : n->u.l;\n"
			     "}\n"
			     "struct tsd_s {\n"
			     "	char first[800];\n"
			     "	struct { int a; long b; } pair;\n"
			     "	long " PREFIX "state;\n"
			     "	unsigned long " PREFIX "thread_allocated;\n"
			     "	unsigned long " PREFIX "thread_allocated_next_event_fast;\n"
			     "	unsigned long " PREFIX "thread_deallocated;\n"
			     "	long last;\n"
			     "};\n"
			     "struct tsd_s kept;\n";

static char dir[64];

static void shell(const char *command)
{
	ck_assert_msg(!system(command), "%s", command);
}

static void enter(void)
{
	strcpy(dir, "/tmp/kt-dwarf-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	KT_OK(kt_file_replace("tsd.c", source, strlen(source), 0600));
	KT_OK(kt_file_replace("last.c", source, strlen(source), 0600));
	shell("printf 'int x; struct p { int q; } p; long f(long a) { return a + x; }' >first.c");
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

static struct kt_error *read_offsets(const char *path, struct kt_counter_offsets *ret)
{
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	kt_autoelf struct kt_elf file = { .fd = -1 };

	KT_TRY(kt_elf_open(fd, path, &file));
	return kt_dwarf_counter_offsets(&file, path, ret);
}

static void expect_found(const char *path, const char *found_by)
{
	struct kt_counter_offsets offsets;

	KT_OK(read_offsets(path, &offsets));
	ck_assert_uint_eq(offsets.allocated, 824);
	ck_assert_uint_eq(offsets.deallocated, 840);
	ck_assert_str_eq(offsets.found_by, found_by);
}

static void build(const char *compiler, const char *options, const char *file)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "%s -shared -fPIC -O1 %s -o lib.so first.c %s", compiler, options,
		      file);
	shell(kt_buf_text(&command));
}

static const char *const ways[] = {
	"-gdwarf-3",	 "-gdwarf-4",	  "-gdwarf-5",
	"-gdwarf-4 -g3", "-gdwarf-5 -gz", "-gdwarf-4 -gz=zlib-gnu",
};

START_TEST(versions)
{
	build(KT_CC, ways[_i], "tsd.c");
	expect_found("lib.so", "cu-name");
	build(KT_CC, ways[_i], "last.c");
	expect_found("lib.so", "top-level");
}
END_TEST

/* Options that not each compiler has. */
static const char *const gcc_ways[] = {
	"gcc -gdwarf-5 -gdwarf64",
	"gcc -gdwarf-4 -gdwarf64 -gz",
	"gcc -gdwarf-4 -fdebug-types-section",
	"gcc -gdwarf-5 -fdebug-types-section",
	"gcc -gdwarf-5 -flto",
	"clang -gdwarf-4 -fstandalone-debug",
	"clang -gdwarf-5 -fstandalone-debug",
	"clang -gdwarf-5 -fdebug-types-section -fstandalone-debug",
};

START_TEST(compilers)
{
	kt_autobuf struct kt_buf probe = KT_BUF_INIT;
	struct kt_counter_offsets offsets;

	kt_buf_printf(&probe, "%s -c -o probe.o first.c 2>probe.err", gcc_ways[_i]);
	if (system(kt_buf_text(&probe)))
		return; /* no such compiler here, or it does not know the option */
	build(gcc_ways[_i], "", "tsd.c");
	KT_OK(read_offsets("lib.so", &offsets));
	ck_assert_uint_eq(offsets.allocated, 824);
	ck_assert_uint_eq(offsets.deallocated, 840);
}
END_TEST

/* Version 2 has no other way than a computation for the place of a member. */
START_TEST(expressions)
{
	struct kt_counter_offsets offsets;

	build(KT_CC, "-gdwarf-2 -gstrict-dwarf", "tsd.c");
	KT_FAILS(read_offsets("lib.so", &offsets), KT_ERROR_PROBE, "expression");
}
END_TEST

START_TEST(missing_parts)
{
	struct kt_counter_offsets offsets;

	build(KT_CC, "-g", "");
	KT_FAILS(read_offsets("lib.so", &offsets), KT_ERROR_PROBE, "no struct tsd_s");
	shell("sed -i s/thread_deallocated/thread_other/ tsd.c");
	build(KT_CC, "-g", "tsd.c");
	KT_FAILS(read_offsets("lib.so", &offsets), KT_ERROR_PROBE, "lacks a counter");
	shell("strip lib.so");
	KT_FAILS(read_offsets("lib.so", &offsets), KT_ERROR_PROBE, "no debug information");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("dwarf");
	TCase *tests = tcase_create("dwarf");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, versions, 0, sizeof(ways) / sizeof(ways[0]));
	tcase_add_loop_test(tests, compilers, 0, sizeof(gcc_ways) / sizeof(gcc_ways[0]));
	tcase_add_test(tests, expressions);
	tcase_add_test(tests, missing_parts);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
