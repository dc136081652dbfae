/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The runner's state, shared by its life (runner.c), its machine (runner_machine.c), how it comes by a
 * guest (runner_guest.c), its workers (runner_workers.c) and its probes (runner_probes.c), and by
 * nobody else.
 */
#ifndef KT_ENGINE_RUNNER_STATE_H
#define KT_ENGINE_RUNNER_STATE_H

#include "base/clock.h"
#include "base/tail.h"
#include "engine/event_lines.h"
#include "engine/runner.h"
#include "engine/templates.h"
#include "vmm/guest/guest.h"

/* The contract's limit for what is kept of a program's stream (section 7.1). */
#define KT_CAPTURE_MAX_BYTES (16ULL << 20)
/* The same for a document behind the stream of its snapshots, whose lines are shorter. */
#define KT_STREAM_MAX_BYTES    (3 * KT_CAPTURE_MAX_BYTES)
#define KT_WORKER_OUTPUT_BYTES (1ULL << 20)
#define KT_WORKER_TAIL_BYTES   2048
#define KT_PROBE_TAIL_BYTES    4096
#define KT_LAST_WORDS_MS       3000 /* for a probe whose target has died */
#define KT_WORKER_FIRST_ID     1
#define KT_PROBE_FIRST_ID      1000
/* The agent says something every second. */
#define KT_SILENCE_TIMEOUT_NS	 (20 * KT_NS_PER_SEC)
#define KT_WORKER_MARKER_PATTERN "/tmp/ktstr-worker-ready-%p" /* contract 5.4 */

enum worker_phase {
	WORKER_STARTING,
	WORKER_AWAITED,
	WORKER_READY,
	WORKER_ENDED,
};

struct worker_run {
	const struct kt_scenario_worker *worker;
	enum worker_phase phase;
	uint64_t pid; /* in the guest; 0 while unknown */
	struct kt_tail stderr_tail;
};

struct probe_run {
	const struct kt_scenario_probe *probe;
	uint32_t run;
	uint32_t id;
	uint32_t target_pid;
	uint64_t started_ns;
	bool running;
	bool timed_out;
	bool is_announced;	     /* its probe_start was emitted */
	bool is_streamed;	     /* it tells its snapshots as it takes them */
	bool is_in_stream;	     /* what comes on stdout is not the document yet */
	uint32_t streamed_count;     /* snapshots that came and were emitted */
	uint64_t stdout_bytes;	     /* that came */
	struct kt_event_lines lines; /* of its stream, not looked at yet */
	struct kt_buf streams[KT_STREAM_COUNT];
};

struct kt_runner {
	struct kt_runner_shared *shared;
	const struct kt_scenario *scenario;
	struct kt_runner_image image;
	const struct kt_runner_handler *handler;
	void *ctx;

	struct kt_guest *guest;
	char key[KT_HASH_TEXT_SIZE];	    /* of the template that it is to be woken from */
	const char *group_procs;	    /* of the control group that the guest has, or NULL */
	enum kt_accelerator accelerator;    /* of the present guest, or of the one waited for */
	enum kt_start start;		    /* how it came to run */
	const struct kt_template *template; /* that it is woken from; NULL: booted */
	struct kt_template_wait wait;
	bool is_waiting; /* for a template; there is no guest yet */
	bool is_cold;	 /* templates are out, for this scenario */
	bool was_ready;	 /* the present guest has been */
	bool timed_out;	 /* the scenario */
	uint64_t started_ns;
	uv_timer_t scenario_timer;
	uv_timer_t probe_timer;
	int open_timers;
	bool cancelled;
	bool winding_up; /* all was run; the workers are being killed */
	struct kt_buf cancel_text;
	struct kt_buf problem;	  /* why there is no guest */
	struct kt_buf death_text; /* a worker's end that waits for the probe's last words */
	enum kt_result result;

	struct worker_run *workers;
	size_t workers_left; /* not ready yet while starting; not ended yet while winding up */
	size_t next_probe;
	struct probe_run probe;
};

/** What a runner does with what its guest reports. */
extern const struct kt_guest_handler kt_runner_guest_handler;

/** How the scenario's guest is described, with its memory as @memory says. */
struct kt_machine kt_runner_machine(const struct kt_runner_shared *shared,
				    const struct kt_scenario *scenario, uint64_t image_bytes,
				    enum kt_machine_memory memory);

