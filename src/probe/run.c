/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/run.h"

#include <string.h>

#include "base/clock.h"
#include "probe/layout_option.h"
#include "probe/read/engine.h"
#include "probe/sample.h"
#include "probe/stop.h"

/* What a run needs while it is under way. */
struct runner {
	struct kt_probe_run *run;
	const struct kt_probe_job *job;
	struct kt_probe_snapshot snapshot; /* the one under way; its room is used again */
	uint64_t first_begin_ns;	   /* of the first pass: origin of the grid of a stream */
};

/* The error for a target that is not what it was; NULL if it is. */
static struct kt_error *check_before_data(const struct kt_target *target, const char *phase,
					  enum kt_fatal *ret_fatal)
{
	switch (kt_target_check(target)) {
	case KT_TARGET_SAME:
		return NULL;
	case KT_TARGET_EXITED:
		*ret_fatal = KT_FATAL_TARGET_EXITED;
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "process %d exited before its counters were read",
				       target->pid);
	case KT_TARGET_REPLACED:
		break;
	}
	*ret_fatal = KT_FATAL_EXE_IDENTITY_CHANGED;
	return kt_target_replaced_error(target, phase);
}

static size_t sample(void *ctx, uint64_t *ret, size_t max)
{
	struct kt_probe_run *run = ctx;

	return kt_sample_thread_pointers(&run->target, ret, max, &run->resolve_stop_count);
}

static struct kt_error *resolve(struct kt_probe_run *run, const struct kt_layout_entry *entry,
				enum kt_fatal *ret_fatal)
{
	enum kt_resolve_failure failure = KT_RESOLVE_NOT_FOUND;
	struct kt_resolve_request request = {
		.proc_fd = run->target.proc_fd,
		.exe_path = run->target.exe_path,
		.memory = kt_memory_of_process(run->target.pid),
		.sample = sample,
		.sample_ctx = run,
		.object = run->settings->object,
		.entry = entry,
		.use_cache = !run->settings->no_cache,
		.want_internals = (run->settings->extras & KT_EXTRA_TCACHE) ||
				  run->settings->with_process || run->settings->layout,
	};

	struct kt_error *err = kt_layout_resolve(&request, &run->layout, &failure);
	if (err)
		*ret_fatal = kt_fatal_of_resolve(failure);
	/* A target that changed meanwhile explains any other failure. */
	struct kt_error *changed =
		check_before_data(&run->target, "during ELF/DWARF parse", ret_fatal);
	if (changed) {
		kt_error_destroy(err);
		return changed;
	}
	return err;
}

static struct kt_error *start_engine(struct runner *runner, enum kt_fatal *ret_fatal)
{
	struct kt_probe_run *run = runner->run;
	struct kt_read_config config = {
		.pid = run->target.pid,
		.task_fd = run->target.task_fd,
		.is_same_pid_ns = run->target.is_same_pid_ns,
		.stop = runner->job->stop,
		.is_repeated = kt_probe_settings_is_repeated(run->settings),
		.extras = run->settings->extras,
		.place = run->layout.place,
		.allocated_offset = run->layout.facts.allocated,
		.internals = &run->layout.internals,
	};

	struct kt_error *err = kt_engine_use_start(run->settings, &config, &run->engine);
	if (err)
		*ret_fatal = kt_error_class(err) == KT_ERROR_PROBE ? KT_FATAL_ENGINE_UNAVAILABLE
								   : KT_FATAL_OTHER;
	return err;
}

/* Takes one snapshot into the runner's. */
static struct kt_error *take_snapshot(struct runner *runner, enum kt_fatal *ret_fatal)
{
	struct kt_probe_run *run = runner->run;
	struct kt_probe_snapshot *snapshot = &runner->snapshot;
	uint64_t begin_ns = kt_clock_mono_ns();

	if (!runner->first_begin_ns)
		runner->first_begin_ns = begin_ns;
	kt_sweep_reset(&snapshot->sweep);
	snapshot->timestamp_unix_sec = kt_clock_real_ns() / KT_NS_PER_SEC;
	snapshot->elapsed_since_start_ns = begin_ns - run->start_mono_ns;
	*ret_fatal = KT_FATAL_TID_ENUMERATION_FAILURE;
	KT_TRY(kt_engine_use_sweep(&run->engine, &snapshot->sweep));
	if (run->settings->with_process)
		snapshot->process = kt_process_extras_read(&run->target, &run->layout);
	snapshot->duration_ns = kt_clock_mono_ns() - begin_ns;
	return NULL;
}

/* Hands the snapshot on. */
static struct kt_error *deliver(struct runner *runner)
{
	struct kt_probe_run *run = runner->run;
	const struct kt_sweep *sweep = &runner->snapshot.sweep;

	run->row_count += sweep->count;
	run->ok_count += kt_sweep_ok_count(sweep);
	struct kt_error *err =
		runner->job->sink->snapshot(runner->job->sink->ctx, run, &runner->snapshot);
	run->is_output_lost = err != NULL;
	run->snapshot_count += !err;
	return err;
}

/*
 * After a pass: was it the same program all the time?  Rows of a target that exited meanwhile are
 * good (its memory was its own to the end); rows read across an exec are not.
 */
static struct kt_error *judge_snapshot(struct runner *runner)
{
	struct kt_probe_run *run = runner->run;

	switch (kt_target_check(&run->target)) {
	case KT_TARGET_SAME:
		return deliver(runner);
	case KT_TARGET_EXITED:
		run->end = KT_PROBE_RUN_TARGET_EXITED;
		return kt_sweep_ok_count(&runner->snapshot.sweep) ? deliver(runner) : NULL;
	case KT_TARGET_REPLACED:
		run->end = KT_PROBE_RUN_TARGET_REPLACED;
		break;
	}
	return NULL;
}

