/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways to link x stripping x jemallocs x numbers of threads.  The target tells the truth; the
 * probe says it too, to the byte and without stopping anybody, or it refuses in the word that is
 * documented.  A wrong number fails the test in every cell.
 */
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "probe/engine_use.h"
#include "tests/probe/harness.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

enum form {
	PIE,
	FIXED,
	STATIC,
	STATIC_PIE,
	LINKED,	   /* to a shared object */
	PRELOADED, /* a shared object, into a program that does not know it */
	OPENED,	   /* by dlopen() */
	FORM_COUNT,
};

enum strip {
	STRIP_NONE,
	STRIP_DEBUG,
	STRIP_ALL,
	STRIP_COUNT,
};

enum verdict {
	EXACT,
	UNPROVEN,
	NOT_MAINTAINED,
};

struct row {
	const char *variant; /* of build-jemalloc, WORKER or DEBIAN */
	enum form form;
	const char *tls; /* how the thread data is found */
	enum verdict verdicts[STRIP_COUNT];
};

/* The library that the worker is linked with; and Debian's own, which is stripped. */
#define WORKER "worker"
#define DEBIAN "debian"

#define ALL(verdict)                      \
	{                                 \
		verdict, verdict, verdict \
	}

static const struct row rows[] = {
	{ WORKER, PIE, "static", ALL(EXACT) },
	{ WORKER, FIXED, "static", ALL(EXACT) },
	{ WORKER, STATIC, "static", ALL(EXACT) },
	{ WORKER, STATIC_PIE, "static", ALL(EXACT) },
	{ DEBIAN, LINKED, "tpoff64", ALL(EXACT) },
	{ DEBIAN, PRELOADED, "tpoff64", ALL(EXACT) },
	{ DEBIAN, OPENED, "tpoff64", ALL(EXACT) },
	{ "prof", PIE, "static", ALL(EXACT) },
	{ "prof", FIXED, "static", ALL(EXACT) },
	{ "prof", STATIC, "static", ALL(EXACT) },
	{ "prof", STATIC_PIE, "static", ALL(EXACT) },
	{ "prof", LINKED, "tpoff64", ALL(EXACT) },
	{ "prof", PRELOADED, "tpoff64", ALL(EXACT) },
	{ "prof", OPENED, "tpoff64", ALL(EXACT) },
	/*
	 * A debug build: its code tells nothing and the gate cannot judge.  The size of the thread
	 * data must speak besides its initial image; a stripped static program does not tell
	 * it, as its C library has thread data of its own.
	 */
	{ "debug", PIE, "static", ALL(EXACT) },
	{ "debug", FIXED, "static", ALL(EXACT) },
	{ "debug", STATIC, "static", { EXACT, EXACT, UNPROVEN } },
	{ "debug", STATIC_PIE, "static", { EXACT, EXACT, UNPROVEN } },
	{ "debug", LINKED, "tpoff64", ALL(EXACT) },
	{ "debug", PRELOADED, "tpoff64", ALL(EXACT) },
	{ "debug", OPENED, "tpoff64", ALL(EXACT) },
	{ "je-nostats", PIE, "static", ALL(EXACT) },
	{ "je-nostats", FIXED, "static", ALL(EXACT) },
	{ "je-nostats", STATIC, "static", ALL(EXACT) },
	{ "je-nostats", STATIC_PIE, "static", ALL(EXACT) },
	{ "je-nostats", LINKED, "tpoff64", ALL(EXACT) },
	{ "rjem", PIE, "static", ALL(EXACT) },
	{ "rjem", FIXED, "static", ALL(EXACT) },
	{ "rjem", STATIC, "static", ALL(EXACT) },
	{ "rjem", STATIC_PIE, "static", ALL(EXACT) },
	{ "rjem", LINKED, "tpoff64", ALL(EXACT) },
	{ "gd", PIE, "static", ALL(EXACT) },
	{ "gd", STATIC_PIE, "static", ALL(EXACT) },
	{ "gd", LINKED, "dtpmod64", ALL(EXACT) },
	{ "gd", PRELOADED, "dtpmod64", ALL(EXACT) },
	{ "gd", OPENED, "dtpmod64", ALL(EXACT) },
	{ "gnu2", FIXED, "static", ALL(EXACT) },
	{ "gnu2", LINKED, "tlsdesc", ALL(EXACT) },
	{ "gnu2", PRELOADED, "tlsdesc", ALL(EXACT) },
	{ "gnu2", OPENED, "tlsdesc", ALL(EXACT) },
	/* Before 5.3 the initial image is all zero, and there is no gate. */
	{ "5.2.1", PIE, "static", ALL(EXACT) },
	{ "5.2.1", FIXED, "static", ALL(EXACT) },
	{ "5.2.1", STATIC, "static", ALL(EXACT) },
	{ "5.2.1", STATIC_PIE, "static", ALL(EXACT) },
	{ "5.2.1", LINKED, "tpoff64", ALL(EXACT) },
	{ "5.2.1", PRELOADED, "tpoff64", ALL(EXACT) },
	{ "5.2.1", OPENED, "tpoff64", ALL(EXACT) },
	{ "5.2.1-nostats", PIE, "static", ALL(NOT_MAINTAINED) },
	{ "5.2.1-nostats", STATIC, "static", ALL(NOT_MAINTAINED) },
	{ "5.2.1-nostats", LINKED, "tpoff64", ALL(NOT_MAINTAINED) },
	{ "5.2.1-nostats", PRELOADED, "tpoff64", ALL(NOT_MAINTAINED) },
};

