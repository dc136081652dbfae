/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "probe/read/engine.h"
#include "probe/read/ptrace.h"
#include "probe/read/remote.h"
#include "probe/read/robust.h"
#include "probe/read/threads.h"

enum {
	CHUNK_THREADS = 256,   /* two iovecs each; the kernel takes 1024 at once */
	CALIBRATE_TRIES = 4,   /* threads that may end under our hands */
	NEWBORN_TRIES = 20,    /* rounds for a thread to register its list ... */
	NEWBORN_WAIT_US = 100, /* ... of this length */
	TID_BYTES = sizeof(pid_t),
};

struct readv {
	struct kt_read_config config;
	bool has_delta;
	int64_t delta; /* from a thread pointer to its robust list's head */
	unsigned calibrate_tries;
	uint32_t record_bytes; /* counters and tid word of one thread */
	char *records;
	uint64_t heads[CHUNK_THREADS];
	struct kt_row *rows[CHUNK_THREADS];
	struct iovec remote[2 * CHUNK_THREADS];
	struct kt_tids tids;
};

static struct kt_error *readv_create(const struct kt_read_config *config, void **ret)
{
	struct readv *engine = malloc(sizeof(*engine));
	if (!engine)
		return kt_error_no_memory();
	engine->config = *config;
	engine->has_delta = false;
	engine->delta = 0;
	engine->calibrate_tries = 0;
	engine->tids = (struct kt_tids){ 0 };
	engine->record_bytes = config->place.span_bytes + TID_BYTES;
	engine->records = malloc((size_t)engine->record_bytes * CHUNK_THREADS);
	if (!engine->records) {
		free(engine);
		return kt_error_no_memory();
	}
	*ret = engine;
	return NULL;
}

static void readv_destroy(void *ctx)
{
	struct readv *engine = ctx;

	if (engine) {
		free(engine->records);
		kt_tids_deinit(&engine->tids);
	}
	free(engine);
}

static bool calibrate(struct readv *engine, uint64_t head)
{
	if (!engine->has_delta && engine->calibrate_tries < CALIBRATE_TRIES) {
		engine->calibrate_tries++;
		engine->has_delta = kt_robust_calibrate(engine->config.pid, head, &engine->delta);
	}
	return engine->has_delta;
}

/* Puts a thread into the batch at @slot; false if it is judged already or must wait. */
static bool prepare(struct readv *engine, struct kt_row *row, size_t slot)
{
	uint64_t head = 0;
	uint64_t address;

	int failure = kt_robust_head(row->tid, &head);
	if (failure == ESRCH)
		kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_ENDED, 0);
	if (failure || !head || !calibrate(engine, head))
		return false;
	uint64_t tp = head - (uint64_t)engine->delta;
	if (!kt_remote_address(&engine->config, tp, row, &address))
		return false;
	engine->rows[slot] = row;
	engine->heads[slot] = head;
	engine->remote[2 * slot] = (struct iovec){
		(void *)(uintptr_t)address,
		engine->config.place.span_bytes,
	};
	engine->remote[2 * slot + 1] = (struct iovec){
		(void *)(uintptr_t)(head + (uint64_t)(int64_t)KT_ROBUST_TID_OFFSET),
		TID_BYTES,
	};
	return true;
}

/* Whether the thread still has the list at the place where we read. */
static bool is_still_there(pid_t tid, uint64_t head)
{
	uint64_t now = 0;

	return !kt_robust_head(tid, &now) && now == head;
}

/*
 * Judges one complete record.  Memory of a thread that ended stays mapped with stale counters, or
 * serves another thread: the tid word tells.  In another pid namespace its number is not ours, so
 * there the list must still be in its place after the read.
 */
static void judge(struct readv *engine, size_t slot)
{
	const char *record = engine->records + slot * engine->record_bytes;
	uint32_t span_bytes = engine->config.place.span_bytes;
	struct kt_row *row = engine->rows[slot];
	pid_t word;

	memcpy(&word, record + span_bytes, sizeof(word));
	bool is_owner = engine->config.is_same_pid_ns
				? word == row->tid
				: word && is_still_there(row->tid, engine->heads[slot]);
	if (is_owner)
		kt_remote_take(row, record, span_bytes);
	else if (!word || !is_still_there(row->tid, engine->heads[slot]))
		kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_ENDED,
			    (uint64_t)(uintptr_t)engine->remote[2 * slot].iov_base);
	/* else: a live thread whose C library keeps no tid there; it stays pending */
}

/* Judges a record that was read in part (@got bytes of it) or not at all, with @failure. */
static void judge_hole(struct readv *engine, size_t slot, size_t got, int failure)
{
	struct kt_row *row = engine->rows[slot];
	uint64_t address = (uint64_t)(uintptr_t)engine->remote[2 * slot].iov_base;

	if (!is_still_there(row->tid, engine->heads[slot]))
		kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_ENDED, address);
	else if (got)
		kt_row_fail(row, KT_ROW_PROCESS_VM_READV, KT_CAUSE_SHORT, address);
	else
		kt_row_fail_errno(row, KT_ROW_PROCESS_VM_READV, failure, address);
}

/*
 * Reads the first @count slots.  The kernel stops at the first hole and tells how many bytes it
 * copied (an iovec may be cut), so: judge what came, skip the one with the hole, go on behind it.
 */
