/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The agent's state, shared by its loop (agent.c), its answers (say.c) and its
 * handling of requests (request.c), and by nobody else.
 */
#ifndef KT_GUEST_AGENT_STATE_H
#define KT_GUEST_AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "guest/agent.h"
#include "guest/process.h"

/* More than any scenario needs; a bound on what a confused host can make us do. */
#define KT_AGENT_MAX_PROCESSES 64

struct kt_agent {
	int port_fd;
	const struct kt_agent_hooks *hooks;
	int signal_fd; /* SIGCHLD */
	struct kt_buf in;
	struct kt_buf out;
	struct kt_process *processes;
	uint64_t end_count; /* of processes that were reaped */
	unsigned process_count;
	uint64_t next_beat_ns;
	struct kt_shape shape; /* of the machine, read once: a wake does not change it */
	bool is_frozen;	       /* says nothing until it is woken */
	bool exit_asked;
};

/** Carries out one request of the host.  Errors: protocol, no memory.  Owner: borrows. */
struct kt_error *kt_agent_handle(struct kt_agent *agent, const char *json,
				 size_t len) KT_MUST_CHECK;

/** Takes input for a process; it may have ended meanwhile.  Errors: protocol, no memory.  Owner: borrows. */
struct kt_error *kt_agent_take_input(struct kt_agent *agent,
				     const struct kt_frame *frame) KT_MUST_CHECK;

/** Says who we are: protocol, kernel release, CPUs, clocks. */
void kt_agent_say_hello(struct kt_agent *agent);

/** Says that clock and entropy are set, or (@problem not NULL) what failed; and what the CPUs are like. */
void kt_agent_say_ready(struct kt_agent *agent, const char *problem);

/** Says that @process runs. */
void kt_agent_say_started(struct kt_agent *agent, const struct kt_process *process);

/** Says that process @id could not be started, and why. */
void kt_agent_say_failed(struct kt_agent *agent, uint32_t id, const char *why);

/** Says how waiting for a file ended: "found", "timeout" or "ended". */
void kt_agent_say_awaited(struct kt_agent *agent, uint32_t id, const char *outcome);

/** Says that @process took @len bytes of its input. */
void kt_agent_say_taken(struct kt_agent *agent, const struct kt_process *process, size_t len);

/** Says how @process ended and what its output came to. */
void kt_agent_say_ended(struct kt_agent *agent, const struct kt_process *process);

/** Says that we are alive. */
void kt_agent_say_beat(struct kt_agent *agent);

/** Says that the machine may be saved, or (@problem not NULL) why not. */
void kt_agent_say_frozen(struct kt_agent *agent, const char *problem);

/** Says goodbye: the guest ends on purpose. */
void kt_agent_say_bye(struct kt_agent *agent);

#endif
