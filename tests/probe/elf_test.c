/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets linked, stripped and hidden in different ways, made here by the compiler. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "probe/resolve/file_evidence.h"
#include "probe/resolve/file_module.h"
#include "tests/probe/harness.h"

#define BUILD KT_CC " -g -O1 -D_GNU_SOURCE -I" KT_JEMALLOC_DIR "/include -o t " KT_TARGET_SOURCE " "
#define LIBS  " " KT_JEMALLOC_DIR "/lib/libjemalloc.a -lpthread -lm -ldl"
#define SPLIT "objcopy --only-keep-debug t t.debug && "
#define LINK  "objcopy --add-gnu-debuglink=t.debug t"

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-elf-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	/* What one test learned must not help the next. */
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
}

static void shell(const char *command)
{
	int status = system(command);
	ck_assert_msg(!status, "%s", command);
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

/* Starts the program at @path below the directory, and probes it. */
static void probe_program(const char *path, struct target *target, struct outcome *outcome)
{
	kt_autobuf struct kt_buf full = KT_BUF_INIT;

	kt_buf_printf(&full, "%s/%s", dir, path);
	target_start(target, full.data, 3, "park");
	probe_run(target->pid, "--json", outcome);
}

static void expect_works(const char *path)
{
	struct target target;
	struct outcome outcome;

	probe_program(path, &target, &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert_msg(!outcome.exit_code, "%s", outcome.out.data);
	outcome_deinit(&outcome);
	target_stop(&target);
}

static void expect_fatal(const char *path, const char *kind, const char *part)
{
	struct target target;
	struct outcome outcome;

	probe_program(path, &target, &outcome);
	ck_assert_int_eq(outcome.exit_code, 1);
	ck_assert_uint_eq(outcome.out.len, 0);
	ck_assert_msg(strstr(outcome.err.data, kind), "%s", outcome.err.data);
	ck_assert_msg(strstr(outcome.err.data, part), "%s", outcome.err.data);
	outcome_deinit(&outcome);
	target_stop(&target);
}

/* What debug files of the program at @path say, as an object that nobody runs. */
static void expect_debug_file_at(const char *path, const char *expected, const char *part_of_notes)
{
	struct kt_file_module file;
	struct kt_candidate candidate;

	KT_OK(kt_file_module_open(path, &file));
	ck_assert(kt_candidate_init(&file.module, &candidate));
	KT_OK(kt_file_evidence_read(&candidate, -1, KT_EFFORT_DEBUG));
	ck_assert_int_eq(candidate.has_dwarf, expected != NULL);
	ck_assert_int_eq(candidate.has_symbol, expected != NULL);
	if (expected) {
		ck_assert_str_eq(candidate.debug_file, expected);
		ck_assert_uint_eq(candidate.dwarf.deallocated - candidate.dwarf.allocated, 16);
		ck_assert_uint_eq(candidate.symbol.size % 8, 0);
		ck_assert_str_eq(candidate.symbol.table, "debug-file");
	} else {
		ck_assert_ptr_null(candidate.debug_file);
	}
	ck_assert_msg(strstr(kt_buf_text(&candidate.notes), part_of_notes), "%s",
		      kt_buf_text(&candidate.notes));
	kt_candidate_deinit(&candidate);
	kt_file_module_close(&file);
}

static const char *const builds[] = {
	BUILD "-fPIE -pie" LIBS,
	BUILD "-no-pie" LIBS,
	BUILD "-static" LIBS,
	BUILD "-static-pie -fPIE" LIBS,
	BUILD "-gz" LIBS " && objcopy --compress-debug-sections t",
	/* other thread-local variables, zero-initialised and not, with a large alignment */
	"printf '_Thread_local char a[3]={1,2,3}; _Thread_local _Alignas(256) int b; int *u(void)"
	"{return &b;}' >a.c && " BUILD "a.c" LIBS,
};

START_TEST(ways_to_link)
{
	shell(builds[_i]);
	expect_works("t");
}
END_TEST

static const char *const splits[] = {
	/* beside the program, in .debug, compressed; symbols kept, or gone as well */
	BUILD LIBS " && " SPLIT "strip --strip-debug t && " LINK,
	BUILD LIBS " && " SPLIT "strip t && " LINK " && mkdir .debug && mv t.debug .debug/",
	BUILD LIBS " && " SPLIT "objcopy --compress-debug-sections t.debug && strip t && " LINK,
};

static const char *const places[] = { "./t.debug", "./.debug/t.debug", "./t.debug" };

START_TEST(debug_link)
{
	shell(splits[_i]);
	/* The program's path decides where it is looked for: it is called by a relative one. */
	expect_debug_file_at("./t", places[_i], "");
	expect_works("t");
}
END_TEST

START_TEST(debug_file_of_another_build)
{
	shell(BUILD LIBS " && " SPLIT "strip t && " LINK " && printf x >>t.debug");
	expect_debug_file_at("./t", NULL, "checksum");
	expect_works("t");
	/* Another program's file under the right name and with the right checksum. */
	shell(BUILD "-DOTHER=1 -O2" LIBS " && objcopy --only-keep-debug t t.debug && " BUILD LIBS
		    " && strip t && " LINK);
	expect_debug_file_at("./t", NULL, "build-id");
	expect_works("t");
}
END_TEST

/* A useless first candidate is not the last word. */
START_TEST(all_candidates_are_tried)
{
	shell(BUILD LIBS " && " SPLIT "strip t && " LINK
			 " && mkdir .debug && mv t.debug .debug/ && printf junk >t.debug");
	expect_debug_file_at("./t", "./.debug/t.debug", "./t.debug");
}
END_TEST

static const char *const strips[] = {
	BUILD "-fPIE -pie" LIBS " && strip t",
	BUILD "-no-pie" LIBS " && strip t",
	BUILD "-static" LIBS " && strip t",
	BUILD "-static-pie -fPIE" LIBS " && strip t",
	/* without a build-id */
	BUILD LIBS " -Wl,--build-id=none && strip t",
	/* other thread-local variables, initialised: the sizes of its TLS block tell nothing */
	"printf '_Thread_local int a=1; _Thread_local _Alignas(256) int b=2; int *u(void)"
	"{return &b+a;}' >a.c && " BUILD "a.c -static" LIBS " && strip t",
};

START_TEST(nothing_but_code)
{
	shell(strips[_i]);
	expect_works("t");
}
END_TEST

START_TEST(path_with_blanks)
{
	shell(BUILD LIBS " && mkdir 'a  b' && mv t 'a  b/the target (deleted)'");
	expect_works("a  b/the target (deleted)");
}
END_TEST

START_TEST(deleted_executable)
{
	struct target target;
	struct outcome outcome;

	shell(BUILD LIBS);
	probe_program("t", &target, &outcome);
	outcome_deinit(&outcome);
	ck_assert_int_eq(unlink("t"), 0);
	probe_run(target.pid, "--json", &outcome);
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);
	/* and with another file of that name in its place */
	shell("cp /bin/true t");
	probe_run(target.pid, "--json", &outcome);
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* A symbol of the right name that is not thread-local, and one that is only imported. */
START_TEST(decoys)
{
	shell("printf '_Thread_local int tsd_tls=1;' >d.c && " KT_CC
	      " -shared -fPIC -o libd.so d.c && cat >t.c <<'EOT'\n"
	      "#include <stdio.h>\n#include <unistd.h>\n"
	      "extern _Thread_local int tsd_tls; int je_tsd_tls = 2; _Thread_local int own = 3;\n"
	      "int main(void) { char b; printf(\"1 0 0 0\\n2 0 0 0\\n3 0 0 0\\nready\\n\");\n"
	      "fflush(stdout); return read(0, &b, 1) + tsd_tls + je_tsd_tls + own; }\nEOT\n" KT_CC
	      " -g -o t t.c -L. -ld -Wl,-rpath,$PWD");
	expect_fatal("t", "jemalloc-not-found", "thread data");
	shell("sed -i 's/extern _Thread_local int tsd_tls/static int tsd_tls/' t.c && " KT_CC
	      " -g -o t t.c");
	expect_fatal("t", "jemalloc-not-found", "thread data");
}
END_TEST

START_TEST(other_machine)
{
	/* A 32-bit program needs no library when it only makes system calls. */
	shell("cat >t.c <<'EOT'\n"
	      "static long call(long n, long a, const void *b, long c) { long r;\n"
	      "__asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"a\"(n), \"b\"(a), \"c\"(b), "
	      "\"d\"(c) : \"memory\"); return r; }\n"
	      "void _start(void) { static const char text[] = \"1 0 0 0\\n2 0 0 0\\n3 0 0 "
	      "0\\nready\\n\"; "
	      "char b;\ncall(4, 1, text, sizeof(text) - 1); call(3, 0, &b, 1); call(1, 0, 0, 0); "
	      "}\nEOT\n" KT_CC " -m32 -nostdlib -static -ffreestanding -fno-pic -no-pie -o t t.c "
	      "2>err || : >skip");
	if (!access("skip", F_OK) || system("./t </dev/null >/dev/null 2>&1"))
		return; /* no 32-bit code generator, or a kernel that does not run it */
	expect_fatal("t", "arch-mismatch", "i386");
	expect_fatal("t", "arch-mismatch", "x86_64");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("elf");
	TCase *tests = tcase_create("elf");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, ways_to_link, 0, sizeof(builds) / sizeof(builds[0]));
	tcase_add_loop_test(tests, debug_link, 0, sizeof(splits) / sizeof(splits[0]));
	tcase_add_test(tests, debug_file_of_another_build);
	tcase_add_test(tests, all_candidates_are_tried);
	tcase_add_loop_test(tests, nothing_but_code, 0, sizeof(strips) / sizeof(strips[0]));
	tcase_add_test(tests, path_with_blanks);
	tcase_add_test(tests, deleted_executable);
	tcase_add_test(tests, decoys);
	tcase_add_test(tests, other_machine);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