/**
 * Describes how @machine is booted as QEMU's argument vector.
 * Errors: usage, no memory.  Owner: the caller calls kt_arguments_deinit() on @ret.
 */
struct kt_error *kt_runner_machine_arguments(const struct kt_runner_shared *shared,
					     const struct kt_machine *machine,
					     struct kt_arguments *ret) KT_MUST_CHECK;

/** How long the scenario's guest may take to boot, in nanoseconds. */
uint64_t kt_runner_boot_timeout_ns(const struct kt_runner_shared *shared,
				   const struct kt_scenario *scenario);

/** The deadlines of a guest that is woken; it has no QEMU yet. */
struct kt_guest_config kt_runner_wake_config(const struct kt_scenario *scenario);

/**
 * Describes the QEMU of a guest that is woken from @template.
 * Errors: usage, io, no memory.
 * Owner: the caller calls kt_arguments_deinit() on @arguments and closes @state_fd, which @ret borrows,
 * as it does @template.
 */
struct kt_error *kt_runner_wake_qemu(struct kt_runner_shared *shared,
				     const struct kt_scenario *scenario, uint64_t image_bytes,
				     const struct kt_template *template,
				     struct kt_arguments *arguments, int *state_fd,
				     struct kt_qemu_config *ret) KT_MUST_CHECK;

/**
 * Takes a control group for the QEMU that is described next; NULL where there are none, or it
 * could not be had, which is noted: without a group a guest is as it is where there are none.
 */
const char *kt_runner_take_group(struct kt_runner_shared *shared,
				 const struct kt_scenario *scenario, uint64_t image_bytes);

/** Starts a guest: woken from a template where there is one or can be one, else booted. */
void kt_runner_start_guest(struct kt_runner *runner);

/**
 * The guest is gone.  Starts another one, and says so, where that may help: under emulation when KVM
 * does not work, booted when it could not be woken.  False: that was all.
 */
bool kt_runner_try_again(struct kt_runner *runner);

/** Ends the guest, or the wait for a template, for @reason; on_stopped or the runner's end follows. */
void kt_runner_stop_guest(struct kt_runner *runner, enum kt_guest_reason reason, const char *text);

/** The scenario is over: emits its end. */
void kt_runner_end(struct kt_runner *runner);

/** Emits @event as one of this scenario. */
void kt_runner_emit(struct kt_runner *runner, struct kt_event *event);

/** What a guest of this scenario in @role is to suffer.  Owner: borrows from the run's faults. */
struct kt_guest_strikes kt_runner_strikes(const struct kt_runner *runner, enum kt_fault_role role);

/**
 * Whether the guest, which is ready, is as the scenario asks.  One of another shape is no guest to
 * judge in: it fails.
 */
bool kt_runner_is_as_asked(struct kt_runner *runner);

/** Starts the workers, or (there are none) goes on with the probes. */
void kt_runner_start_workers(struct kt_runner *runner);

/** Takes what the guest says about worker number @index. */
void kt_runner_worker_message(struct kt_runner *runner, size_t index,
			      const struct kt_link_message *message);

/** Everything was run: kills the workers, then ends the guest. */
void kt_runner_wind_up(struct kt_runner *runner);

/** Runs the next probe, or winds up when there is none. */
void kt_runner_next_probe(struct kt_runner *runner);

/**
 * A worker died, as @why tells: ends the scenario; at once, or, when a probe is at work, once
 * that has told what it saw.
 */
void kt_runner_mourn(struct kt_runner *runner, const char *why);

/** Emits the probe_start of the probe that runs, unless it was; @told (or NULL) is its own. */
void kt_runner_announce_probe(struct kt_runner *runner, struct kt_event *told);

/** Takes stdout of the probe that runs: events at first where it streams, then its document. */
void kt_runner_take_stdout(struct kt_runner *runner, const char *bytes, size_t len);

/** Nothing more comes on stdout: half a line of the stream is no event. */
void kt_runner_end_stdout(struct kt_runner *runner);

/** Takes what the guest says about the probe that runs. */
void kt_runner_probe_message(struct kt_runner *runner, const struct kt_link_message *message);

#endif
