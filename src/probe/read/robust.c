/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/robust.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/read/batch.h"
#include "probe/read/threads.h"

enum {
	PAGE_BYTES = 4096, /* the smallest page: a boundary of any larger one too */
	WORD_COUNT = PAGE_BYTES / 8,
	SELF_WORD = 2, /* tcbhead_t.self, in words behind tcbhead_t.tcb */
};

int kt_robust_head(pid_t tid, uint64_t *ret)
{
	struct robust_list_head *head = NULL;
	size_t len = 0;

	if (syscall(SYS_get_robust_list, tid, &head, &len))
		return errno;
	*ret = (uint64_t)(uintptr_t)head;
	return 0;
}

/* The @size bytes below @head into the end of @words; returns how many words there are. */
static size_t read_below(pid_t pid, uint64_t head, uint64_t words[static WORD_COUNT])
{
	/* The nearer page first: the farther one may not be mapped. */
	uint64_t near = head % PAGE_BYTES / 8 * 8;
	struct iovec local[2] = {
		{ (char *)words + PAGE_BYTES - near, near },
		{ words, PAGE_BYTES - near },
	};
	struct iovec remote[2] = {
		{ (void *)(uintptr_t)(head - near), near },
		{ (void *)(uintptr_t)(head - PAGE_BYTES), PAGE_BYTES - near },
	};
	ssize_t got = process_vm_readv(pid, local, 2, remote, 2, 0);

	if (got == PAGE_BYTES)
		return WORD_COUNT;
	return got >= (ssize_t)near ? near / 8 : 0;
}

bool kt_robust_calibrate(pid_t pid, uint64_t head, int64_t *ret_delta)
{
	uint64_t words[WORD_COUNT];

	if (head % 8 || head < PAGE_BYTES)
		return false;
	size_t count = read_below(pid, head, words);
	for (size_t below = SELF_WORD + 1; below <= count; below++) {
		const uint64_t *word = words + WORD_COUNT - below;
		uint64_t address = head - below * 8;
		if (word[0] != address || word[SELF_WORD] != address)
			continue;
		*ret_delta = (int64_t)(below * 8);
		return true;
	}
	return false;
}

/* Keeps those of the @count pointers whose memory is a tcbhead_t. */
static size_t keep_valid(pid_t pid, uint64_t *tps, size_t count)
{
	uint64_t words[KT_ROBUST_SAMPLE_MAX][SELF_WORD + 1];
	struct kt_batch batch;
	size_t kept = 0;

	kt_batch_init(&batch, pid, (char *)words, sizeof(words));
	for (size_t i = 0; i < count; i++) {
		kt_batch_begin_record(&batch);
		kt_batch_add(&batch, tps[i], sizeof(words[0]));
	}
	(void)kt_batch_read(&batch);
	for (size_t i = 0; i < count; i++)
		if (kt_batch_is_whole(&batch, i) && words[i][0] == tps[i] &&
		    words[i][SELF_WORD] == tps[i])
			tps[kept++] = tps[i];
	return kept;
}

size_t kt_robust_sample(pid_t pid, int task_fd, uint64_t *ret, size_t max)
{
	kt_autotids struct kt_tids list = { 0 };
	bool has_delta = false;
	bool is_gone;
	int64_t delta = 0;
	size_t count = 0;

	if (max > KT_ROBUST_SAMPLE_MAX)
		max = KT_ROBUST_SAMPLE_MAX;
	/* What could not be listed is not in the sample. */
	kt_error_destroy(kt_threads_list(task_fd, max, &list, &is_gone));
	for (size_t i = 0; i < list.count && count < max; i++) {
		uint64_t head = 0;
		if (kt_robust_head(list.tids[i], &head) || !head)
			continue;
		has_delta = has_delta || kt_robust_calibrate(pid, head, &delta);
		if (has_delta)
			ret[count++] = head - (uint64_t)delta;
	}
	return keep_valid(pid, ret, count);
}
