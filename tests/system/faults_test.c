/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes wrong in a real guest, or with QEMU: each fault has its reason, its exit code,
 * and leaves nothing behind.
 */
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/system/top_run.h"

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-faults-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void leave(void)
{
	static const char *const names[] = { "s.json", "qemu", "run.ktr" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	ck_assert_int_eq(rmdir(dir), 0); /* also: no other file was made */
}

static const char *put_file(const char *name, const char *text, mode_t mode)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	KT_OK(kt_file_replace(path, text, strlen(text), mode));
	return path;
}

/* A scenario whose worker has the fault @fault. */
static const char *put_scenario(const char *fault)
{
	char text[1024];

	(void)snprintf(
		text, sizeof(text),
		"{ \"schema\": 1, \"name\": \"fault\",\n"
		"  \"guest\": { \"timeout_s\": 120 },\n"
		"  \"workers\": [ { \"name\": \"w\", \"command\": [ \"%s\", \"%s\" ],\n"
		"    \"ready\": \"marker\", \"ready_timeout_ms\": %d } ],\n"
		"  \"probes\": [ { \"name\": \"p\", \"target\": \"w\", \"snapshots\": 40,\n"
		"    \"interval_ms\": 50 } ],\n"
		"  \"checks\": [ { \"exit_code\": { \"probe\": \"p\", \"equals\": 0 } } ] }\n",
		FAULT_WORKER, fault, strcmp(fault, "hang") ? 60000 : 3000);
	return put_file("s.json", text, 0600);
}

/* The end of what a run said: Check takes messages of 8 KiB. */
static const char *end_of(const struct kt_buf *text)
{
	const size_t most = 3000;

	return kt_buf_text(text) + (text->len > most ? text->len - most : 0);
}

/* Runs @arguments; expects @code and every one of @parts (until NULL) in the JSON events. */
static void expect(struct top_run_options options, int code, const char *const *parts)
{
	struct top_run run;

	top_run_start(&run, &options);
	int got = top_run_end(&run);
	for (; *parts; parts++)
		ck_assert_msg(strstr(kt_buf_text(&run.out), *parts), "no '%s' in:\n%s\n%s", *parts,
			      end_of(&run.out), end_of(&run.err));
	ck_assert_msg(got == code, "exit code %d, not %d:\n%s\n%s", got, code, end_of(&run.out),
		      end_of(&run.err));
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}

static const struct worker_fault {
	const char *fault;
	int code;
	const char *parts[4];
} worker_faults[] = {
	{ "exit",
	  3,
	  { "\"reason\":\"worker-died\"", "ended with exit code 42 before its ready marker",
	    "\xef\xbf\xbd[31mgoing down" } },
	{ "hang",
	  3,
	  { "\"reason\":\"worker-died\"", "did not make its ready marker /tmp/ktstr-worker-ready-",
	    "within 3000 ms" } },
	{ "fork", 3, { "\"reason\":\"worker-died\"", "ended with exit code 0 before" } },
	{ "panic",
	  3,
	  { "\"reason\":\"kernel-panic\"", "Kernel panic - not syncing: sysrq triggered crash",
	    "sysrq triggered crash\\n" } },
	{ "oom", 3, { "\"reason\":\"worker-died\"", "was killed by signal 9 before" } },
	{ "freeze", 3, { "\"reason\":\"timeout\"", "the agent has said nothing for 20.00 s" } },
	/* No jemalloc in there: the probe says so and the check fails; nobody hangs. */
	{ "spin", 1, { "ktstr-probe-fatal: jemalloc-not-found", "\"verdict\":\"fail\"" } },
	{ "flood", 1, { "ktstr-probe-fatal: jemalloc-not-found", "\"verdict\":\"fail\"" } },
};

START_TEST(a_worker_goes_wrong)
{
	const struct worker_fault *fault = &worker_faults[_i];

	expect((struct top_run_options){ .arguments = { "-bc", "-f", "json",
							put_scenario(fault->fault) } },
	       fault->code, fault->parts);
}
END_TEST

