/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/confine/group_place.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/confine/control_group.h"

enum {
	LIST_MAX_BYTES = 64 * 1024,
	MOUNTS_MAX_BYTES = 1024 * 1024,
	VALUE_MAX_BYTES = 4096,
};

/* ---- judging ---- */

static void refuse(struct kt_group_verdict *ret, const char *why)
{
	ret->is_found = false;
	(void)snprintf(ret->reason, sizeof(ret->reason), "no control groups for guests: %s", why);
}

void kt_group_decide(const struct kt_group_level *levels, size_t count,
		     struct kt_group_verdict *ret)
{
	bool has_given = false;

	for (size_t i = 0; i < count; i++) {
		const struct kt_group_level *level = &levels[i];

		if (i && levels[i - 1].has_limit) {
			refuse(ret, "they would escape the limit that this process' group has");
			return;
		}
		has_given |= level->gives_memory;
		if (!level->is_domain || !level->gives_memory || !level->is_writable)
			continue;
		ret->is_found = true;
		ret->level = i;
		(void)snprintf(ret->reason, sizeof(ret->reason),
			       "each guest has a control group with limits of memory%s",
			       level->gives_pids ? " and tasks" : "");
		return;
	}
	refuse(ret, has_given ? "this user may make none where memory can be limited"
			      : "none here passes on limits of memory");
}

/* ---- looking ---- */

static bool read_value(const char *dir, const char *name, struct kt_buf *out)
{
	char path[PATH_MAX];

	kt_buf_reset(out);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	kt_autoerr struct kt_error *err = kt_file_read(path, VALUE_MAX_BYTES, out);
	return !err && !out->failed;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text += strcspn(text, " \n"), text += strspn(text, " \n"))
		if (strcspn(text, " \n") == len && !memcmp(text, word, len))
			return true;
	return false;
}

static bool is_limited(const char *dir, const char *name, struct kt_buf *value)
{
	return read_value(dir, name, value) && strcmp(kt_buf_text(value), "max\n") != 0;
}

static bool may_write(const char *dir, const char *name, int mode)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
	       !faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

static void look_at(const char *dir, struct kt_group_level *ret)
{
	kt_autobuf struct kt_buf value = KT_BUF_INIT;

	*ret = (struct kt_group_level){ .is_domain = true };
	/* The root has no type. */
	if (read_value(dir, "cgroup.type", &value))
		ret->is_domain = !strcmp(kt_buf_text(&value), "domain\n");
	if (read_value(dir, "cgroup.subtree_control", &value)) {
		ret->gives_memory = has_word(kt_buf_text(&value), "memory");
		ret->gives_pids = has_word(kt_buf_text(&value), "pids");
	}
	ret->is_writable = may_write(dir, ".", W_OK | X_OK) && may_write(dir, "cgroup.procs", W_OK);
	ret->has_limit = is_limited(dir, "memory.max", &value) ||
			 is_limited(dir, "pids.max", &value);
}

/* Mount point and root of the first mount of version 2; false if there is none. */
static bool find_mount(char *mounts, const char **ret_root, const char **ret_point)
{
	char *rest = NULL;

	for (char *line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *end = strstr(line, " - cgroup2 ");
		char *word = NULL;
		char *root = NULL;
		char *point = NULL;

		if (!end)
			continue;
		*end = '\0';
		(void)strtok_r(line, " ", &word);
		(void)strtok_r(NULL, " ", &word);
		(void)strtok_r(NULL, " ", &word);
		root = strtok_r(NULL, " ", &word);
		point = strtok_r(NULL, " ", &word);
		if (!root || !point || strchr(point, '\\'))
			continue;
		*ret_root = root;
		*ret_point = point;
		return true;
	}
	return false;
}

/* The part of @group below the mount's @root; NULL if it is not below. */
static const char *below_root(const char *group, const char *root)
{
	size_t len = strcmp(root, "/") ? strlen(root) : 0;

	if (strncmp(group, root, len) != 0 || (group[len] && group[len] != '/') ||
	    strstr(group, "/.."))
		return NULL;
	return strcmp(group + len, "/") ? group + len : "";
}

/* Looks at @dir and what is above it, up to its first @top_len bytes; then judges. */
static struct kt_error *judge(const char *dir, size_t top_len, struct kt_group_place *ret)
{
	struct kt_group_level levels[KT_GROUP_MAX_LEVELS];
	size_t lens[KT_GROUP_MAX_LEVELS];
	struct kt_group_verdict verdict;
	size_t count = 0;
	size_t len = strlen(dir);

	for (bool more = true; more && count < KT_GROUP_MAX_LEVELS; count++) {
		kt_autofree char *at = strndup(dir, len);

		if (!at)
			return kt_error_no_memory();
		look_at(at, &levels[count]);
		lens[count] = len;
		more = len > top_len;
		while (more && dir[--len] != '/')
			continue;
	}
	kt_group_decide(levels, count, &verdict);
	memcpy(ret->reason, verdict.reason, sizeof(ret->reason));
	if (!verdict.is_found)
		return NULL;
	ret->gives_pids = levels[verdict.level].gives_pids;
	ret->dir = strndup(dir, lens[verdict.level]);
	return ret->dir ? NULL : kt_error_no_memory();
}

static bool read_text(const char *path, size_t max_bytes, struct kt_buf *out)
{
	kt_autoerr struct kt_error *err = kt_file_read(path, max_bytes, out);

	return !err;
}

struct kt_error *kt_group_place_find(const char *list_path, const char *mounts_path,
				     struct kt_group_place *ret)
{
	kt_autobuf struct kt_buf list = KT_BUF_INIT;
	kt_autobuf struct kt_buf mounts = KT_BUF_INIT;
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;
	const char *root;
	const char *point;
	char group[PATH_MAX];

	*ret = (struct kt_group_place){ .dir = NULL };
	(void)snprintf(ret->reason, sizeof(ret->reason),
		       "no control groups for guests: there is none of version 2 to be seen");
	if (!read_text(list_path, LIST_MAX_BYTES, &list) ||
	    !read_text(mounts_path, MOUNTS_MAX_BYTES, &mounts) || !mounts.len ||
	    !kt_control_group_path("", kt_buf_text(&list), group) ||
	    !find_mount(mounts.data, &root, &point))
		return NULL;
	const char *below = below_root(group, root);
	if (!below)
		return NULL;
	kt_buf_printf(&dir, "%s%s", point, below);
	KT_TRY(kt_buf_error(&dir));
	return judge(dir.data, strlen(point), ret);
}

void kt_group_place_deinit(struct kt_group_place *place)
{
	free(KT_TAKE(place->dir));
}
