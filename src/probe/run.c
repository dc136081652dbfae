/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/read/engine.h"
#include "probe/stop.h"

/* What a run needs while it is under way. */
struct runner {
	struct kt_probe_run *run;
	const volatile sig_atomic_t *stop;
	const struct kt_read_engine *engine;
	void *engine_state;
	int pidfd; /* -1 where it cannot be had */
};

static enum kt_fatal fatal_of(enum kt_resolve_failure failure)
{
	static const enum kt_fatal kinds[] = {
		[KT_RESOLVE_EXE_UNREADABLE] = KT_FATAL_PERMISSION_DENIED,
		[KT_RESOLVE_NOT_FOUND] = KT_FATAL_JEMALLOC_NOT_FOUND,
		[KT_RESOLVE_AMBIGUOUS] = KT_FATAL_JEMALLOC_AMBIGUOUS,
		[KT_RESOLVE_MACHINE] = KT_FATAL_ARCH_MISMATCH,
		[KT_RESOLVE_UNPROVEN] = KT_FATAL_LAYOUT_UNPROVEN,
		[KT_RESOLVE_NOT_MAINTAINED] = KT_FATAL_COUNTERS_NOT_MAINTAINED,
		[KT_RESOLVE_MAPS] = KT_FATAL_MAPS_READ_FAILURE,
	};

	return kinds[failure];
}

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

static struct kt_error *resolve(struct kt_probe_run *run, enum kt_fatal *ret_fatal)
{
	enum kt_resolve_failure failure = KT_RESOLVE_NOT_FOUND;

	struct kt_resolve_request request = {
		.proc_fd = run->target.proc_fd,
		.exe_path = run->target.exe_path,
		.memory = kt_memory_of_process(run->target.pid),
		.use_cache = true,
	};

	struct kt_error *err = kt_layout_resolve(&request, &run->layout, &failure);
	if (err)
		*ret_fatal = fatal_of(failure);
	/* A target that changed meanwhile explains any other failure. */
	struct kt_error *changed =
		check_before_data(&run->target, "during ELF/DWARF parse", ret_fatal);
	if (changed) {
		kt_error_destroy(err);
		return changed;
	}
	return err;
}

static struct kt_error *start_engine(struct runner *runner)
{
	struct kt_probe_run *run = runner->run;
	struct kt_read_config config = {
		.pid = run->target.pid,
		.task_fd = run->target.task_fd,
		.is_same_pid_ns = run->target.is_same_pid_ns,
		.stop = runner->stop,
		.is_repeated = run->settings->snapshot_count > 1,
		.place = run->layout.place,
	};

	runner->engine = &kt_readv_engine;
	run->engine = runner->engine->name;
	return runner->engine->create(&config, &runner->engine_state);
}

static struct kt_error *add_snapshot(struct kt_probe_run *run, struct kt_probe_snapshot **ret)
{
	if (run->snapshot_count == run->snapshot_cap) {
		size_t cap = run->snapshot_cap ? run->snapshot_cap * 2 : 1;
		struct kt_probe_snapshot *snapshots =
			reallocarray(run->snapshots, cap, sizeof(*snapshots));
		if (!snapshots)
			return kt_error_no_memory();
		run->snapshots = snapshots;
		run->snapshot_cap = cap;
	}
	*ret = &run->snapshots[run->snapshot_count++];
	**ret = (struct kt_probe_snapshot){ 0 };
	return NULL;
}

static void drop_last_snapshot(struct kt_probe_run *run)
{
	kt_sweep_deinit(&run->snapshots[--run->snapshot_count].sweep);
}

static bool has_data(const struct kt_probe_run *run)
{
	for (size_t i = 0; i < run->snapshot_count; i++)
		if (kt_sweep_ok_count(&run->snapshots[i].sweep))
			return true;
	return false;
}

/* Takes one snapshot; its place in the run's list is the last. */
static struct kt_error *take_snapshot(struct runner *runner, enum kt_fatal *ret_fatal)
{
	struct kt_probe_run *run = runner->run;
	struct kt_probe_snapshot *snapshot;

	*ret_fatal = KT_FATAL_OTHER;
	KT_TRY(add_snapshot(run, &snapshot));
	uint64_t begin_ns = kt_clock_mono_ns();
	snapshot->timestamp_unix_sec = kt_clock_real_ns() / KT_NS_PER_SEC;
	snapshot->elapsed_since_start_ns = begin_ns - run->start_mono_ns;
	*ret_fatal = KT_FATAL_TID_ENUMERATION_FAILURE;
	KT_TRY(runner->engine->sweep(runner->engine_state, &snapshot->sweep));
	snapshot->duration_ns = kt_clock_mono_ns() - begin_ns;
	return NULL;
}

