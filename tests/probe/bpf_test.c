/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF engine, against the truth, against the readv engine and against /proc. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/read/bpf_load.h"
#include "tests/probe/crew.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static void sweep_once(struct kt_read_config config, const struct kt_read_engine *engine,
		       struct kt_sweep *ret)
{
	void *state;

	*ret = (struct kt_sweep){ 0 };
	KT_OK(engine->create(&config, &state));
	KT_OK(engine->sweep(state, ret));
	engine->destroy(state);
}

static void expect_same_rows(const struct kt_sweep *left, const struct kt_sweep *right)
{
	ck_assert_uint_eq(left->count, right->count);
	for (size_t i = 0; i < left->count; i++) {
		const struct kt_row *a = &left->rows[i];
		const struct kt_row *b = &right->rows[i];
		ck_assert_int_eq(a->tid, b->tid);
		ck_assert_int_eq(a->state, KT_ROW_OK);
		ck_assert_int_eq(b->state, KT_ROW_OK);
		ck_assert_str_eq(a->comm, b->comm);
		ck_assert(a->has_start_time && b->has_start_time);
		ck_assert_uint_eq(a->start_time_jiffies, b->start_time_jiffies);
		ck_assert_uint_eq(a->allocated_bytes, b->allocated_bytes);
		ck_assert_uint_eq(a->deallocated_bytes, b->deallocated_bytes);
		ck_assert_mem_eq(a, b, sizeof(*a));
	}
}

START_TEST(same_rows_from_all_engines)
{
	static const size_t counts[] = { 1, 100, 1000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct crew crew;
		struct kt_sweep bpf;
		struct kt_sweep readv;
		struct kt_sweep ptrace;
		crew_start(&crew, counts[i], CREW_PARKED);
		sweep_once(crew_config(&crew, KT_TLS_TP_OFFSET), &kt_bpf_engine, &bpf);
		sweep_once(crew_config(&crew, KT_TLS_TP_OFFSET), &kt_readv_engine, &readv);
		ck_assert_uint_eq(bpf.count, counts[i]);
		expect_same_rows(&bpf, &readv);
		crew_expect_exact(&crew, &bpf);
		kt_sweep_deinit(&bpf);
		sweep_once(crew_config(&crew, KT_TLS_DTV), &kt_bpf_engine, &bpf);
		expect_same_rows(&bpf, &readv);
		kt_sweep_deinit(&bpf);
		sweep_once(crew_config(&crew, KT_TLS_TP_OFFSET), &kt_ptrace_engine, &ptrace);
		expect_same_rows(&readv, &ptrace);
		kt_sweep_deinit(&ptrace);
		kt_sweep_deinit(&readv);
		crew_stop(&crew);
	}
}
END_TEST

