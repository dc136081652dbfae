/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/snapshot.h"

static const struct kt_field thread_fields[] = {
	{ .name = "tid", .kind = KT_FIELD_U32, .offset = offsetof(struct kt_thread, tid) },
	{ .name = "comm", .kind = KT_FIELD_OPT_TEXT, .offset = offsetof(struct kt_thread, comm) },
	{ .name = "start_time_jiffies",
	  .kind = KT_FIELD_OPT_U64,
	  .offset = offsetof(struct kt_thread, start_time_jiffies) },
	{ .name = "allocated_bytes",
	  .kind = KT_FIELD_OPT_U64,
	  .offset = offsetof(struct kt_thread, allocated_bytes) },
	{ .name = "deallocated_bytes",
	  .kind = KT_FIELD_OPT_U64,
	  .offset = offsetof(struct kt_thread, deallocated_bytes) },
	{ .name = "error", .kind = KT_FIELD_OPT_TEXT, .offset = offsetof(struct kt_thread, error) },
	{ .name = "error_kind",
	  .kind = KT_FIELD_OPT_TEXT,
	  .offset = offsetof(struct kt_thread, error_kind) },
	{ 0 },
};

/* Either counters or an error; deallocated_bytes alone may be missing (contract section 7.5). */
static const char *refuse_thread(const void *record)
{
	const struct kt_thread *thread = record;

	if (!thread->error != !thread->error_kind)
		return "error and error_kind belong together";
	if (thread->error && (thread->allocated_bytes.known || thread->deallocated_bytes.known))
		return "a thread has counters or an error, not both";
	if (!thread->error && !thread->allocated_bytes.known)
		return "a thread without error must have allocated_bytes";
	return NULL;
}

const struct kt_record kt_thread_record = {
	.size = sizeof(struct kt_thread),
	.fields = thread_fields,
	.refuse = refuse_thread,
};

static const struct kt_field snapshot_fields[] = {
	{ .name = "timestamp_unix_sec",
	  .kind = KT_FIELD_U64,
	  .offset = offsetof(struct kt_snapshot, timestamp_unix_sec) },
	{ .name = "elapsed_since_start_ns",
	  .kind = KT_FIELD_U64,
	  .offset = offsetof(struct kt_snapshot, elapsed_since_start_ns) },
	{ .name = "threads",
	  .kind = KT_FIELD_RECORDS,
	  .offset = offsetof(struct kt_snapshot, threads),
	  .count_offset = offsetof(struct kt_snapshot, thread_count),
	  .record = &kt_thread_record },
	{ 0 },
};

const struct kt_record kt_snapshot_record = {
	.size = sizeof(struct kt_snapshot),
	.fields = snapshot_fields,
};

enum kt_thread_lookup kt_snapshot_find_thread(const struct kt_snapshot *snapshot, uint32_t tid,
					      const struct kt_thread **ret_thread)
{
	*ret_thread = NULL;
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct kt_thread *thread = &snapshot->threads[i];

		if (thread->tid != tid)
			continue;
		*ret_thread = thread;
		return thread->allocated_bytes.known ? KT_THREAD_FOUND : KT_THREAD_NO_COUNTERS;
	}
	return KT_THREAD_ABSENT;
}

size_t kt_snapshot_failed_count(const struct kt_snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++)
		count += snapshot->threads[i].error != NULL;
	return count;
}
