/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/layout_option.h"

#include <errno.h>
#include <string.h>

struct kt_error *kt_layout_option_load(const char *path, struct kt_layout_entry *ret,
				       bool *ret_found)
{
	struct kt_error *err = kt_layout_file_read(path, ret);

	*ret_found = !err;
	if (!err || kt_error_errno(err) != ENOENT)
		return kt_error_wrap(err, "--layout %s", path);
	kt_error_destroy(err);
	return NULL;
}

struct kt_error *kt_layout_option_save(const char *path, const struct kt_layout *layout)
{
	struct kt_layout_entry entry = { .facts = layout->facts, .internals = layout->internals };
	size_t len = layout->build_id ? strlen(layout->build_id) : 0;

	if (!len || len >= sizeof(entry.build_id))
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--layout %s: %s has no build-id to know it by again", path,
				       layout->object);
	memcpy(entry.build_id, layout->build_id, len + 1);
	return kt_error_wrap(kt_layout_file_write(path, &entry), "--layout %s", path);
}

struct kt_error *kt_layout_option_make(const char *object, const char *path,
				       enum kt_fatal *ret_fatal)
{
	enum kt_resolve_failure failure = KT_RESOLVE_NOT_FOUND;
	struct kt_layout_entry entry;
	struct kt_error *err = kt_layout_resolve_file(object, &entry, &failure);

	*ret_fatal = kt_fatal_of_resolve(failure);
	KT_TRY(err);
	*ret_fatal = KT_FATAL_OTHER;
	return kt_error_wrap(kt_layout_file_write(path, &entry), "--layout %s", path);
}
