/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "probe/read/bpf_load.h"
#include "probe/read/bpf_owners.h"
#include "probe/read/bpf_rows.h"
#include "probe/read/describe.h"
#include "probe/read/engine.h"
#include "probe/read/remote.h"
#include "probe/read/robust.h"
#include "probe/read/tcache.h"
#include "probe/read/threads.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* Inode of the first pid namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h. */
#define FIRST_PID_NS_INODE 0xeffffffcU

enum {
	SPARE_SLOTS = 256,
	SLOTS_MAX = 1 << 22, /* PID_MAX_LIMIT: there are no more threads */
	GROW_TRIES = 8,
};

/* A slot in the order of the threads' numbers. */
struct place {
	uint32_t tid;
	uint32_t slot;
};

struct bpf_engine {
	struct kt_read_config config;
	struct kt_bpf_task task;
	struct kt_bpf_kernel kernel;
	struct kt_bpf_clock clock;
	struct kt_bpf_owners owners;
	size_t owners_count; /* slots that owners is about */
	struct place *places;
	size_t places_cap;
};

/* The kernel's numbers of threads are those of the first pid namespace. */
static struct kt_error *check_pid_ns(void)
{
	struct stat st;

	if (!stat("/proc/self/ns/pid", &st) && st.st_ino != FIRST_PID_NS_INODE)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "the probe is in a pid namespace of its own (a container), "
				       "and a BPF program sees the host's thread numbers");
	return NULL;
}

static struct kt_error *find_task(struct kt_bpf_task *ret)
{
	struct kt_btf btf;
	struct kt_error *err = kt_btf_open(BTF_PATH, KT_BPF_ITERATOR, &btf);

	if (err)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s", kt_error_message(err));
	err = kt_bpf_task_find(&btf, ret);
	kt_btf_deinit(&btf);
	return err;
}

static struct kt_error *load(const struct bpf_engine *engine, size_t thread_count,
			     struct kt_bpf_kernel *ret)
{
	size_t capacity = thread_count + thread_count / 4 + SPARE_SLOTS;
	struct kt_bpf_request request = {
		.task = &engine->task,
		.place = &engine->config.place,
		.pid = engine->config.pid,
		.extras = engine->config.extras,
		.capacity = capacity < SLOTS_MAX ? capacity : SLOTS_MAX,
	};

	if (engine->config.extras & KT_EXTRA_TCACHE)
		request.cache_bytes = kt_tcache_span_bytes(engine->config.internals);
	if (request.cache_bytes)
		request.cache_distance = kt_tcache_address(&engine->config, 0);
	return kt_bpf_load(&request, ret);
}

static struct kt_error *start(struct bpf_engine *engine)
{
	KT_TRY(kt_bpf_may_load());
	KT_TRY(check_pid_ns());
	if (engine->config.place.access == KT_TLS_DTV &&
	    engine->config.place.module > KT_BPF_MODULES_MAX)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "no object has the thread data module number %llu",
				       (unsigned long long)engine->config.place.module);
	KT_TRY(find_task(&engine->task));
	engine->clock = kt_bpf_clock_read();
	return load(engine, kt_threads_count(engine->config.task_fd), &engine->kernel);
}

static void bpf_destroy(void *ctx)
{
	struct bpf_engine *engine = ctx;

	if (!engine)
		return;
	kt_bpf_unload(&engine->kernel);
	kt_bpf_owners_deinit(&engine->owners);
	free(engine->places);
	free(engine);
}

static struct kt_error *bpf_create(const struct kt_read_config *config, void **ret)
{
	struct bpf_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return kt_error_no_memory();
	engine->config = *config;
	engine->kernel = KT_BPF_KERNEL_NONE;
	struct kt_error *err = start(engine);
	if (err) {
		bpf_destroy(engine);
		return err;
	}
	*ret = engine;
	return NULL;
}

/*
 * One walk of the threads.  That of the group is the cheaper one, but ends early when the
 * thread on which it stands ends; then all tasks are walked by number, which skips nobody.
 */
static struct kt_error *walk(struct kt_bpf_kernel *kernel)
{
	if (kernel->group_link_fd >= 0) {
		KT_TRY(kt_bpf_walk(kernel, kernel->group_link_fd));
		if (kernel->header->is_tail || !kernel->header->count)
			return NULL;
	}
	return kt_bpf_walk(kernel, kernel->all_link_fd);
}

/* Walks until there is a slot for each thread. */
static struct kt_error *fill_slots(struct bpf_engine *engine)
{
	for (int i = 0; i < GROW_TRIES; i++) {
		KT_TRY(walk(&engine->kernel));
		size_t count = engine->kernel.header->count;
		if (count <= engine->kernel.capacity)
			return NULL;
		struct kt_bpf_kernel larger;
		KT_TRY(load(engine, count, &larger));
		kt_bpf_unload(&engine->kernel);
		engine->kernel = larger;
		engine->owners_count = 0;
	}
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "the threads become more faster than they can be listed");
}

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	return (left->tid > right->tid) - (left->tid < right->tid);
}

/* Puts the slots into the order of the threads' numbers. */
static struct kt_error *sort_slots(struct bpf_engine *engine, size_t count)
{
	bool is_sorted = true;

	if (count > engine->places_cap) {
		struct place *places =
			reallocarray(engine->places, engine->kernel.capacity, sizeof(*places));
		if (!places)
			return kt_error_no_memory();
		engine->places = places;
		engine->places_cap = engine->kernel.capacity;
	}
	for (size_t slot = 0; slot < count; slot++) {
		uint32_t tid = kt_bpf_record_at(&engine->kernel, slot)->tid;
		engine->places[slot] = (struct place){ tid, (uint32_t)slot };
		is_sorted &= !slot || engine->places[slot - 1].tid < tid;
	}
	if (!is_sorted)
		qsort(engine->places, count, sizeof(*engine->places), compare_places);
	return NULL;
}

