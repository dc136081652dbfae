/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/read/describe.h"
#include "probe/read/engine.h"
#include "probe/read/ptrace.h"
#include "probe/read/reader.h"
#include "probe/read/robust.h"
#include "probe/read/table.h"
#include "probe/read/tcache.h"
#include "probe/read/threads.h"

/*
 * How far a sweep may be behind.  The threads are listed anew when their number changed, when a
 * thread is not where it was, and else once in LIST_NS.  Names and start times are read anew one
 * thread after the other, so that all are within NAME_NS; but one costs as much as the counters of
 * some 15 threads, so no sweep reads more than NAMES_MIN of them or one in NAMES_SHARE.  A counter
 * that went backwards makes them be read at once.
 */
#define LIST_NS	  KT_NS_PER_SEC
#define NAME_NS	  KT_NS_PER_SEC
#define SHARED_NS KT_NS_PER_SEC /* how long a shared thread pointer is believed in */

enum {
	NAMES_MIN = 64,
	NAMES_SHARE = 64,
	NEWBORN_TRIES = 20,    /* rounds for a thread to register its list ... */
	NEWBORN_WAIT_US = 100, /* ... of this length */
};

struct readv {
	struct kt_read_config config;
	struct kt_tids tids;
	struct kt_table table;
	struct kt_reader reader;
	uint64_t begin_ns;   /* of the sweep under way */
	uint64_t listed_ns;  /* 0: never */
	size_t thread_count; /* before they were listed */
	pid_t named_tid;     /* the last one whose name was refreshed in turn */
};

static struct kt_error *readv_create(const struct kt_read_config *config, void **ret)
{
	kt_autofree struct readv *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return kt_error_no_memory();
	engine->config = *config;
	if (config->is_repeated && config->extras & (KT_EXTRA_CPU | KT_EXTRA_SCHED)) {
		engine->table.keeps_files = true;
		atomic_init(&engine->table.files_left, kt_thread_files_limit());
	}
	KT_TRY(kt_reader_init(&engine->reader, &engine->config, &engine->table));
	*ret = KT_TAKE(engine);
	return NULL;
}

static void readv_destroy(void *ctx)
{
	struct readv *engine = ctx;

	if (!engine)
		return;
	kt_reader_deinit(&engine->reader);
	kt_table_deinit(&engine->table);
	kt_tids_deinit(&engine->tids);
	free(engine);
}

static bool must_list(const struct readv *engine)
{
	return !engine->config.is_repeated || !engine->listed_ns ||
	       engine->begin_ns - engine->listed_ns >= LIST_NS || !engine->thread_count ||
	       kt_threads_count(engine->config.task_fd) != engine->thread_count;
}

static struct kt_error *list_threads(struct readv *engine, struct kt_sweep *sweep)
{
	if (engine->config.is_repeated)
		engine->thread_count = kt_threads_count(engine->config.task_fd);
	engine->listed_ns = engine->begin_ns;
	KT_TRY(kt_threads_list(engine->config.task_fd, SIZE_MAX, &engine->tids,
			       &sweep->is_target_gone));
	return kt_table_merge(&engine->table, &engine->tids);
}

static void copy_name(const struct kt_thread *thread, struct kt_row *row)
{
	memcpy(row->comm, thread->comm, sizeof(row->comm));
	row->has_start_time = thread->has_start_time;
	row->start_time_jiffies = thread->start_time_jiffies;
}

/* The first thread whose number is above @tid; 0 if there is none. */
static size_t find_above(const struct kt_table *table, pid_t tid)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->threads[i].tid > tid)
			return i;
	return 0;
}

/* How many names a sweep reads anew, @since_ns after the one before. */
static size_t count_due(size_t thread_count, uint64_t since_ns)
{
	size_t most = thread_count / NAMES_SHARE;

	if (most < NAMES_MIN)
		most = NAMES_MIN;
	if (since_ns >= NAME_NS)
		return most;
	size_t due = 1 + (size_t)(since_ns * thread_count / NAME_NS);
	return due < most ? due : most;
}

/* Lets the names of as many threads be read anew as are due. */
static void refresh_names(struct readv *engine, struct kt_sweep *sweep, uint64_t since_ns)
{
	const struct kt_table *table = &engine->table;
	size_t due = count_due(table->count, since_ns);

	if (!table->count)
		return;
	size_t at = find_above(table, engine->named_tid);
	for (size_t i = 0; i < due && i < table->count; i++, at++) {
		if (at == table->count)
			at = 0;
		sweep->rows[at].has_start_time = false;
		engine->named_tid = table->threads[at].tid;
	}
}

/* Makes the sweep's rows those of the table, with the names that are known. */
static struct kt_error *add_rows(struct readv *engine, struct kt_sweep *sweep)
{
	const struct kt_table *table = &engine->table;

