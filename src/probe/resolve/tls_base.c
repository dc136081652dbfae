/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/tls_base.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/resolve/loaded.h"
#include "probe/resolve/tls.h"

enum {
	CHUNK_ENTRIES = 1024,	       /* relocations per read: 24 KiB */
	ENTRIES_MAX = 4 * 1024 * 1024, /* of one object; the largest have half a million */
	TARGETS_MAX = sizeof(((struct kt_tls_base *)NULL)->targets) / sizeof(uint64_t),
#if defined(__aarch64__)
	RELOCATION_OFFSET = R_AARCH64_TLS_TPREL,
	RELOCATION_MODULE = R_AARCH64_TLS_DTPMOD,
	RELOCATION_DESCRIPTOR = R_AARCH64_TLSDESC,
#else
	RELOCATION_OFFSET = R_X86_64_TPOFF64,
	RELOCATION_MODULE = R_X86_64_DTPMOD64,
	RELOCATION_DESCRIPTOR = R_X86_64_TLSDESC,
#endif
};

/* How good a kind of word is; the best kind that an object has decides. */
enum rank {
	RANK_NONE,
	RANK_MODULE, /* a module number: through the dynamic thread vector */
	RANK_OFFSET, /* a distance from the thread pointer */
};

/* What is found while relocations are read. */
struct scan {
	const struct kt_module *module;
	const struct kt_memory *memory;
	uint64_t symbols; /* address of DT_SYMTAB; 0 for none */
	uint64_t tls_bytes;
	bool is_local; /* the words so far are of local symbols, which nobody can replace */
	bool is_contradictory;
	enum rank rank;
	struct kt_tls_base base;
};

/* A word's meaning: the block's place and the offset within it that the word is for. */
struct word {
	enum rank rank;
	int64_t tp_offset;
	uint64_t module;
	uint64_t target;
	const char *found_by;
};

static void add_target(struct kt_tls_base *base, uint64_t target)
{
	size_t at = 0;

	while (at < base->target_count && base->targets[at] < target)
		at++;
	if ((at < base->target_count && base->targets[at] == target) ||
	    base->target_count == TARGETS_MAX)
		return;
	memmove(base->targets + at + 1, base->targets + at,
		(base->target_count - at) * sizeof(base->targets[0]));
	base->targets[at] = target;
	base->target_count++;
}

/*
 * A variable lies within the block, and a static block on its side of the thread pointer; the word of
 * an object that is just being loaded does not say so yet.
 */
static bool is_plausible(const struct scan *scan, const struct word *word)
{
	if (word->target >= scan->tls_bytes)
		return false;
#if defined(__aarch64__)
	return word->rank != RANK_OFFSET || word->tp_offset > 0;
#else
	return word->rank != RANK_OFFSET ||
	       (word->tp_offset < 0 && 0 - (uint64_t)word->tp_offset >= scan->tls_bytes);
#endif
}

static void take_word(struct scan *scan, const struct word *word, bool is_local)
{
	if (!is_plausible(scan, word) || (scan->is_local && !is_local))
		return;
	if (is_local && !scan->is_local) {
		scan->is_local = true;
		scan->rank = RANK_NONE;
		scan->is_contradictory = false;
		scan->base.target_count = 0;
	}
	add_target(&scan->base, word->target);
	if (word->rank < scan->rank)
		return;
	if (word->rank == scan->rank) {
		if (word->rank == RANK_OFFSET ? word->tp_offset != scan->base.tp_offset
					      : word->module != scan->base.module)
			scan->is_contradictory = true;
		return;
	}
	scan->rank = word->rank;
	scan->is_contradictory = false;
	scan->base.access = word->rank == RANK_OFFSET ? KT_TLS_TP_OFFSET : KT_TLS_DTV;
	scan->base.tp_offset = word->tp_offset;
	scan->base.module = word->module;
	scan->base.found_by = word->found_by;
}

static bool read_offset_word(const struct scan *scan, uint64_t address, uint64_t variable,
			     struct word *ret)
{
	uint64_t distance;

	if (!kt_memory_read_u64(scan->memory, address, &distance))
		return false;
	*ret = (struct word){
		.rank = RANK_OFFSET,
		.tp_offset = (int64_t)(distance - variable),
		.target = variable,
		.found_by = "tpoff64",
	};
	return true;
}

