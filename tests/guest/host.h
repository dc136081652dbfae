/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side for tests of the agent: it runs in a child, on a socketpair.  Every wait has a
 * deadline that only a hang gets to.
 */
#ifndef KT_TESTS_GUEST_HOST_H
#define KT_TESTS_GUEST_HOST_H

#include "tests/unit.h"

#include "base/clock.h"
#include "vmm/guest/link.h"

/* Far more than anything here takes; only a hang gets there. */
#define HOST_DEADLINE_NS (30 * KT_NS_PER_SEC)

/* One test per process: there is one. */
extern struct host {
	int port;
	pid_t agent_pid;
	bool port_gone;
	struct kt_buf transcript; /* what the agent said, a line each, but beats and "taken" */
	struct kt_buf output[KT_STREAM_COUNT];
	struct kt_buf swept; /* the file that a sweep removes */
	uint64_t last_pid;
	unsigned beat_count;
	size_t taken_bytes; /* of the input, as the agent says */
} host;

void host_start_agent(void);

/* How the agent ended: its enum kt_agent_end, or 10 and the class of its error. */
int host_agent_status(void);

/* Reads what the agent says next; @what is waited for (NULL: its end), until @until_ns. */
void host_read_more(const char *what, uint64_t until_ns);

/* Reads until the transcript contains @part, or the port is closed (with @part NULL). */
void host_read_until(const char *part);

/* Reads until @stream has @len bytes. */
void host_read_bytes(enum kt_stream stream, size_t len);

/* Reads until stdout contains @part. */
void host_read_output(const char *part);

/* Reads until the agent has said @count times more that it lives, a second each. */
void host_read_beats(unsigned count);

void host_send_and_free(struct kt_buf *bytes);

/* Runs sh -c @script as @id. */
void host_spawn(uint32_t id, const char *script, uint64_t limit_bytes);
void host_spawn_with_input(uint32_t id, const char *script, const struct kt_terminal *terminal);
void host_send_input(uint32_t id, const char *input, size_t len);
void host_send_taken(uint32_t id, enum kt_stream stream, size_t len);

#endif
