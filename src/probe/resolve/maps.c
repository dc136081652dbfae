/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

#define DELETED " (deleted)"

/* Parses a number of @base that ends in @stop, moving @at behind it. */
static bool take_number(char **at, int base, char stop, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(*at, &end, base);
	if (errno || end == *at || *end != stop)
		return false;
	*at = end + 1;
	return true;
}

bool kt_mapping_parse(char *line, struct kt_mapping *ret)
{
	struct kt_mapping map = { 0 };
	uint64_t offset;
	uint64_t major_number;
	uint64_t minor_number;
	char *at = line;

	if (!take_number(&at, 16, '-', &map.start) || !take_number(&at, 16, ' ', &map.end))
		return false;
	if (strnlen(at, 5) < 5 || at[2] != 'x' || at[4] != ' ')
		return false;
	at += 5;
	if (!take_number(&at, 16, ' ', &offset) || !take_number(&at, 16, ':', &major_number) ||
	    !take_number(&at, 16, ' ', &minor_number) || !take_number(&at, 10, ' ', &map.inode))
		return false;
	at += strspn(at, " ");
	if (*at != '/')
		return false;

	size_t len = strlen(at);
	size_t tail = sizeof(DELETED) - 1;
	if (len > tail && !strcmp(at + len - tail, DELETED)) {
		map.is_deleted = true;
		at[len - tail] = '\0';
	}
	map.device = makedev((unsigned)major_number, (unsigned)minor_number);
	map.path = at;
	*ret = map;
	return true;
}

struct file_id {
	uint64_t device;
	uint64_t inode;
};

struct seen_files {
	struct file_id *ids;
	size_t count;
};

/* Whether the mapping's file is new; it is remembered then. */
static struct kt_error *remember(struct seen_files *seen, const struct kt_mapping *map,
				 bool *ret_new)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->ids[i].device == map->device && seen->ids[i].inode == map->inode) {
			*ret_new = false;
			return NULL;
		}
	struct file_id *ids = reallocarray(seen->ids, seen->count + 1, sizeof(*ids));
	if (!ids)
		return kt_error_no_memory();
	seen->ids = ids;
	ids[seen->count++] = (struct file_id){ .device = map->device, .inode = map->inode };
	*ret_new = true;
	return NULL;
}

struct kt_error *kt_maps_visit(int proc_fd, bool (*visit)(void *ctx, const struct kt_mapping *map),
			       void *ctx)
{
	int fd = openat(proc_fd, "maps", O_RDONLY | O_CLOEXEC);
	kt_autofclose FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		int saved = errno;
		if (fd >= 0)
			(void)close(fd);
		return kt_error_create(KT_ERROR_PROBE, saved, "the target's memory map");
	}

	struct seen_files seen = { 0 };
	kt_autofree char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	struct kt_error *err = NULL;
	bool is_done = false;
	while (!err && !is_done && (len = getline(&line, &cap, file)) > 0) {
		struct kt_mapping map;
		bool is_new;
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!kt_mapping_parse(line, &map))
			continue;
		err = remember(&seen, &map, &is_new);
		if (!err && is_new)
			is_done = visit(ctx, &map);
	}
	free(seen.ids);
	if (!err && !is_done && ferror(file))
		err = kt_error_create(KT_ERROR_PROBE, errno, "the target's memory map");
	return err;
}
