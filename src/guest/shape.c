/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/shape.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	SHAPE_MAX_CPUS = 1024,
	SHAPE_PATH_BYTES = 512,
	SHAPE_LIST_BYTES = 4096, /* a file of sysfs is no longer than a page */
};

/* CPUs or nodes by their numbers. */
struct set {
	bool has[SHAPE_MAX_CPUS];
	uint32_t count;
};

/* The first line of a file below the tree, without its newline; false if there is none. */
__attribute__((format(printf, 3, 4))) static bool read_line(char line[SHAPE_LIST_BYTES],
							    const char *sysfs, const char *fmt, ...)
{
	char path[SHAPE_PATH_BYTES];
	int len = snprintf(path, sizeof(path), "%s/devices/system/", sysfs);
	va_list args;

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	va_start(args, fmt);
	int more = vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, args);
	va_end(args);
	if (more < 0 || (size_t)more >= sizeof(path) - (size_t)len)
		return false;
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, line, SHAPE_LIST_BYTES - 1);
	if (got <= 0)
		return false;
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* A number of a list; false if there is none, or one that is too large. */
static bool take_number(const char **at, uint32_t *ret)
{
	uint32_t value = 0;

	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		value = value * 10 + (uint32_t)(**at - '0');
		if (value >= SHAPE_MAX_CPUS)
			return false;
	}
	*ret = value;
	return true;
}

/* A list like "0-3,8"; false if it is none, or empty. */
static bool parse_list(const char *text, struct set *ret)
{
	*ret = (struct set){ .count = 0 };
	for (const char *at = text;; at++) {
		uint32_t first, last;

		if (!take_number(&at, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !take_number(&at, &last)))
			return false;
		if (last < first)
			return false;
		for (uint32_t i = first; i <= last; i++) {
			ret->count += !ret->has[i];
			ret->has[i] = true;
		}
		if (!*at)
			return true;
		if (*at != ',')
			return false;
	}
}

/*
 * Into how many groups the online CPUs fall by the list in @file of each, and how large the largest
 * is; false if that cannot be told: a file is missing, or says that a CPU is not in its own group.
 */
static bool count_groups(const char *sysfs, const struct set *online, const char *file,
			 uint32_t *ret_count, uint32_t *ret_largest)
{
	struct set grouped = { .count = 0 }, group;
	char line[SHAPE_LIST_BYTES];
	uint32_t count = 0, largest = 0;

	for (uint32_t cpu = 0; cpu < SHAPE_MAX_CPUS; cpu++) {
		uint32_t size = 0;

		if (!online->has[cpu] || grouped.has[cpu])
			continue;
		if (!read_line(line, sysfs, "cpu/cpu%u/%s", cpu, file) ||
		    !parse_list(line, &group) || !group.has[cpu])
			return false;
		for (uint32_t i = 0; i < SHAPE_MAX_CPUS; i++) {
			size += group.has[i] && online->has[i];
			grouped.has[i] |= group.has[i];
		}
		largest = size > largest ? size : largest;
		count++;
	}
	*ret_count = count;
	*ret_largest = largest;
	return true;
}

void kt_shape_read(const char *sysfs, struct kt_shape *ret)
{
	struct kt_shape shape = { 0 };
	struct set online, nodes;
	char line[SHAPE_LIST_BYTES];
	uint32_t ignored;

	*ret = shape;
	if (read_line(line, sysfs, "node/online") && parse_list(line, &nodes))
		shape.numa_nodes = nodes.count;
	if (read_line(line, sysfs, "cpu/online") && parse_list(line, &online)) {
		shape.cpus = online.count;
		if (!count_groups(sysfs, &online, "topology/thread_siblings_list", &shape.cores,
				  &shape.threads))
			shape.cores = shape.threads = 0;
		if (!count_groups(sysfs, &online, "cache/index3/shared_cpu_list", &shape.llcs,
				  &ignored))
			shape.llcs = 0;
	}
	*ret = shape;
}
