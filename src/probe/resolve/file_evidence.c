/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/file_evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "probe/resolve/debug_file.h"
#include "probe/resolve/object.h"

/* Only being out of memory ends the resolution: anything else is one source less. */
static struct kt_error *note(struct kt_candidate *candidate, struct kt_error *err)
{
	if (err && kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	kt_candidate_note(candidate, err);
	return NULL;
}

static void take_symbol(struct kt_candidate *candidate, const struct kt_elf *file,
			const char *table)
{
	struct kt_tls_symbol symbol;

	if (candidate->has_symbol || !kt_elf_tls_symbol(file, &symbol))
		return;
	if (table)
		symbol.table = table;
	candidate->symbol = symbol;
	candidate->has_symbol = true;
}

static struct kt_error *take_dwarf(struct kt_candidate *candidate, const struct kt_elf *file,
				   const char *path)
{
	if (candidate->has_dwarf)
		return NULL;
	KT_TRY(kt_dwarf_counter_offsets(file, path, &candidate->dwarf));
	candidate->has_dwarf = true;
	return NULL;
}

static struct kt_error *try_debug_file(struct kt_candidate *candidate, int proc_fd,
				       const char *path, const struct kt_debug_identity *identity)
{
	kt_autoclose int fd = kt_object_open_path(proc_fd, path);
	struct stat st;

	if (fd < 0)
		return kt_error_create(KT_ERROR_PROBE, errno, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: not a regular file", path);
	kt_autoelf struct kt_elf file = { .fd = -1 };
	KT_TRY(kt_elf_open(fd, path, &file));
	KT_TRY(kt_debug_file_verify(&file, path, identity));
	KT_TRY(take_dwarf(candidate, &file, path));
	take_symbol(candidate, &file, "debug-file");
	candidate->debug_file = strdup(path);
	return candidate->debug_file ? NULL : kt_error_no_memory();
}

/* Tries every place a debug file may be in, until one has been of use. */
static struct kt_error *try_debug_files(struct kt_candidate *candidate, int proc_fd,
					const struct kt_elf *file)
{
	const struct kt_module *module = candidate->module;
	struct kt_debug_candidates list = { 0 };
	struct kt_debuglink link;
	struct kt_debug_identity identity = {
		.build_id = module->build_id[0] ? module->build_id : NULL,
		.debuglink = kt_elf_debuglink(file, &link) ? &link : NULL,
	};
	struct kt_error *err = kt_debug_candidates_list(
		module->path, identity.build_id, identity.debuglink ? link.name : NULL, &list);

	for (size_t i = 0; !err && i < list.count && !candidate->debug_file; i++)
		err = note(candidate, try_debug_file(candidate, proc_fd, list.paths[i], &identity));
	kt_debug_candidates_deinit(&list);
	return err;
}

static struct kt_error *ask(struct kt_candidate *candidate, int proc_fd, enum kt_effort effort)
{
	const char *path = candidate->module->path;
	kt_autoclose int fd = kt_object_open_module(proc_fd, candidate->module);

	candidate->is_file_unusable = true;
	if (fd < 0)
		return kt_error_create(KT_ERROR_PROBE, errno, "%s", path);
	kt_autoelf struct kt_elf file = { .fd = -1 };
	KT_TRY(kt_elf_open(fd, path, &file));
	candidate->is_file_unusable = false;
	switch (effort) {
	case KT_EFFORT_SYMBOL:
		take_symbol(candidate, &file, NULL);
		return NULL;
	case KT_EFFORT_DWARF:
		return take_dwarf(candidate, &file, path);
	default:
		return try_debug_files(candidate, proc_fd, &file);
	}
}

struct kt_error *kt_file_evidence_read(struct kt_candidate *candidate, int proc_fd,
				       enum kt_effort effort)
{
	candidate->effort = effort;
	if (candidate->is_file_unusable)
		return NULL;
	return note(candidate, ask(candidate, proc_fd, effort));
}
