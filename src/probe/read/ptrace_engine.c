/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "probe/read/describe.h"
#include "probe/read/engine.h"
#include "probe/read/ptrace.h"
#include "probe/read/robust.h"
#include "probe/read/threads.h"

struct stopper {
	struct kt_read_config config;
	struct kt_tids tids;
};

static struct kt_error *ptrace_create(const struct kt_read_config *config, void **ret)
{
	struct stopper *engine = malloc(sizeof(*engine));
	if (!engine)
		return kt_error_no_memory();
	*engine = (struct stopper){ .config = *config };
	*ret = engine;
	return NULL;
}

static void ptrace_destroy(void *ctx)
{
	struct stopper *engine = ctx;

	if (engine)
		kt_tids_deinit(&engine->tids);
	free(engine);
}

static struct kt_error *stop_all(const struct stopper *engine, struct kt_sweep *sweep)
{
	struct kt_known_tps nobody = { 0 };

	kt_autofree struct kt_ptrace_job *jobs = calloc(sweep->count + 1, sizeof(*jobs));
	if (!jobs)
		return kt_error_no_memory();
	for (size_t i = 0; i < sweep->count; i++) {
		jobs[i].row = &sweep->rows[i];
		jobs[i].extras = sweep->extras ? &sweep->extras[i] : NULL;
		(void)kt_robust_head(sweep->rows[i].tid, &jobs[i].head);
	}
	kt_ptrace_read(&engine->config, jobs, sweep->count, sweep);
	kt_ptrace_skip_shared(&engine->config, jobs, sweep->count, &nobody);
	return NULL;
}

static struct kt_error *add_rows(struct stopper *engine, struct kt_sweep *sweep)
{
	KT_TRY(kt_threads_list(engine->config.task_fd, SIZE_MAX, &engine->tids,
			       &sweep->is_target_gone));
	if (engine->config.extras && !kt_sweep_want_extras(sweep))
		return kt_error_no_memory();
	for (size_t i = 0; i < engine->tids.count; i++)
		if (!kt_sweep_add(sweep, engine->tids.tids[i]))
			return kt_error_no_memory();
	return NULL;
}

static struct kt_error *ptrace_sweep(void *ctx, struct kt_sweep *sweep)
{
	struct stopper *engine = ctx;

	KT_TRY(add_rows(engine, sweep));
	/* Before the stops: afterwards each thread would be found running. */
	struct kt_describe describe = {
		.task_fd = engine->config.task_fd,
		.extras = engine->config.extras,
		.sweep = sweep,
	};
	kt_describe_begin(&describe);
	kt_describe_finish(&describe);
	KT_TRY(stop_all(engine, sweep));
	sweep->is_interrupted = *engine->config.stop != 0;
	kt_sweep_trim(sweep, sweep->count);
	return NULL;
}

const struct kt_read_engine kt_ptrace_engine = {
	.name = "ptrace",
	.create = ptrace_create,
	.sweep = ptrace_sweep,
	.destroy = ptrace_destroy,
};
