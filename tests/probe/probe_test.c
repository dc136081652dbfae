/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program on real targets that publish the truth. */
#include "tests/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/engine_use.h"
#include "tests/probe/harness.h"

static const size_t thread_counts[] = { 1, 2, 100, KT_ENGINE_BPF_MIN_THREADS - 1,
					KT_ENGINE_BPF_MIN_THREADS };

START_TEST(exact_to_the_byte)
{
	/* Few threads are read directly; for many the set-up of BPF pays, where it is allowed. */
	bool is_for_bpf = thread_counts[_i] >= KT_ENGINE_BPF_MIN_THREADS && can_use_bpf();
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, thread_counts[_i], "park");
	probe_run(target.pid, "--json", &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert_uint_eq(json_number(&outcome, "schema_version"), 2);
	ck_assert_uint_eq(json_number(&outcome, "pid"), (uint64_t)target.pid);
	ck_assert_uint_eq(json_number(&outcome, "snapshots.0.stopped_threads"), 0);
	ck_assert(json_text_is(&outcome, "end_reason", "completed"));
	ck_assert(json_text_is(&outcome, "engine", is_for_bpf ? "bpf" : "readv"));
	ck_assert_uint_le(json_number(&outcome, "started_at_unix_sec"),
			  json_number(&outcome, "snapshots.0.timestamp_unix_sec"));
	ck_assert_uint_eq(json_at(&outcome, "interval_ms"), 0);
	ck_assert_uint_eq(json_at(&outcome, "threads"), 0);
	ck_assert_uint_eq(json_at(&outcome, "timestamp_unix_sec"), 0);
	ck_assert_uint_eq(outcome.err.len, 0);
	ck_assert_int_eq(outcome.out.data[outcome.out.len - 1], '\n');
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

START_TEST(several_snapshots)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 3, "park");
	probe_run(target.pid, "--json --snapshots 3 --interval-ms 5", &outcome);
	for (size_t i = 0; i < 3; i++)
		expect_exact(&outcome, i, &target);
	ck_assert_uint_eq(json_at(&outcome, "snapshots.3"), 0);
	ck_assert_uint_eq(json_number(&outcome, "interval_ms"), 5);
	/* The waits are waited: 5 ms each, by the probe's own monotonic clock. */
	for (int i = 1; i < 3; i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "snapshots.%d.elapsed_since_start_ns", i - 1);
		uint64_t before_ns = json_number(&outcome, path);
		(void)snprintf(path, sizeof(path), "snapshots.%d.elapsed_since_start_ns", i);
		ck_assert_uint_ge(json_number(&outcome, path), before_ns + 5 * KT_NS_PER_MS);
	}
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

START_TEST(text_report)
{
	struct target target;
	struct outcome outcome;
	char line[128];

	target_start(&target, KT_TARGET, 2, "park");
	probe_run(target.pid, "", &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	(void)snprintf(line, sizeof(line), "pid=%d tool_version=%s\njemalloc=", target.pid,
		       PACKAGE_VERSION);
	ck_assert_int_eq(strncmp(outcome.out.data, line, strlen(line)), 0);
	ck_assert_ptr_nonnull(strstr(outcome.out.data,
				     " engine=readv object=" KT_TARGET "\n--- snapshot 1/1 @ "));
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(line, sizeof(line),
			       "tid=%d comm=target allocated_bytes=%lu deallocated_bytes=%lu\n",
			       target.truths[i].tid, (unsigned long)target.truths[i].allocated,
			       (unsigned long)target.truths[i].deallocated);
		ck_assert_msg(strstr(outcome.out.data, line), "%s", outcome.out.data);
	}
	ck_assert_uint_eq(outcome.err.len, 0);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static const char *const engines[] = { "readv", "bpf", "ptrace" };

/* What only jemalloc's own data tells is the same by every engine. */
START_TEST(extras_of_jemalloc)
{
	uint64_t tcache_bytes[2] = { 0 };
	uint64_t active_bytes = 0;
	struct target target;

	target_start(&target, KT_TARGET, 2, "park");
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct outcome outcome;
		char options[96];
		if (!can_use_bpf() && !strcmp(engines[i], "bpf"))
			continue;
		(void)snprintf(options, sizeof(options),
			       "--json --no-cache --with tcache,process --engine %s", engines[i]);
		probe_run(target.pid, options, &outcome);
		expect_exact(&outcome, 0, &target);
		ck_assert_uint_eq(json_at(&outcome, "unknown"), 0);
		uint64_t active = json_number(&outcome, "snapshots.0.jemalloc_active_bytes");
		ck_assert_uint_gt(active, 0);
		ck_assert_uint_eq(active % 4096, 0);
		ck_assert_uint_gt(json_number(&outcome, "snapshots.0.arenas"), 0);
		ck_assert_uint_gt(json_number(&outcome, "snapshots.0.rss_bytes"), 0);
		for (int t = 0; t < 2; t++) {
			char path[64];
			(void)snprintf(path, sizeof(path), "snapshots.0.threads.%d.tcache_bytes",
				       t);
			uint64_t bytes = json_number(&outcome, path);
			ck_assert_uint_gt(bytes, 0);
			ck_assert(!i || bytes == tcache_bytes[t]);
			tcache_bytes[t] = bytes;
		}
		ck_assert(!i || active == active_bytes);
		active_bytes = active;
		outcome_deinit(&outcome);
	}
	target_stop(&target);
}
END_TEST

