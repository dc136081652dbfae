/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/resolve/debug_file.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/elf_file.h"
#include "probe/resolve/object.h"
#include "probe/resolve/tls.h"

/* A resolution under way. */
struct resolver {
	int proc_fd;
	const char *exe_path;
	struct kt_elf exe;
	bool has_symbol;
	bool has_offsets;
	struct kt_tls_symbol symbol;
	struct kt_counter_offsets offsets;
	struct kt_buf build_id;
	struct kt_debuglink debuglink;
	bool has_debuglink;
	struct kt_buf tried; /* why nothing usable was found, one reason after the other */
	struct kt_layout layout;
};

static void note_failure(struct resolver *resolver, struct kt_error *err)
{
	if (!err)
		return;
	kt_buf_printf(&resolver->tried, "%s%s", resolver->tried.len ? "; " : "",
		      kt_error_message(err));
	kt_error_destroy(err);
}

/* Takes from an opened, verified debug file what the executable did not have. */
static struct kt_error *use_debug_file(struct resolver *resolver, const struct kt_elf *file,
				       const char *path)
{
	bool found_symbol = resolver->has_symbol;
	struct kt_tls_symbol symbol = resolver->symbol;

	if (!found_symbol) {
		if (!kt_elf_tls_symbol(file, &symbol))
			return kt_error_create(KT_ERROR_PROBE, 0, "%s: no jemalloc TLS symbol",
					       path);
		symbol.table = "debug-file";
	}
	if (!resolver->has_offsets)
		KT_TRY(kt_dwarf_counter_offsets(file, path, &resolver->offsets));
	char *copy = strdup(path);
	if (!copy)
		return kt_error_no_memory();
	free(resolver->layout.debug_file);
	resolver->layout.debug_file = copy;
	resolver->symbol = symbol;
	resolver->has_symbol = true;
	resolver->has_offsets = true;
	return NULL;
}

static struct kt_error *try_candidate(struct resolver *resolver, const char *path)
{
	struct kt_debug_identity identity = {
		.build_id = resolver->build_id.len ? kt_buf_text(&resolver->build_id) : NULL,
		.debuglink = resolver->has_debuglink ? &resolver->debuglink : NULL,
	};
	kt_autoclose int fd = kt_object_open_path(resolver->proc_fd, path);
	struct stat st;

	if (fd < 0)
		return kt_error_create(KT_ERROR_PROBE, errno, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: not a regular file", path);
	kt_autoelf struct kt_elf file = { .fd = -1 };
	KT_TRY(kt_elf_open(fd, path, &file));
	KT_TRY(kt_debug_file_verify(&file, path, &identity));
	return use_debug_file(resolver, &file, path);
}

/* Tries every place a debug file may be in, until symbol and offsets are known. */
static struct kt_error *try_debug_files(struct resolver *resolver)
{
	struct kt_debug_candidates list = { 0 };
	const char *build_id = NULL;

	if (kt_elf_build_id(&resolver->exe, &resolver->build_id))
		build_id = kt_buf_text(&resolver->build_id);
	KT_TRY(kt_buf_error(&resolver->build_id));
	resolver->has_debuglink = kt_elf_debuglink(&resolver->exe, &resolver->debuglink);
	KT_TRY(kt_debug_candidates_list(resolver->exe_path, build_id,
					resolver->has_debuglink ? resolver->debuglink.name : NULL,
					&list));
	for (size_t i = 0; i < list.count && !(resolver->has_symbol && resolver->has_offsets); i++)
		note_failure(resolver, try_candidate(resolver, list.paths[i]));
	kt_debug_candidates_deinit(&list);
	return NULL;
}

struct dso_search {
	int proc_fd;
	struct stat exe;
	struct kt_buf *found; /* path of an object that carries jemalloc */
	struct kt_buf *last_failure;
};

static struct kt_error *look_at_object(struct dso_search *search, const struct kt_mapping *map)
{
	struct kt_tls_symbol symbol;
	struct kt_tls_segment segment;
	struct stat st;
	kt_autoclose int fd = kt_object_open_mapping(search->proc_fd, map);

