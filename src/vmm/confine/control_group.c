/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/confine/control_group.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum {
	LIST_MAX_BYTES = 16 * 1024,
	VALUE_MAX_BYTES = 16 * 1024,
	NUMBER_MAX_BYTES = 32,
	MILLI = 1000,
};

/* Version 1 says "no limit" by a number near the largest one. */
#define LARGE_BYTES (1ULL << 60)

/* ---- texts ---- */

/* All of @text but one newline at its end, cut at the first blank, which @ret_rest is behind. */
static bool parse_word(const char *text, uint64_t *ret, const char **ret_rest)
{
	char word[NUMBER_MAX_BYTES];
	size_t len = strcspn(text, " \n");

	if (len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	text += len;
	*ret_rest = text + (*text != '\0');
	if (strcmp(word, "max") != 0)
		return kt_text_parse_u64(word, ret);
	*ret = KT_CONTROL_GROUP_NO_LIMIT;
	return true;
}

/* One number, or "max", and nothing behind it. */
static bool parse_only(const char *text, uint64_t *ret)
{
	const char *rest;
	uint64_t value;

	if (!parse_word(text, &value, &rest) || *rest)
		return false;
	*ret = value;
	return true;
}

static bool divide(uint64_t quota_us, uint64_t period_us, uint64_t *ret_milli_cpus)
{
	if (!period_us || period_us == KT_CONTROL_GROUP_NO_LIMIT || quota_us > UINT64_MAX / MILLI)
		return false;
	*ret_milli_cpus = quota_us * MILLI / period_us;
	return true;
}

bool kt_control_group_parse_bytes(const char *text, uint64_t *ret)
{
	uint64_t bytes;

	if (!parse_only(text, &bytes))
		return false;
	*ret = bytes >= LARGE_BYTES ? KT_CONTROL_GROUP_NO_LIMIT : bytes;
	return true;
}

bool kt_control_group_parse_cpu_max(const char *text, uint64_t *ret_milli_cpus)
{
	uint64_t quota_us, period_us;
	const char *rest;

	if (!parse_word(text, &quota_us, &rest) || !parse_only(rest, &period_us))
		return false;
	if (quota_us != KT_CONTROL_GROUP_NO_LIMIT)
		return divide(quota_us, period_us, ret_milli_cpus);
	*ret_milli_cpus = KT_CONTROL_GROUP_NO_LIMIT;
	return true;
}

bool kt_control_group_parse_cfs(const char *quota, const char *period, uint64_t *ret_milli_cpus)
{
	uint64_t quota_us, period_us;

	if (!strcmp(quota, "-1\n") || !strcmp(quota, "-1")) {
		*ret_milli_cpus = KT_CONTROL_GROUP_NO_LIMIT;
		return true;
	}
	return parse_only(quota, &quota_us) && parse_only(period, &period_us) &&
	       divide(quota_us, period_us, ret_milli_cpus);
}

/* ---- one group ---- */

static bool read_text(const char *dir, const char *name, struct kt_buf *out)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	kt_buf_reset(out);
	kt_buf_printf(&path, "%s/%s", dir, name);
	kt_autoerr struct kt_error *err = kt_file_read(kt_buf_text(&path), VALUE_MAX_BYTES, out);
	return !err;
}

static bool read_bytes(const char *dir, const char *name, uint64_t *ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	return read_text(dir, name, &text) && kt_control_group_parse_bytes(kt_buf_text(&text), ret);
}

/* What the memory files are called in the two versions. */
struct memory_names {
	const char *limit;
	const char *used;
	const char *idle; /* in memory.stat */
};

/* What of the used memory is given back when it is asked for. */
static uint64_t idle_bytes(const struct memory_names *names, const char *dir)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	uint64_t bytes = 0;

	if (!read_text(dir, "memory.stat", &text))
		return 0;
	const char *at = strstr(kt_buf_text(&text), names->idle);
	if (at)
		(void)sscanf(at + strlen(names->idle), "%" SCNu64, &bytes);
	return bytes;
}

static void tighten(uint64_t value, uint64_t *tightest)
{
	*tightest = value < *tightest ? value : *tightest;
}

static bool look_at_memory(const struct memory_names *names, const char *dir, uint64_t *room)
{
	uint64_t limit, used;

	if (!read_bytes(dir, names->limit, &limit))
		return false;
	if (limit == KT_CONTROL_GROUP_NO_LIMIT || !read_bytes(dir, names->used, &used))
		return true;
	uint64_t idle = idle_bytes(names, dir);
	used -= idle < used ? idle : used;
	tighten(limit > used ? limit - used : 0, room);
	return true;
}