/* The target of a probe at work goes away: what the probe saw until then is kept. */
START_TEST(a_target_dies_while_it_is_probed)
{
	static const char *const parts[] = { "\"reason\":\"worker-died\"",
					     "was killed by signal 9 after it was ready",
					     "\"event\":\"snapshot\"", "\"event\":\"probe_end\"",
					     NULL };
	char text[1024];

	(void)snprintf(
		text, sizeof(text),
		"{ \"schema\": 1, \"name\": \"fault\",\n"
		"  \"workers\": [ { \"name\": \"w\", \"command\": [ "
		"\"ktstr-jemalloc-alloc-worker\",\n"
		"    \"1048576\" ], \"ready\": \"marker\" }, { \"name\": \"k\",\n"
		"    \"command\": [ \"%s\", \"kill\" ] } ],\n"
		"  \"probes\": [ { \"name\": \"p\", \"target\": \"w\", \"snapshots\": 400,\n"
		"    \"interval_ms\": 20 } ],\n"
		"  \"checks\": [ { \"exit_code\": { \"probe\": \"p\", \"equals\": 0 } } ] }\n",
		FAULT_WORKER);
	expect((struct top_run_options){ .arguments = { "-bc", "-f", "json",
							put_file("s.json", text, 0600) } },
	       3, parts);
}
END_TEST

/* A stand-in for QEMU: answers --version with @version, else does @script. */
static const char *put_qemu(const char *version, const char *script)
{
	static char variable[160];
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "#!/bin/bash\n"
		       "[ \"$1\" != --version ] || { echo \"QEMU emulator version %s\"; exit; }\n"
		       "%s\n",
		       version, script);
	(void)snprintf(variable, sizeof(variable), "KTSTR_QEMU=%s", put_file("qemu", text, 0700));
	return variable;
}

static int count_of(const struct kt_buf *text, const char *part)
{
	int count = 0;

	for (const char *at = kt_buf_text(text); (at = strstr(at, part)); at++)
		count++;
	return count;
}

/* QEMU itself, except for what @pattern (of the shell) says of its arguments. */
#define REAL_QEMU_BUT(pattern)                         \
	"case \"$*\" in " pattern ") exit 1 ;; esac\n" \
	"exec qemu-system-x86_64 \"$@\""

/* Templates that are no good cost time, and nothing else; the third guest does not try any more. */
START_TEST(guests_do_not_wake)
{
	struct top_run run;

	top_run_start(&run,
		      &(struct top_run_options){
			      .arguments = { "-bc", "-f", "json", "-j", "1", "nonexistent-pid",
					     "known-allocation", "multi-snapshot-monotone" },
			      .variable = put_qemu("7.2.0", REAL_QEMU_BUT("*-incoming*")) });
	int code = top_run_end(&run);
	ck_assert_msg(code == 0, "exit code %d:\n%s", code, end_of(&run.out));
	ck_assert_int_eq(count_of(&run.out, "the guest did not wake from its template"), 2);
	ck_assert_int_eq(count_of(&run.out, "was made in"), 1);
	ck_assert_int_eq(
		count_of(&run.out, "\"state\":\"ready\",\"accel\":\"tcg\",\"start\":\"cold\""), 3);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

START_TEST(no_template_can_be_made)
{
	struct top_run run;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "-j", "1",
						   "nonexistent-pid", "known-allocation" },
				    .variable = put_qemu("7.2.0", REAL_QEMU_BUT("*share=on*")) });
	int code = top_run_end(&run);
	ck_assert_msg(code == 0, "exit code %d:\n%s", code, end_of(&run.out));
	/* The one who asked for it is told, the next knows. */
	ck_assert_int_eq(count_of(&run.out, "no template could be made, so this guest is booted"),
			 1);
	ck_assert_int_eq(
		count_of(&run.out, "\"state\":\"ready\",\"accel\":\"tcg\",\"start\":\"cold\""), 2);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

/* A signal in the middle of making one. */
START_TEST(a_template_is_given_up)
{
	struct top_run run;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "nonexistent-pid",
						   "known-allocation", "thread-churn" } });
	top_run_wait_for(&run, "its template is being made");
	ck_assert_int_eq(kill(run.pid, SIGTERM), 0);
	ck_assert_int_eq(top_run_end(&run), 128 + SIGTERM);
	ck_assert_int_eq(count_of(&run.out, "\"event\":\"scenario_end\""), 3);
	ck_assert_int_eq(count_of(&run.out, "\"verdict\":\"cancelled\""), 3);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

