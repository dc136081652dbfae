/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/qemu/usage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

enum {
	PROC_MAX_BYTES = 64 * 1024,
	PROC_PATH_BYTES = 64,
	/* In /proc/PID/stat, counted from the state, which follows the name. */
	STAT_USER_TIME = 11,
};

static const struct kt_opt_u64 unknown = { 0 };

/* A decimal at *@at, which is moved behind it; false where there is none, or it is too large. */
static bool take_number(const char **at, uint64_t *ret)
{
	uint64_t value = 0;

	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; ++*at)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			return false;
	*ret = value;
	return true;
}

struct kt_opt_u64 kt_usage_parse_stat(const char *text, uint64_t ticks_per_sec)
{
	/* The name is in parentheses and may have some itself, and blanks. */
	const char *at = strrchr(text, ')');
	uint64_t user, system, ticks;

	for (int i = 0; at && i <= STAT_USER_TIME; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || !take_number(&at, &user) || *at++ != ' ' || !take_number(&at, &system) ||
	    (*at != ' ' && *at != '\n') || __builtin_add_overflow(user, system, &ticks))
		return unknown;
	uint64_t whole_ns, rest_ns = ticks % ticks_per_sec * KT_NS_PER_SEC / ticks_per_sec;
	if (__builtin_mul_overflow(ticks / ticks_per_sec, KT_NS_PER_SEC, &whole_ns) ||
	    __builtin_add_overflow(whole_ns, rest_ns, &whole_ns))
		return unknown;
	return KT_KNOWN(whole_ns);
}

/* The value of the line "@name:   123 kB", in bytes. */
static struct kt_opt_u64 find_kib(const char *text, const char *name)
{
	size_t len = strlen(name);
	uint64_t kib;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		const char *at = line + len + 1;
		at += strspn(at, " \t");
		if (!take_number(&at, &kib) || strncmp(at, " kB\n", 4) != 0 ||
		    kib > UINT64_MAX >> 10)
			return unknown;
		return KT_KNOWN(kib << 10);
	}
	return unknown;
}

struct kt_opt_u64 kt_usage_parse_status(const char *text)
{
	return find_kib(text, "VmHWM");
}

struct kt_opt_u64 kt_usage_parse_smaps_rollup(const char *text)
{
	struct kt_opt_u64 clean = find_kib(text, "Private_Clean");
	struct kt_opt_u64 dirty = find_kib(text, "Private_Dirty");
	uint64_t sum;

	if (!clean.known || !dirty.known || __builtin_add_overflow(clean.value, dirty.value, &sum))
		return unknown;
	return KT_KNOWN(sum);
}

/* The text of a file of @pid; empty, which no parser knows anything of, where it cannot be read. */
static void read_proc(pid_t pid, const char *name, struct kt_buf *out)
{
	char path[PROC_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	kt_autoerr struct kt_error *err = kt_file_read(path, PROC_MAX_BYTES, out);
	if (err)
		kt_buf_reset(out);
}

void kt_usage_read(pid_t pid, struct kt_usage *ret)
{
	kt_autobuf struct kt_buf stat = KT_BUF_INIT;
	kt_autobuf struct kt_buf status = KT_BUF_INIT;
	kt_autobuf struct kt_buf smaps = KT_BUF_INIT;
	long ticks_per_sec = sysconf(_SC_CLK_TCK);

	read_proc(pid, "stat", &stat);
	read_proc(pid, "status", &status);
	read_proc(pid, "smaps_rollup", &smaps);
	*ret = (struct kt_usage){
		.peak_rss_bytes = kt_usage_parse_status(kt_buf_text(&status)),
		.private_bytes = kt_usage_parse_smaps_rollup(kt_buf_text(&smaps)),
	};
	if (ticks_per_sec > 0)
		ret->cpu_ns = kt_usage_parse_stat(kt_buf_text(&stat), (uint64_t)ticks_per_sec);
}
