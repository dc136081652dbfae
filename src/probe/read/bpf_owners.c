/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/bpf_owners.h"

#include <stdlib.h>
#include <string.h>

#include "probe/memory/memory.h"
#include "probe/read/robust.h"

/* include/linux/sched.h */
enum {
	PF_EXITING_BIT = 0x4,
	PF_IO_WORKER_BIT = 0x10,
};

/* How struct pthread lies about a robust list's head, seen in one thread. */
struct pthread_shape {
	bool is_known;
	uint64_t tid_offset; /* of the tid word, from the thread pointer */
};

bool kt_bpf_record_is_ending(const struct kt_bpf_record *record)
{
	return record->flags & PF_EXITING_BIT;
}

static struct kt_error *make_room(struct kt_bpf_owners *owners, size_t count)
{
	size_t cap = owners->table_cap ? owners->table_cap : 64;

	if (count <= owners->cap)
		return NULL;
	while (cap < 2 * count)
		cap *= 2;
	owners->cap = 0;
	free(owners->table);
	owners->table = calloc(cap, sizeof(*owners->table));
	owners->table_cap = owners->table ? cap : 0;
	bool *is_owner = reallocarray(owners->is_owner, cap / 2, sizeof(*is_owner));
	if (is_owner)
		owners->is_owner = is_owner;
	if (!owners->table || !is_owner)
		return kt_error_no_memory();
	owners->cap = cap / 2;
	return NULL;
}

static size_t hash(uint64_t tp, size_t cap)
{
	/* The golden ratio's multiplier: thread pointers differ in few bits (Knuth, 6.4). */
	return (size_t)(tp * 0x9e3779b97f4a7c15ULL >> 20) & (cap - 1);
}

static bool owns_before(const struct kt_bpf_record *left, const struct kt_bpf_record *right)
{
	bool has_left = left->robust_list;
	bool has_right = right->robust_list;

	if (has_left != has_right)
		return has_left;
	return left->start_ns != right->start_ns ? left->start_ns < right->start_ns
						 : left->tid < right->tid;
}

/* Enters the thread in @slot, as the owner of its pointer or not. */
static void enter(struct kt_bpf_owners *owners, const struct kt_bpf_kernel *kernel, size_t slot)
{
	struct kt_bpf_record *record = kt_bpf_record_at(kernel, slot);
	size_t at = hash(record->tp, owners->table_cap);

	for (; owners->table[at]; at = (at + 1) & (owners->table_cap - 1)) {
		size_t other_slot = owners->table[at] - 1;
		struct kt_bpf_record *other = kt_bpf_record_at(kernel, other_slot);
		if (other->tp != record->tp)
			continue;
		bool is_owner = owns_before(record, other);
		owners->is_owner[is_owner ? other_slot : slot] = false;
		(is_owner ? record : other)->is_forced = 1;
		if (is_owner)
			owners->table[at] = (uint32_t)slot + 1;
		return;
	}
	owners->table[at] = (uint32_t)slot + 1;
}

static bool read_tid_word(pid_t pid, uint64_t address, uint32_t *ret)
{
	struct kt_memory memory = kt_memory_of_process(pid);

	return kt_memory_read(&memory, address, ret, sizeof(*ret));
}

static struct pthread_shape find_shape(const struct kt_bpf_kernel *kernel, size_t count, pid_t pid,
				       bool is_same_pid_ns)
{
	for (size_t slot = 0; slot < count; slot++) {
		const struct kt_bpf_record *record = kt_bpf_record_at(kernel, slot);
		uint32_t word;
		uint64_t address = record->robust_list + (uint64_t)(int64_t)KT_ROBUST_TID_OFFSET;
		if (!record->robust_list || kt_bpf_record_is_ending(record))
			continue;
		bool is_known = read_tid_word(pid, address, &word) &&
				(is_same_pid_ns ? word == record->tid : word != 0);
		return (struct pthread_shape){ is_known, address - record->tp };
	}
	return (struct pthread_shape){ 0 };
}

/* Whether a thread without robust list, alone with its pointer, is who its struct pthread says. */
static bool is_own_pthread(const struct pthread_shape *shape, const struct kt_bpf_record *record,
			   pid_t pid, bool is_same_pid_ns)
{
	uint32_t word;

	if (!shape->is_known)
		return true;
	return read_tid_word(pid, record->tp + shape->tid_offset, &word) &&
	       (is_same_pid_ns ? word == record->tid : word != 0);
}

struct kt_error *kt_bpf_owners_find(struct kt_bpf_owners *owners,
				    const struct kt_bpf_kernel *kernel, size_t count, pid_t pid,
				    bool is_same_pid_ns)
{
	struct pthread_shape shape = { 0 };
	bool has_shape = false;

	KT_TRY(make_room(owners, count));
	if (owners->table)
		memset(owners->table, 0, owners->table_cap * sizeof(*owners->table));
	for (size_t slot = 0; slot < count; slot++) {
		struct kt_bpf_record *record = kt_bpf_record_at(kernel, slot);
		record->is_forced = 0;
		owners->is_owner[slot] = !(record->flags & PF_IO_WORKER_BIT);
	}
	for (size_t slot = 0; slot < count; slot++)
		if (!kt_bpf_record_is_ending(kt_bpf_record_at(kernel, slot)))
			enter(owners, kernel, slot);
	for (size_t slot = 0; slot < count; slot++) {
		const struct kt_bpf_record *record = kt_bpf_record_at(kernel, slot);
		if (record->robust_list || !owners->is_owner[slot] || record->is_forced)
			continue;
		if (!has_shape)
			shape = find_shape(kernel, count, pid, is_same_pid_ns);
		has_shape = true;
		owners->is_owner[slot] = is_own_pthread(&shape, record, pid, is_same_pid_ns);
	}
	return NULL;
}

void kt_bpf_owners_deinit(struct kt_bpf_owners *owners)
{
	free(owners->is_owner);
	free(owners->table);
	*owners = (struct kt_bpf_owners){ 0 };
}
