/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The events: everything that happens in a run, one JSON object on one line each
 * (docs/events.md).  An event made by hand borrows its strings and lists; a decoded
 * event keeps them in its arena.  Both are read the same way, and kt_event_deinit()
 * is right for both.  Words, member names and kinds stand in one table per event.
 */
#ifndef KT_RUN_EVENT_H
#define KT_RUN_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/snapshot.h"
#include "run/topology.h"

#define KT_EVENT_SCHEMA 1

/* Longest line accepted: a snapshot of some hundred thousand threads. */
#define KT_EVENT_MAX_LINE_BYTES (64UL << 20)

enum kt_event_type {
	KT_EVENT_NONE, /* no event: the line holds one that this version does not know */
	KT_EVENT_RUN_START,
	KT_EVENT_ACCEL,
	KT_EVENT_SCENARIO_START,
	KT_EVENT_GUEST_STATE,
	KT_EVENT_WORKER,
	KT_EVENT_PROBE_START,
	KT_EVENT_SNAPSHOT,
	KT_EVENT_PROBE_END,
	KT_EVENT_CHECK,
	KT_EVENT_CONSOLE,
	KT_EVENT_NOTE,
	KT_EVENT_SCENARIO_END,
	KT_EVENT_RUN_END,
	KT_EVENT_TYPE_COUNT,
};

enum kt_accel {
	KT_ACCEL_NONE, /* not known */
	KT_ACCEL_KVM,
	KT_ACCEL_TCG,
};

/** How a guest came to run. */
enum kt_start {
	KT_START_NONE, /* not known */
	KT_START_COLD,
	KT_START_TEMPLATE, /* woken from a saved state */
	KT_START_STANDBY,  /* likewise, by a QEMU that had loaded it before */
};

enum kt_guest_state {
	KT_GUEST_NEW,
	KT_GUEST_STARTING,
	KT_GUEST_KERNEL,
	KT_GUEST_AGENT,
	KT_GUEST_READY,
	KT_GUEST_PROBING,
	KT_GUEST_DONE,
	KT_GUEST_FAILED,
	KT_GUEST_STOPPED,
	KT_GUEST_STATE_COUNT,
};

enum kt_guest_reason {
	KT_REASON_NONE,
	KT_REASON_NO_KVM,
	KT_REASON_QEMU_EXIT,
	KT_REASON_KERNEL_PANIC,
	KT_REASON_NO_AGENT,
	KT_REASON_WORKER_DIED,
	KT_REASON_PROBE_FATAL,
	KT_REASON_TIMEOUT,
	KT_REASON_PROTOCOL,
	KT_REASON_CANCELLED,
	KT_REASON_TEMPLATE, /* a saved guest could not be made, or not be woken */
	KT_REASON_COUNT,
};

enum kt_worker_state {
	KT_WORKER_STARTED,
	KT_WORKER_READY,
	KT_WORKER_EXITED,
};

/** What a check says.  Pending: nothing to judge yet; holding: nothing against it so far. */
enum kt_verdict {
	KT_VERDICT_PENDING,
	KT_VERDICT_HOLDING,
	KT_VERDICT_PASS,
	KT_VERDICT_FAIL,
	KT_VERDICT_CANNOT_TELL,
	KT_VERDICT_SKIP,
	KT_VERDICT_COUNT,
};

/** What a scenario came to.  Error: could not judge. */
enum kt_result {
	KT_RESULT_PASS,
	KT_RESULT_FAIL,
	KT_RESULT_ERROR,
	KT_RESULT_SKIP,
	KT_RESULT_CANCELLED,
	KT_RESULT_COUNT,
};

struct kt_event_run_start {
	const char *tool_version;
	uint64_t started_at_unix_sec;
	uint32_t jobs;
	const char *const *scenarios; /* names */
	size_t scenario_count;
};

struct kt_accel_step {
	const char *step;
	const char *outcome;
	const char *reason; /* NULL: none */
};

struct kt_event_accel {
	enum kt_accel choice;
	const char *reason;
	const struct kt_accel_step *steps;
	size_t step_count;
};

struct kt_check_title {
	const char *id;
	const char *text;
};

struct kt_event_scenario_start {
	const char *file;
	const char *topology; /* "1n1l1c1t" */
	uint32_t memory_mib;
	const char *kernel; /* its file; NULL: not told */
	const struct kt_check_title *checks;
	size_t check_count;
};

/** What the guest says of itself once it runs. */
struct kt_guest_machine {
	const char *release; /* of its kernel */
	struct kt_topology_seen seen;
};

struct kt_event_guest_state {
	enum kt_guest_state state;
	enum kt_guest_reason reason; /* only with state failed */
	const char *detail;	     /* NULL: none */
	enum kt_accel accel;
	enum kt_start start;
	uint64_t since_start_ns;		/* since the guest's process was started */
	const struct kt_guest_machine *machine; /* only with state ready; NULL: not told */
};

struct kt_event_worker {
	const char *worker;
	enum kt_worker_state state;
	struct kt_opt_u64 pid;	     /* in the guest */
	struct kt_opt_u64 exit_code; /* exited: this or signal */
	struct kt_opt_u64 signal;
	const char *detail; /* NULL: none */
};

/* How a probe knows where the counters are. */
struct kt_probe_layout {
	const char *object; /* path, as the target names it */
	const char *build_id;
	const char *version; /* of jemalloc */
	const char *sources; /* "ctl+tls-image" */
	const char *gate;    /* "ok" */
	const char *tls;     /* "static" */
	const char *symbol;
	const char *symbol_from;
	const char *debug_file;
	struct kt_opt_u64 allocated_offset;
	struct kt_opt_u64 deallocated_offset;
	const char *cache; /* "hit" */
	struct kt_opt_u64 resolve_ns;
};

