/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/loaded.h"

#include <string.h>

enum {
	PAGE_BYTES = 4096,   /* the smallest page */
	HEADERS_TOTAL = 256, /* program headers looked at; compilers make a dozen */
	DYNAMIC_MAX = 1024,  /* entries looked at; linkers make some thirty */
	DYNAMIC_CHUNK = 32,  /* entries per read */
	NOTES_MAX_BYTES = 1024,
	BUILD_ID_MAX_BYTES = (KT_MODULE_BUILD_ID_MAX - 1) / 2,
};

/* Types that anybody here asks for: the others need no room. */
static bool is_wanted(uint32_t type)
{
	switch (type) {
	case PT_LOAD:
	case PT_DYNAMIC:
	case PT_INTERP:
	case PT_NOTE:
	case PT_PHDR:
	case PT_TLS:
	case PT_GNU_RELRO:
		return true;
	default:
		return false;
	}
}

/* No segment leaves the address space, in the file's addresses or in the process's. */
static bool is_sane(const Elf64_Phdr *segment, uint64_t bias)
{
	uint64_t end;

	if (segment->p_filesz > segment->p_memsz && segment->p_type == PT_LOAD)
		return false;
	return !__builtin_add_overflow(segment->p_vaddr + bias, segment->p_memsz, &end) &&
	       !__builtin_add_overflow(segment->p_vaddr, segment->p_memsz, &end);
}

static bool read_segments(const struct kt_memory *memory, uint64_t address, size_t count,
			  struct kt_module *module)
{
	if (count > HEADERS_TOTAL)
		return false;
	for (size_t i = 0; i < count; i++) {
		Elf64_Phdr header;
		if (!kt_memory_read(memory, address + i * sizeof(header), &header, sizeof(header)))
			return false;
		if (!is_wanted(header.p_type))
			continue;
		if (module->segment_count == KT_MODULE_HEADERS_MAX)
			return false;
		module->segments[module->segment_count++] = header;
	}
	return true;
}

/* The page of the lowest address in the file that is loaded; false if nothing is. */
static bool lowest_page(const struct kt_module *module, uint64_t *ret)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < module->segment_count; i++)
		if (module->segments[i].p_type == PT_LOAD && module->segments[i].p_vaddr < lowest)
			lowest = module->segments[i].p_vaddr;
	*ret = lowest - lowest % PAGE_BYTES;
	return lowest != UINT64_MAX;
}

static bool read_header(const struct kt_memory *memory, uint64_t base, Elf64_Ehdr *ret)
{
	Elf64_Ehdr header;

	if (!kt_memory_read(memory, base, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	*ret = header;
	return true;
}

static void print_hex(const unsigned char *bytes, size_t count, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 0xf];
	}
	*text = '\0';
}

/* Takes the build-id out of notes (elf(5), "Notes"): name GNU, type NT_GNU_BUILD_ID. */
static bool take_build_id(const unsigned char *notes, size_t bytes, uint64_t align,
			  char build_id[static KT_MODULE_BUILD_ID_MAX])
{
	size_t step = align == 8 ? 8 : 4;
	size_t at = 0;

	while (bytes - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		size_t name_bytes = (note.n_namesz + (size_t)3) / 4 * 4;
		if (name_bytes > bytes - at || note.n_descsz > bytes - at - name_bytes)
			return false;
		const unsigned char *id = notes + at + name_bytes;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    !memcmp(notes + at, "GNU", sizeof("GNU")) && note.n_descsz &&
		    note.n_descsz <= BUILD_ID_MAX_BYTES) {
			print_hex(id, note.n_descsz, build_id);
			return true;
		}
		at += name_bytes + (note.n_descsz + step - 1) / step * step;
		if (at > bytes)
			return false;
	}
	return false;
}