static void read_slots(struct readv *engine, size_t count, struct kt_sweep *sweep)
{
	size_t size = engine->record_bytes;

	for (size_t at = 0; at < count;) {
		struct iovec local = { engine->records + at * size, (count - at) * size };
		ssize_t got = process_vm_readv(engine->config.pid, &local, 1,
					       engine->remote + 2 * at, 2 * (count - at), 0);
		int failure = got < 0 ? errno : EFAULT;
		size_t bytes = got < 0 ? 0 : (size_t)got;
		size_t end = at + bytes / size;

		sweep->read_calls++;
		for (; at < end; at++)
			judge(engine, at);
		if (at == count)
			return;
		sweep->is_target_gone |= failure == ESRCH;
		judge_hole(engine, at++, bytes % size, failure);
	}
}

static void read_chunk(struct readv *engine, struct kt_row *rows, size_t count,
		       struct kt_sweep *sweep)
{
	size_t slots = 0;

	for (size_t i = 0; i < count; i++)
		if (rows[i].state == KT_ROW_PENDING && prepare(engine, &rows[i], slots))
			slots++;
	read_slots(engine, slots, sweep);
}

/* Reads all pending rows; false when the stop flag ended it. */
static bool read_pending(struct readv *engine, struct kt_sweep *sweep)
{
	for (size_t at = 0; at < sweep->count; at += CHUNK_THREADS) {
		size_t left = sweep->count - at;
		if (*engine->config.stop)
			return false;
		read_chunk(engine, sweep->rows + at, left < CHUNK_THREADS ? left : CHUNK_THREADS,
			   sweep);
	}
	return true;
}

static size_t count_pending(const struct kt_sweep *sweep)
{
	size_t pending = 0;

	for (size_t i = 0; i < sweep->count; i++)
		pending += sweep->rows[i].state == KT_ROW_PENDING;
	return pending;
}

/*
 * A thread in its first microseconds has not registered its list yet: a few short rounds spare
 * it the stop.  Only threads without list are worth the wait.
 */
static bool await_newborns(struct readv *engine, struct kt_sweep *sweep)
{
	struct timespec pause = { .tv_nsec = NEWBORN_WAIT_US * 1000 };

	for (int i = 0; i < NEWBORN_TRIES && engine->has_delta && count_pending(sweep); i++) {
		(void)ppoll(NULL, 0, &pause, NULL);
		if (!read_pending(engine, sweep))
			return false;
	}
	return true;
}

/* The thread pointers of all rows that were read without a stop. */
static struct kt_error *collect_known(const struct readv *engine, const struct kt_sweep *sweep,
				      struct kt_known_tps *ret)
{
	ret->count = 0;
	ret->tps = malloc(sweep->count * sizeof(*ret->tps));
	if (!ret->tps)
		return kt_error_no_memory();
	for (size_t i = 0; i < sweep->count; i++) {
		uint64_t head = 0;
		if (sweep->rows[i].state == KT_ROW_OK && engine->has_delta &&
		    !kt_robust_head(sweep->rows[i].tid, &head) && head)
			ret->tps[ret->count++] = head - (uint64_t)engine->delta;
	}
	return NULL;
}

/* Learns the distance from one stopped thread that has a robust list (aarch64 needs this). */
static void calibrate_by_stop(struct readv *engine, struct kt_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		struct kt_ptrace_job job = { .row = &sweep->rows[i] };
		uint64_t head = 0;
		if (job.row->state != KT_ROW_PENDING || kt_robust_head(job.row->tid, &head) ||
		    !head)
			continue;
		kt_ptrace_read(&engine->config, &job, 1, sweep);
		if (!job.thread_pointer)
			return;
		engine->delta = (int64_t)(head - job.thread_pointer);
		engine->has_delta = true;
		return;
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
			jobs[count++].row = &sweep->rows[i];
	KT_TRY(collect_known(engine, sweep, &known));
	kt_ptrace_read(&engine->config, jobs, count, sweep);
	kt_ptrace_skip_shared(jobs, count, &known);
	free(known.tps);
	return NULL;
}

static struct kt_error *read_rows(struct readv *engine, struct kt_sweep *sweep)
{
	engine->calibrate_tries = 0;
	if (!read_pending(engine, sweep) || !count_pending(sweep))
		return NULL;
	if (!engine->has_delta) {
		calibrate_by_stop(engine, sweep);
		if (engine->has_delta && !read_pending(engine, sweep))
			return NULL;
	}
	if (!await_newborns(engine, sweep))
		return NULL;
	size_t pending = count_pending(sweep);
	return pending ? stop_pending(engine, sweep, pending) : NULL;
}

static struct kt_error *readv_sweep(void *ctx, struct kt_sweep *sweep)
{
	struct readv *engine = ctx;

	KT_TRY(kt_threads_begin_sweep(engine->config.task_fd, &engine->tids, sweep));
	KT_TRY(read_rows(engine, sweep));
	sweep->is_interrupted = *engine->config.stop != 0;
	kt_sweep_trim(sweep, sweep->count);
	kt_threads_name(engine->config.task_fd, sweep->rows, sweep->count);
	return NULL;
}

const struct kt_read_engine kt_readv_engine = {
	.name = "readv",
	.create = readv_create,
	.sweep = readv_sweep,
	.destroy = readv_destroy,
};
