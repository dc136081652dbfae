/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One program run by the agent: a process group of its own, stdout and stderr on two
 * pipes, each forwarded up to a limit.  Its end is told only when both pipes are
 * drained, so that no output is lost and none comes after the end.
 */
#ifndef KT_GUEST_PROCESS_H
#define KT_GUEST_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "guest/protocol.h"

struct kt_process {
	uint32_t id; /* the host's number for it */
	pid_t pid;
	int fds[KT_STREAM_COUNT]; /* read ends, -1 once at their end */
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
 * Starts @argv (NULL-terminated, looked up on PATH) with @env as environment.
 * @limit_bytes bounds each stream.  The new process leads its own process group.
 * Errors: io (pipe, fork, or why the program could not be executed), no memory.
 * Owner: the caller calls kt_process_destroy() once it has ended.
 */
struct kt_error *kt_process_spawn(uint32_t id, char *const *argv, char *const *env,
				  uint64_t limit_bytes, struct kt_process **ret) KT_MUST_CHECK;

/** Kills the process group and the leader with @signal; harmless once it has ended. */
void kt_process_kill(const struct kt_process *process, int signal);

/** Notes the end told by waitpid(), the @end_number-th, and kills what is left of the process group. */
void kt_process_set_ended(struct kt_process *process, uint64_t end_number, int status,
			  const struct rusage *usage, uint64_t now_ns);

/**
 * Reads what @stream has and appends it to @out as output frames, within the limit.
 * Closes the pipe at its end.
 */
void kt_process_forward(struct kt_process *process, enum kt_stream stream, struct kt_buf *out);

/** Whether it has ended and its output is complete (or not worth more waiting at @now_ns). */
bool kt_process_is_finished(const struct kt_process *process, uint64_t now_ns);

/** Closes the pipes and frees @process; NULL is allowed. */
void kt_process_destroy(struct kt_process *process);

#endif
