/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "vmm/template/template_cache.h"

/* Nobody writes for that long: who did has died. */
#define PART_MAX_AGE_SEC 600

struct kept {
	char name[KT_HASH_TEXT_SIZE];
	uint64_t bytes;
	struct timespec used;
};

struct listing {
	struct kept *files;
	size_t count;
	size_t cap;
	uint64_t bytes;
};

static void listing_deinit(struct listing *listing)
{
	free(listing->files);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static bool is_key(const char *name)
{
	return strspn(name, "0123456789abcdef") == KT_HASH_TEXT_SIZE - 1 &&
	       !name[KT_HASH_TEXT_SIZE - 1];
}

static bool is_part(const char *name)
{
	return strspn(name, "0123456789abcdef") == KT_HASH_TEXT_SIZE - 1 &&
	       !strncmp(name + KT_HASH_TEXT_SIZE - 1, KT_TEMPLATE_PART ".",
			strlen(KT_TEMPLATE_PART) + 1);
}

static struct kt_error *add(struct listing *listing, const char *name, const struct stat *info)
{
	if (listing->count == listing->cap) {
		size_t cap = listing->cap ? 2 * listing->cap : 16;
		struct kept *files = reallocarray(listing->files, cap, sizeof(*files));
		if (!files)
			return kt_error_no_memory();
		listing->files = files;
		listing->cap = cap;
	}
	struct kept *file = &listing->files[listing->count++];
	memcpy(file->name, name, KT_HASH_TEXT_SIZE);
	file->bytes = (uint64_t)info->st_blocks * 512;
	file->used = info->st_mtim;
	listing->bytes += file->bytes;
	return NULL;
}

static struct kt_error *list(DIR *dir, struct listing *listing)
{
	const struct dirent *entry;
	struct stat info;

	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		if ((!is_key(name) && !is_part(name)) ||
		    fstatat(dirfd(dir), name, &info, AT_SYMLINK_NOFOLLOW) || !S_ISREG(info.st_mode))
			continue;
		if (is_key(name))
			KT_TRY(add(listing, name, &info));
		else if (time(NULL) - info.st_mtim.tv_sec > PART_MAX_AGE_SEC)
			(void)unlinkat(dirfd(dir), name, 0);
	}
	return NULL;
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *left = &((const struct kept *)a)->used;
	const struct timespec *right = &((const struct kept *)b)->used;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return (left->tv_nsec > right->tv_nsec) - (left->tv_nsec < right->tv_nsec);
}

struct kt_error *kt_template_cache_trim(const char *path, uint64_t limit_bytes,
					struct kt_template_cache_removal *ret)
{
	__attribute__((cleanup(listing_deinit))) struct listing listing = { 0 };
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	struct kt_template_cache_removal removal = { 0 };

	if (!dir)
		return kt_error_create(KT_ERROR_IO, errno, "%s", path);
	KT_TRY(list(dir, &listing));
	if (listing.count)
		qsort(listing.files, listing.count, sizeof(*listing.files), by_use);
	for (size_t i = 0; i < listing.count && listing.bytes > limit_bytes; i++) {
		const struct kept *file = &listing.files[i];
		/* Somebody else may have been faster: gone is gone. */
		if (unlinkat(dirfd(dir), file->name, 0) && errno != ENOENT)
			return kt_error_create(KT_ERROR_IO, errno, "%s/%s", path, file->name);
		listing.bytes -= file->bytes;
		removal.bytes += file->bytes;
		removal.count++;
	}
	*ret = removal;
	return NULL;
}