/* A kind of values that a probe cannot tell. */
struct kt_unknown_value {
	const char *name;
	const char *reason;
};

struct kt_event_probe_start {
	const char *probe;
	uint32_t run; /* from 0 */
	uint32_t target_pid;
	const char *tool_version; /* this and the rest: NULL or unknown unless the probe tells */
	struct kt_opt_u64 started_at_unix_sec;
	struct kt_opt_u64 interval_ms;
	const char *engine;
	const char *engine_reason;
	struct kt_opt_u64 target_start_time_jiffies;
	const struct kt_probe_layout *layout;
	const struct kt_unknown_value *unknown;
	size_t unknown_count;
};

struct kt_event_snapshot {
	const char *probe;
	uint32_t run;
	uint32_t index; /* from 0 */
	uint32_t target_pid;
	struct kt_snapshot snapshot;
};

struct kt_event_probe_end {
	const char *probe;
	uint32_t run;
	struct kt_opt_u64 exit_code; /* this or signal; neither: not started, or killed by us */
	struct kt_opt_u64 signal;
	uint64_t duration_ns;
	struct kt_opt_u64 started_at_unix_sec; /* this to snapshot_count: from its document */
	struct kt_opt_bool interrupted;
	struct kt_opt_u64 snapshot_count;
	struct kt_opt_u64 metric_count; /* contract section 7.1: numbers in its output */
	struct kt_opt_u64 stdout_bytes;
	const char *stderr_tail;    /* NULL: none */
	const char *document_error; /* NULL, or why its output is not a document */
	const char *fatal_kind;	    /* NULL: none.  What it called its failure on stderr */
	const char *end_reason;	    /* this and the rest: NULL unless the probe tells */
	const char *detail;
	const char *engine; /* that took over */
	const char *engine_reason;
	const struct kt_probe_layout *layout; /* from its document */
};

struct kt_event_check {
	const char *check; /* id */
	enum kt_verdict verdict;
	const char *text;
	const char *detail;    /* NULL: none */
	const char *threshold; /* NULL: none.  A number is its exact decimal text */
	const char *worst;     /* NULL: nothing seen */
	const char *probe;     /* NULL: none.  Where the decisive observation was: */
	struct kt_opt_u64 run;
	struct kt_opt_u64 snapshot;
	struct kt_opt_u64 tid;
};

struct kt_event_text {
	const char *text;
};

struct kt_event_scenario_end {
	enum kt_result verdict;
	const char *reason; /* NULL: none */
	uint64_t duration_ns;
	struct kt_opt_u64 boot_ns;
	enum kt_accel accel;
	enum kt_start start;
	const char *console_tail;     /* NULL: none; may have newlines */
	const char *qemu_stderr_tail; /* NULL: none; may have newlines */
	/* Of the guest's QEMU process, when its end was decided. */
	struct kt_opt_u64 guest_cpu_ns;		/* user and system */
	struct kt_opt_u64 guest_peak_rss_bytes; /* with what it shares with other processes */
	struct kt_opt_u64 guest_private_bytes;
};

struct kt_event_run_end {
	uint32_t passed;
	uint32_t failed;
	uint32_t errors;
	uint32_t skipped;
	uint32_t cancelled;
	uint32_t exit_code;
	uint64_t duration_ns;
};

struct kt_event {
	enum kt_event_type type;
	uint64_t host_mono_ns; /* since the run began */
	const char *scenario;  /* NULL: belongs to none */
	union {
		struct kt_event_run_start run_start;
		struct kt_event_accel accel;
		struct kt_event_scenario_start scenario_start;
		struct kt_event_guest_state guest_state;
		struct kt_event_worker worker;
		struct kt_event_probe_start probe_start;
		struct kt_event_snapshot snapshot;
		struct kt_event_probe_end probe_end;
		struct kt_event_check check;
		struct kt_event_text console;
		struct kt_event_text note;
		struct kt_event_scenario_end scenario_end;
		struct kt_event_run_end run_end;
	};
	struct kt_arena arena; /* what a decoded event owns */
};

/** Frees what a decoded event owns; does nothing to one made by hand. */
void kt_event_deinit(struct kt_event *event);

/** Appends @event as one line with its newline.  Foreign text is made valid UTF-8. */
void kt_event_encode(const struct kt_event *event, struct kt_buf *out);

/**
 * Reads one line (without its newline).  An event of a type that is not known gives
 * KT_EVENT_NONE and no error.
 * Errors: protocol (not JSON, newer schema, a member missing or of the wrong type), no memory.
 * Owner: the caller calls kt_event_deinit(); @line is not kept.
 */
struct kt_error *kt_event_decode(const char *line, size_t len, struct kt_event *ret) KT_MUST_CHECK;

/** How the members of an event of @type look; NULL for KT_EVENT_NONE. */
const struct kt_record *kt_event_record(enum kt_event_type type);

/** The payload of @event, as kt_event_record() describes it.  Owner: borrowed from @event. */
const void *kt_event_payload(const struct kt_event *event);

/** "run_start" and so on; "none". */
const char *kt_event_type_name(enum kt_event_type type);

/** "kvm", "tcg", or "unknown". */
const char *kt_accel_name(enum kt_accel accel);

/** "new", "starting" and so on. */
const char *kt_guest_state_name(enum kt_guest_state state);

/** "no-kvm" and so on; "" for none. */
const char *kt_guest_reason_name(enum kt_guest_reason reason);

/** "pending" and so on. */
const char *kt_verdict_name(enum kt_verdict verdict);

/** "pass", "fail", "error", "skip", "cancelled". */
const char *kt_result_name(enum kt_result result);

#define kt_autoevent __attribute__((cleanup(kt_event_deinit)))

#endif