/*
 * After a pass: was it the same program all the time?  Rows of a target that exited meanwhile are
 * good (its memory was its own to the end); rows read across an exec are not.  True ends the run.
 */
static bool judge_target(struct kt_probe_run *run)
{
	struct kt_sweep *sweep = &run->snapshots[run->snapshot_count - 1].sweep;

	switch (kt_target_check(&run->target)) {
	case KT_TARGET_SAME:
		return false;
	case KT_TARGET_EXITED:
		if (!kt_sweep_ok_count(sweep))
			drop_last_snapshot(run);
		run->end = KT_PROBE_RUN_TARGET_EXITED;
		return true;
	case KT_TARGET_REPLACED:
		drop_last_snapshot(run);
		run->end = KT_PROBE_RUN_TARGET_REPLACED;
		return true;
	}
	return false;
}

/* The wait between two snapshots; false if the run must end. */
static bool wait_interval(struct runner *runner, uint64_t pass_end_ns)
{
	uint64_t interval_ns = runner->run->settings->interval_ms * KT_NS_PER_MS;

	(void)kt_stop_wait_until(pass_end_ns + interval_ns, runner->pidfd);
	return !*runner->stop;
}

static struct kt_error *take_snapshots(struct runner *runner, enum kt_fatal *ret_fatal)
{
	struct kt_probe_run *run = runner->run;

	run->end = KT_PROBE_RUN_COMPLETED;
	for (uint32_t i = 0; i < run->settings->snapshot_count; i++) {
		if (i && !wait_interval(runner, kt_clock_mono_ns()))
			break;
		if (*runner->stop)
			break;
		KT_TRY(take_snapshot(runner, ret_fatal));
		if (judge_target(run))
			break;
	}
	if (run->end == KT_PROBE_RUN_COMPLETED && *runner->stop)
		run->end = KT_PROBE_RUN_INTERRUPTED;
	/* Without data there is nothing to keep: the end of the target is the news. */
	if ((run->end == KT_PROBE_RUN_TARGET_EXITED || run->end == KT_PROBE_RUN_TARGET_REPLACED) &&
	    !has_data(run))
		return check_before_data(&run->target, "between snapshots", ret_fatal);
	return NULL;
}

struct kt_error *kt_probe_execute(const struct kt_probe_settings *settings,
				  const volatile sig_atomic_t *stop, struct kt_probe_run *run,
				  enum kt_fatal *ret_fatal)
{
	struct runner runner = { .run = run, .stop = stop, .pidfd = -1 };

	*run = (struct kt_probe_run){
		.settings = settings,
		.started_at_unix_sec = kt_clock_real_ns() / KT_NS_PER_SEC,
		.start_mono_ns = kt_clock_mono_ns(),
		.target = { .proc_fd = -1, .task_fd = -1, .mem_fd = -1 },
	};
	KT_TRY(kt_target_open(settings->pid, &run->target, ret_fatal));
	KT_TRY(resolve(run, ret_fatal));
	run->resolve_ns = kt_clock_mono_ns() - run->start_mono_ns;
	*ret_fatal = KT_FATAL_OTHER;
	KT_TRY(start_engine(&runner));
	if (settings->snapshot_count > 1)
		runner.pidfd = (int)syscall(SYS_pidfd_open, settings->pid, 0);
	struct kt_error *err = take_snapshots(&runner, ret_fatal);
	runner.engine->destroy(runner.engine_state);
	if (runner.pidfd >= 0)
		(void)close(runner.pidfd);
	return err;
}

void kt_probe_run_deinit(struct kt_probe_run *run)
{
	while (run->snapshot_count)
		drop_last_snapshot(run);
	free(run->snapshots);
	kt_layout_deinit(&run->layout);
	kt_target_deinit(&run->target);
	*run = (struct kt_probe_run){ .target = { .proc_fd = -1, .task_fd = -1, .mem_fd = -1 } };
}

bool kt_probe_run_all_failed(const struct kt_probe_run *run)
{
	size_t row_count = 0;

	if (!run->snapshot_count || has_data(run))
		return false;
	for (size_t i = 0; i < run->snapshot_count; i++)
		row_count += run->snapshots[i].sweep.count;
	return row_count || run->end != KT_PROBE_RUN_INTERRUPTED;
}

const char *kt_probe_run_end_word(enum kt_probe_run_end end)
{
	static const char *const words[] = {
		[KT_PROBE_RUN_COMPLETED] = "completed",
		[KT_PROBE_RUN_INTERRUPTED] = "interrupted",
		[KT_PROBE_RUN_TARGET_EXITED] = "target-exited",
		[KT_PROBE_RUN_TARGET_REPLACED] = "exe-identity-changed",
	};

	return words[end];
}
