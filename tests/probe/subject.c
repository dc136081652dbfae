/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probe/subject.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "probe/read/robust.h"
#include "tests/unit.h"

void subject_start(struct subject *subject, size_t threads, const char *mode)
{
	char path[64];
	uint64_t tp;

	*subject = (struct subject){ 0 };
	target_start(&subject->target, KT_TARGET, threads, mode);
	(void)snprintf(path, sizeof(path), "/proc/%d/task", subject->target.pid);
	subject->task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(subject->task_fd, 0);
	/* The first thread that is listed is the main one, as is the first that was published. */
	ck_assert_uint_eq(kt_robust_sample(subject->target.pid, subject->task_fd, &tp, 1), 1);
	subject->config = (struct kt_read_config){
		.pid = subject->target.pid,
		.task_fd = subject->task_fd,
		.is_same_pid_ns = true,
		.stop = &subject->stop,
		.place = {
			.access = KT_TLS_TP_OFFSET,
			.tp_offset = (int64_t)(subject->target.truths[0].address - tp),
			.span_bytes = 24,
		},
	};
}

void subject_stop(struct subject *subject)
{
	(void)close(subject->task_fd);
	target_stop(&subject->target);
}

const struct truth *subject_truth(const struct subject *subject, pid_t tid)
{
	for (size_t i = 0; i < subject->target.truth_count; i++)
		if (subject->target.truths[i].tid == tid)
			return &subject->target.truths[i];
	return NULL;
}

/* Fails unless the rows are the target's threads, all of them, exact to the byte. */
void expect_truth(const struct subject *subject, const struct kt_sweep *sweep)
{
	ck_assert_uint_eq(sweep->count, subject->target.truth_count);
	for (size_t i = 0; i < sweep->count; i++) {
		const struct kt_row *row = &sweep->rows[i];
		const struct truth *truth = subject_truth(subject, row->tid);
		ck_assert_ptr_nonnull(truth);
		ck_assert_int_eq(row->state, KT_ROW_OK);
		ck_assert_uint_eq(row->allocated_bytes, truth->allocated);
		ck_assert_uint_eq(row->deallocated_bytes, truth->deallocated);
		ck_assert(row->has_start_time);
		ck_assert_str_eq(row->comm, "target");
	}
}

/* One sweep by a new engine; the caller calls kt_sweep_deinit(). */
void sweep_once(const struct kt_read_engine *engine, const struct subject *subject,
		struct kt_sweep *sweep)
{
	void *state;

	KT_OK(engine->create(&subject->config, &state));
	KT_OK(engine->sweep(state, sweep));
	engine->destroy(state);
}

void expect_same_rows(const struct kt_sweep *left, const struct kt_sweep *right)
{
	ck_assert_uint_eq(left->count, right->count);
	for (size_t i = 0; i < left->count; i++)
		ck_assert_mem_eq(&left->rows[i], &right->rows[i], sizeof(left->rows[i]));
}
