/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Numbers that look random and are the same in every run of a test.
 */
#ifndef KT_TESTS_RANDOM_H
#define KT_TESTS_RANDOM_H

#include <stdint.h>

#define KT_RANDOM_SEED 0x9e3779b97f4a7c15ULL /* where a test without a reason of its own starts */

/** The number after *@state, which is changed and must not be 0 (xorshift64, Marsaglia 2003). */
static inline uint64_t kt_random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
