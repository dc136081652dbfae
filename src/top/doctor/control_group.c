/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/control_group.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum {
	LIST_MAX_BYTES = 16 * 1024,
	VALUE_MAX_BYTES = 16 * 1024,
};

/* Version 1 says "no limit" by a number near the largest one. */
#define NO_LIMIT_BYTES (1ULL << 60)

/* What the files are called in the two versions. */
struct version {
	const char *intro; /* of the group's line in the list, behind its number */
	const char *subdirectory;
	const char *limit;
	const char *used;
	const char *idle; /* in memory.stat */
};

static const struct version versions[] = {
	{ ":memory:", "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	  "\ntotal_inactive_file " },
	{ "0::", "", "memory.max", "memory.current", "\ninactive_file " },
};

static bool read_text(const char *dir, const char *name, struct kt_buf *out)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	kt_buf_reset(out);
	kt_buf_printf(&path, "%s/%s", dir, name);
	kt_autoerr struct kt_error *err = kt_file_read(kt_buf_text(&path), VALUE_MAX_BYTES, out);
	return !err;
}

static bool read_number(const char *dir, const char *name, uint64_t *ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (!read_text(dir, name, &text))
		return false;
	if (!strcmp(kt_buf_text(&text), "max\n")) {
		*ret = UINT64_MAX;
		return true;
	}
	return sscanf(kt_buf_text(&text), "%" SCNu64, ret) == 1;
}

/* What of the used memory is given back when it is asked for. */
static uint64_t idle_bytes(const struct version *version, const char *dir)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	uint64_t bytes = 0;

	if (!read_text(dir, "memory.stat", &text))
		return 0;
	const char *at = strstr(kt_buf_text(&text), version->idle);
	if (at)
		(void)sscanf(at + strlen(version->idle), "%" SCNu64, &bytes);
	return bytes;
}

/* One group: whether it has a limit file at all; the room it leaves goes into @room if it is less. */
static bool look_at(const struct version *version, const char *dir, uint64_t *room)
{
	uint64_t limit, used;

	if (!read_number(dir, version->limit, &limit))
		return false;
	if (limit >= NO_LIMIT_BYTES || !read_number(dir, version->used, &used))
		return true;
	uint64_t idle = idle_bytes(version, dir);
	used -= idle < used ? idle : used;
	uint64_t left = limit > used ? limit - used : 0;
	*room = left < *room ? left : *room;
	return true;
}

/* The path of our group in the list, into @path; false if this version has none. */
static bool find_group(const struct version *version, const char *list, char path[PATH_MAX])
{
	for (const char *line = list; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		const char *at = version->intro[0] == ':' ? memchr(line, ':', len) : line;
		size_t skip = strlen(version->intro);

		if (!at || strncmp(at, version->intro, skip) != 0)
			continue;
		at += skip;
		len -= (size_t)(at - line);
		if (len >= PATH_MAX)
			return false;
		memcpy(path, at, len);
		path[len] = '\0';
		return true;
	}
	return false;
}

/* From our group to the root.  In a container those at the top may not be there to be seen. */
static bool climb(const struct version *version, const char *mount, char *path, uint64_t *room)
{
	bool has_seen = false;

	for (;;) {
		kt_autobuf struct kt_buf dir = KT_BUF_INIT;
		char *slash = strrchr(path, '/');

		kt_buf_printf(&dir, "%s%s%s", mount, version->subdirectory, path);
		has_seen |= look_at(version, kt_buf_text(&dir), room);
		if (!slash)
			return has_seen;
		*slash = '\0';
	}
}

bool kt_control_group_room(const char *list, const char *mount, bool *ret_has_limit,
			   uint64_t *ret_room_bytes)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_file_read(list, LIST_MAX_BYTES, &text);
	uint64_t room = UINT64_MAX;
	bool has_seen = false;
	char path[PATH_MAX];

	for (size_t i = 0; !err && i < sizeof(versions) / sizeof(versions[0]); i++)
		if (find_group(&versions[i], kt_buf_text(&text), path))
			has_seen |= climb(&versions[i], mount, path, &room);
	if (!has_seen)
		return false;
	*ret_has_limit = room != UINT64_MAX;
	*ret_room_bytes = room;
	return true;
}
