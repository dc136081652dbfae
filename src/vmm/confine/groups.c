/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/confine/groups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RUN_PREFIX   "ktstr-top."
#define GUEST_PREFIX "guest-"

enum {
	NAME_ATTEMPTS = 16,
	NAME_BYTES = 64,
};

struct group {
	char *procs;
	bool is_taken;
};

struct kt_groups {
	char *dir;
	int dir_fd; /* locked while the run lives; -1 until then */
	struct kt_group_controllers controllers;
	struct group *groups;
	uint32_t count;
};

KT_DEFINE_CLEANUP(struct kt_groups *, kt_groups_close);

/* Removes the groups called @prefix... in @dir_fd that have no processes. */
static void remove_children(int dir_fd, const char *prefix)
{
	int again = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			(void)unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
	if (entries)
		(void)closedir(entries);
	else if (again >= 0)
		(void)close(again);
}

/* Removes the run @name, unless it lives. */
static void sweep_run(int place_fd, const char *name)
{
	kt_autoclose int fd =
		openat(place_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return;
	remove_children(fd, GUEST_PREFIX);
	(void)unlinkat(place_fd, name, AT_REMOVEDIR);
}

void kt_groups_sweep(const char *place)
{
	DIR *entries = opendir(place);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (!strncmp(entry->d_name, RUN_PREFIX, sizeof(RUN_PREFIX) - 1))
			sweep_run(dirfd(entries), entry->d_name);
	if (entries)
		(void)closedir(entries);
}

/* Writes @value into the file @name of a group; an absent file counts as written if it @may_lack. */
static struct kt_error *set(int dir_fd, const char *name, const char *value, bool may_lack)
{
	kt_autoclose int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && may_lack)
		return NULL;
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "control group: %s", name);
	return NULL;
}

/* Whether @dir is still the directory behind @fd: another run may have swept it as if it were left. */
static bool is_still_there(int fd, const char *dir)
{
	struct stat ours;
	struct stat named;

	return !fstat(fd, &ours) && !stat(dir, &named) && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

/* Makes the run's directory and locks it; the first name that is free. */
static struct kt_error *make_run(const char *place, struct kt_groups *groups)
{
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		free(KT_TAKE(groups->dir));
		if (asprintf(&groups->dir, "%s/" RUN_PREFIX "%d.%d", place, (int)getpid(),
			     attempt) < 0) {
			groups->dir = NULL;
			return kt_error_no_memory();
		}
		if (mkdir(groups->dir, 0755) && errno == EEXIST)
			continue; /* another name space's, or what could not be removed */
		int fd = open(groups->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", groups->dir);
		if (!flock(fd, LOCK_EX | LOCK_NB) && is_still_there(fd, groups->dir)) {
			groups->dir_fd = fd;
			return NULL;
		}
		(void)close(fd);
	}
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: no name is free for control groups",
			       place);
}

static struct kt_error *give_controllers(const struct kt_groups *groups)
{
	if (groups->controllers.has_memory)
		KT_TRY(set(groups->dir_fd, "cgroup.subtree_control", "+memory", false));
	if (groups->controllers.has_pids)
		KT_TRY(set(groups->dir_fd, "cgroup.subtree_control", "+pids", false));
	return NULL;
}

static void name_guest(uint32_t index, char name[NAME_BYTES])
{
	(void)snprintf(name, NAME_BYTES, GUEST_PREFIX "%" PRIu32, index);
}

static struct kt_error *add_group(struct kt_groups *groups)
{
	struct group *more =
		reallocarray(groups->groups, groups->count + 1, sizeof(*groups->groups));
	struct group group = { .is_taken = false };
	char name[NAME_BYTES];

	if (!more)
		return kt_error_no_memory();
	groups->groups = more;
	name_guest(groups->count, name);
	if (mkdirat(groups->dir_fd, name, 0755))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s/%s", groups->dir, name);
	if (asprintf(&group.procs, "%s/%s/cgroup.procs", groups->dir, name) < 0)
		return kt_error_no_memory();
	groups->groups[groups->count++] = group;
	return NULL;
}

struct kt_error *kt_groups_open(const char *place, struct kt_group_controllers controllers,
				uint32_t count, struct kt_groups **ret)
{
	KT_CLEANUP(kt_groups_close) struct kt_groups *groups = calloc(1, sizeof(*groups));
	if (!groups)
		return kt_error_no_memory();
	groups->dir_fd = -1;
	groups->controllers = controllers;
	KT_TRY(make_run(place, groups));
	KT_TRY(give_controllers(groups));
	for (uint32_t i = 0; i < count; i++)
		KT_TRY(add_group(groups));
	*ret = KT_TAKE(groups);
	return NULL;
}

/* Without swap the limit of memory is all there is; a guest that dies of it dies as a whole. */
static struct kt_error *limit(const struct kt_groups *groups, uint32_t index, uint64_t memory_bytes,
			      uint32_t task_count)
{
	char name[NAME_BYTES];
	char value[32];

	name_guest(index, name);
	kt_autoclose int fd = openat(groups->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s/%s", groups->dir, name);
	if (groups->controllers.has_memory) {
		(void)snprintf(value, sizeof(value), "%" PRIu64, memory_bytes);
		KT_TRY(set(fd, "memory.max", value, false));
		KT_TRY(set(fd, "memory.swap.max", "0", true));
		KT_TRY(set(fd, "memory.oom.group", "1", true));
	}
	if (!groups->controllers.has_pids)
		return NULL;
	(void)snprintf(value, sizeof(value), "%" PRIu32, task_count);
	return set(fd, "pids.max", value, false);
}

struct kt_error *kt_groups_take(struct kt_groups *groups, uint64_t memory_bytes,
				uint32_t task_count, const char **ret_procs)
{
	uint32_t index = 0;

	while (index < groups->count && groups->groups[index].is_taken)
		index++;
	if (index == groups->count)
		KT_TRY(add_group(groups));
	KT_TRY(limit(groups, index, memory_bytes, task_count));
	groups->groups[index].is_taken = true;
	*ret_procs = groups->groups[index].procs;
	return NULL;
}

void kt_groups_give(struct kt_groups *groups, const char *procs)
{
	for (uint32_t i = 0; procs && i < groups->count; i++)
		if (groups->groups[i].procs == procs)
			groups->groups[i].is_taken = false;
}

void kt_groups_close(struct kt_groups *groups)
{
	if (!groups)
		return;
	if (groups->dir_fd >= 0) {
		remove_children(groups->dir_fd, GUEST_PREFIX);
		(void)rmdir(groups->dir);
		(void)close(groups->dir_fd);
	}
	for (uint32_t i = 0; i < groups->count; i++)
		free(groups->groups[i].procs);
	free(groups->groups);
	free(groups->dir);
	free(groups);
}
