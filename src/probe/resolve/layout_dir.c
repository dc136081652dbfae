/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/layout_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/* While it is written, an entry's name is this and random digits: no build-id begins so. */
#define TEMPORARY_PREFIX "new-"

enum {
	DIGITS_OF_U64 = 16,
	/* Files looked at when the oldest are to go; a directory with more shrinks by and by. */
	TRIM_FILES_MAX = 4096,
	NAME_CAP = sizeof(((struct kt_layout_entry *)NULL)->build_id),
};

/* Nobody but us and root can have put there what is open at @fd. */
static bool is_trusted(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH)) && (st.st_uid == geteuid() || !st.st_uid);
}

/* Opens the directory, -1 if it is not there or not to be trusted. */
static int open_directory(const char *path)
{
	kt_autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || !is_trusted(fd, S_IFDIR))
		return -1;
	int taken = fd;
	fd = -1;
	return taken;
}

bool kt_layout_dir_get(const char *path, const char *build_id, struct kt_layout_entry *ret)
{
	struct kt_layout_entry entry;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (!kt_layout_build_id_is_valid(build_id))
		return false;
	kt_autoclose int dir_fd = open_directory(path);
	if (dir_fd < 0)
		return false;
	kt_autoclose int fd =
		openat(dir_fd, build_id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || !is_trusted(fd, S_IFREG))
		return false;
	kt_autoerr struct kt_error *err =
		kt_file_read_fd(fd, build_id, KT_LAYOUT_FILE_MAX_BYTES, &text);
	if (!err)
		err = kt_layout_entry_parse(kt_buf_text(&text), text.len, &entry);
	if (err || strcmp(entry.build_id, build_id))
		return false;
	*ret = entry;
	return true;
}

/*
 * Makes the directory, unless its nearest parent that is there is another user's: root must not
 * leave directories in a home that it was merely started from.
 */
static bool make_directory(const char *path)
{
	kt_autofree char *parent = strdup(path);
	struct stat st;

	if (!parent)
		return false;
	for (;;) {
		const char *up = dirname(parent);
		if (!stat(up, &st))
			break;
		if (errno != ENOENT || strlen(up) < 2)
			return false;
	}
	if (st.st_uid != geteuid() && st.st_uid)
		return false;
	kt_autoerr struct kt_error *err = kt_dir_make(path);
	return !err;
}

/* Makes a file in the directory whose name nobody knew before; -1 if that fails. */
static int create_temporary(int dir_fd, char name[NAME_CAP])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		return -1;
	(void)snprintf(name, NAME_CAP, TEMPORARY_PREFIX "%016" PRIx64, random);
	return openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static bool write_entry(int dir_fd, const struct kt_layout_entry *entry)
{
	char name[NAME_CAP];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_layout_entry_print(entry, &text);

	if (err)
		return false;
	kt_autoclose int fd = create_temporary(dir_fd, name);
	if (fd < 0)
		return false;
	/* A umask may have taken the owner's own rights away. */
	bool is_written = !fchmod(fd, 0644);
	err = kt_file_write_fd(fd, name, text.data, text.len);
	if (is_written && !err && !renameat(dir_fd, name, dir_fd, entry->build_id))
		return true;
	(void)unlinkat(dir_fd, name, 0);
	return false;
}

struct aged_file {
	char name[NAME_CAP];
	struct timespec modified;
};

struct aged_files {
	struct aged_file *list;
	size_t count;
	size_t cap;
};

/* Only what we would have made: an entry, or one that was never finished. */
static bool is_ours(const char *name)
{
	size_t prefix = strlen(TEMPORARY_PREFIX);

	if (kt_layout_build_id_is_valid(name))
		return true;
	return !strncmp(name, TEMPORARY_PREFIX, prefix) && strlen(name) == prefix + DIGITS_OF_U64 &&
	       kt_layout_build_id_is_valid(name + prefix);
}

/* False when no more are to be looked at. */
static bool add_file(struct aged_files *files, const char *name)
{
	if (!is_ours(name))
		return true;
	if (files->count == files->cap) {
		size_t cap = files->cap ? files->cap * 2 : KT_LAYOUT_DIR_ENTRIES_MAX + 1;
		struct aged_file *list = reallocarray(files->list, cap, sizeof(*list));
		if (!list)
			return false;
		files->list = list;
		files->cap = cap;
	}
	memcpy(files->list[files->count++].name, name, strlen(name) + 1);
	return files->count < TRIM_FILES_MAX;
}

static int compare_age(const void *a, const void *b)
{
	const struct timespec *left = &((const struct aged_file *)a)->modified;
	const struct timespec *right = &((const struct aged_file *)b)->modified;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return (left->tv_nsec > right->tv_nsec) - (left->tv_nsec < right->tv_nsec);
}

/* Somebody else may be doing the same: a file that is gone is as good as removed. */
static void remove_oldest(int dir_fd, struct aged_files *files, size_t excess)
{
	for (size_t i = 0; i < files->count; i++) {
		struct stat st = { 0 };
		(void)fstatat(dir_fd, files->list[i].name, &st, AT_SYMLINK_NOFOLLOW);
		files->list[i].modified = st.st_mtim;
	}
	qsort(files->list, files->count, sizeof(*files->list), compare_age);
	for (size_t i = 0; i < excess; i++)
		(void)unlinkat(dir_fd, files->list[i].name, 0);
}

/* Removes the oldest files above the limit. */
static void trim(int dir_fd)
{
	struct aged_files files = { 0 };
	int own_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own_fd < 0 ? NULL : fdopendir(own_fd);

	if (!dir) {
		if (own_fd >= 0)
			(void)close(own_fd);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (!add_file(&files, entry->d_name))
			break;
	(void)closedir(dir);
	if (files.count > KT_LAYOUT_DIR_ENTRIES_MAX)
		remove_oldest(dir_fd, &files, files.count - KT_LAYOUT_DIR_ENTRIES_MAX);
	free(files.list);
}

bool kt_layout_dir_put(const char *path, const struct kt_layout_entry *entry)
{
	kt_autoclose int dir_fd = open_directory(path);

	if (dir_fd < 0 && make_directory(path))
		dir_fd = open_directory(path);
	if (dir_fd < 0 || !write_entry(dir_fd, entry))
		return false;
	trim(dir_fd);
	return true;
}

/* The user's directory of entries, not made; NULL if the user has no home. */
static char *user_directory(void)
{
	char *path = NULL;
	kt_autoerr struct kt_error *err = kt_cache_locate("layouts", &path);

	return err ? NULL : path;
}

bool kt_layout_cache_get(const char *build_id, struct kt_layout_entry *ret)
{
	kt_autofree char *path = user_directory();

	return (path && kt_layout_dir_get(path, build_id, ret)) ||
	       kt_layout_dir_get(KT_LAYOUT_MACHINE_DIR, build_id, ret);
}

void kt_layout_cache_put(const struct kt_layout_entry *entry)
{
	kt_autofree char *path = user_directory();

	if (path || !geteuid())
		(void)kt_layout_dir_put(path ? path : KT_LAYOUT_MACHINE_DIR, entry);
}
