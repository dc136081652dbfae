/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/snapshot.h"

#define PART(type, name_, kind_)                                                        \
	{                                                                               \
		.name = #name_, .kind = (kind_), .offset = offsetof(struct type, name_) \
	}
#define EXTRA(name) PART(kt_thread_extras, name, KT_FIELD_OPT_U64)

static const struct kt_field thread_extras_fields[] = {
	PART(kt_thread_extras, state, KT_FIELD_OPT_TEXT),
	EXTRA(cpu),
	EXTRA(utime_ns),
	EXTRA(stime_ns),
	EXTRA(run_ns),
	EXTRA(run_delay_ns),
	EXTRA(voluntary_switches),
	EXTRA(involuntary_switches),
	EXTRA(tcache_bytes),
	{ 0 },
};

static const struct kt_record thread_extras_record = {
	.size = sizeof(struct kt_thread_extras),
	.fields = thread_extras_fields,
};

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
	{ .name = "(extras)",
	  .kind = KT_FIELD_OPT_PART,
	  .offset = offsetof(struct kt_thread, extras),
	  .record = &thread_extras_record },
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

static const struct kt_field skipped_fields[] = {
	PART(kt_skipped_thread, tid, KT_FIELD_U32),
	PART(kt_skipped_thread, comm, KT_FIELD_OPT_TEXT),
	PART(kt_skipped_thread, start_time_jiffies, KT_FIELD_OPT_U64),
	PART(kt_skipped_thread, reason, KT_FIELD_TEXT),
	{ 0 },
};

const struct kt_record kt_skipped_thread_record = {
	.size = sizeof(struct kt_skipped_thread),
	.fields = skipped_fields,
};

#define SNAPSHOT_EXTRA(name) PART(kt_snapshot_extras, name, KT_FIELD_OPT_U64)

static const struct kt_field snapshot_extras_fields[] = {
	SNAPSHOT_EXTRA(duration_ns),
	SNAPSHOT_EXTRA(read_calls),
	SNAPSHOT_EXTRA(stopped_threads),
	SNAPSHOT_EXTRA(longest_stop_ns),
	PART(kt_snapshot_extras, partial, KT_FIELD_OPT_BOOL),
	SNAPSHOT_EXTRA(rss_bytes),
	SNAPSHOT_EXTRA(jemalloc_active_bytes),
	SNAPSHOT_EXTRA(arenas),
	{ 0 },
};

const struct kt_record kt_snapshot_extras_record = {
	.size = sizeof(struct kt_snapshot_extras),
	.fields = snapshot_extras_fields,
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
	{ .name = "skipped",
	  .kind = KT_FIELD_OPT_RECORDS,
	  .offset = offsetof(struct kt_snapshot, skipped),
	  .count_offset = offsetof(struct kt_snapshot, skipped_count),
	  .record = &kt_skipped_thread_record },
	{ .name = "(extras)",
	  .kind = KT_FIELD_OPT_PART,
	  .offset = offsetof(struct kt_snapshot, extras),
	  .record = &kt_snapshot_extras_record },
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
