/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/ptrace.h"

#include <errno.h>
#include <linux/elf.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "probe/read/remote.h"
#include "probe/read/robust.h"

enum {
	POLL_MS = 10 /* how late the stop flag may be seen */
};

/* A thread in the window. */
struct tracee {
	struct kt_ptrace_job *job;
	uint64_t since_ns; /* when the interrupt was asked for */
	bool is_waited_for;
};

struct window {
	const struct kt_read_config *config;
	struct kt_sweep *sweep;
	uint64_t deadline_ns;
	struct tracee tracees[KT_PTRACE_WINDOW];
	size_t count;
	size_t waiting;
};

static void attach(struct window *window, struct tracee *tracee)
{
	struct kt_row *row = tracee->job->row;

	if (ptrace(PTRACE_SEIZE, row->tid, NULL, NULL)) {
		kt_row_fail_errno(row, KT_ROW_PTRACE_SEIZE, errno, 0);
		return;
	}
	tracee->since_ns = kt_clock_mono_ns();
	if (ptrace(PTRACE_INTERRUPT, row->tid, NULL, NULL)) {
		kt_row_fail_errno(row, KT_ROW_PTRACE_INTERRUPT, errno, 0);
		return;
	}
	tracee->is_waited_for = true;
	window->waiting++;
}

/* Waits for SIGCHLD (blocked by the caller), at most until the deadline. */
static void wait_for_news(uint64_t now_ns, uint64_t deadline_ns)
{
	uint64_t left_ns = deadline_ns - now_ns;
	if (left_ns > POLL_MS * KT_NS_PER_MS)
		left_ns = POLL_MS * KT_NS_PER_MS;

	struct timespec timeout = { .tv_nsec = (long)left_ns };
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigtimedwait(&set, NULL, &timeout);
}

static int read_thread_pointer(pid_t tid, uint64_t *ret)
{
#if defined(__aarch64__)
	uint64_t regs[2]; /* newer kernels add a second word */
	size_t wanted = sizeof(regs[0]);
	struct iovec buffer = { regs, sizeof(regs) };
	int failed = ptrace(PTRACE_GETREGSET, tid, (void *)NT_ARM_TLS, &buffer) != 0;
#else
	struct user_regs_struct regs;
	size_t wanted = sizeof(regs);
	struct iovec buffer = { &regs, sizeof(regs) };
	int failed = ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &buffer) != 0;
#endif
	if (failed)
		return errno;
	if (buffer.iov_len < wanted)
		return EIO;
#if defined(__aarch64__)
	*ret = regs[0];
#else
	*ret = regs.fs_base;
#endif
	return 0;
}

static void read_stopped(const struct window *window, struct kt_ptrace_job *job)
{
	uint64_t tp = 0;
	int failure = read_thread_pointer(job->row->tid, &tp);

	if (failure) {
		kt_row_fail_errno(job->row, KT_ROW_GET_REGSET, failure, 0);
		return;
	}
	job->thread_pointer = tp;
	kt_remote_read(window->config, tp, job->row, job->extras);
}

/* Reads a thread that has stopped, with wait status @status, and lets it go. */
static void read_and_release(struct window *window, struct tracee *tracee, int status)
{
	struct kt_sweep *sweep = window->sweep;
	/* A stop without event is a signal on its way to the thread. */
	int signal_back = status >> 16 ? 0 : WSTOPSIG(status);

	read_stopped(window, tracee->job);
	(void)ptrace(PTRACE_DETACH, tracee->job->row->tid, NULL, (void *)(intptr_t)signal_back);
	uint64_t stop_ns = kt_clock_mono_ns() - tracee->since_ns;
	sweep->stop_count++;
	if (stop_ns > sweep->longest_stop_ns)
		sweep->longest_stop_ns = stop_ns;
}

/* Takes what happened to a thread, if anything did; false if it is still waited for. */
static bool take_news(struct window *window, struct tracee *tracee)
{
	struct kt_row *row = tracee->job->row;
	int status;
	pid_t got = waitpid(row->tid, &status, __WALL | WNOHANG);

	if (!got)
		return false;
	tracee->is_waited_for = false;
	window->waiting--;
	if (got < 0) {
		kt_row_fail_errno(row, KT_ROW_WAITPID, errno, 0);
	} else if (WIFSTOPPED(status)) {
		read_and_release(window, tracee, status);
	} else {
		bool has_ended = WIFEXITED(status) || WIFSIGNALED(status);
		kt_row_fail(row, KT_ROW_WAITPID, has_ended ? KT_CAUSE_ENDED : KT_CAUSE_STATUS, 0);
		row->detail = status;
	}
	return true;
}

/*
 * Reads whoever has stopped, in the order of the stops, so that nobody stays stopped for another's
 * sake.  As long as threads stop, the others are given time: they wait for their turn to run.
 */
static void finish(struct window *window)
{
	uint64_t last_ns =
		window->deadline_ns + (KT_PTRACE_WINDOW_MS - KT_PTRACE_WAIT_MS) * KT_NS_PER_MS;

	while (window->waiting) {
		size_t before = window->waiting;
		for (size_t i = 0; i < window->count; i++)
			if (window->tracees[i].is_waited_for)
				(void)take_news(window, &window->tracees[i]);
		uint64_t now_ns = kt_clock_mono_ns();
		if (window->waiting < before) {
			window->deadline_ns = now_ns + KT_PTRACE_WAIT_MS * KT_NS_PER_MS;
			if (window->deadline_ns > last_ns)
				window->deadline_ns = last_ns;
		}
		if (*window->config->stop || now_ns >= window->deadline_ns)
			return;
		if (window->waiting == before)
			wait_for_news(now_ns, window->deadline_ns);
	}
}

