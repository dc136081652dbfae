/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/ptrace.h"

#include <errno.h>
#include <linux/elf.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "probe/read/remote.h"

enum {
	POLL_MS = 10 /* how late the stop flag may be seen */
};

/* A thread in the window. */
struct tracee {
	struct kt_ptrace_job *job;
	uint64_t since_ns; /* when the interrupt was asked for; 0: not attached */
};

struct window {
	const struct kt_read_config *config;
	const struct kt_known_tps *known;
	struct kt_sweep *sweep;
	uint64_t deadline_ns;
	struct tracee tracees[KT_PTRACE_WINDOW];
	size_t count;
};

static void attach(struct tracee *tracee)
{
	struct kt_row *row = tracee->job->row;

	if (ptrace(PTRACE_SEIZE, row->tid, NULL, NULL)) {
		kt_row_fail_errno(row, KT_ROW_PTRACE_SEIZE, errno, 0);
		return;
	}
	tracee->since_ns = kt_clock_mono_ns();
	if (!ptrace(PTRACE_INTERRUPT, row->tid, NULL, NULL))
		return;
	kt_row_fail_errno(row, KT_ROW_PTRACE_INTERRUPT, errno, 0);
	tracee->since_ns = 0;
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

/* True once the thread is stopped, with the signal to hand back in @ret_signal. */
static bool wait_for_stop(const struct window *window, struct tracee *tracee, int *ret_signal)
{
	struct kt_row *row = tracee->job->row;

	for (;;) {
		int status;
		pid_t got = waitpid(row->tid, &status, __WALL | WNOHANG);
		if (got < 0) {
			kt_row_fail_errno(row, KT_ROW_WAITPID, errno, 0);
			return false;
		}
		if (got > 0 && WIFSTOPPED(status)) {
			/* A stop without event is a signal on its way to the thread. */
			*ret_signal = status >> 16 ? 0 : WSTOPSIG(status);
			return true;
		}
		if (got > 0) {
			bool ended = WIFEXITED(status) || WIFSIGNALED(status);
			kt_row_fail(row, KT_ROW_WAITPID, ended ? KT_CAUSE_ENDED : KT_CAUSE_STATUS,
				    0);
			row->detail = status;
			return false;
		}
		uint64_t now_ns = kt_clock_mono_ns();
		if (*window->config->stop || now_ns >= window->deadline_ns) {
			kt_row_fail(row, KT_ROW_WAITPID,
				    *window->config->stop ? KT_CAUSE_INTERRUPTED : KT_CAUSE_TIMEOUT,
				    0);
			return false;
		}
		wait_for_news(now_ns, window->deadline_ns);
	}
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

static bool is_known(const struct kt_known_tps *known, uint64_t tp)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->tps[i] == tp)
			return true;
	return false;
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
	if (is_known(window->known, tp)) {
		job->row->state = KT_ROW_SKIPPED;
		job->row->cause = KT_CAUSE_SHARED_TP;
		return;
	}
	kt_remote_read(window->config, tp, job->row);
}

/* Reads one thread of the window and lets it go. */
static void finish(struct window *window, struct tracee *tracee)
{
	struct kt_sweep *sweep = window->sweep;
	int signal_back;

	if (!tracee->since_ns)
		return;
	if (!wait_for_stop(window, tracee, &signal_back))
		return; /* the kernel lets go of it when the tracer ends, or it has ended itself */
	read_stopped(window, tracee->job);
	(void)ptrace(PTRACE_DETACH, tracee->job->row->tid, NULL, (void *)(intptr_t)signal_back);
	uint64_t stop_ns = kt_clock_mono_ns() - tracee->since_ns;
	sweep->stop_count++;
	if (stop_ns > sweep->longest_stop_ns)
		sweep->longest_stop_ns = stop_ns;
}

/* All that one call of kt_ptrace_read() is to do. */
struct task {
	const struct kt_read_config *config;
	struct kt_ptrace_job *jobs;
	size_t count;
	const struct kt_known_tps *known;
	struct kt_sweep *sweep;
};

static void *read_windows(void *ctx)
{
	const struct task *task = ctx;

	for (size_t at = 0; at < task->count && !*task->config->stop; at += KT_PTRACE_WINDOW) {
		size_t left = task->count - at;
		struct window window = {
			.config = task->config,
			.known = task->known,
			.sweep = task->sweep,
			.deadline_ns = kt_clock_mono_ns() + KT_PTRACE_WAIT_MS * KT_NS_PER_MS,
			.count = left < KT_PTRACE_WINDOW ? left : KT_PTRACE_WINDOW,
		};
		for (size_t i = 0; i < window.count; i++) {
			window.tracees[i].job = &task->jobs[at + i];
			attach(&window.tracees[i]);
		}
		for (size_t i = 0; i < window.count; i++)
			finish(&window, &window.tracees[i]);
	}
	return NULL;
}

/*
 * The tracer is a thread of its own that ends at once: a thread that did not stop in time cannot be
 * detached, it would stop later and stay so as long as its tracer lives.  The kernel lets go of
 * everything a tracer had when that ends.
 */
void kt_ptrace_read(const struct kt_read_config *config, struct kt_ptrace_job *jobs, size_t count,
		    const struct kt_known_tps *known, struct kt_sweep *sweep)
{
	struct task task = { config, jobs, count, known, sweep };
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
