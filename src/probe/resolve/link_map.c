/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/link_map.h"

#include <stddef.h>

#include "probe/resolve/loaded.h"

enum {
	NAMESPACES_MAX = 64 /* glibc has 16 */
};

/* struct r_debug_extended and struct link_map of <link.h>, as a 64-bit target has them. */
struct remote_debug {
	int32_t version;
	uint32_t padding;
	uint64_t map;
	uint64_t brk;
	uint64_t state;
	uint64_t ldbase;
	uint64_t next; /* since version 2 */
};

struct remote_map {
	uint64_t addr;
	uint64_t name;
	uint64_t ld;
	uint64_t next;
};

struct walk {
	const struct kt_memory *memory;
	bool (*visit)(void *ctx, const struct kt_linked *linked);
	void *ctx;
	size_t seen_count;
	char *name; /* of KT_LINK_NAME_MAX bytes */
};

/* Visits one namespace's list; false to stop. */
static bool walk_list(struct walk *walk, uint64_t address)
{
	struct remote_map map;

	for (; address && walk->seen_count < KT_MODULES_MAX; address = map.next) {
		if (!kt_memory_read(walk->memory, address, &map, sizeof(map)))
			return true;
		walk->seen_count++;
		if (!map.name ||
		    !kt_memory_read_text(walk->memory, map.name, walk->name, KT_LINK_NAME_MAX))
			walk->name[0] = '\0';
		struct kt_linked linked = {
			.bias = map.addr,
			.dynamic = map.ld,
			.name = walk->name,
		};
		if (!walk->visit(walk->ctx, &linked))
			return false;
	}
	return true;
}

static bool read_debug(const struct kt_memory *memory, uint64_t address, struct remote_debug *ret)
{
	*ret = (struct remote_debug){ 0 };
	if (!kt_memory_read(memory, address, ret, offsetof(struct remote_debug, next)))
		return false;
	if (ret->version < 2)
		return true;
	return kt_memory_read_u64(memory, address + offsetof(struct remote_debug, next),
				  &ret->next);
}

bool kt_link_map_visit(const struct kt_module *executable, const struct kt_memory *memory,
		       bool (*visit)(void *ctx, const struct kt_linked *linked), void *ctx)
{
	static const int64_t tags[] = { DT_DEBUG };
	char name[KT_LINK_NAME_MAX];
	struct walk walk = { .memory = memory, .visit = visit, .ctx = ctx, .name = name };
	struct remote_debug debug;
	uint64_t address;
	bool has_list = false;

	if (!kt_loaded_dynamic(executable, memory, tags, &address, 1))
		return false;
	for (size_t i = 0; address && i < NAMESPACES_MAX; i++, address = debug.next) {
		if (!read_debug(memory, address, &debug))
			break;
		has_list = has_list || debug.map;
		if (!walk_list(&walk, debug.map))
			break;
	}
	return has_list;
}
