/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/robust.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

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
