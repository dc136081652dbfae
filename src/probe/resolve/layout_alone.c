/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of a file that nobody runs: only sources that need no process, and no gate. */
#include "probe/resolve/layout.h"

#include <string.h>

#include "probe/resolve/examine.h"
#include "probe/resolve/file_module.h"

static struct kt_error *explain(const struct kt_candidate *candidate, const char *path)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_candidate_describe(candidate, &text);
	KT_TRY(kt_buf_error(&text));
	return kt_error_create(
		KT_ERROR_PROBE, 0,
		"%s: the file alone does not tell jemalloc's layout (two sources must "
		"agree): %s",
		path, kt_buf_text(&text));
}

static struct kt_error *examine_file(const struct kt_file_module *file, const char *path,
				     struct kt_candidate *candidate, struct kt_layout_entry *ret,
				     enum kt_resolve_failure *ret_failure)
{
	struct kt_memory memory = kt_file_module_memory(file);
	struct kt_examination examination = { .memory = &memory, .proc_fd = -1 };

	*ret_failure = KT_RESOLVE_UNPROVEN;
	KT_TRY(kt_examine(&examination, candidate));
	if (candidate->proof != KT_PROOF_GIVEN)
		return explain(candidate, path);
	if (!kt_layout_build_id_is_valid(file->module.build_id))
		return kt_error_create(
			KT_ERROR_PROBE, 0,
			"%s has no build-id that its layout could be kept under (link "
			"it with -Wl,--build-id)",
			path);
	struct kt_layout_entry entry = { .facts = candidate->facts };
	memcpy(entry.build_id, file->module.build_id, sizeof(file->module.build_id));
	*ret = entry;
	return NULL;
}

static struct kt_error *resolve_open_file(const struct kt_file_module *file, const char *path,
					  struct kt_layout_entry *ret,
					  enum kt_resolve_failure *ret_failure)
{
	struct kt_candidate candidate;

	*ret_failure = KT_RESOLVE_NOT_FOUND;
	if (!kt_candidate_init(&file->module, &candidate))
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "%s: no jemalloc: its thread data is too small", path);
	struct kt_error *err = examine_file(file, path, &candidate, ret, ret_failure);
	kt_candidate_deinit(&candidate);
	return err;
}

struct kt_error *kt_layout_resolve_file(const char *path, struct kt_layout_entry *ret,
					enum kt_resolve_failure *ret_failure)
{
	struct kt_file_module file;

	*ret_failure = KT_RESOLVE_EXE_UNREADABLE;
	KT_TRY(kt_file_module_open(path, &file));
	struct kt_error *err = resolve_open_file(&file, path, ret, ret_failure);
	kt_file_module_close(&file);
	return err;
}