/* A thread's name is its own choice, but not how our lines end. */
START_TEST(names_cannot_forge_lines)
{
	char dir[] = "/tmp/kt-probe-test.XXXXXX";
	char path[64];
	struct target target;
	struct outcome outcome;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/x\ntid=1 y", dir);
	ck_assert_int_eq(symlink(KT_TARGET, path), 0);
	target_start(&target, path, 1, "park");
	probe_run(target.pid, "", &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	ck_assert_ptr_null(strstr(outcome.out.data, "\ntid=1 "));
	ck_assert_ptr_nonnull(strstr(outcome.out.data, " comm=x\xef\xbf\xbdtid=1 y "));
	outcome_deinit(&outcome);
	target_stop(&target);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* A fatal run: exit 1, nothing on stdout, the tag first, no JSON with a number on stderr. */
static void expect_fatal(const struct outcome *outcome, const char *kind, const char *part)
{
	kt_autobuf struct kt_buf tag = KT_BUF_INIT;

	kt_buf_printf(&tag, "ktstr-probe-fatal: %s\nerror: ", kind);
	ck_assert_int_eq(outcome->exit_code, 1);
	ck_assert_uint_eq(outcome->out.len, 0);
	ck_assert_msg(!strncmp(kt_buf_text(&outcome->err), tag.data, tag.len), "%s not in %s",
		      tag.data, kt_buf_text(&outcome->err));
	ck_assert_msg(strstr(outcome->err.data, part), "%s", outcome->err.data);
	ck_assert_ptr_null(strpbrk(outcome->err.data, "[{"));
}

START_TEST(missing_pid)
{
	struct outcome outcome;

	probe_run(999999999, "--json", &outcome);
	expect_fatal(&outcome, "pid-missing", "999999999");
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(refuses_itself)
{
	/* The shell's pid becomes the probe's by exec. */
	const char *const argv[] = { "sh", "-c", "exec \"$0\" --pid $$ --json", KT_PROBE, NULL };
	struct outcome outcome;

	process_finish(process_start(argv), &outcome);
	expect_fatal(&outcome, "self-probe-rejected", "refuses to probe itself");
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(not_jemalloc)
{
	struct outcome outcome;

	probe_run(getpid(), "--json", &outcome);
	expect_fatal(&outcome, "jemalloc-not-found", "no jemalloc in the target");
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(zombie)
{
	struct outcome outcome;
	siginfo_t info;
	pid_t child = fork();

	if (!child)
		_exit(0);
	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	probe_run(child, "--json", &outcome);
	expect_fatal(&outcome, "zombie", "has ended");
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(kernel_thread)
{
	struct outcome outcome;

	if (getuid() || access("/proc/2", F_OK))
		return; /* in a pid namespace pid 2 is something else */
	char link[64];
	if (readlink("/proc/2/exe", link, sizeof(link)) >= 0)
		return;
	probe_run(2, "--json", &outcome);
	expect_fatal(&outcome, "kernel-thread", "kernel thread");
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(no_permission)
{
	const char *const as_nobody[] = {
		"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
		KT_PROBE,  "--json",	    "--pid",	     NULL,
		NULL
	};
	const char *argv[10];
	struct outcome outcome;
	struct target target;
	char pid[16];

	if (getuid())
		return; /* only root can become somebody else */
	target_start(&target, KT_TARGET, 1, "park");
	(void)snprintf(pid, sizeof(pid), "%d", target.pid);
	memcpy(argv, as_nobody, sizeof(as_nobody));
	argv[7] = pid;
	process_finish(process_start(argv), &outcome);
	if (outcome.exit_code == 1) /* else the build tree is hidden from that user */
		expect_fatal(&outcome, "permission-denied", "no permission");
	else
		ck_assert_int_ge(outcome.exit_code, 126);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* An engine that was asked for and cannot be had is told, not replaced. */
START_TEST(engine_refused)
{
	/* Without CAP_BPF and CAP_PERFMON there is no BPF, for root neither. */
	const char *const argv_template[] = {
		"setpriv",  "--bounding-set=-bpf,-perfmon,-sys_admin",
		KT_PROBE,   "--json",
		"--pid",    NULL,
		"--engine", "bpf",
		NULL,
	};
	const char *argv[9];
	struct outcome outcome;
	struct target target;
	char pid[16];

	if (getuid())
		return; /* only root has capabilities to give away */
	target_start(&target, KT_TARGET, 1, "park");
	(void)snprintf(pid, sizeof(pid), "%d", target.pid);
	memcpy(argv, argv_template, sizeof(argv_template));
	argv[5] = pid;
	process_finish(process_start(argv), &outcome);
	expect_fatal(&outcome, "engine-unavailable", "--engine bpf");
	outcome_deinit(&outcome);
	/* Left to itself it reads all the same. */
	argv[6] = "--snapshots=12";
	argv[7] = "--interval-ms=1";
	process_finish(process_start(argv), &outcome);
	expect_exact(&outcome, 11, &target);
	ck_assert(json_text_is(&outcome, "engine", "readv"));
	ck_assert_ptr_nonnull(strstr(outcome.out.data, "bpf cannot be used: "));
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* A layout file is made when it is not there, read when it is, and for its own build only. */
START_TEST(layout_file)
{
	char dir[] = "/tmp/kt-probe-test.XXXXXX";
	char path[64];
	char options[160];
	struct target target;
	struct outcome outcome;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/target.layout", dir);
	(void)snprintf(options, sizeof(options), "--json --no-cache --layout %s", path);
	target_start(&target, KT_TARGET, 5, "park");
	probe_run(target.pid, options, &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert(!json_text_is(&outcome, "layout.cache", "given"));
	outcome_deinit(&outcome);
	probe_run(target.pid, options, &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert(json_text_is(&outcome, "layout.cache", "given"));
	outcome_deinit(&outcome);
	/* What the worker's file alone tells is for another build. */
	const char *const make_other[] = {
		KT_PROBE, "--object", KT_WORKER, "--layout", path, NULL
	};
	process_finish(process_start(make_other), &outcome);
	ck_assert_msg(!outcome.exit_code, "%s", kt_buf_text(&outcome.err));
	outcome_deinit(&outcome);
	probe_run(target.pid, options, &outcome);
	expect_fatal(&outcome, "layout-unproven", " is for build-id ");
	outcome_deinit(&outcome);
	ck_assert_int_eq(truncate(path, 40), 0);
	probe_run(target.pid, options, &outcome);
	ck_assert_int_eq(outcome.exit_code, 2);
	ck_assert_uint_eq(outcome.out.len, 0);
	ck_assert_ptr_nonnull(strstr(outcome.err.data, "error: --layout "));
	outcome_deinit(&outcome);
	target_stop(&target);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(usage_errors)
{
	static const char *const options[] = { "--bogus", "--snapshots 3", "--interval-ms 3",
					       "--sidecar /nonexistent/x.ktstr.json" };
	static const char *const parts[] = { "unknown option", "--interval-ms is required",
					     "only makes sense", "sidecar file not found" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct outcome outcome;
		probe_run(1, options[i], &outcome);
		ck_assert_int_eq(outcome.exit_code, 2);
		ck_assert_uint_eq(outcome.out.len, 0);
		ck_assert_int_eq(strncmp(outcome.err.data, "error: ", 7), 0);
		ck_assert_msg(strstr(outcome.err.data, parts[i]), "%s", outcome.err.data);
		outcome_deinit(&outcome);
	}
}
END_TEST

START_TEST(help_and_version)
{
	const char *const help[] = { KT_PROBE, "--help", NULL };
	const char *const version[] = { KT_PROBE, "-V", NULL };
	struct outcome outcome;

	process_finish(process_start(help), &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	ck_assert_ptr_nonnull(strstr(outcome.out.data, "--abort-after-ms MS"));
	outcome_deinit(&outcome);
	process_finish(process_start(version), &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	ck_assert_str_eq(outcome.out.data, "ktstr-jemalloc-probe " PACKAGE_VERSION "\n");
	outcome_deinit(&outcome);
}
END_TEST

/* Waits until the probe has its first snapshot behind it: the target's byte goes in then. */
static void let_it_start(pid_t probe)
{
	char path[64];
	char text[512];
	uint64_t deadline_ns = kt_clock_mono_ns() + 30 * KT_NS_PER_SEC;

	(void)snprintf(path, sizeof(path), "/proc/%d/syscall", probe);
	for (;;) {
		struct timespec pause = { .tv_nsec = KT_NS_PER_MS };
		ck_assert_uint_lt(kt_clock_mono_ns(), deadline_ns);
		FILE *file = fopen(path, "r");
		ck_assert_ptr_nonnull(file);
		bool is_known = fgets(text, sizeof(text), file) != NULL;
		(void)fclose(file);
		/* The only poll the probe makes is the wait between snapshots. */
		if (is_known && atoi(text) == SYS_ppoll)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

START_TEST(target_exits_between_snapshots)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 3, "exit");
	struct process probe = probe_start(target.pid, "--json --snapshots 3 --interval-ms 20000");
	let_it_start(probe.pid);
	ck_assert_int_eq(write(target.in, "x", 1), 1);
	process_finish(probe, &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert_uint_eq(json_at(&outcome, "snapshots.1"), 0);
	ck_assert(json_text_is(&outcome, "end_reason", "target-exited"));
	ck_assert_str_eq(outcome.err.data, "ktstr-probe-target-exited: after 1 of 3 snapshots\n");
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* The same file again: only the address space tells. */
START_TEST(target_execs_itself_between_snapshots)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 3, "exec");
	struct process probe = probe_start(target.pid, "--json --snapshots 2 --interval-ms 1500");
	let_it_start(probe.pid);
	ck_assert_int_eq(write(target.in, "x", 1), 1);
	process_finish(probe, &outcome);
	ck_assert_int_eq(outcome.exit_code, 1);
	ck_assert(json_text_is(&outcome, "end_reason", "exe-identity-changed"));
	ck_assert_uint_eq(json_at(&outcome, "snapshots.1"), 0);
	ck_assert_ptr_nonnull(
		strstr(outcome.err.data, "ktstr-probe-fatal: exe-identity-changed\nerror: "));
	ck_assert_ptr_nonnull(strstr(outcome.err.data, "between snapshots"));
	ck_assert_ptr_nonnull(strstr(outcome.err.data, "0x"));
	outcome.exit_code = 0; /* what was read before is there and exact */
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

START_TEST(thread_storm)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 20, "churn");
	probe_run(target.pid, "--json --snapshots 40 --interval-ms 1", &outcome);
	ck_assert_int_eq(outcome.exit_code, 0);
	for (size_t i = 0; i < 40; i++) {
		char path[64];
		size_t parked = 0;
		(void)snprintf(path, sizeof(path), "snapshots.%zu.threads", i);
		size_t list = json_at(&outcome, path);
		ck_assert(list);
		const struct kt_json_tokens *json = &outcome.json;
		for (size_t at = list + 1; at < json->tokens[list].next;
		     at = json->tokens[at].next) {
			uint64_t tid = 0;
			uint64_t allocated = 0;
			bool has_error = kt_json_find(json, at, "error") != 0;
			size_t counter = kt_json_find(json, at, "allocated_bytes");
			ck_assert(kt_json_token_u64(json, kt_json_find(json, at, "tid"), &tid));
			ck_assert(has_error == !counter);
			if (counter)
				ck_assert(kt_json_token_u64(json, counter, &allocated));
			for (size_t t = 1; t < target.truth_count; t++)
				if ((uint64_t)target.truths[t].tid == tid) {
					ck_assert_uint_eq(allocated, target.truths[t].allocated);
					parked++;
				}
			/* A short-lived thread allocates less than this in all its life. */
			ck_assert_uint_lt(allocated, 1 << 20);
		}
		ck_assert_uint_eq(parked, 19);
	}
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

/* A thread made by a bare clone() has its creator's thread pointer: it must not count twice. */
START_TEST(shared_thread_pointer_is_skipped)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 2, "raw");
	probe_run(target.pid, "--json", &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert(json_text_is(&outcome, "snapshots.0.skipped.0.reason", "shared-thread-pointer"));
	ck_assert_uint_eq(json_number(&outcome, "snapshots.0.stopped_threads"), 1);
	ck_assert_uint_gt(json_number(&outcome, "snapshots.0.longest_stop_ns"), 0);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

START_TEST(deadline)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 2, "park");
	probe_run(target.pid, "--json --snapshots 3 --interval-ms 3600000 --abort-after-ms 300",
		  &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert_uint_eq(json_at(&outcome, "snapshots.1"), 0);
	ck_assert_int_eq(outcome.json.tokens[json_at(&outcome, "interrupted")].type, KT_JSON_TRUE);
	ck_assert_str_eq(outcome.err.data, "ktstr-probe-deadline: abort after 300ms\n");
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static void interrupt_with(int number)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 20, "park");
	struct process probe =
		probe_start(target.pid, "--json --snapshots 1000 --interval-ms 1000");
	let_it_start(probe.pid);
	for (int i = 0; i < 50; i++)
		expect_not_stopped(target.pid);
	ck_assert_int_eq(kill(probe.pid, number), 0);
	process_finish(probe, &outcome);
	expect_exact(&outcome, 0, &target);
	size_t count = outcome.json.tokens[json_at(&outcome, "snapshots")].child_count;
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_lt(count, 1000);
	ck_assert_int_eq(outcome.json.tokens[json_at(&outcome, "interrupted")].type, KT_JSON_TRUE);
	ck_assert(json_text_is(&outcome, "end_reason", "interrupted"));
	expect_not_stopped(target.pid);
	outcome_deinit(&outcome);
	target_stop(&target);
}

START_TEST(interrupts)
{
	interrupt_with(_i ? SIGTERM : SIGINT);
}
END_TEST

START_TEST(no_ptrace_on_the_normal_path)
{
	struct target target;
	struct outcome outcome;
	char pid[16];

	target_start(&target, KT_TARGET, 50, "park");
	(void)snprintf(pid, sizeof(pid), "%d", target.pid);
	/* The leak checker is a tracer itself; two do not get along. */
	const char *const argv[] = { "env",    "ASAN_OPTIONS=detect_leaks=0",
				     "strace", "-f",
				     "-e",     "trace=ptrace,process_vm_readv",
				     KT_PROBE, "--json",
				     "--pid",  pid,
				     NULL };
	process_finish(process_start(argv), &outcome);
	expect_exact(&outcome, 0, &target);
	ck_assert_ptr_nonnull(strstr(outcome.err.data, "process_vm_readv("));
	ck_assert_ptr_null(strstr(outcome.err.data, "ptrace("));
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

START_TEST(closed_stdout_kills_by_sigpipe)
{
	struct target target;
	struct outcome outcome;

	target_start(&target, KT_TARGET, 1000, "park");
	struct process probe = probe_start(target.pid, "--json");
	(void)close(probe.out);
	probe.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	process_finish(probe, &outcome);
	ck_assert_int_eq(outcome.exit_code, -SIGPIPE);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("probe");
	TCase *tests = tcase_create("probe");
	int counts = (int)(sizeof(thread_counts) / sizeof(thread_counts[0]));

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, exact_to_the_byte, 0, counts);
	tcase_add_test(tests, several_snapshots);
	tcase_add_test(tests, text_report);
	tcase_add_test(tests, extras_of_jemalloc);
	tcase_add_test(tests, names_cannot_forge_lines);
	tcase_add_test(tests, missing_pid);
	tcase_add_test(tests, refuses_itself);
	tcase_add_test(tests, not_jemalloc);
	tcase_add_test(tests, zombie);
	tcase_add_test(tests, kernel_thread);
	tcase_add_test(tests, no_permission);
	tcase_add_test(tests, engine_refused);
	tcase_add_test(tests, layout_file);
	tcase_add_test(tests, usage_errors);
	tcase_add_test(tests, help_and_version);
	tcase_add_test(tests, target_exits_between_snapshots);
	tcase_add_test(tests, target_execs_itself_between_snapshots);
	tcase_add_test(tests, thread_storm);
	tcase_add_test(tests, shared_thread_pointer_is_skipped);
	tcase_add_test(tests, deadline);
	tcase_add_loop_test(tests, interrupts, 0, 2);
	tcase_add_test(tests, no_ptrace_on_the_normal_path);
	tcase_add_test(tests, closed_stdout_kills_by_sigpipe);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