	if (fd < 0)
		return kt_error_create(KT_ERROR_PROBE, errno, "%s", map->path);
	if (!fstat(fd, &st) && st.st_dev == search->exe.st_dev && st.st_ino == search->exe.st_ino)
		return NULL;
	kt_autoelf struct kt_elf file = { .fd = -1 };
	KT_TRY(kt_elf_open(fd, map->path, &file));
	if (!kt_elf_tls_segment(&file, &segment))
		return NULL;
	if (kt_elf_tls_symbol(&file, &symbol) || kt_elf_exports_mallctl(&file))
		kt_buf_puts(search->found, map->path);
	return NULL;
}

static bool visit_mapping(void *ctx, const struct kt_mapping *map)
{
	struct dso_search *search = ctx;
	kt_autoerr struct kt_error *err = look_at_object(search, map);

	if (err) {
		kt_buf_reset(search->last_failure);
		kt_buf_puts(search->last_failure, kt_error_message(err));
	}
	return search->found->len > 0;
}

/* The executable has no jemalloc: says whether a shared object has it. */
static struct kt_error *explain_not_found(struct resolver *resolver,
					  enum kt_resolve_failure *ret_failure)
{
	kt_autobuf struct kt_buf found = KT_BUF_INIT;
	kt_autobuf struct kt_buf last_failure = KT_BUF_INIT;
	struct dso_search search = {
		.proc_fd = resolver->proc_fd,
		.found = &found,
		.last_failure = &last_failure,
	};

	if (fstat(resolver->exe.fd, &search.exe))
		return kt_error_create(KT_ERROR_IO, errno, "%s", resolver->exe_path);
	*ret_failure = KT_RESOLVE_MAPS;
	KT_TRY(kt_maps_visit(resolver->proc_fd, visit_mapping, &search));
	if (found.len) {
		*ret_failure = KT_RESOLVE_NOT_FOUND;
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "jemalloc is in the shared object %s, not in the executable "
				       "%s; only statically linked jemalloc can be read",
				       kt_buf_text(&found), resolver->exe_path);
	}
	*ret_failure = KT_RESOLVE_NOT_FOUND;
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "no jemalloc in the target: no TLS symbol %s in %s%s%s%s%s",
			       kt_elf_tls_symbol_names(), resolver->exe_path,
			       resolver->tried.len ? "; debug files: " : "",
			       kt_buf_text(&resolver->tried),
			       last_failure.len ? "; last object that could not be read: " : "",
			       kt_buf_text(&last_failure));
}

static struct kt_error *open_exe(struct resolver *resolver, int fd,
				 enum kt_resolve_failure *ret_failure)
{
	*ret_failure = KT_RESOLVE_NOT_FOUND;
	KT_TRY(kt_elf_open(fd, resolver->exe_path, &resolver->exe));
	if (kt_elf_is_native(&resolver->exe))
		return NULL;
	*ret_failure = KT_RESOLVE_MACHINE;
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "%s is a program for %s, and this probe reads %s only",
			       resolver->exe_path,
			       kt_elf_machine_name(resolver->exe.header.e_machine),
			       kt_elf_machine_name(kt_elf_own_machine()));
}

/* What the executable itself tells; missing parts are noted, not errors. */
static void ask_exe(struct resolver *resolver)
{
	resolver->has_symbol = kt_elf_tls_symbol(&resolver->exe, &resolver->symbol);
	if (!kt_elf_has_debug_info(&resolver->exe))
		return;
	struct kt_error *err =
		kt_dwarf_counter_offsets(&resolver->exe, resolver->exe_path, &resolver->offsets);
	resolver->has_offsets = !err;
	if (resolver->has_symbol)
		note_failure(resolver, err);
	else
		kt_error_destroy(err);
}

static struct kt_error *missing_offsets(struct resolver *resolver)
{
	return kt_error_create(
		KT_ERROR_PROBE, 0,
		"no usable debug information for %s (%s); rebuild it with -g, put its "
		"debug file beside it, or install the distribution's debug package",
		resolver->exe_path,
		resolver->tried.len ? kt_buf_text(&resolver->tried)
				    : "none in the file, and no debug file is named");
}