/* A few members work between two sweeps, the others sleep: nothing old is told, nobody is left out. */
START_TEST(whoever_worked_is_read_again)
{
	enum {
		MEMBERS = 60,
		SWEEPS = 400
	};
	static const enum kt_tls_access accesses[] = { KT_TLS_TP_OFFSET, KT_TLS_DTV };
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	uint32_t random = 1;
	void *engine;

	crew_start(&crew, MEMBERS, CREW_PARKED);
	struct kt_read_config config = crew_config(&crew, accesses[_i]);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	for (int i = 0; i < SWEEPS; i++) {
		for (random = random * 1103515245 + 12345; random >> 16 & 3; random /= 2)
			crew_work(&crew, (random >> 18) % MEMBERS);
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		ck_assert_uint_eq(sweep.count, MEMBERS);
		crew_expect_exact(&crew, &sweep);
	}
	ck_assert_uint_eq(sweep.read_calls, 0);
	ck_assert_uint_eq(sweep.stop_count, 0);
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/*
 * Members run for moments, all the time: a value is not older than what its thread had told
 * before the sweep began, and not newer than what it tells after the sweep, but for the piece of
 * work that is not told yet.
 */
START_TEST(values_are_of_the_time_of_the_sweep)
{
	enum {
		MEMBERS_MAX = 33,
		SWEEPS = 3000
	};
	static const enum crew_mode modes[] = { CREW_WORKING, CREW_SPINNING };
	static const size_t counts[] = { MEMBERS_MAX, 3 };
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	void *engine;

	crew_start(&crew, counts[_i], modes[_i]);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	for (int i = 0; i < SWEEPS; i++) {
		uint64_t before[MEMBERS_MAX];
		for (size_t m = 0; m < counts[_i]; m++)
			before[m] = atomic_load(&crew.page->members[m].allocated);
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		for (size_t m = 0; m < counts[_i]; m++) {
			const struct crew_member *member = &crew.page->members[m];
			const struct kt_row *row = crew_row(&sweep, member->tid);
			ck_assert_ptr_nonnull(row);
			ck_assert_int_eq(row->state, KT_ROW_OK);
			ck_assert_uint_ge(row->allocated_bytes, before[m]);
			ck_assert_uint_le(row->allocated_bytes,
					  atomic_load(&member->allocated) + 1000 + m);
		}
	}
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/* Thousands of births a second: no member is missing, no row has what no thread ever had. */
START_TEST(births_and_deaths)
{
	enum {
		MEMBERS = 50,
		SWEEPS = 3000
	};
	struct kt_sweep sweep = { 0 };
	size_t short_lived_count = 0;
	struct crew crew;
	void *engine;

	crew_start(&crew, MEMBERS, CREW_CHURN);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	for (int i = 0; i < SWEEPS; i++) {
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		crew_expect_exact(&crew, &sweep);
		for (size_t r = 0; r < sweep.count; r++) {
			const struct kt_row *row = &sweep.rows[r];
			if (r)
				ck_assert_int_lt(sweep.rows[r - 1].tid, row->tid);
			if (crew_member_of(&crew, row->tid) < crew.count || row->state != KT_ROW_OK)
				continue;
			short_lived_count++;
			ck_assert_msg(crew_is_short_lived_value(row->allocated_bytes),
				      "%lu allocated", row->allocated_bytes);
			ck_assert(crew_is_short_lived_value(row->deallocated_bytes));
		}
	}
	ck_assert_uint_gt(short_lived_count, 100);
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/* Threads end while the walk stands on them: those behind them are not lost. */
START_TEST(deaths_in_the_middle)
{
	enum {
		MEMBERS = 20,
		MORTALS = 3000
	};
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	void *engine;

	crew_start_with_mortals(&crew, MEMBERS, MORTALS);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	KT_OK(kt_bpf_engine.sweep(engine, &sweep));
	ck_assert_uint_eq(sweep.count, MEMBERS + MORTALS);
	crew_end_mortals(&crew);
	while (sweep.count > MEMBERS) {
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		crew_expect_exact(&crew, &sweep);
	}
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

START_TEST(more_threads_than_slots)
{
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	void *engine;

	crew_start(&crew, 2, CREW_PARKED);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	for (size_t count = 2; count < CREW_MAX; count *= 8) {
		crew_grow(&crew, count);
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		ck_assert_uint_eq(sweep.count, count);
		crew_expect_exact(&crew, &sweep);
	}
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

static void expect_shared(const struct kt_sweep *sweep, pid_t tid)
{
	const struct kt_row *row = crew_row(sweep, tid);

	ck_assert_ptr_nonnull(row);
	ck_assert_int_eq(row->state, KT_ROW_SKIPPED);
	ck_assert_int_eq(row->cause, KT_CAUSE_SHARED_TP);
}

/*
 * A thread that shares the main thread's pointer changes its counters while it sleeps; one whose
 * maker has ended shows what is left of that.
 */
START_TEST(borrowed_thread_pointers)
{
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	void *engine;

	crew_start(&crew, 3, CREW_PARKED);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	KT_OK(kt_bpf_engine.sweep(engine, &sweep));
	crew_add_raw(&crew);
	for (int i = 0; i < 20; i++) {
		crew_work_raw(&crew);
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		ck_assert_uint_eq(sweep.count, 5);
		crew_expect_exact(&crew, &sweep);
		expect_shared(&sweep, crew.page->raw_tid);
		expect_shared(&sweep, crew.page->orphan_tid);
	}
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

START_TEST(rows_that_cannot_be_read)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_sweep sweep;
	struct crew crew;

	crew_start(&crew, 2, CREW_PARKED);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	config.place.tp_offset = 1LL << 52; /* no user memory is there */
	sweep_once(config, &kt_bpf_engine, &sweep);
	ck_assert_uint_eq(sweep.count, 2);
	ck_assert_int_eq(sweep.rows[1].state, KT_ROW_FAILED);
	ck_assert_int_eq(sweep.rows[1].error, KT_ROW_BPF_COPY);
	ck_assert_int_eq(sweep.rows[1].os_errno, EFAULT);
	ck_assert_uint_gt(sweep.rows[1].address, 1ULL << 52);
	ck_assert(sweep.rows[1].has_start_time);
	kt_row_describe(&sweep.rows[1], &text);
	ck_assert_ptr_nonnull(strstr(text.data, "Bad address"));
	kt_sweep_deinit(&sweep);
	config.place.tp_offset = INT64_MIN;
	sweep_once(config, &kt_bpf_engine, &sweep);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_FAILED);
	ck_assert_int_eq(sweep.rows[0].error, KT_ROW_TLS_ARITHMETIC);
	kt_sweep_deinit(&sweep);
	config = crew_config(&crew, KT_TLS_DTV);
	config.place.module = 100000; /* no vector is so long */
	sweep_once(config, &kt_bpf_engine, &sweep);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_SKIPPED);
	ck_assert_str_eq(kt_row_skip_token(&sweep.rows[0]), "no-thread-data");
	kt_sweep_deinit(&sweep);
	config.place.module = 1;
	config.place.block_offset = UINT64_MAX - 4096;
	sweep_once(config, &kt_bpf_engine, &sweep);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_FAILED);
	ck_assert_str_eq(sweep.rows[0].arithmetic_text, "the address overflows");
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/* A program that reads where no member is: the verifier's own words tell why it is refused. */
START_TEST(refused_by_the_verifier)
{
	struct kt_tls_place place = crew_place(KT_TLS_TP_OFFSET);
	struct kt_bpf_kernel kernel;
	struct kt_bpf_task task;
	struct kt_btf btf;

	KT_OK(kt_btf_open("/sys/kernel/btf/vmlinux", KT_BPF_ITERATOR, &btf));
	KT_OK(kt_bpf_task_find(&btf, &task));
	kt_btf_deinit(&btf);
	task.members[KT_TASK_START].offset_bytes += 4;
	struct kt_bpf_request request = {
		.task = &task, .place = &place, .pid = getpid(), .capacity = 10
	};
	KT_FAILS(kt_bpf_load(&request, &kernel), KT_ERROR_PROBE, "access beyond");
}
END_TEST

START_TEST(target_that_ends)
{
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	void *engine;

	crew_start(&crew, 5, CREW_PARKED);
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	KT_OK(kt_bpf_engine.create(&config, &engine));
	KT_OK(kt_bpf_engine.sweep(engine, &sweep));
	ck_assert(!sweep.is_target_gone);
	crew.stop = 1;
	kt_sweep_reset(&sweep);
	KT_OK(kt_bpf_engine.sweep(engine, &sweep));
	ck_assert(sweep.is_interrupted);
	ck_assert_uint_eq(sweep.count, 0);
	crew.stop = 0;
	crew_stop(&crew);
	kt_sweep_reset(&sweep);
	KT_OK(kt_bpf_engine.sweep(engine, &sweep));
	ck_assert(sweep.is_target_gone);
	ck_assert_uint_eq(kt_sweep_ok_count(&sweep), 0);
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
}
END_TEST

/* A zombie is still listed, but has no memory. */
START_TEST(zombie)
{
	struct kt_sweep sweep;
	siginfo_t info;
	struct crew crew;

	crew_start(&crew, 1, CREW_PARKED);
	ck_assert_int_eq(kill(crew.pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)crew.pid, &info, WEXITED | WNOWAIT), 0);
	sweep_once(crew_config(&crew, KT_TLS_TP_OFFSET), &kt_bpf_engine, &sweep);
	ck_assert(sweep.is_target_gone);
	ck_assert_uint_eq(sweep.count, 1);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_FAILED);
	ck_assert_int_eq(sweep.rows[0].cause, KT_CAUSE_ENDED);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/* Each member's cache holds as many objects as its number says. */
START_TEST(caches)
{
	static const enum kt_tls_access accesses[] = { KT_TLS_TP_OFFSET, KT_TLS_DTV };
	struct kt_sweep sweep = { 0 };
	struct crew crew;
	void *engine;

	crew_start(&crew, 10, CREW_PARKED);
	struct kt_read_config config = crew_config(&crew, accesses[_i]);
	config.extras = KT_EXTRA_TCACHE;
	config.internals = crew_internals();
	KT_OK(kt_bpf_engine.create(&config, &engine));
	crew_add_raw(&crew);
	for (int round = 0; round < 3; round++) {
		kt_sweep_reset(&sweep);
		KT_OK(kt_bpf_engine.sweep(engine, &sweep));
		crew_expect_exact(&crew, &sweep);
		ck_assert_uint_eq(sweep.count, 12);
		for (size_t i = 0; i < sweep.count; i++) {
			size_t member = crew_member_of(&crew, sweep.rows[i].tid);
			bool is_member = member < crew.count;
			ck_assert_uint_eq(sweep.extras[i].known, is_member ? KT_EXTRA_TCACHE : 0);
			if (is_member)
				ck_assert_uint_eq(sweep.extras[i].tcache_bytes,
						  (member + 1) * CREW_CLASS_BYTES);
		}
	}
	kt_bpf_engine.destroy(engine);
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/* What /proc says of a thread, read here without the probe's own parsers. */
static struct kt_extras proc_extras(const struct crew *crew, pid_t tid)
{
	struct kt_extras extras = { .known = KT_EXTRA_SCHED | KT_EXTRA_CPU };
	uint64_t tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	char text[4096];

	crew_proc_text(crew, tid, "schedstat", text, sizeof(text));
	ck_assert_int_eq(sscanf(text, "%lu %lu", &extras.run_ns, &extras.run_delay_ns), 2);
	crew_proc_text(crew, tid, "status", text, sizeof(text));
	ck_assert_int_eq(sscanf(strstr(text, "\nvoluntary_ctxt_switches:"),
				"\nvoluntary_ctxt_switches: %lu\nnonvoluntary_ctxt_switches: %lu",
				&extras.voluntary_switches, &extras.involuntary_switches),
			 2);
	crew_proc_text(crew, tid, "stat", text, sizeof(text));
	ck_assert_int_eq(sscanf(strrchr(text, ')'),
				") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d "
				"%*d %*d %*d %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u "
				"%*u %*u %*u %*d %d",
				&extras.state, &extras.utime_ns, &extras.stime_ns, &extras.cpu),
			 4);
	extras.utime_ns *= tick_ns;
	extras.stime_ns *= tick_ns;
	return extras;
}

START_TEST(extras_are_those_of_proc)
{
	struct kt_sweep sweep;
	struct crew crew;

	crew_start(&crew, 20, CREW_PARKED);
	for (size_t i = 0; i < 200; i++)
		crew_work(&crew, i % 20);
	crew_burn(&crew, 1); /* enough for ticks */
	struct kt_read_config config = crew_config(&crew, KT_TLS_TP_OFFSET);
	config.extras = KT_EXTRA_SCHED | KT_EXTRA_CPU;
	sweep_once(config, &kt_bpf_engine, &sweep);
	ck_assert_ptr_nonnull(sweep.extras);
	for (size_t i = 0; i < sweep.count; i++) {
		const struct kt_extras *ours = &sweep.extras[i];
		struct kt_extras theirs = proc_extras(&crew, sweep.rows[i].tid);
		ck_assert_int_eq(ours->known, theirs.known);
		ck_assert_int_eq(ours->state, theirs.state);
		ck_assert_int_eq(ours->cpu, theirs.cpu);
		ck_assert_uint_eq(ours->utime_ns, theirs.utime_ns);
		ck_assert_uint_eq(ours->stime_ns, theirs.stime_ns);
		ck_assert_uint_eq(ours->run_ns, theirs.run_ns);
		ck_assert_uint_eq(ours->run_delay_ns, theirs.run_delay_ns);
		ck_assert_uint_eq(ours->voluntary_switches, theirs.voluntary_switches);
		ck_assert_uint_eq(ours->involuntary_switches, theirs.involuntary_switches);
		if (sweep.rows[i].tid == crew.page->members[1].tid)
			ck_assert_uint_gt(ours->utime_ns + ours->stime_ns, 0);
	}
	kt_sweep_deinit(&sweep);
	crew_stop(&crew);
}
END_TEST

/* NULL, or what went wrong; a child made now is in the namespaces. */
static const char *enter_namespaces(int flags)
{
	static const char offsets[] = "boottime 1234567 890000000\n";

	if (flags && unshare(flags))
		return "unshare";
	if (!(flags & CLONE_NEWTIME))
		return NULL;
	kt_autoclose int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, offsets, strlen(offsets)) < 0)
		return "timens_offsets";
	return NULL;
}

/*
 * Runs @check in a child in new namespaces (@flags of clone(2)); its text, if it returns one, fails
 * the test.
 */
static void in_child(const char *(*check)(struct crew *crew), struct crew *crew, int flags)
{
	int ends[2];
	char text[512] = "";

	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		const char *failure = enter_namespaces(flags);
		if (!failure && !(child = fork()))
			failure = check(crew);
		if (failure)
			(void)!write(ends[1], failure, strlen(failure));
		if (child > 0)
			(void)waitpid(child, NULL, 0);
		_exit(0);
	}
	(void)close(ends[1]);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ssize_t got = read(ends[0], text, sizeof(text) - 1);
	(void)close(ends[0]);
	ck_assert_msg(!got, "%s", text);
}

