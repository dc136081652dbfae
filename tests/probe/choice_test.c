/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which object is meant: several jemallocs in one process, objects whose files are gone, and a program
 * that is not what /proc/PID/exe says.  The shared jemalloc is Debian's.
 */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/probe/harness.h"

#define COMPILE KT_CC " -O1 -D_GNU_SOURCE -I" KT_JEMALLOC_DIR "/include -o t " KT_TARGET_SOURCE " "
#define STATIC	COMPILE KT_JEMALLOC_DIR "/lib/libjemalloc.a -lpthread -lm -ldl"
#define FINDING COMPILE "-DTARGET_FINDS_ALLOCATOR -lpthread -ldl"

static char dir[64];
static char tunables[] = "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384";

static void shell(const char *command)
{
	ck_assert_msg(!system(command), "%s", command);
}

static void enter(void)
{
	strcpy(dir, "/tmp/kt-choice-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	/* What one test learned must not help the next. */
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
	shell("cp \"$(" KT_CC " -print-file-name=libjemalloc.so.2)\" first.so && "
	      "cp first.so second.so");
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

/* Starts "t" with a few threads under env(1), which sets @preload and @library (NULL for none). */
static void start(struct target *target, const char *preload, const char *library)
{
	char preload_text[128];
	char library_text[128];
	const char *argv[9] = { "env", tunables };
	size_t count = 2;

	if (preload) {
		(void)snprintf(preload_text, sizeof(preload_text), "LD_PRELOAD=%s/%s", dir,
			       preload);
		argv[count++] = preload_text;
	}
	if (library) {
		(void)snprintf(library_text, sizeof(library_text), "TARGET_LIBRARY=%s/%s", dir,
			       library);
		argv[count++] = library_text;
	}
	argv[count++] = "./t";
	argv[count++] = "3";
	argv[count++] = "park";
	target_start_command(target, argv);
}

/* The counters are those of the target's own allocator, which is in @object. */
static void expect_read(const struct target *target, const char *options, const char *object)
{
	char path[128];
	struct outcome outcome;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, object);
	probe_run(target->pid, options, &outcome);
	ck_assert_msg(!outcome.exit_code, "%s", kt_buf_text(&outcome.err));
	ck_assert_msg(json_text_is(&outcome, "layout.object", path), "%s", outcome.out.data);
	expect_exact(&outcome, 0, target);
	outcome_deinit(&outcome);
	expect_not_stopped(target->pid);
}

static void expect_refused(const struct target *target, const char *options, const char *kind,
			   const char *first, const char *second)
{
	struct outcome outcome;

	probe_run(target->pid, options, &outcome);
	ck_assert_int_eq(outcome.exit_code, 1);
	ck_assert_uint_eq(outcome.out.len, 0);
	ck_assert_msg(strstr(outcome.err.data, kind) && strstr(outcome.err.data, first) &&
			      strstr(outcome.err.data, second),
		      "%s", outcome.err.data);
	outcome_deinit(&outcome);
}

/* One was preloaded, but the program brings its own, which all calls go to. */
START_TEST(one_of_two_in_use)
{
	struct target target;

	shell(STATIC " && strip t");
	start(&target, "first.so", NULL);
	expect_read(&target, "--json", "t");
	target_stop(&target);
}
END_TEST

/* The C library allocates from the preloaded one, the program itself from another. */
START_TEST(two_in_use)
{
	struct target target;

	shell(FINDING);
	start(&target, "first.so", "second.so");
	expect_refused(&target, "--json", "jemalloc-ambiguous", "first.so and ", "second.so");
	expect_refused(&target, "--json", "jemalloc-ambiguous", "--object", "more than one");
	expect_read(&target, "--json --object second.so", "second.so");
	expect_refused(&target, "--json --object third.so", "jemalloc-not-found", "third.so", "t");
	/* not the end of a word */
	expect_refused(&target, "--json --object ond.so", "jemalloc-not-found", "ond.so", "t");
	target_stop(&target);
}
END_TEST

/* What the process has loaded counts, not what lies under the name now. */
START_TEST(file_is_gone)
{
	struct target target;

	shell(FINDING);
	start(&target, NULL, "second.so");
	shell("rm second.so t");
	expect_read(&target, "--json", "second.so");
	shell("cp first.so t && printf junk >second.so && rm -rf ktstr-top");
	expect_read(&target, "--json", "second.so");
	target_stop(&target);
}
END_TEST

/* The kernel says that the dynamic linker runs. */
START_TEST(started_by_the_dynamic_linker)
{
	const char *const argv[] = { "sh", "-c", "exec \"$(cat interpreter)\" \"$0/t\" 3 park", dir,
				     NULL };
	struct target target;

	shell(STATIC
	      " && readelf -lW t | sed -n 's/.*interpreter: \\(.*\\)\\]/\\1/p' >interpreter && "
	      "test -s interpreter && strip t");
	target_start_command(&target, argv);
	expect_read(&target, "--json", "t");
	target_stop(&target);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("choice");
	TCase *tests = tcase_create("choice");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, one_of_two_in_use);
	tcase_add_test(tests, two_in_use);
	tcase_add_test(tests, file_is_gone);
	tcase_add_test(tests, started_by_the_dynamic_linker);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
