/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/ctl_table.h"

#include <string.h>

#include "base/cleanup.h"

#define NAME "allocatedp" /* ends "deallocatedp" too */

enum {
	CHUNK_BYTES = 128 * 1024,
	SEARCH_BYTES_MAX = 1 << 30, /* are read of one object, whatever its segments say */
	NAMES_MAX = 64,		    /* places of the name that are looked for in tables */
	NODE_WORDS = 5,		    /* ctl_named_node_t */
	NODE_BYTES = NODE_WORDS * 8,
	NEIGHBOURS = 3, /* nodes before and behind that may be of the same table */
	CODE_BYTES = 512,
	OFFSET_MAX = 1 << 16, /* no tsd_s comes near */
};

/* Names in the table of "thread." */
enum name {
	ALLOCATED,
	ALLOCATEDP,
	DEALLOCATED,
	DEALLOCATEDP,
	NAME_COUNT,
};

struct search {
	const struct kt_module *module;
	const struct kt_memory *memory;
	unsigned char *chunk; /* CHUNK_BYTES */
	uint64_t bytes_left;
	uint64_t names[NAMES_MAX];
	size_t name_count;
	enum kt_ctl_status status;
	struct kt_ctl_offsets offsets;
};

/* Looks at the @bytes bytes of a segment that are in the chunk; @at is their address. */
typedef void (*visit_chunk)(struct search *search, uint64_t at, size_t bytes);

/*
 * Reads the file's part of a segment in chunks that overlap by @overlap bytes, up to the first
 * byte that cannot be read, until @visit has found what was searched.
 */
static void visit_segment(struct search *search, const Elf64_Phdr *segment, size_t overlap,
			  visit_chunk visit)
{
	uint64_t start = search->module->bias + segment->p_vaddr;
	uint64_t bytes = segment->p_filesz < search->bytes_left ? segment->p_filesz
								: search->bytes_left;
	uint64_t at = 0;

	while (search->status != KT_CTL_FOUND) {
		size_t want = bytes - at < CHUNK_BYTES ? (size_t)(bytes - at) : CHUNK_BYTES;
		size_t got = search->memory->read(search->memory, start + at, search->chunk, want);
		search->bytes_left -= got < search->bytes_left ? got : search->bytes_left;
		visit(search, start + at, got);
		if (got < want || at + got == bytes)
			return;
		at += got - overlap;
	}
}

/* Notes each place of the name. */
static void visit_names(struct search *search, uint64_t at, size_t bytes)
{
	const unsigned char *chunk = search->chunk;
	const unsigned char *end = chunk + bytes;

	for (const unsigned char *hit = chunk; search->name_count < NAMES_MAX; hit++) {
		hit = memmem(hit, (size_t)(end - hit), NAME, sizeof(NAME));
		if (!hit)
			return;
		search->names[search->name_count++] = at + (uint64_t)(hit - chunk);
	}
}

static bool is_code(const struct kt_module *module, uint64_t address)
{
	for (size_t i = 0; i < module->segment_count; i++) {
		const Elf64_Phdr *segment = &module->segments[i];
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) &&
		    address - (module->bias + segment->p_vaddr) < segment->p_memsz)
			return true;
	}
	return false;
}

/* Whether the five words are a node that names a function, as those of jemalloc do. */
static bool is_node(const struct kt_module *module, const uint64_t node[NODE_WORDS])
{
	return node[0] == 1 && !node[2] && !node[3] && is_code(module, node[4]);
}

/* NAME_COUNT for another name. */
static enum name node_name(const struct kt_memory *memory, const uint64_t node[NODE_WORDS])
{
	static const char *const names[NAME_COUNT] = { "allocated", "allocatedp", "deallocated",
						       "deallocatedp" };
	char text[sizeof("deallocatedp")];
	size_t i = 0;

	if (!kt_memory_read_text(memory, node[1], text, sizeof(text)))
		return NAME_COUNT;
	while (i < NAME_COUNT && strcmp(text, names[i]) != 0)
		i++;
	return (enum name)i;
}

static bool decode_function(const struct search *search, uint64_t address, int64_t *ret)
{
	unsigned char code[CODE_BYTES];

	if (search->module->header.e_machine != EM_X86_64)
		return false;
	size_t got = search->memory->read(search->memory, address, code, sizeof(code));
	return kt_ctl_decode(code, got, ret);
}

static bool are_offsets(int64_t allocated, int64_t deallocated)
{
	return allocated > 0 && deallocated <= OFFSET_MAX && allocated % 8 == 0 &&
	       (deallocated == allocated + 8 || deallocated == allocated + 16);
}

/* Whether the function of a value agrees with the one of its address; it may be unclear. */
static bool confirm(const struct search *search, uint64_t function, int64_t offset,
		    bool *is_confirmed)
{
	int64_t value;

	*is_confirmed = function && decode_function(search, function, &value);
	return !*is_confirmed || value == offset;
}

