/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One program run by the agent: a process group of its own, stdout and stderr on two
 * pipes, each forwarded up to a limit.  Its end is told only when both pipes are
 * drained, so that no output is lost and none comes after the end.
 *
 * One with input is fed through a pipe, or has a terminal and a session of its own; then the windows of
 * guest/protocol.h bound what is kept here (input) and what is on its way (output).
 */
#ifndef KT_GUEST_PROCESS_H
#define KT_GUEST_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "guest/protocol.h"

/** What is to be run.  All borrowed. */
struct kt_process_plan {
	uint32_t id;	      /* the host's number for it */
	char *const *argv;    /* NULL-terminated, looked up on PATH */
	char **environment;   /* NULL-terminated; NULL: ours */
	uint64_t limit_bytes; /* of each stream */
	bool has_input;
	const struct kt_terminal *terminal; /* NULL: pipes */
};

struct kt_process {
	uint32_t id; /* the host's number for it */
	pid_t pid;
	int fds[KT_STREAM_COUNT]; /* read ends, -1 once at their end */
	int input_fd;		  /* -1: there is none, or it is closed */
	bool has_window;
	bool is_terminal;
	bool has_input_ended; /* the host said so */
	struct kt_buf input;  /* what the program did not take yet */
	size_t untold_bytes;  /* of the input that it took, which the host does not know yet */
	size_t window_bytes
		[KT_STREAM_COUNT]; /* how much may be sent before the host has taken some */
	uint64_t sent_bytes[KT_STREAM_COUNT];
	uint64_t dropped_bytes[KT_STREAM_COUNT];
	uint64_t limit_bytes;
	bool ended;
	uint64_t end_number; /* once ended: how many had before, and itself */
	int status;	     /* as from waitpid(), once ended */
	struct rusage usage;
	uint64_t drain_until_ns; /* once ended: when to stop waiting for the pipes */
	char *awaited_path;	 /* the file whose appearance the host waits for, or NULL */
	uint64_t await_until_ns;
	struct kt_process *next;
};

/**
 * Starts the program of @plan.  The new process leads its own process group; with a
 * terminal also its own session.
 * Errors: io (pipe, terminal, fork, or why the program could not be executed), no memory.
 * Owner: the caller calls kt_process_destroy() once it has ended.
 */
struct kt_error *kt_process_spawn(const struct kt_process_plan *plan,
				  struct kt_process **ret) KT_MUST_CHECK;

/** Kills the process group and the leader with @signal; harmless once it has ended. */
void kt_process_kill(const struct kt_process *process, int signal);

/** Notes the end told by waitpid(), the @end_number-th, and kills what is left of the process group. */
void kt_process_set_ended(struct kt_process *process, uint64_t end_number, int status,
			  const struct rusage *usage, uint64_t now_ns);

/** Whether @stream is to be read now: it is open and its window too. */
bool kt_process_is_readable(const struct kt_process *process, enum kt_stream stream);

/**
 * Reads what @stream has and appends it to @out as output frames, within limit and window.
 * Closes the pipe at its end.
 */
void kt_process_forward(struct kt_process *process, enum kt_stream stream, struct kt_buf *out);

/** The host has taken @len bytes of @stream: the window is open for so many more. */
void kt_process_open_window(struct kt_process *process, enum kt_stream stream, size_t len,
			    uint64_t now_ns);

/**
 * Takes @len bytes of input for the program, or with 0 its end; both are dropped once the program
 * reads no more.  Errors: protocol (more than the window), no memory.
 */
struct kt_error *kt_process_take_input(struct kt_process *process, const char *bytes,
				       size_t len) KT_MUST_CHECK;

/** Closes the input, and drops what of it was not taken. */
void kt_process_close_input(struct kt_process *process);

/** Whether input waits for the program. */
bool kt_process_has_input(const struct kt_process *process);

/** Gives the program what it takes of its input without waiting. */
void kt_process_feed(struct kt_process *process);

/**
 * Returns how many bytes the host is to be told as taken, which then count as told; 0 while it is not
 * worth a message.
 */
size_t kt_process_tell_taken(struct kt_process *process);

/** Whether its output waits for the host, so that no time counts for it. */
bool kt_process_is_held_up(const struct kt_process *process);

/** Whether it has ended and its output is complete (or not worth more waiting at @now_ns). */
bool kt_process_is_finished(const struct kt_process *process, uint64_t now_ns);

/** Closes the pipes and frees @process; NULL is allowed. */
void kt_process_destroy(struct kt_process *process);

#endif
