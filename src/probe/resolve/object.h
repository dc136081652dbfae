/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Opening the target's files by the target's own names: a path is looked up in its root
 * directory, a mapping through map_files, so that containers and replaced files are met.
 */
#ifndef KT_PROBE_RESOLVE_OBJECT_H
#define KT_PROBE_RESOLVE_OBJECT_H

#include <stdbool.h>

#include "probe/resolve/module.h"

/** Whether the process has another root directory than we have; false if that cannot be told. */
bool kt_object_root_differs(int proc_fd);

/**
 * Opens @path as the process sees it, symbolic links included, read-only.
 * Returns a descriptor that the caller owns, or -1 with errno.
 */
int kt_object_open_path(int proc_fd, const char *path);

/**
 * Opens the file that the loaded object @module came from: the executable through /proc/PID/exe,
 * others by path if that is still the same file, else by map_files.  @proc_fd is -1 for an object
 * that nobody has loaded: its path is ours.
 * Returns a descriptor that the caller owns, or -1 with errno.
 */
int kt_object_open_module(int proc_fd, const struct kt_module *module);

#endif