static const struct qemu_fault {
	const char *script;
	const char *parts[4];
} qemu_faults[] = {
	{ "echo 'no such machine' >&2; exit 1",
	  { "\"reason\":\"qemu-exit\"", "QEMU ended with exit code 1", "no such machine" } },
	{ "kill -SEGV $$", { "\"reason\":\"qemu-exit\"", "QEMU was killed by signal 11" } },
	{ "echo 'hello, is this QMP?' >&3; exec sleep 1000",
	  { "\"reason\":\"protocol\"", "monitor sent no JSON" } },
	{ "echo garbage >&4; exec sleep 1000",
	  { "\"reason\":\"protocol\"", "bytes that are no frame" } },
	{ "printf 'Kt\\001J\\377\\377\\377\\177' >&4; exec sleep 1000",
	  { "\"reason\":\"protocol\"", "too large" } },
	{ "exec head -c 30000000 /dev/zero >&5", { "\"reason\":\"qemu-exit\"" } },
	{ "exec tr '\\0' x < /dev/zero >&3", { "\"reason\":\"protocol\"", "line without end" } },
	/* Each is answered by a question, and none is read. */
	{ "exec yes '{ \"event\": \"STOP\" }' >&3",
	  { "\"reason\":\"protocol\"", "more than 2.0 MiB would have to wait" } },
	{ "exec sleep 1000", { "\"reason\":\"timeout\"", "took longer than 3 s" } },
	{ "exec 3>&- 4>&- 5>&-; exec sleep 1000", { "\"reason\":\"qemu-exit\"" } },
};

START_TEST(qemu_goes_wrong)
{
	const struct qemu_fault *fault = &qemu_faults[_i];

	expect((struct top_run_options){ .arguments = { "-bc", "-f", "json", "--timeout", "3",
							"nonexistent-pid" },
					 .variable = put_qemu("7.2.0", fault->script) },
	       3, fault->parts);
}
END_TEST

/* Expects exit @code with @part on stderr and nothing on stdout. */
static void expect_refusal(struct top_run_options options, int code, const char *part)
{
	struct top_run run;

	top_run_start(&run, &options);
	int got = top_run_end(&run);
	ck_assert_msg(strstr(kt_buf_text(&run.err), part), "no '%s' in: %s", part,
		      kt_buf_text(&run.err));
	ck_assert_int_eq(got, code);
	ck_assert_uint_eq(run.out.len, 0);
	/* One line. */
	ck_assert_ptr_eq(strchr(kt_buf_text(&run.err), '\n'), run.err.data + run.err.len - 1);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}

START_TEST(qemu_is_unusable)
{
	expect_refusal((struct top_run_options){ .arguments = { "-bc" },
						 .variable = "KTSTR_QEMU=/does/not/exist" },
		       3, "/does/not/exist");
	expect_refusal((struct top_run_options){ .arguments = { "-bc" },
						 .variable = put_qemu("6.2.0", "exit 1") },
		       3, "QEMU 6.2 is too old");
	expect_refusal((struct top_run_options){ .arguments = { "-bc" },
						 .variable = put_qemu("", "exit 1") },
		       3, "version");
	expect_refusal((struct top_run_options){ .arguments = { "-bc", "--skip-missing" },
						 .variable = "KTSTR_QEMU=/does/not/exist" },
		       77, "skipped");
}
END_TEST

START_TEST(a_worker_is_missing)
{
	const char *text = "{ \"schema\": 1, \"name\": \"x\", \"workers\": [ { \"name\": \"w\",\n"
			   "\"command\": [ \"./nowhere\" ] } ], \"probes\": [ { \"name\": \"p\",\n"
			   "\"target\": \"w\" } ], \"checks\": [ { \"exit_code\":\n"
			   "{ \"probe\": \"p\", \"equals\": 0 } } ] }";

	expect_refusal(
		(struct top_run_options){ .arguments = { "-bc", put_file("s.json", text, 0600) } },
		3, "nowhere");
}
END_TEST

