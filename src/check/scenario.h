/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Scenario files: which guest, which workers, which probes, which checks
 * (ktstr-scenario(5)).  JSON, schema 1, strict: what is not known, of the wrong type,
 * out of range, given twice or missing is an error with file, line and column that
 * says what is allowed.  A parsed scenario is complete: every default is filled in.
 */
#ifndef KT_CHECK_SCENARIO_H
#define KT_CHECK_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "run/topology.h"

#define KT_SCENARIO_SCHEMA	      1
#define KT_SCENARIO_MAX_FILE_BYTES    (1U << 20)
#define KT_SCENARIO_MAX_NAME_BYTES    64
#define KT_SCENARIO_MAX_TEXT_BYTES    1024
#define KT_SCENARIO_MAX_WORKERS	      16
#define KT_SCENARIO_MAX_ARGUMENTS     64
#define KT_SCENARIO_MAX_FILES	      64 /* of a worker */
#define KT_SCENARIO_MAX_VARIABLES     64 /* the same */
#define KT_SCENARIO_MAX_PROBES	      16
#define KT_SCENARIO_MAX_CHECKS	      128
#define KT_SCENARIO_MIN_MEMORY_MIB    128
#define KT_SCENARIO_MAX_MEMORY_MIB    65536
#define KT_SCENARIO_DEFAULT_TIMEOUT_S 60 /* of one CPU; and for each more: */
#define KT_SCENARIO_TIMEOUT_S_PER_CPU 2
#define KT_SCENARIO_MAX_TIMEOUT_S     86400
#define KT_SCENARIO_DEFAULT_READY_MS  5000 /* contract section 6 */
#define KT_SCENARIO_DEFAULT_PROBE_MS  30000
#define KT_SCENARIO_MAX_MS	      3600000
#define KT_SCENARIO_MAX_SNAPSHOTS     100000 /* contract section 1.1 */
#define KT_SCENARIO_MAX_REPEAT	      10000
#define KT_SCENARIO_MAX_PID	      2147483647

struct kt_check;

/** Where in the scenario's file something stands, from 1. */
struct kt_scenario_place {
	uint32_t line;
	uint32_t column; /* in bytes */
};

/** Something of the host that a worker finds in its guest: a file, or a directory with all in it. */
struct kt_scenario_file {
	const char *from; /* as written: relative to the scenario's file */
	const char *to;	  /* in the guest: absolute, without "." and ".." */
	struct kt_scenario_place place;
};

/** What an exit code of a worker means; only for messages. */
struct kt_exit_legend {
	uint32_t exit_code;
	const char *text;
};

struct kt_scenario_worker {
	const char *name;
	const char *const *command;	/* argument vector, ended by NULL */
	size_t argument_count;		/* with command[0] */
	struct kt_scenario_place place; /* of command[0] */
	const struct kt_scenario_file *files;
	size_t file_count;
	const char *const
		*environment; /* "NAME=value" besides the guest's own, ended by NULL; or NULL */
	bool ready_marker;    /* wait for its marker file; else it is ready at once */
	uint32_t ready_timeout_ms;
	const struct kt_exit_legend *exit_codes;
	size_t exit_code_count;
};

struct kt_scenario_probe {
	const char *name;
	const struct kt_scenario_worker *target; /* NULL: `pid` is meant literally */
	uint32_t pid;
	uint32_t snapshots;
	uint32_t interval_ms; /* 0 with one snapshot */
	uint32_t repeat;      /* how many runs, one after the other */
	uint32_t timeout_ms;  /* of one run */
	const char *with;     /* words of the probe's --with; NULL: none */
};

struct kt_scenario {
	const char *name;
	const char *description; /* "" when not given */
	const char *file;
	const char *kernel; /* as written: relative to the scenario's file; NULL: that of the run */
	struct kt_scenario_place kernel_place;
	struct kt_topology topology;
	uint32_t memory_mib;
	uint32_t timeout_s; /* of the whole scenario */
	const struct kt_scenario_worker *workers;
	size_t worker_count;
	const struct kt_scenario_probe *probes;
	size_t probe_count;
	const struct kt_check *checks;
	size_t check_count;
	struct kt_arena arena; /* everything above */
};

/**
 * Parses @len bytes; @file stands in error texts and in the result.
 * Errors: usage ("file:line:column: what"), no memory.
 * Owner: the caller calls kt_scenario_destroy(); @text is not kept.
 */
struct kt_error *kt_scenario_parse(const char *text, size_t len, const char *file,
				   struct kt_scenario **ret) KT_MUST_CHECK;

/**
 * Reads and parses the file @path.
 * Errors: usage (unreadable, too large, or as kt_scenario_parse()), no memory.
 * Owner: the caller calls kt_scenario_destroy().
 */
struct kt_error *kt_scenario_load(const char *path, struct kt_scenario **ret) KT_MUST_CHECK;

/**
 * Makes a scenario like @from with another @name.  It borrows everything but the name from @from.
 * Errors: no memory.  Owner: the caller calls kt_scenario_destroy(), in any order.
 */
struct kt_error *kt_scenario_copy(const struct kt_scenario *from, const char *name,
				  struct kt_scenario **ret) KT_MUST_CHECK;

/** Gives @scenario another @name.  Errors: no memory. */
struct kt_error *kt_scenario_rename(struct kt_scenario *scenario, const char *name) KT_MUST_CHECK;

/**
 * Makes @err, which is taken over, begin with the file and @place: "file:line:column: ".  NULL stays
 * NULL.  Owner: the caller.
 */
struct kt_error *kt_scenario_error_at(const struct kt_scenario *scenario,
				      struct kt_scenario_place place,
				      struct kt_error *err) KT_MUST_CHECK;

/**
 * The host's path of @word, which the scenario's file names: absolute, or relative to that file.
 * Errors: no memory.  Owner: the caller frees @ret.
 */
struct kt_error *kt_scenario_host_path(const struct kt_scenario *scenario, const char *word,
				       char **ret) KT_MUST_CHECK;

/** Frees a scenario; NULL is allowed. */
void kt_scenario_destroy(struct kt_scenario *scenario);

static inline void kt_scenario_destroy_cleanup(struct kt_scenario **slot)
{
	kt_scenario_destroy(*slot);
}

#define kt_autoscenario __attribute__((cleanup(kt_scenario_destroy_cleanup)))

#endif
