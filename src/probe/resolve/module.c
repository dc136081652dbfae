/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/memory/cached.h"
#include "probe/resolve/link_map.h"
#include "probe/resolve/loaded.h"
#include "probe/resolve/maps.h"

enum {
	AUXV_MAX = 128 /* entries; Linux 6 has some twenty-five */
};

struct auxv {
	struct kt_loaded_headers headers; /* AT_PHDR and AT_PHNUM */
	uint64_t entry;			  /* AT_ENTRY */
	uint64_t vdso;			  /* AT_SYSINFO_EHDR; 0 for none */
};

struct listing {
	const struct kt_memory *memory;
	struct kt_modules modules;
	uint64_t executable_dynamic; /* address of the executable's dynamic section */
	uint64_t vdso;
	struct kt_error *err;
};

static struct kt_error *read_auxv(int proc_fd, struct auxv *ret)
{
	Elf64_auxv_t entries[AUXV_MAX];
	struct auxv auxv = { 0 };
	kt_autoclose int fd = openat(proc_fd, "auxv", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, entries, sizeof(entries));

	if (got < 0)
		return kt_error_create(KT_ERROR_PROBE, errno,
				       "the target's auxiliary vector (/proc/PID/auxv)");
	for (size_t i = 0; i < (size_t)got / sizeof(entries[0]); i++) {
		uint64_t value = entries[i].a_un.a_val;
		switch (entries[i].a_type) {
		case AT_PHDR:
			auxv.headers.address = value;
			break;
		case AT_PHNUM:
			auxv.headers.count = value;
			break;
		case AT_ENTRY:
			auxv.entry = value;
			break;
		case AT_SYSINFO_EHDR:
			auxv.vdso = value;
			break;
		default:
			break;
		}
	}
	if (!auxv.headers.address || !auxv.headers.count)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "the target's auxiliary vector does not name its program "
				       "headers (is it at its start or its end?)");
	*ret = auxv;
	return NULL;
}

/* A new last module, not counted yet; NULL when there is no memory (the listing has the error). */
static struct kt_module *make_room(struct listing *listing)
{
	struct kt_modules *modules = &listing->modules;

	/* Room is doubled at powers of two. */
	if (modules->count & (modules->count - 1))
		return &modules->list[modules->count];
	size_t cap = modules->count ? 2 * modules->count : 1;
	struct kt_module *list = reallocarray(modules->list, cap, sizeof(*list));
	if (!list) {
		listing->err = kt_error_no_memory();
		return NULL;
	}
	modules->list = list;
	return &list[modules->count];
}

/* Counts the last module, which is complete but for its path. */
static bool keep(struct listing *listing, struct kt_module *module, const char *path)
{
	module->path = strdup(path);
	if (!module->path) {
		listing->err = kt_error_no_memory();
		return false;
	}
	listing->modules.count++;
	return true;
}

/* Adds the object whose ELF header is at @base, unless it is there already or is none. */
static bool add_object(struct listing *listing, uint64_t base, const char *path)
{
	for (size_t i = 0; i < listing->modules.count; i++)
		if (listing->modules.list[i].base == base)
			return true;
	if (base == listing->vdso || listing->modules.count == KT_MODULES_MAX)
		return true;
	struct kt_module *module = make_room(listing);
	if (!module)
		return false;
	return !kt_loaded_read(listing->memory, base, module) || keep(listing, module, path);
}

static bool visit_linked(void *ctx, const struct kt_linked *linked)
{
	struct listing *listing = ctx;

	if (linked->dynamic == listing->executable_dynamic)
		return true;
	return add_object(listing, linked->bias, linked->name);
}

static bool visit_mapping(void *ctx, const struct kt_mapping *map)
{
	return !add_object(ctx, map->start, map->path);
}

static struct kt_error *add_executable(struct listing *listing, const struct auxv *auxv,
				       const char *exe_path)
{
	struct kt_module *module = make_room(listing);

	if (!module)
		return listing->err;
	errno = 0;
	if (!kt_loaded_read_executable(listing->memory, &auxv->headers, module))
		return kt_error_create(KT_ERROR_PROBE, errno,
				       "the ELF headers of %s in the target's memory", exe_path);
	if (module->bias + module->header.e_entry != auxv->entry)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "the ELF headers of %s in the target's memory do not agree "
				       "with its auxiliary vector",
				       exe_path);
	if (!keep(listing, module, exe_path))
		return listing->err;
	const Elf64_Phdr *dynamic = kt_module_segment(module, PT_DYNAMIC);
	listing->executable_dynamic = dynamic ? module->bias + dynamic->p_vaddr : 0;
	return NULL;
}

/* Whether other objects belong to it: it asks for a dynamic linker, or is one itself. */
static bool is_dynamic(const struct kt_module *executable, const struct kt_memory *memory)
{
	static const int64_t tags[] = { DT_SONAME };
	uint64_t name;

	return kt_module_segment(executable, PT_INTERP) ||
	       (kt_loaded_dynamic(executable, memory, tags, &name, 1) && name);
}

/*
 * A program started by naming the dynamic linker ("ld.so PROGRAM") is not what /proc/PID/exe and the
 * auxiliary vector say.  The dynamic linker has put its list where the program's DT_DEBUG is.
 */
static void find_program(struct listing *listing)
{
	static const int64_t tags[] = { DT_DEBUG };
	struct kt_module *list = listing->modules.list;
	uint64_t debug;

	for (size_t i = 1; i < listing->modules.count; i++) {
		if (!kt_module_segment(&list[i], PT_INTERP) ||
		    !kt_loaded_dynamic(&list[i], listing->memory, tags, &debug, 1) || !debug)
			continue;
		struct kt_module program = list[i];
		program.is_executable = true;
		list[i] = list[0];
		list[i].is_executable = false;
		list[0] = program;
		return;
	}
}

static struct kt_error *list_all(struct listing *listing, int proc_fd, const char *exe_path)
{
	struct auxv auxv;

	KT_TRY(read_auxv(proc_fd, &auxv));
	listing->vdso = auxv.vdso;
	KT_TRY(add_executable(listing, &auxv, exe_path));
	listing->modules.found_by = "executable";
	/* The list may move while it grows: this one is a copy. */
	struct kt_module executable = listing->modules.list[0];
	if (!is_dynamic(&executable, listing->memory))
		return NULL;
	listing->modules.found_by = "link-map";
	if (kt_link_map_visit(&executable, listing->memory, visit_linked, listing))
		return listing->err;
	listing->modules.found_by = "maps";
	KT_TRY(kt_maps_visit(proc_fd, visit_mapping, listing));
	find_program(listing);
	return listing->err;
}

struct kt_error *kt_modules_list(int proc_fd, const struct kt_memory *memory, const char *exe_path,
				 struct kt_modules *ret)
{
	struct kt_cached_blocks blocks;
	struct kt_cached_memory cached = { memory, &blocks };
	struct kt_memory by_block = kt_memory_cached(&cached);
	struct listing listing = { .memory = &by_block };

	struct kt_error *err = list_all(&listing, proc_fd, exe_path);
	if (err) {
		kt_modules_deinit(&listing.modules);
		return err;
	}
	*ret = listing.modules;
	return NULL;
}

void kt_modules_deinit(struct kt_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		free(modules->list[i].path);
	free(modules->list);
	*modules = (struct kt_modules){ 0 };
}

const Elf64_Phdr *kt_module_segment(const struct kt_module *module, uint32_t type)
{
	for (size_t i = 0; i < module->segment_count; i++)
		if (module->segments[i].p_type == type)
			return &module->segments[i];
	return NULL;
}