static bool look_at_memory_1(const char *dir, uint64_t *room)
{
	static const struct memory_names names = { "memory.limit_in_bytes", "memory.usage_in_bytes",
						   "\ntotal_inactive_file " };

	return look_at_memory(&names, dir, room);
}

static bool look_at_memory_2(const char *dir, uint64_t *room)
{
	static const struct memory_names names = { "memory.max", "memory.current",
						   "\ninactive_file " };

	return look_at_memory(&names, dir, room);
}

static bool look_at_cpu_1(const char *dir, uint64_t *milli_cpus)
{
	kt_autobuf struct kt_buf quota = KT_BUF_INIT;
	kt_autobuf struct kt_buf period = KT_BUF_INIT;
	uint64_t limit;

	if (!read_text(dir, "cpu.cfs_quota_us", &quota) ||
	    !read_text(dir, "cpu.cfs_period_us", &period) ||
	    !kt_control_group_parse_cfs(kt_buf_text(&quota), kt_buf_text(&period), &limit))
		return false;
	tighten(limit, milli_cpus);
	return true;
}

static bool look_at_cpu_2(const char *dir, uint64_t *milli_cpus)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	uint64_t limit;

	if (!read_text(dir, "cpu.max", &text) ||
	    !kt_control_group_parse_cpu_max(kt_buf_text(&text), &limit))
		return false;
	tighten(limit, milli_cpus);
	return true;
}

/* ---- all groups of a hierarchy ---- */

struct hierarchy {
	const char *controller; /* of version 1, which is its directory too; "": version 2 */
	/* One group: whether its limit was seen, which goes into @tightest if it is less. */
	bool (*look)(const char *dir, uint64_t *tightest);
};

/* Whether the list @words, @len bytes and separated by commas, has @word; an empty one has "". */
static bool has_word(const char *words, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t at = 0;; at++) {
		size_t end = at;
		while (end < len && words[end] != ',')
			end++;
		if (end - at == word_len && !memcmp(words + at, word, word_len))
			return true;
		if (end >= len)
			return false;
		at = end;
	}
}

/* A line of the list is "NUMBER:CONTROLLERS:PATH". */
bool kt_control_group_path(const char *controller, const char *list, char path[PATH_MAX])
{
	for (const char *line = list; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		const char *words = memchr(line, ':', len);
		const char *end = words ? memchr(words + 1, ':', len - (size_t)(words + 1 - line))
					: NULL;

		if (!end || !has_word(words + 1, (size_t)(end - words - 1), controller))
			continue;
		len -= (size_t)(end + 1 - line);
		if (len >= PATH_MAX)
			return false;
		memcpy(path, end + 1, len);
		path[len] = '\0';
		return true;
	}
	return false;
}

/* From our group to the root.  In a container those at the top may not be there to be seen. */
static bool climb(const struct hierarchy *hierarchy, const char *mount, char *path,
		  uint64_t *tightest)
{
	bool has_seen = false;

	for (;;) {
		kt_autobuf struct kt_buf dir = KT_BUF_INIT;
		char *slash = strrchr(path, '/');

		kt_buf_printf(&dir, "%s%s%s%s", mount, *hierarchy->controller ? "/" : "",
			      hierarchy->controller, path);
		has_seen |= hierarchy->look(kt_buf_text(&dir), tightest);
		if (!slash)
			return has_seen;
		*slash = '\0';
	}
}

/* Both versions may be there at once; false if neither was seen. */
static bool look_everywhere(const struct hierarchy hierarchies[2], const char *list,
			    const char *mount, uint64_t *ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_file_read(list, LIST_MAX_BYTES, &text);
	uint64_t tightest = KT_CONTROL_GROUP_NO_LIMIT;
	bool has_seen = false;
	char path[PATH_MAX];

	for (size_t i = 0; !err && i < 2; i++)
		if (kt_control_group_path(hierarchies[i].controller, kt_buf_text(&text), path))
			has_seen |= climb(&hierarchies[i], mount, path, &tightest);
	if (has_seen)
		*ret = tightest;
	return has_seen;
}

bool kt_control_group_room(const char *list, const char *mount, uint64_t *ret_bytes)
{
	static const struct hierarchy hierarchies[] = { { "memory", look_at_memory_1 },
							{ "", look_at_memory_2 } };

	return look_everywhere(hierarchies, list, mount, ret_bytes);
}

bool kt_control_group_cpus(const char *list, const char *mount, uint64_t *ret_milli_cpus)
{
	static const struct hierarchy hierarchies[] = { { "cpu", look_at_cpu_1 },
							{ "", look_at_cpu_2 } };

	return look_everywhere(hierarchies, list, mount, ret_milli_cpus);
}