static char dir[64];

static void shell(const char *command)
{
	int status = system(command);
	ck_assert_msg(!status, "%s", command);
}

static bool has_musl(void)
{
	return !system("command -v musl-gcc >/dev/null");
}

/* Builds what is not in the cache yet; takes minutes the first time. */
static void build_variants(void)
{
	shell("'" KT_BUILD_JEMALLOC "' --variants >&2");
	if (has_musl())
		shell("'" KT_BUILD_JEMALLOC "' --variant musl >&2");
}

static void enter(void)
{
	strcpy(dir, "/tmp/kt-matrix-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

/* Appends what links the target with the variant's library, which is in the shell's $jemalloc. */
static void print_link(const struct row *row, struct kt_buf *out)
{
	static const char *const flags[FORM_COUNT] = {
		[PIE] = "-fPIE -pie",
		[FIXED] = "-fno-pie -no-pie",
		[STATIC] = "-fno-pie -static",
		[STATIC_PIE] = "-fPIE -static-pie",
		[LINKED] = "-L. -Wl,-rpath,$PWD -l:libjemalloc.so.2",
		[PRELOADED] = "-DTARGET_FINDS_ALLOCATOR",
		[OPENED] = "-DTARGET_FINDS_ALLOCATOR",
	};

	kt_buf_printf(out,
		      KT_CC " -O1 -D_GNU_SOURCE -I$jemalloc/include -o t " KT_TARGET_SOURCE " %s",
		      flags[row->form]);
	if (row->form < LINKED)
		kt_buf_printf(out, " $jemalloc/lib/libjemalloc%s.a",
			      strcmp(row->variant, WORKER) ? "_pic" : "");
	kt_buf_puts(out, " $mangle -lpthread -lm");
}

/* The file that carries jemalloc: the program, or a library, whose name need not tell. */
static const char *carrier(const struct row *row)
{
	if (row->form < LINKED)
		return "t";
	return row->form == LINKED ? "libjemalloc.so.2" : "liballoc.so";
}

/* Makes the program of a row, and its carrier unstripped as "whole". */
static void build_row(const struct row *row)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_puts(&command, "set -e; mangle=; jemalloc=" KT_JEMALLOC_DIR "; shared=$(" KT_CC
			      " -print-file-name=libjemalloc.so.2); ");
	if (strcmp(row->variant, WORKER) && strcmp(row->variant, DEBIAN))
		kt_buf_printf(&command,
			      "jemalloc=$('" KT_BUILD_JEMALLOC "' --print-dir --variant %s); "
			      "shared=$jemalloc/lib/libjemalloc.so.2; "
			      "grep -q JEMALLOC_MANGLE $jemalloc/include/jemalloc/jemalloc.h && "
			      "mangle=-DJEMALLOC_MANGLE; ",
			      row->variant);
	if (row->form >= LINKED)
		kt_buf_printf(&command, "cp $shared %s; ", carrier(row));
	print_link(row, &command);
	kt_buf_printf(&command, "; cp %s whole", carrier(row));
	shell(command.data);
}

/*
 * Makes the carrier out of "whole".  The probe gets a new cache with it: what an unstripped file
 * told is kept by its build-id, which the stripped one has as well.
 */
static void strip_carrier(const struct row *row, enum strip strip)
{
	static const char *const commands[STRIP_COUNT] = {
		[STRIP_NONE] = "cp",
		[STRIP_DEBUG] = "strip --strip-debug -o",
		[STRIP_ALL] = "strip -s -o",
	};
	kt_autobuf struct kt_buf command = KT_BUF_INIT;
	char cache[80];

	(void)snprintf(cache, sizeof(cache), "%s/cache-%d", dir, strip);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", cache, 1), 0);
	if (strip == STRIP_NONE)
		kt_buf_printf(&command, "cp whole %s", carrier(row));
	else
		kt_buf_printf(&command, "%s %s whole", commands[strip], carrier(row));
	shell(command.data);
}

/* Starts the target of a row.  It gets the library by its environment, which the probe does not. */
static void start(const struct row *row, size_t threads, const char *mode, struct target *target)
{
	char program[80];
	char library[96];
	char count[24];
	const char *argv[8] = { "env" };
	size_t argc = 1;

	(void)snprintf(program, sizeof(program), "%s/t", dir);
	(void)snprintf(count, sizeof(count), "%zu", threads);
	(void)snprintf(library, sizeof(library), "%s=%s/%s",
		       row->form == PRELOADED ? "LD_PRELOAD" : "TARGET_LIBRARY", dir, carrier(row));
	if (row->form >= PRELOADED)
		argv[argc++] = library;
	/* Room for thread data of the initial-exec model; TLSDESC would take it as well. */
	if (row->form == OPENED && !strcmp(row->tls, "tpoff64"))
		argv[argc++] = "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=8192";
	argv[argc++] = program;
	argv[argc++] = count;
	argv[argc++] = mode;
	target_start_command(target, argv);
	ck_assert_uint_eq(target->truth_count, threads);
}

/* How the report says it knows: which object, and either two sources or one and the gate. */
static void expect_known_by(const struct row *row, const struct outcome *outcome)
{
	const char *gate = !strcmp(row->variant, "debug")   ? "inconclusive"
			   : !strcmp(row->variant, "5.2.1") ? "not-run"
							    : "ok";
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, carrier(row));
	ck_assert_msg(json_text_is(outcome, "layout.object", path), "%s", outcome->out.data);
	ck_assert_msg(json_text_is(outcome, "layout.tls", row->tls), "%s", outcome->out.data);
	ck_assert_msg(json_text_is(outcome, "layout.gate", gate), "%s", outcome->out.data);
	if (strcmp(gate, "ok") != 0) {
		char sources[64] = "";
		(void)sscanf(strstr(outcome->out.data, "\"sources\""), "\"sources\": \"%63[^\"]",
			     sources);
		ck_assert_msg(strchr(sources, '+'), "%s", outcome->out.data);
	}
}

