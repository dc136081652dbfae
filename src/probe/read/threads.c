/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/threads.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	LIST_BYTES = 32 * 1024,
	ENTRY_BYTES = 32, /* of a directory entry, for numbers of up to 12 digits */
	FIRST_TIDS = 64,
};

/* The tid in a directory entry's name; 0 for "." and "..". */
static pid_t parse_tid(const char *name)
{
	pid_t tid = 0;

	for (; *name >= '0' && *name <= '9' && tid < INT32_MAX / 10; name++)
		tid = tid * 10 + (*name - '0');
	return *name ? 0 : tid;
}

static bool add_tid(struct kt_tids *list, pid_t tid)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : FIRST_TIDS;
		pid_t *tids = reallocarray(list->tids, cap, sizeof(*tids));
		if (!tids)
			return false;
		list->tids = tids;
		list->cap = cap;
	}
	list->tids[list->count++] = tid;
	return true;
}

static int compare_tids(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a;
	pid_t right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

/* They are listed in the order of their birth, which mostly is that of their numbers. */
static void sort_tids(struct kt_tids *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (list->tids[i] < list->tids[i - 1]) {
			qsort(list->tids, list->count, sizeof(*list->tids), compare_tids);
			return;
		}
}

/* The end of a process is no failure: a directory of /proc then has nothing to list. */
static struct kt_error *judge_listing(int os_errno, bool *ret_is_gone)
{
	if (os_errno == ESRCH || os_errno == ENOENT) {
		*ret_is_gone = true;
		return NULL;
	}
	return kt_error_create(KT_ERROR_PROBE, os_errno, "list the target's threads");
}

struct kt_error *kt_threads_list(int task_fd, size_t max, struct kt_tids *ret, bool *ret_is_gone)
{
	size_t room = max < LIST_BYTES / ENTRY_BYTES ? (max + 2) * ENTRY_BYTES : LIST_BYTES;
	kt_autofree char *bytes = malloc(room);

	ret->count = 0;
	*ret_is_gone = false;
	if (!bytes)
		return kt_error_no_memory();
	if (lseek(task_fd, 0, SEEK_SET) < 0)
		return judge_listing(errno, ret_is_gone);
	while (ret->count < max) {
		ssize_t got = getdents64(task_fd, bytes, room);
		if (got < 0)
			return judge_listing(errno, ret_is_gone);
		if (!got)
			break;
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const struct dirent64 *)(bytes + at);
			pid_t tid = parse_tid(entry->d_name);
			if (tid && !add_tid(ret, tid))
				return kt_error_no_memory();
			at += entry->d_reclen;
		}
	}
	sort_tids(ret);
	return NULL;
}

size_t kt_threads_count(int task_fd)
{
	struct stat st;

	return fstat(task_fd, &st) || st.st_nlink < 2 ? 0 : st.st_nlink - 2;
}

void kt_tids_deinit(struct kt_tids *tids)
{
	free(tids->tids);
	*tids = (struct kt_tids){ 0 };
}

void kt_threads_take_name(const char *name, size_t len, char comm[static KT_COMM_BYTES])
{
	size_t start = 0;
	size_t end = len < KT_COMM_BYTES - 1 ? len : KT_COMM_BYTES - 1;

	while (start < end && isspace((unsigned char)name[start]))
		start++;
	while (end > start && isspace((unsigned char)name[end - 1]))
		end--;
	if (!kt_text_is_utf8(name + start, end - start))
		return;
	memcpy(comm, name + start, end - start);
	comm[end - start] = '\0';
}
