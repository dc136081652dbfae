/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What tests of the evidence need of a running target, found by other means than those under
 * test: the maps file and the robust lists.
 */
#ifndef KT_TESTS_PROBE_LOADED_H
#define KT_TESTS_PROBE_LOADED_H

#include "probe/resolve/module.h"
#include "tests/probe/harness.h"

/** The loaded object whose path ends with @path_end; fails the test if there is none. */
void loaded_module(pid_t pid, const char *path_end, struct kt_module *ret);

/** The thread pointers of the target's threads, in the order of its truths (@tps has room). */
void loaded_thread_pointers(const struct target *target, uint64_t *tps);

#endif