static void expect_refusal(const struct outcome *outcome, const char *word)
{
	kt_autobuf struct kt_buf tag = KT_BUF_INIT;

	kt_buf_printf(&tag, "ktstr-probe-fatal: %s\nerror: ", word);
	ck_assert_msg(outcome->exit_code == 1, "exit %d instead of %s: %s", outcome->exit_code,
		      word, kt_buf_text(&outcome->out));
	ck_assert_uint_eq(outcome->out.len, 0);
	ck_assert_msg(!strncmp(kt_buf_text(&outcome->err), tag.data, tag.len), "%s instead of %s",
		      outcome->err.data, word);
}

static void check_outcome(const struct row *row, enum strip strip, const struct target *target,
			  const char *options)
{
	struct outcome outcome;

	probe_run(target->pid, options, &outcome);
	expect_not_stopped(target->pid);
	switch (row->verdicts[strip]) {
	case EXACT:
		expect_exact(&outcome, 0, target);
		ck_assert_uint_eq(json_number(&outcome, "snapshots.0.stopped_threads"), 0);
		expect_known_by(row, &outcome);
		break;
	case UNPROVEN:
		expect_refusal(&outcome, "layout-unproven");
		break;
	case NOT_MAINTAINED:
		expect_refusal(&outcome, "counters-not-maintained");
		break;
	}
	outcome_deinit(&outcome);
}

static void check_cell(const struct row *row, enum strip strip, size_t threads)
{
	struct target target;

	start(row, threads, "park", &target);
	check_outcome(row, strip, &target, "--json");
	/* Many threads are left to BPF, where that is allowed. */
	if (threads >= KT_ENGINE_BPF_MIN_THREADS)
		check_outcome(row, strip, &target, "--json --engine readv");
	target_stop(&target);
}

