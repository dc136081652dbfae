/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The lines of a recording on their way into a session.
 */
#ifndef KT_TESTS_FUZZ_REPLAY_TARGET_H
#define KT_TESTS_FUZZ_REPLAY_TARGET_H

#include <stddef.h>

/** Replays @bytes whole and in pieces, whose size the first byte says; both must come to the same. */
void fuzz_read_replay(const char *bytes, size_t len);

#endif
