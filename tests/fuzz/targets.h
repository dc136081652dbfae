/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The readers of foreign bytes, each as one function: for libFuzzer (one program per
 * target, --enable-fuzzing) and for the suite's own seeded mutations.
 */
#ifndef KT_TESTS_FUZZ_TARGETS_H
#define KT_TESTS_FUZZ_TARGETS_H

#include <stddef.h>

#include "base/buf.h"

struct fuzz_target {
	const char *name;
	void (*read)(const char *bytes, size_t len); /* must cope with anything */
	const char *seed;			     /* something valid to start from */
	size_t seed_len;
	void (*make_seed)(struct kt_buf *out); /* or what appends it */
};

/** Appends something valid to start from. */
void fuzz_target_seed(const struct fuzz_target *target, struct kt_buf *out);

/** All targets, ended by one without a name. */
extern const struct fuzz_target fuzz_targets[];

#endif
