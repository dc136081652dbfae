/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	KT_FILE_CHUNK_BYTES = 64 * 1024
};

struct kt_error *kt_file_read_fd(int fd, const char *name, size_t max_bytes, struct kt_buf *out)
{
	size_t start = out->len;

	for (;;) {
		if (!kt_buf_reserve(out, KT_FILE_CHUNK_BYTES))
			return kt_error_no_memory();
		ssize_t got = read(fd, out->data + out->len, KT_FILE_CHUNK_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_IO, errno, "%s: read", name);
		out->len += (size_t)got;
		out->data[out->len] = '\0';
		if (out->len - start > max_bytes)
			return kt_error_create(KT_ERROR_IO, 0, "%s: larger than %zu bytes", name,
					       max_bytes);
		if (!got)
			return NULL;
	}
}

struct kt_error *kt_file_read(const char *path, size_t max_bytes, struct kt_buf *out)
{
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s", path);
	return kt_file_read_fd(fd, path, max_bytes, out);
}

struct kt_error *kt_file_write_fd(int fd, const char *name, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t put = write(fd, at, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return kt_error_create(KT_ERROR_IO, errno, "%s: write", name);
		at += put;
		len -= (size_t)put;
	}
	return NULL;
}

/* Content and mode onto the disk, before the name points to it. */
static struct kt_error *fill_temporary(int fd, const char *name, const void *bytes, size_t len,
				       mode_t mode)
{
	KT_TRY(kt_file_write_fd(fd, name, bytes, len));
	if (fchmod(fd, mode))
		return kt_error_create(KT_ERROR_IO, errno, "%s: set mode", name);
	if (fsync(fd))
		return kt_error_create(KT_ERROR_IO, errno, "%s: fsync", name);
	return NULL;
}

/* Best effort: the rename is already visible, only a power cut could undo it. */
static void sync_directory(const char *path)
{
	kt_autofree char *copy = strdup(path);
	if (!copy)
		return;
	kt_autoclose int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd);
}

struct kt_error *kt_file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	kt_autofree char *resolved = realpath(path, NULL);
	const char *target = resolved ? resolved : path;
	struct stat old;
	if (!stat(path, &old)) {
		/* /dev/null must stay what it is; /dev/stdout may be a file without a name. */
		if (!S_ISREG(old.st_mode) || !resolved)
			return kt_error_create(KT_ERROR_IO, 0,
					       "%s: not a file that can be replaced", path);
		mode = old.st_mode & 07777;
	}

	kt_autofree char *temporary = NULL;
	if (asprintf(&temporary, "%s.XXXXXX", target) < 0) {
		temporary = NULL;
		return kt_error_no_memory();
	}
	kt_autoclose int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s: make a temporary file beside it",
				       target);

	struct kt_error *err = fill_temporary(fd, temporary, bytes, len, mode);
	if (!err && rename(temporary, target))
		err = kt_error_create(KT_ERROR_IO, errno, "%s: rename", target);
	if (err) {
		(void)unlink(temporary);
		return err;
	}
	sync_directory(target);
	return NULL;
}

void kt_file_fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

void kt_file_keep_inherited(void)
{
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

struct kt_error *kt_dir_make(const char *path)
{
	kt_autofree char *copy = strdup(path);
	if (!copy)
		return kt_error_no_memory();

	for (char *slash = copy + 1;; slash++) {
		if (*slash != '/' && *slash != '\0')
			continue;
		char kept = *slash;
		*slash = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return kt_error_create(KT_ERROR_IO, errno, "%s: make the directory", copy);
		*slash = kept;
		if (!kept)
			return NULL;
	}
}

struct kt_error *kt_cache_locate(const char *name, char **ret_path)
{
	const char *base = getenv("XDG_CACHE_HOME");
	const char *below = "";
	if (!base || base[0] != '/') {
		base = getenv("HOME");
		below = "/.cache";
	}
	if (!base || base[0] != '/')
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "no cache directory: set HOME or XDG_CACHE_HOME");

	char *path = NULL;
	if (asprintf(&path, "%s%s/ktstr-top/%s", base, below, name) < 0)
		return kt_error_no_memory();
	*ret_path = path;
	return NULL;
}

struct kt_error *kt_cache_path(const char *name, char **ret_path)
{
	kt_autofree char *path = NULL;

	KT_TRY(kt_cache_locate(name, &path));
	kt_autofree char *dir = strdup(path);
	if (!dir)
		return kt_error_no_memory();
	KT_TRY(kt_dir_make(dirname(dir)));
	*ret_path = KT_TAKE(path);
	return NULL;
}