/* Decodes the functions of one table, by name; 0 for a name that it does not have. */
static void decode_table(struct search *search, const uint64_t functions[NAME_COUNT])
{
	int64_t allocated;
	int64_t deallocated;
	bool confirmed[2];

	search->status = KT_CTL_NO_DECODE;
	if (!decode_function(search, functions[ALLOCATEDP], &allocated) ||
	    !decode_function(search, functions[DEALLOCATEDP], &deallocated) ||
	    !are_offsets(allocated, deallocated) ||
	    !confirm(search, functions[ALLOCATED], allocated, &confirmed[0]) ||
	    !confirm(search, functions[DEALLOCATED], deallocated, &confirmed[1]))
		return;
	search->offsets = (struct kt_ctl_offsets){
		.allocated = (uint64_t)allocated,
		.deallocated = (uint64_t)deallocated,
		.is_confirmed = confirmed[0] && confirmed[1],
	};
	search->status = KT_CTL_FOUND;
}

/* The nodes around the one at @address, which points at the name: are they jemalloc's? */
static void visit_table(struct search *search, uint64_t address)
{
	uint64_t functions[NAME_COUNT + 1] = { 0 };

	for (int i = -NEIGHBOURS; i <= NEIGHBOURS; i++) {
		uint64_t node[NODE_WORDS];
		uint64_t at = address + (uint64_t)(int64_t)(i * NODE_BYTES);
		if (!kt_memory_read(search->memory, at, node, sizeof(node)) ||
		    !is_node(search->module, node))
			continue;
		functions[node_name(search->memory, node)] = node[4];
	}
	if (functions[ALLOCATEDP] && functions[DEALLOCATEDP])
		decode_table(search, functions);
}

static bool is_name(const struct search *search, uint64_t word)
{
	for (size_t i = 0; i < search->name_count; i++)
		if (search->names[i] == word)
			return true;
	return false;
}

/* Looks for nodes that point at a name.  Segments and nodes are aligned to 8 bytes. */
static void visit_nodes(struct search *search, uint64_t at, size_t bytes)
{
	uint64_t lowest = search->names[0];
	uint64_t span = search->names[search->name_count - 1] - lowest;

	for (size_t i = (size_t)(-at & 7); i + NODE_BYTES <= bytes; i += 8) {
		uint64_t word;
		memcpy(&word, search->chunk + i + 8, sizeof(word));
		if (word - lowest > span || !is_name(search, word))
			continue;
		uint64_t node[NODE_WORDS];
		memcpy(node, search->chunk + i, sizeof(node));
		if (!is_node(search->module, node))
			continue;
		visit_table(search, at + i);
		if (search->status == KT_CTL_FOUND)
			return;
	}
}

static bool is_kind(const Elf64_Phdr *segment, uint32_t flags)
{
	return segment->p_type == PT_LOAD && segment->p_filesz && (segment->p_flags & PF_R) &&
	       (segment->p_flags & (PF_W | PF_X)) == flags;
}

/* Looks for tables in the segments with these flags. */
static void search_nodes(struct search *search, uint32_t flags)
{
	for (size_t i = 0; i < search->module->segment_count; i++) {
		const Elf64_Phdr *segment = &search->module->segments[i];
		if (is_kind(segment, flags) && search->status != KT_CTL_FOUND)
			visit_segment(search, segment, NODE_BYTES - 8, visit_nodes);
	}
}

/* Looks for names in the segments with these flags, and for tables where there are some. */
static void search_names(struct search *search, uint32_t flags)
{
	for (size_t i = 0; i < search->module->segment_count; i++) {
		const Elf64_Phdr *segment = &search->module->segments[i];
		if (!is_kind(segment, flags) || search->status == KT_CTL_FOUND)
			continue;
		search->name_count = 0;
		visit_segment(search, segment, sizeof(NAME) - 1, visit_names);
		if (!search->name_count)
			continue;
		if (search->status == KT_CTL_NO_NAMES)
			search->status = KT_CTL_NO_NODES;
		/* In an executable with a fixed address, tables of addresses are read-only. */
		search_nodes(search, PF_W);
		search_nodes(search, flags);
	}
}

struct kt_error *kt_ctl_offsets_find(const struct kt_module *module, const struct kt_memory *memory,
				     struct kt_ctl_offsets *ret, enum kt_ctl_status *ret_status)
{
	kt_autofree unsigned char *chunk = malloc(CHUNK_BYTES);
	struct search search = {
		.module = module,
		.memory = memory,
		.chunk = chunk,
		.bytes_left = SEARCH_BYTES_MAX,
		.status = KT_CTL_NO_NAMES,
	};

	if (!chunk)
		return kt_error_no_memory();
	/* Linkers put texts apart from code; old or small layouts put them together. */
	search_names(&search, 0);
	search_names(&search, PF_X);
	if (search.status == KT_CTL_FOUND)
		*ret = search.offsets;
	*ret_status = search.status;
	return NULL;
}