/* Threads that did not stop: the kernel lets go of them when the tracer ends. */
static void give_up(struct window *window)
{
	bool is_interrupted = *window->config->stop != 0;

	for (size_t i = 0; i < window->count; i++)
		if (window->tracees[i].is_waited_for)
			kt_row_fail(window->tracees[i].job->row, KT_ROW_WAITPID,
				    is_interrupted ? KT_CAUSE_INTERRUPTED : KT_CAUSE_TIMEOUT, 0);
}

/* All that one call of kt_ptrace_read() is to do. */
struct task {
	const struct kt_read_config *config;
	struct kt_ptrace_job *jobs;
	size_t count;
	struct kt_sweep *sweep;
};

static void *read_windows(void *ctx)
{
	const struct task *task = ctx;

	for (size_t at = 0; at < task->count && !*task->config->stop; at += KT_PTRACE_WINDOW) {
		size_t left = task->count - at;
		struct window window = {
			.config = task->config,
			.sweep = task->sweep,
			.deadline_ns = kt_clock_mono_ns() + KT_PTRACE_WAIT_MS * KT_NS_PER_MS,
			.count = left < KT_PTRACE_WINDOW ? left : KT_PTRACE_WINDOW,
		};
		for (size_t i = 0; i < window.count; i++) {
			window.tracees[i].job = &task->jobs[at + i];
			attach(&window, &window.tracees[i]);
		}
		finish(&window);
		give_up(&window);
	}
	return NULL;
}

/*
 * The tracer is a thread of its own that ends at once: a thread that did not stop in time cannot be
 * detached, it would stop later and stay so as long as its tracer lives.  The kernel lets go of
 * everything a tracer had when that ends.
 */
void kt_ptrace_read(const struct kt_read_config *config, struct kt_ptrace_job *jobs, size_t count,
		    struct kt_sweep *sweep)
{
	struct task task = { config, jobs, count, sweep };
	sigset_t child;
	sigset_t saved;
	pthread_t tracer;

	/* Blocked in both, so that the news of a stop reaches the one that waits for it. */
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &child, &saved);
	int failure = pthread_create(&tracer, NULL, read_windows, &task);
	if (!failure)
		(void)pthread_join(tracer, NULL);
	for (size_t i = 0; failure && i < count; i++)
		kt_row_fail_errno(jobs[i].row, KT_ROW_PTRACE_SEIZE, failure, 0);
	(void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static int compare_tps(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* By thread pointer; of those with the same, the owner first: it has a list, or came first. */
static int compare_jobs(const void *a, const void *b)
{
	const struct kt_ptrace_job *left = a;
	const struct kt_ptrace_job *right = b;
	int order = compare_tps(&left->thread_pointer, &right->thread_pointer);

	if (order)
		return order;
	if (!left->head != !right->head)
		return left->head ? -1 : 1;
	return (left->row->tid > right->row->tid) - (left->row->tid < right->row->tid);
}

/* A job that has a list tells the distance to it, if nobody else did. */
static void learn_delta(const struct kt_ptrace_job *jobs, size_t count, struct kt_known_tps *known)
{
	for (size_t i = 0; i < count && !known->has_delta; i++) {
		if (!jobs[i].head || !jobs[i].thread_pointer)
			continue;
		known->has_delta = true;
		known->delta = jobs[i].head - jobs[i].thread_pointer;
	}
}

/* Whether a thread without list is who the struct pthread at its pointer says. */
static bool is_own_pthread(const struct kt_read_config *config, const struct kt_ptrace_job *job,
			   const struct kt_known_tps *known)
{
	struct kt_memory memory = kt_memory_of_process(config->pid);
	uint64_t address =
		job->thread_pointer + known->delta + (uint64_t)(int64_t)KT_ROBUST_TID_OFFSET;
	pid_t word;

	if (job->head || !known->has_delta)
		return true;
	return kt_memory_read(&memory, address, &word, sizeof(word)) &&
	       (config->is_same_pid_ns ? word == job->row->tid : word != 0);
}

void kt_ptrace_skip_shared(const struct kt_read_config *config, struct kt_ptrace_job *jobs,
			   size_t count, struct kt_known_tps *known)
{
	learn_delta(jobs, count, known);
	qsort(jobs, count, sizeof(*jobs), compare_jobs);
	if (known->count)
		qsort(known->tps, known->count, sizeof(*known->tps), compare_tps);
	for (size_t i = 0; i < count; i++) {
		uint64_t tp = jobs[i].thread_pointer;
		bool is_shared = (i && jobs[i - 1].thread_pointer == tp) ||
				 (known->count && bsearch(&tp, known->tps, known->count,
							  sizeof(*known->tps), compare_tps));
		if (!tp || (!is_shared && is_own_pthread(config, &jobs[i], known)))
			continue;
		jobs[i].row->state = KT_ROW_SKIPPED;
		jobs[i].row->cause = KT_CAUSE_SHARED_TP;
	}
}
