/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel/kernel_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "vmm/confine/qemu_user.h"
#include "vmm/kernel/kernel_bzimage.h"
#include "vmm/kernel/kernel_check.h"

enum {
	KT_TRAILER_BYTES = 512,
	KT_VERSION_MAX_BYTES = 256,
	KT_HASH_CHUNK_BYTES = 1024 * 1024,
	KT_CACHE_MAX_ENTRIES = 8, /* of some 60 MB each */
};

/* The line behind the ELF, filled up with NULs to KT_TRAILER_BYTES. */
#define KT_TRAILER_FORMAT "ktstr-vmlinux 1 source %s size %" PRIu64 " hash %s version %s\n"

struct source {
	const void *image;
	size_t len;
	const char *name;
	char hash[KT_HASH_TEXT_SIZE];
};

/* Hashes the first @size bytes of @fd; false if they cannot be read. */
static bool hash_file(int fd, uint64_t size, char text[KT_HASH_TEXT_SIZE])
{
	struct kt_hash hash = { 0 };
	kt_autoerr struct kt_error *err = kt_hash_update_file(&hash, fd, size);

	if (err || hash.total_bytes != size)
		return false;
	kt_hash_text(&hash, text);
	return true;
}

/* What the trailer of @fd must be, given the version it tells; false if @fd is no entry. */
static bool verify(int fd, const char *source_hash, char **ret_version)
{
	char trailer[KT_TRAILER_BYTES + 1] = { 0 };
	char expected[KT_TRAILER_BYTES + 1] = { 0 };
	char elf_hash[KT_HASH_TEXT_SIZE];
	char version[KT_VERSION_MAX_BYTES];
	struct stat st;

	if (fstat(fd, &st) || st.st_size < KT_TRAILER_BYTES)
		return false;
	uint64_t size = (uint64_t)st.st_size - KT_TRAILER_BYTES;
	if (pread(fd, trailer, KT_TRAILER_BYTES, (off_t)size) != KT_TRAILER_BYTES ||
	    sscanf(trailer, "ktstr-vmlinux 1 %*s %*s %*s %*s %*s %*s version %255s", version) !=
		    1 ||
	    !hash_file(fd, size, elf_hash))
		return false;
	(void)snprintf(expected, sizeof(expected), KT_TRAILER_FORMAT, source_hash, size, elf_hash,
		       version);
	if (strcmp(trailer, expected))
		return false;
	*ret_version = strdup(version);
	return *ret_version;
}

/*
 * What QEMU needs when root starts it as somebody else.  That it fails shows where it is decided as whom
 * QEMU runs.
 */
static void share(int fd)
{
	kt_error_destroy(kt_qemu_user_share(fd, false));
}

/* A file without a name: in the cache directory if that works, else in memory. */
static int open_nameless(const char *dir)
{
	int fd = dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

	return fd >= 0 ? fd : memfd_create("ktstr-vmlinux", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/*
 * Gives the finished file its name.  Failure is no loss: the file is used all the same.  A
 * name that is taken belongs to a damaged entry, or to another process that was faster,
 * whose users hold it open.
 */
static void publish(int fd, const char *path)
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	for (int attempt = 0; attempt < 2; attempt++) {
		if (!linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) || errno != EEXIST)
			return;
		(void)unlink(path);
	}
}

/* Removes the oldest entry of @dir if there are too many; whether it did. */
static bool prune_one(const char *dir)
{
	DIR *entries = opendir(dir);
	const struct dirent *entry;
	char oldest[KT_HASH_TEXT_SIZE] = "";
	int64_t oldest_ns = 0;
	size_t count = 0;
	struct stat st;

	while (entries && (entry = readdir(entries))) {
		if (strlen(entry->d_name) != KT_HASH_TEXT_SIZE - 1 ||
		    fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		int64_t modified_ns =
			st.st_mtim.tv_sec * (int64_t)KT_NS_PER_SEC + st.st_mtim.tv_nsec;
		if (!count++ || modified_ns < oldest_ns) {
			oldest_ns = modified_ns;
			memcpy(oldest, entry->d_name, sizeof(oldest));
		}
	}
	bool removed = count > KT_CACHE_MAX_ENTRIES && !unlinkat(dirfd(entries), oldest, 0);
	if (entries)
		(void)closedir(entries);
	return removed;
}

static struct kt_error *reopen_read_only(int fd, int *ret_fd)
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	int again = open(self, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return kt_error_create(KT_ERROR_IO, errno, "reopen the unpacked kernel");
	*ret_fd = again;
	return NULL;
}

static struct kt_error *write_trailer(const struct source *source, int fd, uint64_t size,
				      const char *version)
{
	char trailer[KT_TRAILER_BYTES] = { 0 };
	char elf_hash[KT_HASH_TEXT_SIZE];

	if (!hash_file(fd, size, elf_hash))
		return kt_error_create(KT_ERROR_IO, 0, "%s: cannot read back what was unpacked",
				       source->name);
	(void)snprintf(trailer, sizeof(trailer), KT_TRAILER_FORMAT, source->hash, size, elf_hash,
		       version);
	return kt_file_write_fd(fd, source->name, trailer, sizeof(trailer));
}

static struct kt_error *unpack(const struct source *source, const char *dir, const char *path,
			       int *ret_fd, char **ret_version)
{
	struct kt_bzimage bzimage;
	kt_autofree char *version = NULL;
	kt_autoclose int fd = open_nameless(dir);

	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s: no room to unpack it",
				       source->name);
	KT_TRY(kt_bzimage_parse(source->image, source->len, source->name, &bzimage));
	KT_TRY(kt_bzimage_unpack(&bzimage, source->name, fd));
	KT_TRY(kt_kernel_check(fd, source->name, &version));
	KT_TRY(write_trailer(source, fd, bzimage.unpacked_bytes, version));
	share(fd);
	/* One in memory is for all guests alike; a file has its owner against them, and refuses this. */
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	KT_TRY(reopen_read_only(fd, ret_fd));
	if (path) {
		publish(fd, path);
		while (prune_one(dir))
			;
	}
	*ret_version = KT_TAKE(version);
	return NULL;
}

/* Where the cache is; both stay NULL where there is none. */
static struct kt_error *locate(const char *hash, char **ret_dir, char **ret_path)
{
	kt_autofree char *dir = NULL;
	char *path = NULL;
	kt_autoerr struct kt_error *err = kt_cache_path("vmlinux", &dir);

	if (!err)
		err = kt_dir_make(dir);
	if (err && kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return KT_TAKE(err);
	if (err)
		return NULL;
	if (asprintf(&path, "%s/%s", dir, hash) < 0)
		return kt_error_no_memory();
	*ret_dir = KT_TAKE(dir);
	*ret_path = path;
	return NULL;
}

struct kt_error *kt_kernel_cache_get(const void *image, size_t len, const char *hash,
				     const char *name, int *ret_fd, char **ret_version)
{
	struct source source = { .image = image, .len = len, .name = name };
	kt_autofree char *dir = NULL;
	kt_autofree char *path = NULL;

	memcpy(source.hash, hash, KT_HASH_TEXT_SIZE);
	KT_TRY(locate(source.hash, &dir, &path));
	kt_autoclose int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd >= 0 && verify(fd, source.hash, ret_version)) {
		share(fd);
		*ret_fd = fd;
		fd = -1;
		return NULL;
	}
	return unpack(&source, dir, path, ret_fd, ret_version);
}
