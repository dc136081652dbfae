/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/describe.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probe/read/proc_text.h"

enum {
	PATH_BYTES = 32,
	TEXT_BYTES = 8192,     /* of "status", which has a line with a bit for each CPU */
	HELPER_MIN_ROWS = 256, /* below that a helper thread costs more than it saves */
	HELPER_CHUNK_ROWS = 32,
	FILES_MAX = 4096, /* each costs the kernel some 5 KiB */
	NEWBORN_RUN_NS = 1000000,
};

static const char *const file_names[KT_THREAD_FILES] = {
	[KT_FILE_STAT] = "/stat",
	[KT_FILE_SCHEDSTAT] = "/schedstat",
	[KT_FILE_STATUS] = "/status",
};

/* "123/stat" without printf: this runs once per thread. */
static void make_path(pid_t tid, const char *name, char path[static PATH_BYTES])
{
	char digits[12];
	size_t count = 0;

	for (unsigned rest = (unsigned)tid; rest; rest /= 10)
		digits[count++] = (char)('0' + rest % 10);
	while (count)
		*path++ = digits[--count];
	memcpy(path, name, strlen(name) + 1);
}

static bool take_budget(atomic_int *left)
{
	int have = atomic_load_explicit(left, memory_order_relaxed);

	while (have > 0)
		if (atomic_compare_exchange_weak(left, &have, have - 1))
			return true;
	return false;
}

/* Reads a kept file; closes it when its thread has ended. */
static ssize_t read_kept(const struct kt_describe *describe, int *fd, char *text)
{
	ssize_t got = pread(*fd, text, TEXT_BYTES, 0);

	if (got > 0)
		return got;
	(void)close(*fd);
	*fd = 0;
	atomic_fetch_add(describe->files_left, 1);
	return 0;
}

/* Reads the thread's @file; 0 bytes if that cannot be. */
static size_t read_file(const struct kt_describe *describe, size_t index, enum kt_thread_file file,
			char *text)
{
	int *kept = describe->files ? &describe->files[index].fds[file] : NULL;
	char path[PATH_BYTES];
	ssize_t got = kept && *kept ? read_kept(describe, kept, text) : 0;

	if (got > 0)
		return (size_t)got;
	make_path(describe->sweep->rows[index].tid, file_names[file], path);
	int fd = openat(describe->task_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, TEXT_BYTES);
	if (got > 0 && kept && fd && take_budget(describe->files_left))
		*kept = fd;
	else
		(void)close(fd);
	return got < 0 ? 0 : (size_t)got;
}

static void take_name(const struct kt_stat_text *stat, struct kt_row *row)
{
	memcpy(row->comm, stat->comm, sizeof(row->comm));
	row->has_start_time = stat->has_start_time;
	row->start_time_jiffies = stat->start_time_jiffies;
}

static void take_cpu(const struct kt_stat_text *stat, struct kt_extras *extras)
{
	long per_second = sysconf(_SC_CLK_TCK);

	if (!stat->has_cpu || per_second <= 0 ||
	    !kt_ticks_to_ns(stat->utime_ticks, (uint64_t)per_second, &extras->utime_ns) ||
	    !kt_ticks_to_ns(stat->stime_ticks, (uint64_t)per_second, &extras->stime_ns))
		return;
	extras->state = stat->state;
	extras->cpu = stat->cpu;
	extras->known |= KT_EXTRA_CPU;
}

static void read_stat(const struct kt_describe *describe, size_t index)
{
	struct kt_sweep *sweep = describe->sweep;
	char text[TEXT_BYTES];
	struct kt_stat_text stat;
	size_t len = read_file(describe, index, KT_FILE_STAT, text);

	if (!len)
		return;
	kt_stat_parse(text, len, &stat);
	take_name(&stat, &sweep->rows[index]);
	if (describe->extras & KT_EXTRA_CPU)
		take_cpu(&stat, &sweep->extras[index]);
}