/* Thread pointers change hands with the threads only. */
static struct kt_error *find_owners(struct bpf_engine *engine, size_t count)
{
	const struct kt_bpf_header *header = engine->kernel.header;

	if (count == engine->owners_count && !header->changes)
		return NULL;
	engine->owners_count = count;
	return kt_bpf_owners_find(&engine->owners, &engine->kernel, count, engine->config.pid,
				  engine->config.is_same_pid_ns);
}

/* Start times count from the boot as we see it; /proc has the last word on the leader's. */
static void compare_clock(struct bpf_engine *engine, size_t count)
{
	struct kt_row leader = { .tid = engine->config.pid };

	if (engine->clock.is_compared)
		return;
	for (size_t slot = 0; slot < count; slot++) {
		const struct kt_bpf_record *record = kt_bpf_record_at(&engine->kernel, slot);
		if (record->tid != (uint32_t)leader.tid)
			continue;
		kt_describe_row(engine->config.task_fd, &leader);
		engine->clock.is_compared = true;
		engine->clock.is_trusted = leader.has_start_time &&
					   leader.start_time_jiffies ==
						   kt_bpf_start_ticks(&engine->clock, record);
		return;
	}
}

/*
 * Reads the counters in place of those in @record.  A thread that ended since then may have left
 * its stack, and so its thread pointer, to a new one; the kernel has no robust list of it any
 * more since before that.
 */
static void read_again(const struct kt_read_config *config, const struct kt_bpf_record *record,
		       struct kt_row *row, struct kt_extras *extras)
{
	uint64_t head = 0;

	kt_remote_read(config, record->tp, row, extras);
	if (row->state != KT_ROW_OK)
		return;
	if (kt_robust_head(row->tid, &head) || head != record->robust_list) {
		kt_row_fail(row, KT_ROW_BPF_COPY, KT_CAUSE_ENDED, 0);
		if (extras)
			extras->known &= ~(uint32_t)KT_EXTRA_TCACHE;
	}
}

/* The counters of @row from @record, and the extras of the thread. */
static void fill_values(struct bpf_engine *engine, struct kt_bpf_record *record, struct kt_row *row,
			struct kt_extras *extras)
{
	const struct kt_read_config *config = &engine->config;

	kt_bpf_row_fill(config, record, row);
	if (extras)
		kt_bpf_extras_fill(config, &engine->task, &engine->clock, record, row, extras);
	/* Found to be shared only now: another thread may have changed what was left as it was. */
	if (record->is_forced && record->pass != engine->kernel.header->pass) {
		if (extras)
			extras->known &= ~(uint32_t)KT_EXTRA_TCACHE;
		read_again(config, record, row, extras);
	}
}

static void fill_row(struct bpf_engine *engine, uint32_t slot, struct kt_row *row,
		     struct kt_extras *extras)
{
	struct kt_bpf_record *record = kt_bpf_record_at(&engine->kernel, slot);

	kt_threads_take_name(record->comm, strnlen(record->comm, KT_COMM_BYTES), row->comm);
	row->has_start_time = engine->clock.is_trusted;
	if (row->has_start_time)
		row->start_time_jiffies = kt_bpf_start_ticks(&engine->clock, record);
	if (engine->owners.is_owner[slot]) {
		fill_values(engine, record, row, extras);
		return;
	}
	row->state = KT_ROW_SKIPPED;
	row->cause = KT_CAUSE_SHARED_TP;
	if (extras)
		kt_bpf_extras_fill(&engine->config, &engine->task, &engine->clock, record, row,
				   extras);
}

static struct kt_error *make_rows(struct bpf_engine *engine, size_t count, struct kt_sweep *sweep)
{
	bool has_extras = engine->config.extras;

	if (has_extras && !kt_sweep_want_extras(sweep))
		return kt_error_no_memory();
	for (size_t i = 0; i < count; i++) {
		if (!kt_sweep_add(sweep, (pid_t)engine->places[i].tid))
			return kt_error_no_memory();
		fill_row(engine, engine->places[i].slot, &sweep->rows[i],
			 has_extras ? &sweep->extras[i] : NULL);
	}
	return NULL;
}

/* A process that has begun to end in all its threads has given up its memory. */
static bool is_gone(const struct bpf_engine *engine, size_t count)
{
	for (size_t slot = 0; slot < count; slot++)
		if (!kt_bpf_record_is_ending(kt_bpf_record_at(&engine->kernel, slot)))
			return false;
	return true;
}

static struct kt_error *bpf_sweep(void *ctx, struct kt_sweep *sweep)
{
	struct bpf_engine *engine = ctx;

	sweep->is_interrupted = *engine->config.stop != 0;
	if (sweep->is_interrupted)
		return NULL;
	KT_TRY(fill_slots(engine));
	size_t count = engine->kernel.header->count;
	sweep->is_target_gone = is_gone(engine, count);
	KT_TRY(sort_slots(engine, count));
	KT_TRY(find_owners(engine, count));
	compare_clock(engine, count);
	KT_TRY(make_rows(engine, count, sweep));
	sweep->is_interrupted = *engine->config.stop != 0;
	return NULL;
}

const struct kt_read_engine kt_bpf_engine = {
	.name = "bpf",
	.create = bpf_create,
	.sweep = bpf_sweep,
	.destroy = bpf_destroy,
};