static void read_build_id(const struct kt_memory *memory, struct kt_module *module)
{
	unsigned char notes[NOTES_MAX_BYTES];

	for (size_t i = 0; i < module->segment_count; i++) {
		const Elf64_Phdr *segment = &module->segments[i];
		if (segment->p_type != PT_NOTE)
			continue;
		size_t wanted = segment->p_filesz < sizeof(notes) ? segment->p_filesz
								  : sizeof(notes);
		size_t got = memory->read(memory, module->bias + segment->p_vaddr, notes, wanted);
		if (take_build_id(notes, got, segment->p_align, module->build_id))
			return;
	}
}

/* What is left once headers and bias are known. */
static bool finish(const struct kt_memory *memory, struct kt_module *module)
{
	for (size_t i = 0; i < module->segment_count; i++)
		if (!is_sane(&module->segments[i], module->bias))
			return false;
	read_build_id(memory, module);
	return true;
}

bool kt_loaded_read(const struct kt_memory *memory, uint64_t base, struct kt_module *ret)
{
	struct kt_module module = { .base = base };
	uint64_t lowest;

	if (!read_header(memory, base, &module.header) ||
	    module.header.e_phoff > UINT64_MAX - base ||
	    !read_segments(memory, base + module.header.e_phoff, module.header.e_phnum, &module) ||
	    !lowest_page(&module, &lowest))
		return false;
	module.bias = base - lowest;
	if (!finish(memory, &module))
		return false;
	*ret = module;
	return true;
}

bool kt_loaded_read_executable(const struct kt_memory *memory,
			       const struct kt_loaded_headers *headers, struct kt_module *ret)
{
	struct kt_module module = { .is_executable = true };
	uint64_t lowest;

	if (!read_segments(memory, headers->address, headers->count, &module) ||
	    !lowest_page(&module, &lowest))
		return false;
	/* A fixed executable need not have PT_PHDR: its headers lie on the first page then. */
	const Elf64_Phdr *self = kt_module_segment(&module, PT_PHDR);
	module.base = headers->address - headers->address % PAGE_BYTES;
	if (self)
		module.base = headers->address - self->p_vaddr + lowest;
	module.bias = module.base - lowest;
	if (!read_header(memory, module.base, &module.header) || !finish(memory, &module))
		return false;
	*ret = module;
	return true;
}

static void take_entries(const Elf64_Dyn *entries, size_t entry_count, const int64_t *tags,
			 uint64_t *values, size_t count)
{
	for (size_t i = 0; i < entry_count; i++)
		for (size_t j = 0; j < count; j++)
			if (entries[i].d_tag == tags[j])
				values[j] = entries[i].d_un.d_val;
}

bool kt_loaded_dynamic(const struct kt_module *module, const struct kt_memory *memory,
		       const int64_t *tags, uint64_t *values, size_t count)
{
	const Elf64_Phdr *segment = kt_module_segment(module, PT_DYNAMIC);
	Elf64_Dyn entries[DYNAMIC_CHUNK];

	memset(values, 0, count * sizeof(*values));
	if (!segment)
		return false;
	size_t left = segment->p_memsz / sizeof(entries[0]);
	uint64_t at = module->bias + segment->p_vaddr;
	for (left = left < DYNAMIC_MAX ? left : DYNAMIC_MAX; left;) {
		size_t wanted = left < DYNAMIC_CHUNK ? left : DYNAMIC_CHUNK;
		size_t got = memory->read(memory, at, entries, wanted * sizeof(entries[0])) /
			     sizeof(entries[0]);
		size_t used = 0;
		while (used < got && entries[used].d_tag != DT_NULL)
			used++;
		take_entries(entries, used, tags, values, count);
		if (used < wanted)
			return used < got;
		at += used * sizeof(entries[0]);
		left -= used;
	}
	return true;
}

uint64_t kt_loaded_end(const struct kt_module *module)
{
	uint64_t end = module->base;

	for (size_t i = 0; i < module->segment_count; i++) {
		const Elf64_Phdr *segment = &module->segments[i];
		uint64_t segment_end = module->bias + segment->p_vaddr + segment->p_memsz;
		if (segment->p_type == PT_LOAD && segment_end > end)
			end = segment_end;
	}
	return end;
}

bool kt_loaded_contains(const struct kt_module *module, uint64_t address)
{
	return address >= module->base && address < kt_loaded_end(module);
}