/*
 * When the next pass begins.  A document waits the interval out after each pass (contract section
 * 3.4); a stream keeps to a grid, so that it does not drift, and leaves out what it misses.  With both, it is
 * the document's time, so that the document is the same with a stream as without.
 */
static uint64_t next_begin_ns(const struct runner *runner)
{
	const struct kt_probe_settings *settings = runner->run->settings;
	uint64_t interval_ns = settings->interval_ms * KT_NS_PER_MS;
	uint64_t now_ns = kt_clock_mono_ns();

	if (!settings->stream || settings->json)
		return now_ns + interval_ns;
	uint64_t passed = (now_ns - runner->first_begin_ns) / interval_ns;
	return runner->first_begin_ns + (passed + 1) * interval_ns;
}

static struct kt_error *take_snapshots(struct runner *runner, enum kt_fatal *ret_fatal)
{
	struct kt_probe_run *run = runner->run;
	uint64_t count = run->settings->snapshot_count;

	for (uint64_t i = 0; (!count || i < count) && run->end == KT_PROBE_RUN_COMPLETED; i++) {
		if (i)
			(void)kt_stop_wait_until(next_begin_ns(runner), run->target.pidfd,
						 runner->job->sink->out_fd);
		if (*runner->job->stop)
			break;
		KT_TRY(take_snapshot(runner, ret_fatal));
		KT_TRY(judge_snapshot(runner));
	}
	if (run->end == KT_PROBE_RUN_COMPLETED && *runner->job->stop)
		run->end = KT_PROBE_RUN_INTERRUPTED;
	/* Without data there is nothing to keep: the end of the target is the news. */
	if ((run->end == KT_PROBE_RUN_TARGET_EXITED || run->end == KT_PROBE_RUN_TARGET_REPLACED) &&
	    !run->ok_count)
		return check_before_data(&run->target, "between snapshots", ret_fatal);
	return NULL;
}

static struct kt_error *begin(struct runner *runner)
{
	if (!runner->job->sink->begin)
		return NULL;
	struct kt_error *err = runner->job->sink->begin(runner->job->sink->ctx, runner->run);
	runner->run->is_output_lost = err != NULL;
	return err;
}

/* A layout file that was given is for the jemalloc that is read, or it is a mistake. */
static struct kt_error *check_given(const struct kt_probe_job *job, const struct kt_layout *layout)
{
	const char *build_id = layout->build_id ? layout->build_id : "";

	if (!job->entry || !strcmp(job->entry->build_id, build_id))
		return NULL;
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "--layout %s is for build-id %s, and the jemalloc of the process, "
			       "%s, has %s%s",
			       job->settings->layout, job->entry->build_id, layout->object,
			       *build_id ? "build-id " : "no build-id", build_id);
}

/* Takes hold of the target, finds its counters and makes the engine ready. */
static struct kt_error *prepare(struct runner *runner, enum kt_fatal *ret_fatal)
{
	const struct kt_probe_job *job = runner->job;
	struct kt_probe_run *run = runner->run;

	KT_TRY(kt_target_open(run->settings->pid, &run->target, ret_fatal));
	KT_TRY(resolve(run, job->entry, ret_fatal));
	run->resolve_ns = kt_clock_mono_ns() - run->start_mono_ns;
	*ret_fatal = KT_FATAL_LAYOUT_UNPROVEN;
	KT_TRY(check_given(job, &run->layout));
	*ret_fatal = KT_FATAL_OTHER;
	if (run->settings->layout && !job->entry)
		KT_TRY(kt_layout_option_save(run->settings->layout, &run->layout));
	KT_TRY(start_engine(runner, ret_fatal));
	return begin(runner);
}

struct kt_error *kt_probe_execute(const struct kt_probe_job *job, struct kt_probe_run *run,
				  enum kt_fatal *ret_fatal)
{
	struct runner runner = { .run = run, .job = job };

	*run = (struct kt_probe_run){
		.settings = job->settings,
		.started_at_unix_sec = kt_clock_real_ns() / KT_NS_PER_SEC,
		.start_mono_ns = kt_clock_mono_ns(),
		.target = KT_TARGET_INIT,
		.end = KT_PROBE_RUN_COMPLETED,
	};
	struct kt_error *err = prepare(&runner, ret_fatal);
	if (!err)
		err = take_snapshots(&runner, ret_fatal);
	if (err)
		run->end = KT_PROBE_RUN_FAILED;
	kt_engine_use_end(&run->engine);
	kt_sweep_deinit(&runner.snapshot.sweep);
	return err;
}

void kt_probe_run_deinit(struct kt_probe_run *run)
{
	kt_layout_deinit(&run->layout);
	kt_target_deinit(&run->target);
	*run = (struct kt_probe_run){ .target = KT_TARGET_INIT };
}

bool kt_probe_run_all_failed(const struct kt_probe_run *run)
{
	return run->snapshot_count && !run->ok_count &&
	       (run->row_count || run->end != KT_PROBE_RUN_INTERRUPTED);
}

const char *kt_probe_run_end_word(enum kt_probe_run_end end)
{
	static const char *const words[] = {
		[KT_PROBE_RUN_COMPLETED] = "completed",
		[KT_PROBE_RUN_INTERRUPTED] = "interrupted",
		[KT_PROBE_RUN_TARGET_EXITED] = "target-exited",
		[KT_PROBE_RUN_TARGET_REPLACED] = "exe-identity-changed",
		[KT_PROBE_RUN_FAILED] = "failed",
	};

	return words[end];
}
