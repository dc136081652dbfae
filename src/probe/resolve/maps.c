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
	uint64_t major_number;
	uint64_t minor_number;
	char *at = line;

	if (!take_number(&at, 16, '-', &map.start) || !take_number(&at, 16, ' ', &map.end))
		return false;
	if (strnlen(at, 5) < 5 || at[4] != ' ')
		return false;
	map.is_executable = at[2] == 'x';
	at += 5;
	if (!take_number(&at, 16, ' ', &map.offset) || !take_number(&at, 16, ':', &major_number) ||
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

/* The last mapping of a file's first byte, until a part of it proves to be code. */
struct pending {
	char *line; /* that its path is in */
	size_t cap;
	struct kt_mapping map;
	bool is_set;
};

static struct kt_error *remember(struct pending *pending, const struct kt_mapping *map)
{
	size_t bytes = strlen(map->path) + 1;

	if (bytes > pending->cap) {
		char *line = realloc(pending->line, bytes);
		if (!line)
			return kt_error_no_memory();
		pending->line = line;
		pending->cap = bytes;
	}
	memcpy(pending->line, map->path, bytes);
	pending->map = *map;
	pending->map.path = pending->line;
	pending->is_set = true;
	return NULL;
}

static bool is_code_of(const struct kt_mapping *map, const struct pending *pending)
{
	return map->is_executable && pending->is_set && map->device == pending->map.device &&
	       map->inode == pending->map.inode;
}

static struct kt_error *visit_lines(FILE *file,
				    bool (*visit)(void *ctx, const struct kt_mapping *map),
				    void *ctx, struct pending *pending)
{
	kt_autofree char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, file)) > 0) {
		struct kt_mapping map;
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!kt_mapping_parse(line, &map))
			continue;
		if (!map.offset)
			KT_TRY(remember(pending, &map));
		if (!is_code_of(&map, pending))
			continue;
		pending->is_set = false;
		if (visit(ctx, &pending->map))
			return NULL;
	}
	if (ferror(file))
		return kt_error_create(KT_ERROR_PROBE, errno, "the target's memory map");
	return NULL;
}

struct kt_error *kt_maps_visit(int proc_fd, bool (*visit)(void *ctx, const struct kt_mapping *map),
			       void *ctx)
{
	int fd = openat(proc_fd, "maps", O_RDONLY | O_CLOEXEC);
	kt_autofclose FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct pending pending = { 0 };

	if (!file) {
		int saved = errno;
		if (fd >= 0)
			(void)close(fd);
		return kt_error_create(KT_ERROR_PROBE, saved, "the target's memory map");
	}
	struct kt_error *err = visit_lines(file, visit, ctx, &pending);
	free(pending.line);
	return err;
}
