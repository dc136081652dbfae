/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Whole files: read with a limit, written so that nobody sees half of one.
 * Descriptors are close-on-exec from birth.
 */
#ifndef KT_BASE_FILE_H
#define KT_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/**
 * Appends all that @fd has until its end to @out, at most @max_bytes.
 * Errors: io (read failed, or there is more than @max_bytes), no memory.  @name is for the text.
 * Owner: the caller keeps @fd.
 */
struct kt_error *kt_file_read_fd(int fd, const char *name, size_t max_bytes,
				 struct kt_buf *out) KT_MUST_CHECK;

/**
 * Appends the content of @path to @out, at most @max_bytes.
 * Errors: io, no memory.  Owner: @out stays the caller's.
 */
struct kt_error *kt_file_read(const char *path, size_t max_bytes, struct kt_buf *out) KT_MUST_CHECK;

/** Writes all @len bytes to @fd.  Errors: io.  @name is for the text. */
struct kt_error *kt_file_write_fd(int fd, const char *name, const void *bytes,
				  size_t len) KT_MUST_CHECK;

/**
 * Replaces (or makes) @path by a file of these bytes: temporary file in the same
 * directory, fsync, rename, fsync of the directory.  A symlink at @path is followed.
 * An existing file's mode is kept; a new file gets @mode.  Nothing is left behind on failure.
 * Errors: io (also: what is there is no regular file, or has no name), no memory.
 */
struct kt_error *kt_file_replace(const char *path, const void *bytes, size_t len,
				 mode_t mode) KT_MUST_CHECK;

/**
 * Opens /dev/null in place of a standard descriptor that is closed: the next file opened would
 * take its number, and be written to as if it were the output.
 */
void kt_file_fill_standard(void);

/**
 * Keeps what was inherited beyond the standard descriptors from programs that are started later: a
 * file that whoever started us forgot to close is none of theirs.
 */
void kt_file_keep_inherited(void);

/** Makes the directory @path and its parents, mode 0700 for new ones.  Errors: io, no memory. */
struct kt_error *kt_dir_make(const char *path) KT_MUST_CHECK;

/**
 * The path of this program's entry @name in the user's cache directory
 * ($XDG_CACHE_HOME or $HOME/.cache), whether or not that is there.
 * Errors: environment (neither variable is an absolute path), no memory.
 * Owner: the caller frees @ret_path.
 */
struct kt_error *kt_cache_locate(const char *name, char **ret_path) KT_MUST_CHECK;

/**
 * The same, and the directory that it is in is made.
 * Errors: environment (neither variable is an absolute path), io, no memory.
 * Owner: the caller frees @ret_path.
 */
struct kt_error *kt_cache_path(const char *name, char **ret_path) KT_MUST_CHECK;

#endif