/* The structure must have room for its members, and the TLS image for the structure. */
static struct kt_error *check_sizes(const struct resolver *resolver,
				    const struct kt_tls_segment *segment)
{
	const struct kt_tls_symbol *symbol = &resolver->symbol;
	uint64_t end = resolver->offsets.deallocated + 8;

	if ((!symbol->size || end <= symbol->size) && symbol->value <= segment->memsz &&
	    end <= segment->memsz - symbol->value)
		return NULL;
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "%s: unexpected layout: the counters lie outside of %s",
			       resolver->exe_path, symbol->name);
}

static struct kt_error *resolve(struct resolver *resolver, int fd,
				enum kt_resolve_failure *ret_failure)
{
	struct kt_tls_segment segment;

	KT_TRY(open_exe(resolver, fd, ret_failure));
	bool has_segment = kt_elf_tls_segment(&resolver->exe, &segment);
	if (has_segment) {
		ask_exe(resolver);
		*ret_failure = KT_RESOLVE_UNPROVEN;
		if (!resolver->has_symbol || !resolver->has_offsets)
			KT_TRY(try_debug_files(resolver));
	}
	if (!resolver->has_symbol)
		return explain_not_found(resolver, ret_failure);
	KT_TRY(kt_buf_error(&resolver->tried));
	if (!resolver->has_offsets)
		return missing_offsets(resolver);
	KT_TRY(check_sizes(resolver, &segment));
	resolver->layout.object = strdup(resolver->exe_path);
	if (!resolver->layout.object)
		return kt_error_no_memory();
	resolver->layout.symbol = resolver->symbol.name;
	resolver->layout.symbol_table = resolver->symbol.table;
	resolver->layout.tls_found_by = "static";
	resolver->layout.facts = (struct kt_tsd_facts){
		.has_start = true,
		.has_offsets = true,
		.start = resolver->symbol.value,
		.allocated = resolver->offsets.allocated,
		.deallocated = resolver->offsets.deallocated,
		.sources = KT_SOURCE_DWARF,
	};
	uint64_t image_size;
	if (kt_tls_image_size(segment.memsz, segment.align, segment.vaddr, &image_size))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: %s", resolver->exe_path,
				       kt_tls_status_text(KT_TLS_IMAGE_OVERFLOW));
	resolver->layout.place = (struct kt_tls_place){
		.access = KT_TLS_TP_OFFSET,
		.tp_offset = (int64_t)(resolver->symbol.value + resolver->offsets.allocated -
				       image_size),
		.span_bytes =
			(uint32_t)(resolver->offsets.deallocated + 8 - resolver->offsets.allocated),
	};
	return NULL;
}

struct kt_error *kt_layout_resolve(const struct kt_resolve_request *request, struct kt_layout *ret,
				   enum kt_resolve_failure *ret_failure)
{
	int proc_fd = request->proc_fd;
	const char *exe_path = request->exe_path;
	struct resolver resolver = {
		.proc_fd = proc_fd,
		.exe_path = exe_path,
		.exe = { .fd = -1 },
	};
	kt_autoclose int fd = openat(proc_fd, "exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		*ret_failure = KT_RESOLVE_EXE_UNREADABLE;
		return kt_error_create(KT_ERROR_PROBE, errno, "open the executable %s", exe_path);
	}
	struct kt_error *err = resolve(&resolver, fd, ret_failure);
	kt_elf_close(&resolver.exe);
	kt_buf_deinit(&resolver.tried);
	kt_buf_deinit(&resolver.build_id);
	if (err)
		kt_layout_deinit(&resolver.layout);
	else
		*ret = resolver.layout;
	return err;
}

void kt_layout_deinit(struct kt_layout *layout)
{
	free(layout->object);
	free(layout->build_id);
	free(layout->debug_file);
	*layout = (struct kt_layout){ 0 };
}
