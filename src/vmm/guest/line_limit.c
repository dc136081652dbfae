/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/line_limit.h"

#include "base/clock.h"

#define NS_PER_LINE (KT_NS_PER_SEC / KT_LINE_PER_SECOND)

void kt_line_limit_init(struct kt_line_limit *limit, uint64_t now_ns)
{
	*limit = (struct kt_line_limit){ .left = KT_LINE_BURST, .refilled_ns = now_ns };
}

static void refill(struct kt_line_limit *limit, uint64_t now_ns)
{
	uint64_t count;

	if (now_ns <= limit->refilled_ns)
		return;
	count = (now_ns - limit->refilled_ns) / NS_PER_LINE;
	limit->refilled_ns += count * NS_PER_LINE;
	limit->left = count < KT_LINE_BURST - limit->left ? limit->left + count : KT_LINE_BURST;
}

bool kt_line_limit_take(struct kt_line_limit *limit, uint64_t now_ns)
{
	refill(limit, now_ns);
	if (!limit->left || limit->taken_count >= KT_LINE_TOTAL) {
		limit->dropped_count++;
		return false;
	}
	limit->left--;
	limit->taken_count++;
	return true;
}
