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

/* How long the pipes of an ended process may stay open: a descendant that left the process
 * group can hold them for ever. */
#define KT_DRAIN_NS (500 * KT_NS_PER_MS)

KT_DEFINE_CLEANUP(struct kt_process *, kt_process_destroy);

struct pipes {
	int read_end[KT_STREAM_COUNT];
	int write_end[KT_STREAM_COUNT];
	int exec_read; /* the child tells here why exec failed; closed by a good exec */
	int exec_write;
};

static void close_pair(int *a, int *b)
{
	if (*a >= 0)
		(void)close(*a);
	if (*b >= 0)
		(void)close(*b);
	*a = *b = -1;
}

static void pipes_deinit(struct pipes *pipes)
{
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		close_pair(&pipes->read_end[i], &pipes->write_end[i]);
	close_pair(&pipes->exec_read, &pipes->exec_write);
}

static struct kt_error *make_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return kt_error_create(KT_ERROR_IO, errno, "pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	return NULL;
}

static struct kt_error *pipes_init(struct pipes *pipes)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 }, -1, -1 };
	for (int i = 0; i < KT_STREAM_COUNT; i++) {
		KT_TRY(make_pipe(&pipes->read_end[i], &pipes->write_end[i]));
		(void)fcntl(pipes->read_end[i], F_SETFL, O_NONBLOCK);
	}
	return make_pipe(&pipes->exec_read, &pipes->exec_write);
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_child(const struct pipes *pipes, char *const *argv, char *const *env)
{
	(void)setpgid(0, 0);
	reset_signals();
	int null = open("/dev/null", O_RDONLY);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(pipes->write_end[KT_STREAM_STDOUT], STDOUT_FILENO) >= 0 &&
	    dup2(pipes->write_end[KT_STREAM_STDERR], STDERR_FILENO) >= 0)
		(void)execvpe(argv[0], argv, env);
	int why = errno;
	(void)!write(pipes->exec_write, &why, sizeof(why));
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

struct kt_error *kt_process_spawn(uint32_t id, char *const *argv, char *const *env,
				  uint64_t limit_bytes, struct kt_process **ret)
{
	__attribute__((cleanup(pipes_deinit))) struct pipes pipes;
	KT_TRY(pipes_init(&pipes));
	KT_CLEANUP(kt_process_destroy) struct kt_process *process = calloc(1, sizeof(*process));
	if (!process)
		return kt_error_no_memory();
	*process = (struct kt_process){ .id = id, .fds = { -1, -1 }, .limit_bytes = limit_bytes };

	process->pid = fork();
	if (process->pid < 0)
		return kt_error_create(KT_ERROR_IO, errno, "fork");
	if (!process->pid)
		run_child(&pipes, argv, env);
	/* Both sides do it: the group exists before either goes on. */
	(void)setpgid(process->pid, process->pid);
	close_pair(&pipes.exec_write, &(int){ -1 });
	int why = read_exec_errno(pipes.exec_read);
	if (why) {
		(void)waitpid(process->pid, NULL, 0);
		return kt_error_create(KT_ERROR_IO, why, "%s", argv[0]);
	}
	for (int i = 0; i < KT_STREAM_COUNT; i++) {
		process->fds[i] = pipes.read_end[i];
		pipes.read_end[i] = -1;
	}
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

void kt_process_forward(struct kt_process *process, enum kt_stream stream, struct kt_buf *out)
{
	char bytes[32 * 1024];
	ssize_t got = read(process->fds[stream], bytes, sizeof(bytes));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
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
}

bool kt_process_is_finished(const struct kt_process *process, uint64_t now_ns)
{
	bool drained = process->fds[KT_STREAM_STDOUT] < 0 && process->fds[KT_STREAM_STDERR] < 0;

	return process->ended && (drained || now_ns >= process->drain_until_ns);
}

void kt_process_destroy(struct kt_process *process)
{
	if (!process)
		return;
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		if (process->fds[i] >= 0)
			(void)close(process->fds[i]);
	free(process->awaited_path);
	free(process);
}
