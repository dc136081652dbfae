/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/sample.h"

#include <signal.h>

#include "probe/read/ptrace.h"
#include "probe/read/robust.h"

/* The thread pointer of the main thread, which is stopped for it; 0 if it was not learned. */
static uint64_t stop_main_thread(const struct kt_target *target, uint64_t *stop_count)
{
	const volatile sig_atomic_t never = 0;
	/* What is read there is of no interest. */
	struct kt_read_config config = {
		.pid = target->pid,
		.task_fd = target->task_fd,
		.stop = &never,
		.place = { .access = KT_TLS_TP_OFFSET, .span_bytes = 2 * sizeof(uint64_t) },
	};
	struct kt_row row = { .tid = target->pid };
	struct kt_ptrace_job job = { .row = &row };
	struct kt_sweep sweep = { 0 };

	kt_ptrace_read(&config, &job, 1, &sweep);
	*stop_count += sweep.stop_count;
	return job.thread_pointer;
}

size_t kt_sample_thread_pointers(const struct kt_target *target, uint64_t *ret, size_t max,
				 uint64_t *stop_count)
{
	size_t count = kt_robust_sample(target->pid, target->task_fd, ret, max);

	if (count || !max)
		return count;
	ret[0] = stop_main_thread(target, stop_count);
	return ret[0] ? 1 : 0;
}