/* NULL if create() is refused by a text that has @part, or what happened instead. */
static const char *expect_refusal(struct crew *crew, const char *part)
{
	static char text[256];
	struct kt_read_config config = crew_config(crew, KT_TLS_TP_OFFSET);
	void *engine;
	struct kt_error *err = kt_bpf_engine.create(&config, &engine);

	if (!err)
		return "it was not refused";
	if (kt_error_class(err) == KT_ERROR_PROBE && strstr(kt_error_message(err), part))
		return NULL;
	(void)snprintf(text, sizeof(text), "refused by: %s", kt_error_message(err));
	return text;
}

static const char *check_without_rights(struct crew *crew)
{
	if (setresuid(65534, 65534, 65534))
		return "setresuid";
	return expect_refusal(crew, "missing cap_bpf cap_perfmon");
}

START_TEST(refused_without_rights)
{
	struct crew crew;

	crew_start(&crew, 1, CREW_PARKED);
	in_child(check_without_rights, &crew, 0);
	crew_stop(&crew);
}
END_TEST

static const char *check_in_container(struct crew *crew)
{
	return expect_refusal(crew, "pid namespace");
}

START_TEST(refused_in_a_pid_namespace)
{
	struct crew crew;

	crew_start(&crew, 1, CREW_PARKED);
	in_child(check_in_container, &crew, CLONE_NEWPID);
	crew_stop(&crew);
}
END_TEST