START_TEST(cells)
{
	static const size_t thread_counts[STRIP_COUNT][3] = { { 1, 100 },
							      { 1, 100 },
							      { 1, 100, 1000 } };
	bool is_light = getenv("KTSTR_TEST_LIGHT");
	const struct row *row = &rows[_i];

	build_row(row);
	for (int strip = is_light ? STRIP_ALL : STRIP_NONE; strip < STRIP_COUNT; strip++) {
		strip_carrier(row, strip);
		for (int i = 0; i < (is_light ? 2 : 3) && thread_counts[strip][i]; i++)
			check_cell(row, strip, thread_counts[strip][i]);
	}
}
END_TEST

static const struct row *find_row(const char *variant, enum form form)
{
	for (int i = 0; i < COUNT(rows); i++)
		if (!strcmp(rows[i].variant, variant) && rows[i].form == form)
			return &rows[i];
	ck_abort_msg("no row %s", variant);
}

START_TEST(ten_thousand_threads)
{
	const struct row *row = _i ? find_row(DEBIAN, LINKED) : find_row(WORKER, STATIC);

	build_row(row);
	strip_carrier(row, STRIP_ALL);
	check_cell(row, STRIP_ALL, 10000);
}
END_TEST

/*
 * A thread that never used the allocator: its counters are 0 where thread data is there from the
 * start; where it would be made on first use, the thread has none, which is no number.
 */
START_TEST(thread_without_allocations)
{
	static const struct {
		const char *variant;
		enum form form;
		bool is_lazy;
	} cases[] = {
		{ DEBIAN, PRELOADED, false },
		{ "gd", OPENED, true },
		{ "gnu2", OPENED, true },
	};
	const struct row *row = find_row(cases[_i].variant, cases[_i].form);
	struct target target;
	struct outcome outcome;

	build_row(row);
	strip_carrier(row, STRIP_NONE);
	start(row, 5, "idle", &target);
	probe_run(target.pid, "--json", &outcome);
	if (cases[_i].is_lazy) {
		ck_assert_uint_eq(json_number(&outcome, "snapshots.0.skipped.0.tid"),
				  (uint64_t)target.truths[4].tid);
		ck_assert(json_text_is(&outcome, "snapshots.0.skipped.0.reason", "no-thread-data"));
		target.truth_count--;
	}
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static const char *const musl_links[] = { "", "-s -static" };

/*
 * musl registers no robust lists: the kernel's own pass tells the thread pointers, or each thread is
 * stopped for a moment, which the report says.
 */
START_TEST(musl)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;
	struct row row = { .form = STATIC };
	struct target target;
	struct outcome outcome;

	if (!has_musl())
		return;
	kt_buf_printf(&command,
		      "jemalloc=$('" KT_BUILD_JEMALLOC "' --print-dir --variant musl); "
		      "musl-gcc -O1 -D_GNU_SOURCE -I$jemalloc/include -o t " KT_TARGET_SOURCE
		      " %s $jemalloc/lib/libjemalloc_pic.a && cp t whole",
		      musl_links[_i]);
	shell(command.data);
	strip_carrier(&row, STRIP_NONE);
	start(&row, 5, "park", &target);
	probe_run(target.pid, "--json --engine readv", &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert_uint_eq(json_number(&outcome, "snapshots.0.stopped_threads"), 5);
	ck_assert_uint_eq(json_number(&outcome, "layout.stopped_threads"), 1);
	outcome_deinit(&outcome);
	expect_not_stopped(target.pid);
	target_stop(&target);
}
END_TEST

START_TEST(musl_without_jemalloc)
{
	struct row row = { .form = STATIC };
	struct target target;
	struct outcome outcome;

	if (!has_musl())
		return;
	shell("cat >m.c <<'EOT'\n"
	      "#include <stdio.h>\n#include <unistd.h>\n"
	      "int main(void) { char byte; puts(\"1 0 0 0\\nready\"); fflush(stdout);\n"
	      "return (int)read(0, &byte, 1); }\nEOT\n"
	      "musl-gcc -o t m.c");
	start(&row, 1, "park", &target);
	probe_run(target.pid, "--json", &outcome);
	expect_refusal(&outcome, "jemalloc-not-found");
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("matrix");
	TCase *tests = tcase_create("matrix");

	tcase_set_timeout(tests, 300);
	tcase_add_unchecked_fixture(tests, build_variants, NULL);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, cells, 0, COUNT(rows));
	tcase_add_loop_test(tests, ten_thousand_threads, 0, 2);
	tcase_add_loop_test(tests, thread_without_allocations, 0, 3);
	tcase_add_loop_test(tests, musl, 0, COUNT(musl_links));
	tcase_add_test(tests, musl_without_jemalloc);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