/* The pair {module, offset} that __tls_get_addr() is called with. */
static bool read_index(const struct scan *scan, uint64_t address, const char *found_by,
		       struct word *ret)
{
	uint64_t pair[2];

	if (!kt_memory_read(scan->memory, address, pair, sizeof(pair)) || !pair[0])
		return false;
	*ret = (struct word){
		.rank = RANK_MODULE,
		.module = pair[0],
		.target = pair[1],
		.found_by = found_by,
	};
	return true;
}

static bool is_static_argument(uint64_t argument)
{
#if defined(__aarch64__)
	/* Above the thread pointer, within what a process may have of static blocks. */
	return argument < 1 << 24;
#else
	return (int64_t)argument < 0;
#endif
}

/*
 * The pair {function, argument} of a TLS descriptor.  The dynamic linker's functions take a distance
 * from the thread pointer, or the address of {module, offset, generation}.  A descriptor that was not
 * used yet may still have a function of the object itself, which would resolve it.
 */
static bool read_descriptor(const struct scan *scan, uint64_t address, uint64_t variable,
			    struct word *ret)
{
	uint64_t pair[2];

	if (!kt_memory_read(scan->memory, address, pair, sizeof(pair)) || !pair[0] ||
	    kt_loaded_contains(scan->module, pair[0]))
		return false;
	if (!is_static_argument(pair[1]))
		return read_index(scan, pair[1], "tlsdesc", ret);
	*ret = (struct word){
		.rank = RANK_OFFSET,
		.tp_offset = (int64_t)(pair[1] - variable),
		.target = variable,
		.found_by = "tlsdesc",
	};
	return true;
}

/* The value of the object's own thread-local symbol; false for one that it imports. */
static bool read_symbol(const struct scan *scan, uint64_t index, uint64_t *ret)
{
	Elf64_Sym symbol;

	if (!scan->symbols ||
	    !kt_memory_read(scan->memory, scan->symbols + index * sizeof(symbol), &symbol,
			    sizeof(symbol)) ||
	    symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_TLS)
		return false;
	*ret = symbol.st_value;
	return true;
}

static bool read_word(const struct scan *scan, uint32_t type, uint64_t address, uint64_t variable,
		      struct word *ret)
{
	switch (type) {
	case RELOCATION_OFFSET:
		return read_offset_word(scan, address, variable, ret);
	case RELOCATION_MODULE:
		return read_index(scan, address, "dtpmod64", ret);
	default:
		return read_descriptor(scan, address, variable, ret);
	}
}

static void take_relocation(struct scan *scan, const Elf64_Rela *relocation)
{
	uint32_t type = ELF64_R_TYPE(relocation->r_info);
	uint64_t index = ELF64_R_SYM(relocation->r_info);
	uint64_t variable = 0;
	struct word word;

	if (type != RELOCATION_OFFSET && type != RELOCATION_MODULE && type != RELOCATION_DESCRIPTOR)
		return;
	if (index && !read_symbol(scan, index, &variable))
		return;
	variable += (uint64_t)relocation->r_addend;
	if (read_word(scan, type, scan->module->bias + relocation->r_offset, variable, &word))
		take_word(scan, &word, !index);
}

/* Reads the @count relocations at @address; what cannot be read ends it. */
static void scan_table(struct scan *scan, uint64_t address, uint64_t count, Elf64_Rela *chunk)
{
	for (size_t left = count < ENTRIES_MAX ? count : ENTRIES_MAX; left;) {
		size_t wanted = left < CHUNK_ENTRIES ? left : CHUNK_ENTRIES;
		size_t got =
			scan->memory->read(scan->memory, address, chunk, wanted * sizeof(*chunk)) /
			sizeof(*chunk);
		for (size_t i = 0; i < got; i++)
			take_relocation(scan, &chunk[i]);
		if (got < wanted)
			return;
		address += got * sizeof(*chunk);
		left -= got;
	}
}

/* glibc makes addresses of the dynamic section's pointers in place, other C libraries do not. */
static uint64_t absolute(const struct kt_module *module, uint64_t pointer)
{
	return pointer && pointer < module->base ? pointer + module->bias : pointer;
}

