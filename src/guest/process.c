/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "guest/ends.h"

/* How long the pipes of an ended process may stay open: a descendant that left the process
 * group can hold them for ever. */
#define KT_DRAIN_NS (500 * KT_NS_PER_MS)

KT_DEFINE_CLEANUP(struct kt_process *, kt_process_destroy);

/* The child tells here why exec failed; a good exec closes it. */
struct report {
	int read_end;
	int write_end;
};

static void report_close(struct report *report)
{
	if (report->read_end >= 0)
		(void)close(report->read_end);
	if (report->write_end >= 0)
		(void)close(report->write_end);
	*report = (struct report){ -1, -1 };
}

static struct kt_error *report_open(struct report *report)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return kt_error_create(KT_ERROR_IO, errno, "pipe");
	*report = (struct report){ fds[0], fds[1] };
	return NULL;
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_child(const struct kt_process_plan *plan, const struct kt_ends *ends,
				int report_fd)
{
	/* Who leads a process group already cannot begin a session. */
	if (!plan->terminal)
		(void)setpgid(0, 0);
	reset_signals();
	if (plan->environment)
		environ = plan->environment;
	if (kt_ends_enter(ends, plan->terminal) &&
	    (!plan->terminal || !setenv("TERM", plan->terminal->type, 1)))
		(void)execvp(plan->argv[0], plan->argv);
	int why = errno;
	(void)!write(report_fd, &why, sizeof(why));
	_exit(127);
}

/* Blocks only until the child has executed or failed to. */
static int read_exec_errno(int fd)
{
	int why = 0;
	ssize_t got;

	do
		got = read(fd, &why, sizeof(why));
	while (got < 0 && errno == EINTR);
	return got == sizeof(why) ? why : 0;
}

static struct kt_error *open_ends(const struct kt_process_plan *plan, struct kt_ends *ends)
{
	if (plan->terminal)
		return kt_ends_open_terminal(plan->terminal, ends);
	return kt_ends_open_pipes(plan->has_input, ends);
}

static struct kt_process *make_process(const struct kt_process_plan *plan)
{
	struct kt_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->id = plan->id;
	process->limit_bytes = plan->limit_bytes;
	process->fds[KT_STREAM_STDOUT] = -1;
	process->fds[KT_STREAM_STDERR] = -1;
	process->input_fd = -1;
	process->is_terminal = plan->terminal;
	process->has_window = plan->terminal || plan->has_input;
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		process->window_bytes[i] = KT_WINDOW_BYTES;
	return process;
}

static void take_ends(struct kt_process *process, struct kt_ends *ends)
{
	process->input_fd = ends->ours[STDIN_FILENO];
	process->fds[KT_STREAM_STDOUT] = ends->ours[STDOUT_FILENO];
	process->fds[KT_STREAM_STDERR] = ends->ours[STDERR_FILENO];
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		ends->ours[fd] = -1;
}

struct kt_error *kt_process_spawn(const struct kt_process_plan *plan, struct kt_process **ret)
{
	__attribute__((cleanup(kt_ends_close))) struct kt_ends ends = KT_ENDS_INIT;
	__attribute__((cleanup(report_close))) struct report report = { -1, -1 };

	KT_TRY(open_ends(plan, &ends));
	KT_TRY(report_open(&report));
	KT_CLEANUP(kt_process_destroy) struct kt_process *process = make_process(plan);
	if (!process)
		return kt_error_no_memory();

	process->pid = fork();
	if (process->pid < 0)
		return kt_error_create(KT_ERROR_IO, errno, "fork");
	if (!process->pid)
		run_child(plan, &ends, report.write_end);
	/* Both sides do it: the group exists before either goes on. */
	if (!plan->terminal)
		(void)setpgid(process->pid, process->pid);
	(void)close(report.write_end);
	report.write_end = -1;
	int why = read_exec_errno(report.read_end);
	if (why) {
		(void)waitpid(process->pid, NULL, 0);
		return kt_error_create(KT_ERROR_IO, why, "%s", plan->argv[0]);
	}
	take_ends(process, &ends);
	*ret = KT_TAKE(process);
	return NULL;
}

void kt_process_kill(const struct kt_process *process, int signal)
{
	if (process->ended)
		return;
	(void)kill(-process->pid, signal);
	(void)kill(process->pid, signal);
}

void kt_process_set_ended(struct kt_process *process, uint64_t end_number, int status,
			  const struct rusage *usage, uint64_t now_ns)
{
	process->ended = true;
	process->end_number = end_number;
	process->status = status;
	process->usage = *usage;
	process->drain_until_ns = now_ns + KT_DRAIN_NS;
	(void)kill(-process->pid, SIGKILL);
}

static void close_stream(struct kt_process *process, enum kt_stream stream)
{
	(void)close(process->fds[stream]);
	process->fds[stream] = -1;
}

bool kt_process_is_readable(const struct kt_process *process, enum kt_stream stream)
{
	return process->fds[stream] >= 0 && process->window_bytes[stream];
}

void kt_process_forward(struct kt_process *process, enum kt_stream stream, struct kt_buf *out)
{
	char bytes[32 * 1024];
	size_t window_bytes = process->window_bytes[stream];
	size_t most = window_bytes < sizeof(bytes) ? window_bytes : sizeof(bytes);
	ssize_t got = read(process->fds[stream], bytes, most);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A terminal that nobody has open any more gives EIO. */
	if (got <= 0) {
		close_stream(process, stream);
		return;
	}
	uint64_t room = process->limit_bytes - process->sent_bytes[stream];
	uint64_t take = (uint64_t)got < room ? (uint64_t)got : room;
	if (take)
		kt_frame_put_output(out, process->id, stream, bytes, take);
	process->sent_bytes[stream] += take;
	process->dropped_bytes[stream] += (uint64_t)got - take;
	if (process->has_window)
		process->window_bytes[stream] -= take;
}

void kt_process_open_window(struct kt_process *process, enum kt_stream stream, size_t len,
			    uint64_t now_ns)
{
	size_t shut_bytes = KT_WINDOW_BYTES - process->window_bytes[stream];

	/* An ended process gets its time to be drained anew. */
	if (process->ended && kt_process_is_held_up(process))
		process->drain_until_ns = now_ns + KT_DRAIN_NS;
	process->window_bytes[stream] += len < shut_bytes ? len : shut_bytes;
}

bool kt_process_is_held_up(const struct kt_process *process)
{
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		if (process->fds[i] >= 0 && !process->window_bytes[i])
			return true;
	return false;
}

bool kt_process_is_finished(const struct kt_process *process, uint64_t now_ns)
{
	bool drained = process->fds[KT_STREAM_STDOUT] < 0 && process->fds[KT_STREAM_STDERR] < 0;
	bool is_late = now_ns >= process->drain_until_ns && !kt_process_is_held_up(process);

	return process->ended && (drained || is_late);
}

void kt_process_destroy(struct kt_process *process)
{
	if (!process)
		return;
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		if (process->fds[i] >= 0)
			(void)close(process->fds[i]);
	kt_process_close_input(process);
	free(process->awaited_path);
	free(process);
}
