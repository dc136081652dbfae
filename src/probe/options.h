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

struct kt_probe_settings {
	pid_t pid;
	bool json;
	bool help;
	bool version;
	const char *sidecar;	 /* path or NULL; borrowed from argv */
	uint32_t snapshot_count; /* 1 if not given */
	uint64_t interval_ms;	 /* 0 if not given */
	uint64_t abort_after_ms; /* 0 if not given */
};

/**
 * Parses a command line and checks the combination of its options; with --help or --version
 * nothing else is demanded.
 * Errors: usage.  Owner: @ret borrows from @argv.
 */
struct kt_error *kt_probe_settings_parse(int argc, char *const *argv,
					 struct kt_probe_settings *ret) KT_MUST_CHECK;

#endif
