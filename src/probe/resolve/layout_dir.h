/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A directory of layout entries, one file per build-id, safe to share between processes
 * and to have in places that others may reach.
 *
 * The directory and each file are used only if they belong to us or to root and nobody else can
 * write to them; symlinks are not followed.  An entry appears whole or not at all, because it is
 * written under another name first; its hash tells what a crash of the machine tore.
 * What is put is never waited for (no fsync): a lost entry is found out again.
 */
#ifndef KT_PROBE_RESOLVE_LAYOUT_DIR_H
#define KT_PROBE_RESOLVE_LAYOUT_DIR_H

#include "probe/resolve/layout_file.h"

enum {
	KT_LAYOUT_DIR_ENTRIES_MAX = 512
};

/**
 * The entry for @build_id in the directory at @path; false if there is none that can be used
 * (missing, damaged, for another build-id, a link, not ours or root's alone to write).
 */
bool kt_layout_dir_get(const char *path, const char *build_id, struct kt_layout_entry *ret);

/**
 * Puts @entry into the directory at @path, which is made if its nearest parent that is
 * there belongs to us or to root, and removes the oldest entries above
 * KT_LAYOUT_DIR_ENTRIES_MAX.  False if that was not possible.
 */
bool kt_layout_dir_put(const char *path, const struct kt_layout_entry *entry);

#endif