/* Start times are what /proc tells to one whose clocks have other offsets. */
static const char *check_start_times(struct crew *crew)
{
	struct kt_sweep bpf;
	struct kt_sweep readv;

	sweep_once(crew_config(crew, KT_TLS_TP_OFFSET), &kt_bpf_engine, &bpf);
	sweep_once(crew_config(crew, KT_TLS_TP_OFFSET), &kt_readv_engine, &readv);
	if (bpf.count != 3 || readv.count != 3)
		return "rows are missing";
	for (size_t i = 0; i < 3; i++)
		if (!bpf.rows[i].has_start_time ||
		    bpf.rows[i].start_time_jiffies != readv.rows[i].start_time_jiffies)
			return "other start times";
	return NULL;
}

START_TEST(clocks_of_a_time_namespace)
{
	struct crew crew;

	crew_start(&crew, 3, CREW_PARKED);
	in_child(check_start_times, &crew, CLONE_NEWTIME);
	crew_stop(&crew);
}
END_TEST

static bool is_usable(void)
{
	volatile sig_atomic_t stop = 0;
	kt_autoclose int task_fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct kt_read_config config = {
		.pid = getpid(),
		.task_fd = task_fd,
		.place = crew_place(KT_TLS_TP_OFFSET),
		.stop = &stop,
	};
	void *engine;
	kt_autoerr struct kt_error *err = kt_bpf_engine.create(&config, &engine);

	if (err)
		printf("# the BPF engine cannot be used here: %s\n", kt_error_message(err));
	else
		kt_bpf_engine.destroy(engine);
	return !err;
}