static void read_sched(const struct kt_describe *describe, size_t index)
{
	struct kt_extras *extras = &describe->sweep->extras[index];
	char text[TEXT_BYTES];
	size_t len = read_file(describe, index, KT_FILE_SCHEDSTAT, text);

	if (!kt_schedstat_parse(text, len, &extras->run_ns, &extras->run_delay_ns))
		return;
	len = read_file(describe, index, KT_FILE_STATUS, text);
	if (kt_switches_parse(text, len, &extras->voluntary_switches,
			      &extras->involuntary_switches))
		extras->known |= KT_EXTRA_SCHED;
}

static bool needs_stat(const struct kt_describe *describe, size_t index)
{
	return describe->extras & KT_EXTRA_CPU || !describe->sweep->rows[index].has_start_time;
}

static void describe_some(struct kt_describe *describe)
{
	size_t count = describe->sweep->count;

	for (;;) {
		size_t start = atomic_fetch_add(&describe->next, HELPER_CHUNK_ROWS);
		if (start >= count)
			return;
		size_t end = start + HELPER_CHUNK_ROWS;
		for (size_t i = start; i < end && i < count; i++) {
			if (needs_stat(describe, i))
				read_stat(describe, i);
			if (describe->extras & KT_EXTRA_SCHED)
				read_sched(describe, i);
		}
	}
}

static void *help(void *ctx)
{
	describe_some(ctx);
	return NULL;
}

static size_t count_work(const struct kt_describe *describe)
{
	size_t rows = 0;

	for (size_t i = 0; i < describe->sweep->count; i++)
		rows += needs_stat(describe, i) || describe->extras & KT_EXTRA_SCHED;
	return rows;
}

void kt_describe_begin(struct kt_describe *describe)
{
	atomic_init(&describe->next, 0);
	describe->has_helper = count_work(describe) >= HELPER_MIN_ROWS &&
			       !pthread_create(&describe->helper, NULL, help, describe);
}

void kt_describe_finish(struct kt_describe *describe)
{
	describe_some(describe);
	if (describe->has_helper)
		(void)pthread_join(describe->helper, NULL);
	describe->has_helper = false;
}

void kt_describe_again(const struct kt_describe *describe, size_t index)
{
	read_stat(describe, index);
	if (describe->extras & KT_EXTRA_SCHED)
		read_sched(describe, index);
}

int kt_thread_files_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	return limit.rlim_cur / 2 < FILES_MAX ? (int)(limit.rlim_cur / 2) : FILES_MAX;
}

void kt_thread_files_close(struct kt_thread_files *files, atomic_int *files_left)
{
	for (size_t i = 0; i < KT_THREAD_FILES; i++) {
		if (!files->fds[i])
			continue;
		(void)close(files->fds[i]);
		files->fds[i] = 0;
		atomic_fetch_add(files_left, 1);
	}
}

bool kt_describe_has_ended(int task_fd, pid_t tid)
{
	struct kt_row row = { .tid = tid };
	struct kt_sweep sweep = { .rows = &row, .count = 1 };
	struct kt_describe describe = { .task_fd = task_fd, .sweep = &sweep };
	struct kt_stat_text stat;
	char text[TEXT_BYTES];

	kt_stat_parse(text, read_file(&describe, 0, KT_FILE_STAT, text), &stat);
	return stat.state == 'Z' || stat.state == 'X';
}

bool kt_describe_is_newborn(int task_fd, pid_t tid)
{
	struct kt_row row = { .tid = tid };
	struct kt_sweep sweep = { .rows = &row, .count = 1 };
	struct kt_describe describe = { .task_fd = task_fd, .sweep = &sweep };
	struct kt_stat_text stat;
	char text[TEXT_BYTES];
	uint64_t run_ns;
	uint64_t run_delay_ns;

	kt_stat_parse(text, read_file(&describe, 0, KT_FILE_STAT, text), &stat);
	if (stat.state != 'R' && stat.state != 'D')
		return false;
	size_t len = read_file(&describe, 0, KT_FILE_SCHEDSTAT, text);
	return kt_schedstat_parse(text, len, &run_ns, &run_delay_ns) && run_ns < NEWBORN_RUN_NS;
}

void kt_describe_row(int task_fd, struct kt_row *row)
{
	struct kt_sweep sweep = { .rows = row, .count = 1 };
	struct kt_describe describe = { .task_fd = task_fd, .sweep = &sweep };

	read_stat(&describe, 0);
}