	sweep->count = 0;
	if (engine->config.extras && !kt_sweep_want_extras(sweep))
		return kt_error_no_memory();
	for (size_t i = 0; i < table->count; i++) {
		if (!kt_sweep_add(sweep, table->threads[i].tid))
			return kt_error_no_memory();
		copy_name(&table->threads[i], &sweep->rows[i]);
	}
	return NULL;
}

static size_t count_pending(const struct kt_sweep *sweep)
{
	size_t pending = 0;

	for (size_t i = 0; i < sweep->count; i++)
		pending += sweep->rows[i].state == KT_ROW_PENDING;
	return pending;
}

static bool has_newborns(const struct readv *engine, const struct kt_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->rows[i].state == KT_ROW_PENDING && !engine->table.threads[i].was_awaited)
			return true;
	return false;
}

/*
 * A thread in its first microseconds has not registered its list yet: a few short rounds spare
 * it the stop.  Each thread is waited for once.  False when the stop flag ended it.
 */
static bool await_newborns(struct readv *engine, struct kt_sweep *sweep)
{
	struct timespec pause = { .tv_nsec = NEWBORN_WAIT_US * 1000 };

	if (!engine->reader.has_delta)
		return true;
	for (int i = 0; i < NEWBORN_TRIES && has_newborns(engine, sweep); i++) {
		(void)ppoll(NULL, 0, &pause, NULL);
		if (!kt_reader_read_pending(&engine->reader))
			return false;
	}
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->rows[i].state == KT_ROW_PENDING)
			engine->table.threads[i].was_awaited = true;
	return true;
}

/*
 * On a busy machine a thread may wait long for its first instructions.  A thread of glibc registers
 * its list before it does anything else, so until then it has not used the allocator, and is not
 * stopped for that.  Where no thread has a list (another C library) nothing follows from its lack.
 */
static void spare_newborns(struct readv *engine, struct kt_sweep *sweep)
{
	if (!engine->reader.has_delta)
		return;
	for (size_t i = 0; i < sweep->count; i++) {
		struct kt_row *row = &sweep->rows[i];
		if (row->state != KT_ROW_PENDING ||
		    !kt_describe_is_newborn(engine->config.task_fd, row->tid))
			continue;
		row->state = KT_ROW_SKIPPED;
		row->cause = KT_CAUSE_NEWBORN;
	}
}

/* The thread pointers that are known without a stop. */
static struct kt_error *collect_known(const struct readv *engine, struct kt_known_tps *ret)
{
	const struct kt_table *table = &engine->table;

	*ret = (struct kt_known_tps){
		.has_delta = engine->reader.has_delta,
		.delta = (uint64_t)engine->reader.delta,
	};
	ret->tps = malloc((table->count + 1) * sizeof(*ret->tps));
	if (!ret->tps)
		return kt_error_no_memory();
	for (size_t i = 0; i < table->count; i++)
		if (table->threads[i].head)
			ret->tps[ret->count++] =
				kt_reader_thread_pointer(&engine->reader, &table->threads[i]);
	return NULL;
}

static struct kt_ptrace_job make_job(const struct kt_sweep *sweep, size_t index)
{
	struct kt_ptrace_job job = {
		.row = &sweep->rows[index],
		.extras = sweep->extras ? &sweep->extras[index] : NULL,
	};

	(void)kt_robust_head(job.row->tid, &job.head);
	return job;
}

/* Learns the distance from one stopped thread that has a robust list (aarch64 needs this). */
static void calibrate_by_stop(struct readv *engine, struct kt_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		if (sweep->rows[i].state != KT_ROW_PENDING)
			continue;
		struct kt_ptrace_job job = make_job(sweep, i);
		if (!job.head)
			continue;
		kt_ptrace_read(&engine->config, &job, 1, sweep);
		if (job.thread_pointer)
			kt_reader_learn(&engine->reader, job.thread_pointer, job.head);
		return;
	}
}

/* What stops have shown is kept, so that the next sweep needs none. */
static void learn_from_stops(struct readv *engine, const struct kt_sweep *sweep,
			     const struct kt_ptrace_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct kt_row *row = jobs[i].row;
		struct kt_thread *thread = &engine->table.threads[row - sweep->rows];
		if (row->state == KT_ROW_OK)
			kt_reader_adopt(&engine->reader, thread, jobs[i].thread_pointer);
		else if (row->state == KT_ROW_SKIPPED && row->cause == KT_CAUSE_SHARED_TP)
			thread->shared_ns = engine->begin_ns;
	}
}

/* Stops the threads that are still pending, window by window. */
static struct kt_error *stop_pending(struct readv *engine, struct kt_sweep *sweep, size_t pending)
{
	struct kt_known_tps known = { 0 };
	size_t count = 0;