/* Where BPF cannot be used, a reason is told: that is all there is to test. */
START_TEST(refused_with_a_reason)
{
	struct crew crew;

	crew_start(&crew, 1, CREW_PARKED);
	const char *failure = expect_refusal(&crew, " ");
	ck_assert_msg(!failure, "%s", failure);
	crew_stop(&crew);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("bpf");
	TCase *tests = tcase_create("bpf");

	tcase_set_timeout(tests, 120);
	suite_add_tcase(all, tests);
	if (!is_usable()) {
		tcase_add_test(tests, refused_with_a_reason);
		return all;
	}
	tcase_add_test(tests, same_rows_from_all_engines);
	tcase_add_loop_test(tests, whoever_worked_is_read_again, 0, 2);
	tcase_add_loop_test(tests, values_are_of_the_time_of_the_sweep, 0, 2);
	tcase_add_test(tests, births_and_deaths);
	tcase_add_test(tests, deaths_in_the_middle);
	tcase_add_test(tests, more_threads_than_slots);
	tcase_add_test(tests, borrowed_thread_pointers);
	tcase_add_test(tests, rows_that_cannot_be_read);
	tcase_add_test(tests, refused_by_the_verifier);
	tcase_add_test(tests, target_that_ends);
	tcase_add_test(tests, zombie);
	tcase_add_loop_test(tests, caches, 0, 2);
	tcase_add_test(tests, extras_are_those_of_proc);
	tcase_add_test(tests, refused_without_rights);
	tcase_add_test(tests, refused_in_a_pid_namespace);
	tcase_add_test(tests, clocks_of_a_time_namespace);
	return all;
}

KT_UNIT_MAIN
