/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The agent: serves the host's requests on one port until the host says "exit" or
 * closes it.  One thread, one poll loop; every wait has an end.  It knows nothing of
 * being PID 1, so tests run it on a socketpair.
 */
#ifndef KT_GUEST_AGENT_H
#define KT_GUEST_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "guest/shape.h"

struct kt_agent;

/** What the agent does with the machine; a test puts its own functions here. */
struct kt_agent_hooks {
	struct kt_error *(*set_clock)(uint64_t real_ns);
	struct kt_error *(*add_entropy)(const unsigned char *seed, size_t len);
	struct kt_error *(*scatter_pids)(void); /* with the entropy of the call before */
	struct kt_error *(*sweep)(void);	/* what processes left behind in files */
	void (*read_shape)(struct kt_shape *ret);
};

enum kt_agent_end {
	KT_AGENT_EXIT,	    /* the host said so; "bye" is sent */
	KT_AGENT_HOST_GONE, /* the port was closed */
};

/**
 * Makes an agent on @port_fd, which must be readable and writable; @hooks must outlive it.
 * Errors: io (signalfd), no memory.
 * Owner: the caller keeps @port_fd and calls kt_agent_destroy().
 */
struct kt_error *kt_agent_create(int port_fd, const struct kt_agent_hooks *hooks,
				 struct kt_agent **ret) KT_MUST_CHECK;

/**
 * Says hello and serves requests until the end told by @ret_end.  Processes still running are
 * killed before it returns.
 * Errors: io (the port broke), protocol (the host sent what the protocol forbids), no memory.
 * Owner: nothing changes hands.
 */
struct kt_error *kt_agent_run(struct kt_agent *agent, enum kt_agent_end *ret_end) KT_MUST_CHECK;

/** Frees @agent; NULL is allowed. */
void kt_agent_destroy(struct kt_agent *agent);

#endif
