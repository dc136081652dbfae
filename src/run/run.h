/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The model: what is known about a run, a pure fold of its events.
 *
 * It knows no clock, no file and no terminal.  Everything may be read, nothing but
 * kt_run_apply() writes.  A refused event changes nothing.  All snapshots are kept up to
 * the limits below, unless kt_run_configure() says otherwise; of the console a tail is kept, and
 * surplus notes are counted.  Pointers into the model last until the next kt_run_apply(), those to a
 * struct kt_run_scenario and to strings as long as the run, but those to and in snapshots, verdicts
 * and events of workers only as long as these are kept, and of a scenario that was dropped only its
 * own and its name.
 *
 * With `drop_ended` a run of any number of scenarios takes the memory of those that have not ended, and
 * of each that has at most KT_RUN_DROPPED_BYTES and its name.
 */
#ifndef KT_RUN_RUN_H
#define KT_RUN_RUN_H

#include "base/tail.h"
#include "run/event.h"
#include "run/series.h"

#define KT_RUN_MAX_SCENARIOS	  4096
#define KT_RUN_MAX_CHECKS	  1024	 /* per scenario */
#define KT_RUN_MAX_WORKERS	  64	 /* per scenario */
#define KT_RUN_MAX_PROBES	  64	 /* per scenario */
#define KT_RUN_MAX_PROBE_RUNS	  100000 /* per probe */
#define KT_RUN_MAX_SNAPSHOTS	  100000 /* per probe run, unless only the latest is kept */
#define KT_RUN_MAX_STATES	  64	 /* of the guest, per scenario */
#define KT_RUN_MAX_NOTES	  256	 /* per run; later ones only count */
#define KT_RUN_CONSOLE_TAIL_BYTES 16384	 /* per scenario */
#define KT_RUN_MAX_CONSOLE_MARKS  1024	 /* of more, every second of the older half goes */
#define KT_RUN_MAX_VERDICTS	  4096 /* kept per check; of more, every second of the older half goes */
#define KT_RUN_MAX_WORKER_EVENTS  16  /* kept per worker: the first and the last ones */
#define KT_RUN_DROPPED_BYTES	  512 /* kept of a scenario that was dropped, besides its name */

struct kt_run_state {
	uint64_t host_mono_ns;
	struct kt_event_guest_state state;
};

struct kt_run_snapshot {
	uint64_t host_mono_ns; /* when it arrived */
	struct kt_snapshot snapshot;
};

/** One run of a probe. */
struct kt_run_probe_run {
	uint32_t target_pid;
	uint64_t started_mono_ns;
	struct kt_event_probe_start start;
	struct kt_run_snapshot *snapshots; /* snapshots[i] is number kept_from + i of the run */
	size_t kept_from;		   /* 0 unless the run keeps only the latest */
	size_t snapshot_count; /* that there were: snapshot_count - kept_from are kept */
	size_t snapshot_cap;
	struct kt_arena latest;	  /* of the only snapshot kept, if so */
	struct kt_series *series; /* NULL unless the run keeps series and there were snapshots */
	bool ended;
	struct kt_event_probe_end end; /* once ended */
};

struct kt_run_probe {
	const char *name;
	struct kt_run_probe_run *runs;
	size_t run_count;
	size_t run_cap;
};

/** Something that happened to a worker. */
struct kt_run_worker_event {
	uint64_t host_mono_ns;
	struct kt_event_worker worker;
	void *texts; /* that it owns */
};

/** The latest about a worker. */
struct kt_run_worker {
	const char *name;
	uint64_t host_mono_ns;
	struct kt_event_worker worker;
	struct kt_run_worker_event *events; /* the first and the last that were */
	size_t event_count;
	size_t event_cap;
};

/** A verdict, and when it came. */
struct kt_run_verdict {
	uint64_t host_mono_ns;
	struct kt_event_check check;
	void *texts; /* that it owns; NULL for the check as announced */
};

/** A check as announced, with its latest verdict. */
struct kt_run_check {
	const char *id;
	struct kt_event_check check;
	struct kt_run_verdict *verdicts; /* as announced first, then those kept, the latest too */
	size_t verdict_count;
	size_t verdict_cap;
};

