/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A recording as large as one likes, made without a process to watch: the threads of one
 * target, one in ten of them at work.
 */
#ifndef KT_TESTS_BENCH_RECORDING_H
#define KT_TESTS_BENCH_RECORDING_H

#include <stddef.h>
#include <stdint.h>

/** Writes @snapshots snapshots of @threads threads, a second apart, into @path; ends on failure. */
void bench_record(const char *path, size_t threads, size_t snapshots);

#endif
