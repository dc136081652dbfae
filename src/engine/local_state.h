/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The state of a local source, shared by its process (local.c) and what that says
 * (local_events.c), and by nobody else.
 */
#ifndef KT_ENGINE_LOCAL_STATE_H
#define KT_ENGINE_LOCAL_STATE_H

#include "base/tail.h"
#include "engine/event_lines.h"
#include "engine/local.h"

#define KT_LOCAL_TAIL_BYTES 4096

enum {
	LOCAL_STDOUT,
	LOCAL_STDERR,
	LOCAL_PIPE_COUNT,
};

struct kt_local {
	struct kt_local_config config;
	kt_local_done_fn on_done;
	void *ctx;

	uv_process_t process;
	uv_pipe_t pipes[LOCAL_PIPE_COUNT];
	uv_timer_t timer;
	uv_work_t work;
	int open_handles;
	bool is_started;
	bool is_open[LOCAL_PIPE_COUNT];
	bool is_gone; /* the process has ended */
	bool is_stopping;
	bool is_killed;
	bool is_closing;
	int step_count;	  /* of waiting since SIGKILL */
	bool is_paused;	  /* nothing is read from stdout */
	bool is_decoding; /* the batch is the pool's */
	bool is_deaf;	  /* what still comes is not looked at */
	struct kt_opt_u64 exit_code;
	struct kt_opt_u64 signal;
	uint64_t started_ns;

	struct kt_event_lines lines;
	struct kt_event_batch batch;
	struct kt_tail said;   /* on stderr */
	struct kt_buf problem; /* empty: none */
	uint32_t run;	       /* of the probe, among those of the scenario */
	uint32_t snapshot_count;
	bool has_begun; /* probe_start was emitted */
	bool has_ended; /* probe_end was emitted */
	char read_bytes[65536];
};

/** Nothing that still comes from the probe can be used, for the reason @why: kills it. */
void kt_local_give_up(struct kt_local *local, const char *why);

/** Takes the events of the decoded batch into the session. */
void kt_local_take_batch(struct kt_local *local);

/** Emits what is missing of the probe's start and end, and settles the problem. */
void kt_local_tell_end(struct kt_local *local);

#endif