static struct kt_error *scan_relocations(struct scan *scan)
{
	enum {
		RELA,
		RELA_BYTES,
		RELATIVE_COUNT,
		JMPREL,
		JMPREL_BYTES,
		SYMBOLS,
		TAG_COUNT
	};
	static const int64_t tags[] = { DT_RELA,   DT_RELASZ,	DT_RELACOUNT,
					DT_JMPREL, DT_PLTRELSZ, DT_SYMTAB };
	const struct kt_module *module = scan->module;
	uint64_t values[TAG_COUNT];
	kt_autofree Elf64_Rela *chunk = malloc(CHUNK_ENTRIES * sizeof(*chunk));

	if (!chunk)
		return kt_error_no_memory();
	if (!kt_loaded_dynamic(module, scan->memory, tags, values, TAG_COUNT))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: its dynamic section cannot be read",
				       module->path);
	uint64_t count = values[RELA_BYTES] / sizeof(*chunk);
	/* The linker sorts those that only add the bias to the front, and counts them. */
	uint64_t skip = values[RELATIVE_COUNT] < count ? values[RELATIVE_COUNT] : count;
	scan->symbols = absolute(module, values[SYMBOLS]);
	scan_table(scan, absolute(module, values[RELA]) + skip * sizeof(*chunk), count - skip,
		   chunk);
	scan_table(scan, absolute(module, values[JMPREL]), values[JMPREL_BYTES] / sizeof(*chunk),
		   chunk);
	return NULL;
}

static struct kt_error *find_shared(const struct kt_module *module, const struct kt_memory *memory,
				    const Elf64_Phdr *segment, struct kt_tls_base *ret)
{
	struct scan scan = { .module = module, .memory = memory, .tls_bytes = segment->p_memsz };

	KT_TRY(scan_relocations(&scan));
	if (scan.rank == RANK_NONE)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "%s: no relocation tells where its thread-local data is",
				       module->path);
	if (scan.is_contradictory)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "%s: its relocations contradict each other on where its "
				       "thread-local data is",
				       module->path);
	*ret = scan.base;
	return NULL;
}

/* The program's block is the first one: its distance follows from its size (tls.h). */
static struct kt_error *find_static(const struct kt_module *module, const Elf64_Phdr *segment,
				    struct kt_tls_base *ret)
{
	enum kt_tls_status status;
	uint64_t distance;
#if defined(__aarch64__)
	status = kt_tls_variant1_address(0, segment->p_align, segment->p_vaddr, 0, 0, &distance);
#else
	status = kt_tls_image_size(segment->p_memsz, segment->p_align, segment->p_vaddr, &distance);
#endif
	if (status || distance > INT64_MAX)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: %s", module->path,
				       kt_tls_status_text(KT_TLS_IMAGE_OVERFLOW));
#if !defined(__aarch64__)
	distance = 0 - distance;
#endif
	*ret = (struct kt_tls_base){
		.access = KT_TLS_TP_OFFSET,
		.tp_offset = (int64_t)distance,
		.found_by = "static",
	};
	return NULL;
}

struct kt_error *kt_tls_base_find(const struct kt_module *module, const struct kt_memory *memory,
				  struct kt_tls_base *ret)
{
	const Elf64_Phdr *segment = kt_module_segment(module, PT_TLS);

	if (!segment)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: no thread-local data", module->path);
	if (module->is_executable)
		return find_static(module, segment, ret);
	return find_shared(module, memory, segment, ret);
}

struct kt_error *kt_tls_base_place(const struct kt_tls_base *base, uint64_t offset,
				   uint32_t span_bytes, struct kt_tls_place *ret)
{
	struct kt_tls_place place = {
		.access = base->access,
		.module = base->module,
		.block_offset = offset,
		.span_bytes = span_bytes,
	};

	if (offset > INT64_MAX ||
	    __builtin_add_overflow(base->tp_offset, (int64_t)offset, &place.tp_offset))
		return kt_error_create(KT_ERROR_PROBE, 0, "the distance to the counters overflows");
	*ret = place;
	return NULL;
}
