/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/engine_use.h"

#include <stdio.h>

#include "probe/read/threads.h"

static struct kt_error *start(struct kt_engine_use *use, const struct kt_read_engine *engine)
{
	KT_TRY(engine->create(&use->config, &use->state));
	use->engine = engine;
	return NULL;
}

/* Goes over to readv, and says why; @err is what stands against BPF. */
static struct kt_error *start_instead(struct kt_engine_use *use, const char *what,
				      struct kt_error *err)
{
	(void)snprintf(use->reason, sizeof(use->reason), "%s: %s", what, kt_error_message(err));
	kt_error_destroy(err);
	return start(use, &kt_readv_engine);
}

static struct kt_error *start_fitting(struct kt_engine_use *use, uint32_t snapshot_count)
{
	bool are_snapshots_many = !snapshot_count || snapshot_count >= KT_ENGINE_BPF_MIN_SNAPSHOTS;

	use->is_choice = true;
	if (!are_snapshots_many &&
	    kt_threads_count(use->config.task_fd) < KT_ENGINE_BPF_MIN_THREADS) {
		(void)snprintf(use->reason, sizeof(use->reason),
			       "fewer than %d snapshots of fewer than %d threads do not pay for "
			       "the set-up of bpf",
			       KT_ENGINE_BPF_MIN_SNAPSHOTS, KT_ENGINE_BPF_MIN_THREADS);
		return start(use, &kt_readv_engine);
	}
	struct kt_error *err = start(use, &kt_bpf_engine);
	if (err)
		return start_instead(use, "bpf cannot be used", err);
	(void)snprintf(use->reason, sizeof(use->reason), "%d %s or more pay for the set-up of bpf",
		       are_snapshots_many ? KT_ENGINE_BPF_MIN_SNAPSHOTS : KT_ENGINE_BPF_MIN_THREADS,
		       are_snapshots_many ? "snapshots" : "threads");
	return NULL;
}

struct kt_error *kt_engine_use_start(const struct kt_probe_settings *settings,
				     const struct kt_read_config *config, struct kt_engine_use *ret)
{
	*ret = (struct kt_engine_use){ .config = *config };
	switch (settings->engine) {
	case KT_ENGINE_READV:
		return start(ret, &kt_readv_engine);
	case KT_ENGINE_BPF:
		return kt_error_wrap(start(ret, &kt_bpf_engine), "--engine bpf");
	case KT_ENGINE_PTRACE:
		return start(ret, &kt_ptrace_engine);
	case KT_ENGINE_AUTO:
		break;
	}
	return start_fitting(ret, settings->snapshot_count);
}

struct kt_error *kt_engine_use_sweep(struct kt_engine_use *use, struct kt_sweep *sweep)
{
	struct kt_error *err = use->engine->sweep(use->state, sweep);

	if (!err || !use->is_choice || use->engine != &kt_bpf_engine ||
	    kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	kt_engine_use_end(use);
	kt_sweep_reset(sweep);
	use->has_changed = true;
	KT_TRY(start_instead(use, "bpf gave up", err));
	return use->engine->sweep(use->state, sweep);
}

void kt_engine_use_end(struct kt_engine_use *use)
{
	if (use->state)
		use->engine->destroy(use->state);
	use->state = NULL;
}