/** How far the console had come; of lines that came at the same time there is one mark. */
struct kt_run_console_mark {
	uint64_t host_mono_ns;
	uint64_t total_bytes; /* with all that came until then */
};

/** A remark; @scenario is NULL when it is about the whole run. */
struct kt_run_note {
	uint64_t host_mono_ns;
	const char *scenario;
	const char *text;
};

struct kt_run_scenario {
	const char *name;
	uint64_t started_mono_ns;
	bool started; /* scenario_start came */
	struct kt_event_scenario_start start;
	struct kt_run_state *states;
	size_t state_count;
	size_t state_cap;
	struct kt_event_guest_state guest; /* the latest; `new` before the first */
	struct kt_run_worker *workers;
	size_t worker_count;
	size_t worker_cap;
	struct kt_run_probe *probes;
	size_t probe_count;
	size_t probe_cap;
	struct kt_run_check *checks;
	size_t check_count;
	struct kt_tail console;
	struct kt_run_console_mark *console_marks;
	size_t console_mark_count;
	size_t console_mark_cap;
	bool has_accel;
	struct kt_event_accel accel;
	bool ended;
	uint64_t ended_mono_ns;
	struct kt_event_scenario_end end; /* once ended; its texts are NULL once dropped */
	struct kt_arena snapshots;	  /* those kept, unless only the latest is */
	struct kt_arena arena;		  /* all strings above but the name */
};

/** What a model keeps of the past.  All zero: every snapshot, and no series. */
struct kt_run_limits {
	bool latest_only; /* of each probe run only the latest snapshot: nobody will judge */
	/*
	 * Nobody looks back: with the event behind its end a scenario is dropped but for its name, its
	 * times and its result.  Not together with series.
	 */
	bool drop_ended;
	size_t series_bytes; /* series of all probe runs together; beyond, they are thinned; 0: none */
};

struct kt_run {
	bool started;
	struct kt_run_limits limits;
	struct kt_event_run_start start;
	bool has_accel; /* decided for the whole run */
	struct kt_event_accel accel;
	struct kt_run_scenario **scenarios; /* in order of first mention */
	size_t scenario_count;
	size_t scenario_cap;
	struct kt_run_scenario *to_drop; /* with the next event, or NULL */
	struct kt_run_note *notes;
	size_t note_count;
	size_t note_cap;
	uint64_t dropped_note_count;
	bool ended;
	struct kt_event_run_end end;
	uint64_t event_count;
	uint64_t last_mono_ns;
	size_t series_bytes;	 /* of all series together */
	size_t thin_again_bytes; /* below this, thinning them was in vain */
	struct kt_arena arena;
};

#define KT_RUN_INIT ((struct kt_run){ .started = false })

/** Says what @run, which has no events yet, is to keep. */
void kt_run_configure(struct kt_run *run, const struct kt_run_limits *limits);

/** Frees everything in @run and makes it empty again. */
void kt_run_deinit(struct kt_run *run);

/**
 * Takes in one event; KT_EVENT_NONE does nothing.
 * Errors: protocol (the event contradicts those before it, or a limit is passed), no memory.
 * Owner: @event stays the caller's; what is needed of it is copied.
 */
struct kt_error *kt_run_apply(struct kt_run *run, const struct kt_event *event) KT_MUST_CHECK;

/** The scenario called @name, or NULL.  Owner: borrowed from @run. */
const struct kt_run_scenario *kt_run_find_scenario(const struct kt_run *run, const char *name);

/** The probe called @name, or NULL.  Owner: borrowed from @scenario. */
const struct kt_run_probe *kt_run_find_probe(const struct kt_run_scenario *scenario,
					     const char *name);

/** The worker called @name, or NULL.  Owner: borrowed from @scenario. */
const struct kt_run_worker *kt_run_find_worker(const struct kt_run_scenario *scenario,
					       const char *name);

/** The check with this id, or NULL.  Owner: borrowed from @scenario. */
const struct kt_run_check *kt_run_find_check(const struct kt_run_scenario *scenario,
					     const char *id);

/** How many scenarios ended with @result. */
uint32_t kt_run_count_results(const struct kt_run *run, enum kt_result result);

#define kt_autorun __attribute__((cleanup(kt_run_deinit)))

#endif