	kt_autofree struct kt_ptrace_job *jobs = calloc(pending, sizeof(*jobs));
	if (!jobs)
		return kt_error_no_memory();
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->rows[i].state == KT_ROW_PENDING)
			jobs[count++] = make_job(sweep, i);
	KT_TRY(collect_known(engine, &known));
	kt_ptrace_read(&engine->config, jobs, count, sweep);
	kt_ptrace_skip_shared(&engine->config, jobs, count, &known);
	learn_from_stops(engine, sweep, jobs, count);
	free(known.tps);
	return NULL;
}

/*
 * Judges pending rows that need no stop: a thread that shared another's pointer a moment ago, and a
 * main thread that ended before the others (it stays listed, and cannot be stopped).
 */
static void judge_pending(struct readv *engine, struct kt_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		struct kt_row *row = &sweep->rows[i];
		uint64_t shared_ns = engine->table.threads[i].shared_ns;
		if (row->state != KT_ROW_PENDING)
			continue;
		if (shared_ns && engine->begin_ns - shared_ns < SHARED_NS) {
			row->state = KT_ROW_SKIPPED;
			row->cause = KT_CAUSE_SHARED_TP;
		} else if (row->tid == engine->config.pid &&
			   kt_describe_has_ended(engine->config.task_fd, row->tid)) {
			kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_ENDED, 0);
		}
	}
}

static struct kt_error *read_rows(struct readv *engine, struct kt_sweep *sweep)
{
	struct kt_reader *reader = &engine->reader;

	kt_reader_begin(reader, sweep);
	if (!kt_reader_read_pending(reader) || !count_pending(sweep))
		return NULL;
	if (!reader->has_delta) {
		calibrate_by_stop(engine, sweep);
		if (reader->has_delta && !kt_reader_read_pending(reader))
			return NULL;
	}
	judge_pending(engine, sweep);
	if (!await_newborns(engine, sweep))
		return NULL;
	spare_newborns(engine, sweep);
	size_t pending = count_pending(sweep);
	return pending ? stop_pending(engine, sweep, pending) : NULL;
}

/* Keeps the names that were read; fills in those that could not be. */
static void keep_names(struct readv *engine, const struct kt_describe *describe)
{
	for (size_t i = 0; i < engine->table.count; i++) {
		struct kt_thread *thread = &engine->table.threads[i];
		struct kt_row *row = &describe->sweep->rows[i];
		if (thread->is_suspect) {
			thread->comm[0] = '\0';
			thread->has_start_time = false;
			copy_name(thread, row);
			kt_describe_again(describe, i);
			thread->is_suspect = !row->has_start_time;
		}
		if (!row->has_start_time) {
			copy_name(thread, row);
			continue;
		}
		memcpy(thread->comm, row->comm, sizeof(thread->comm));
		thread->has_start_time = true;
		thread->start_time_jiffies = row->start_time_jiffies;
	}
}

/* One try at a sweep of the threads that are in the table. */
static struct kt_error *read_table(struct readv *engine, struct kt_sweep *sweep, uint64_t since_ns)
{
	KT_TRY(add_rows(engine, sweep));
	refresh_names(engine, sweep, since_ns);
	struct kt_describe describe = {
		.task_fd = engine->config.task_fd,
		.extras = engine->config.extras,
		.sweep = sweep,
		.files = engine->table.files,
		.files_left = &engine->table.files_left,
	};
	kt_describe_begin(&describe);
	struct kt_error *err = read_rows(engine, sweep);
	kt_describe_finish(&describe);
	KT_TRY(err);
	keep_names(engine, &describe);
	return NULL;
}

/*
 * A thread that is not where it was shows that the listing is old: whoever ended since then is no
 * thread of this sweep, and others may have been born.  So it is done again, once.
 */
static struct kt_error *readv_sweep(void *ctx, struct kt_sweep *sweep)
{
	struct readv *engine = ctx;
	uint64_t before_ns = engine->begin_ns;

	engine->begin_ns = kt_clock_mono_ns();
	uint64_t since_ns = engine->begin_ns - before_ns;
	bool is_fresh = must_list(engine);
	if (is_fresh)
		KT_TRY(list_threads(engine, sweep));
	KT_TRY(read_table(engine, sweep, since_ns));
	if (engine->reader.has_mismatch && !is_fresh) {
		KT_TRY(list_threads(engine, sweep));
		KT_TRY(read_table(engine, sweep, 0));
	}
	if (engine->config.extras & KT_EXTRA_TCACHE)
		kt_reader_read_caches(&engine->reader);
	sweep->is_interrupted = *engine->config.stop != 0;
	kt_sweep_trim(sweep, sweep->count);
	return NULL;
}

const struct kt_read_engine kt_readv_engine = {
	.name = "readv",
	.create = readv_create,
	.sweep = readv_sweep,
	.destroy = readv_destroy,
};
