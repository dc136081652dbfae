/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The probe's command line: one table for parsing, --help and the man page.
 */
#ifndef KT_PROBE_OPTIONS_H
#define KT_PROBE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/options.h"

#define KT_PROBE_NAME "ktstr-jemalloc-probe"

/* For the man page generator too, which links only this file and base. */
extern const struct kt_option kt_probe_options[];

/* Which way of reading is asked for; the order is that of the words in options.c. */
enum kt_engine_choice {
	KT_ENGINE_AUTO,
	KT_ENGINE_READV,
	KT_ENGINE_BPF,
	KT_ENGINE_PTRACE,
};

struct kt_probe_settings {
	pid_t pid;
	bool json;
	bool stream;
	bool no_cache;
	bool help;
	bool version;
	bool with_process; /* process extras are wanted */
	uint32_t extras;   /* of threads that are wanted: bits of enum kt_extra */
	enum kt_engine_choice engine;
	const char *object;	 /* end of the path of the jemalloc to read, or NULL; borrowed */
	const char *layout;	 /* path of the file of --layout, or NULL; borrowed */
	const char *sidecar;	 /* path or NULL; borrowed from argv */
	uint32_t snapshot_count; /* 1 if not given; 0: until interrupted (only with stream) */
	uint64_t interval_ms;	 /* 0 if not given */
	uint64_t abort_after_ms; /* 0 if not given */
};

/** Whether more than one snapshot is wanted. */
static inline bool kt_probe_settings_is_repeated(const struct kt_probe_settings *settings)
{
	return settings->snapshot_count != 1;
}

/** Whether a file is to be looked at instead of a process: --object and --layout without --pid. */
static inline bool kt_probe_settings_is_for_file(const struct kt_probe_settings *settings)
{
	return !settings->pid && settings->object && settings->layout;
}

/**
 * Parses a command line and checks the combination of its options; with --help or --version
 * nothing else is demanded.
 * Errors: usage.  Owner: @ret borrows from @argv.
 */
struct kt_error *kt_probe_settings_parse(int argc, char *const *argv,
					 struct kt_probe_settings *ret) KT_MUST_CHECK;

#endif
