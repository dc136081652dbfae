/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/threads.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	LIST_BYTES = 32 * 1024,
	ENTRY_BYTES = 32, /* of a directory entry, for numbers of up to 12 digits */
	FIRST_TIDS = 64,
	STAT_BYTES = 1024,
	START_TIME_TOKEN = 20, /* field 22, counted from behind the name */
	HELPER_MIN_ROWS = 256, /* below that a helper thread costs more than it saves */
	HELPER_CHUNK_ROWS = 32,
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

struct kt_error *kt_threads_list(int task_fd, size_t max, struct kt_tids *ret)
{
	size_t room = max < LIST_BYTES / ENTRY_BYTES ? (max + 2) * ENTRY_BYTES : LIST_BYTES;
	kt_autofree char *bytes = malloc(room);

	ret->count = 0;
	if (!bytes)
		return kt_error_no_memory();
	if (lseek(task_fd, 0, SEEK_SET) < 0)
		return kt_error_create(KT_ERROR_PROBE, errno, "list the target's threads");
	while (ret->count < max) {
		ssize_t got = getdents64(task_fd, bytes, room);
		if (got < 0)
			return kt_error_create(KT_ERROR_PROBE, errno, "list the target's threads");
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

void kt_tids_deinit(struct kt_tids *tids)
{
	free(tids->tids);
	*tids = (struct kt_tids){ 0 };
}

struct kt_error *kt_threads_begin_sweep(int task_fd, struct kt_tids *tids, struct kt_sweep *sweep)
{
	struct kt_error *err = kt_threads_list(task_fd, SIZE_MAX, tids);

	if (err && (kt_error_errno(err) == ESRCH || kt_error_errno(err) == ENOENT)) {
		kt_error_destroy(err);
		tids->count = 0;
		sweep->is_target_gone = true;
		return NULL;
	}
	if (err)
		return err;
	for (size_t i = 0; i < tids->count; i++)
		if (!kt_sweep_add(sweep, tids->tids[i]))
			return kt_error_no_memory();
	return NULL;
}

/* The kernel writes newline and backslash of a name as "\n" and "\\". */
static size_t unescape(const char *from, size_t len, char *to, size_t max)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used < max; i++) {
		char byte = from[i];
		if (byte == '\\' && i + 1 < len && (from[i + 1] == 'n' || from[i + 1] == '\\'))
			byte = from[++i] == 'n' ? '\n' : '\\';
		to[used++] = byte;
	}
	return used;
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

void kt_threads_parse_stat(const char *text, size_t len, struct kt_row *row)
{
	const char *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);
	if (!close)
		return;
	if (open && open < close) {
		char name[KT_COMM_BYTES];
		size_t bytes = (size_t)(close - open - 1);
		bytes = unescape(open + 1, bytes, name, sizeof(name) - 1);
		kt_threads_take_name(name, bytes, row->comm);
	}

	const char *at = close + 1;
	const char *end = text + len;
	for (int token = 1; token <= START_TIME_TOKEN; token++) {
		while (at < end && isspace((unsigned char)*at))
			at++;
		const char *start = at;
		while (at < end && !isspace((unsigned char)*at))
			at++;
		if (start == at)
			return;
		if (token < START_TIME_TOKEN)
			continue;
		char digits[24] = "";
		if ((size_t)(at - start) >= sizeof(digits))
			return;
		memcpy(digits, start, (size_t)(at - start));
		row->has_start_time = kt_text_parse_u64(digits, &row->start_time_jiffies);
	}
}

/* "123/stat" without printf: this runs once per thread. */
static void stat_path(pid_t tid, char path[static 24])
{
	char digits[12];
	size_t count = 0;

	for (unsigned rest = (unsigned)tid; rest; rest /= 10)
		digits[count++] = (char)('0' + rest % 10);
	while (count)
		*path++ = digits[--count];
	memcpy(path, "/stat", sizeof("/stat"));
}

static void name_row(int task_fd, struct kt_row *row)
{
	char path[24];
	char text[STAT_BYTES];

	stat_path(row->tid, path);
	kt_autoclose int fd = openat(task_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t got = read(fd, text, sizeof(text));
	if (got <= 0)
		return;
	const char *line_end = memrchr(text, '\n', (size_t)got);
	kt_threads_parse_stat(text, line_end ? (size_t)(line_end - text) : (size_t)got, row);
}

struct name_work {
	int task_fd;
	struct kt_row *rows;
	size_t count;
	atomic_size_t next;
};

static void *name_some(void *ctx)
{
	struct name_work *work = ctx;

	for (;;) {
		size_t start = atomic_fetch_add(&work->next, HELPER_CHUNK_ROWS);
		if (start >= work->count)
			return NULL;
		size_t end = start + HELPER_CHUNK_ROWS;
		for (size_t i = start; i < end && i < work->count; i++)
			name_row(work->task_fd, &work->rows[i]);
	}
}

void kt_threads_name(int task_fd, struct kt_row *rows, size_t count)
{
	struct name_work work = { .task_fd = task_fd, .rows = rows, .count = count };
	pthread_t helper;
	bool has_helper = count >= HELPER_MIN_ROWS &&
			  !pthread_create(&helper, NULL, name_some, &work);

	(void)name_some(&work);
	if (has_helper)
		(void)pthread_join(helper, NULL);
}