/* The one QEMU of the run is killed from outside, as an out-of-memory killer would. */
START_TEST(qemu_is_killed)
{
	static const struct {
		const char *state;
		const char *option;
	} cases[] = {
		{ "\"state\":\"kernel\"", "--no-template" },
		{ "\"event\":\"probe_start\"", "--no-template" },
		{ "\"event\":\"probe_start\"", "--verbose" },
	};
	struct top_run run;

	top_run_start(&run, &(struct top_run_options){ .arguments = { "-bc", "-f", "json",
								      cases[_i].option,
								      put_scenario("spin") } });
	top_run_wait_for(&run, cases[_i].state);
	pid_t qemu = top_run_find(&run, "qemu-system");
	ck_assert_int_gt(qemu, 0);
	ck_assert_int_eq(kill(qemu, 9), 0);
	ck_assert_int_eq(top_run_end(&run), 3);
	ck_assert(strstr(kt_buf_text(&run.out), "\"reason\":\"qemu-exit\""));
	ck_assert(strstr(kt_buf_text(&run.out), "QEMU was killed by signal 9"));
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

START_TEST(the_disk_is_full)
{
	struct top_run run;

	top_run_start(&run,
		      &(struct top_run_options){
			      .arguments = { "-bc", "--record", "/dev/full", "nonexistent-pid" } });
	ck_assert_int_eq(top_run_end(&run), 3);
	ck_assert(strstr(kt_buf_text(&run.err), "No space left on device"));
	ck_assert(strstr(kt_buf_text(&run.out), "nonexistent-pid"));
	top_run_deinit(&run);
}
END_TEST

START_TEST(the_standard_descriptors_are_closed)
{
	struct top_run run;
	char record[128];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	(void)snprintf(record, sizeof(record), "%s/run.ktr", dir);
	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-r", record, "nonexistent-pid" },
				    .close_standard = true });
	ck_assert_int_eq(top_run_end(&run), 0);
	KT_OK(kt_file_read(record, 1 << 20, &text));
	ck_assert(strstr(kt_buf_text(&text), "\"event\":\"run_end\""));
	ck_assert(strstr(kt_buf_text(&text), "\"exit_code\":0"));
	top_run_deinit(&run);
}
END_TEST

START_TEST(the_reader_goes_away)
{
	struct top_run run;

	top_run_start(&run, &(struct top_run_options){
				    .arguments = { "-bc", "-f", "json", "nonexistent-pid" } });
	top_run_wait_for(&run, "\"state\":\"kernel\"");
	(void)close(run.out_fd);
	run.out_fd = -1;
	ck_assert_int_eq(top_run_end(&run), 128 + 13);
	top_run_expect_nothing_left(&run);
	top_run_deinit(&run);
}
END_TEST

static const struct probe_fault {
	int pid;
	int code;
	const char *parts[4];
} probe_faults[] = {
	{ 1, 1, { "\"event\":\"probe_end\"", "\"signal\":11", "going down" } },
	{ 2, 3, { "\"reason\":\"probe-fatal\"", "did not end within 1500 ms" } },
	{ 3, 3, { "\"stdout_bytes\":16777216", "\"document_error\":", "cannot-tell" } },
	{ 4, 3, { "\"document_error\":", "schema", "cannot-tell" } },
	{ 5, 3, { "\"document_error\":\"there is no output\"", "cannot-tell" } },
};

START_TEST(a_probe_goes_wrong)
{
	const struct probe_fault *fault = &probe_faults[_i];
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "{ \"schema\": 1, \"name\": \"fault\", \"probes\": [ { \"name\": \"p\",\n"
		       "\"pid\": %d, \"timeout_ms\": %d } ], \"checks\": [\n"
		       "{ \"exit_code\": { \"probe\": \"p\", \"equals\": 0 } },\n"
		       "{ \"snapshot_count\": { \"probe\": \"p\", \"equals\": 1 } } ] }",
		       fault->pid, fault->pid == 2 ? 1500 : 60000);
	expect((struct top_run_options){ .arguments = { "-bc", "-f", "json",
							put_file("s.json", text, 0600) },
					 .variable = "KTSTR_JEMALLOC_PROBE_BINARY=" FAULT_PROBE },
	       fault->code, fault->parts);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static Suite *suite(void)
{
	Suite *all = suite_create("faults");
	TCase *tests = tcase_create("faults");

	tcase_set_timeout(tests, 400);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, qemu_is_unusable);
	tcase_add_test(tests, a_worker_is_missing);
	tcase_add_loop_test(tests, qemu_goes_wrong, 0, COUNT(qemu_faults));
	/* The tarball's suite repeats this one: there two of these are enough. */
	tcase_add_loop_test(tests, a_worker_goes_wrong, 0,
			    getenv("KTSTR_TEST_LIGHT") ? 2 : COUNT(worker_faults));
	tcase_add_loop_test(tests, a_probe_goes_wrong, 0, COUNT(probe_faults));
	tcase_add_test(tests, a_target_dies_while_it_is_probed);
	tcase_add_loop_test(tests, qemu_is_killed, 0, 3);
	tcase_add_test(tests, guests_do_not_wake);
	tcase_add_test(tests, no_template_can_be_made);
	tcase_add_test(tests, a_template_is_given_up);
	tcase_add_test(tests, the_disk_is_full);
	tcase_add_test(tests, the_standard_descriptors_are_closed);
	tcase_add_test(tests, the_reader_goes_away);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
