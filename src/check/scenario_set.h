/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The scenarios of a run, in the order in which they were asked for, names unique.
 * A word with a '/' or ending in ".json" is a file.  Any other is the name of a built-in:
 * of the file NAME.json in the directory of built-ins, of a directory NAME in there, which
 * stands for all its files, or of the file NAME.json in one of its directories.
 */
#ifndef KT_CHECK_SCENARIO_SET_H
#define KT_CHECK_SCENARIO_SET_H

#include "check/scenario.h"

#define KT_SCENARIO_SET_MAX 4096

struct kt_scenario_set {
	struct kt_scenario **scenarios;
	size_t count;
	size_t cap;
};

#define KT_SCENARIO_SET_INIT ((struct kt_scenario_set){ 0 })

/** Frees the scenarios and makes the set empty again. */
void kt_scenario_set_deinit(struct kt_scenario_set *set);

/**
 * Adds what @word means: a file, a built-in of directory @builtin_dir, or all those of one
 * of its directories, in byte order of their file names.
 * Errors: usage (no such scenario, a bad file, its name is taken), environment (a directory is
 * unreadable or empty), no memory.
 * Owner: the set owns the new scenarios.
 */
struct kt_error *kt_scenario_set_add(struct kt_scenario_set *set, const char *builtin_dir,
				     const char *word) KT_MUST_CHECK;

/**
 * Adds all built-ins of @builtin_dir, but not those of its directories, in byte order of
 * their file names.
 * Errors: usage (a bad file), environment (the directory is unreadable or empty), no memory.
 * Owner: the set owns the new scenarios.
 */
struct kt_error *kt_scenario_set_add_builtins(struct kt_scenario_set *set,
					      const char *builtin_dir) KT_MUST_CHECK;

/**
 * Puts @times (at least 1) scenarios, NAME#1 to NAME#@times, in the place of each scenario NAME.  They
 * differ by their names alone, which no file can give.
 * Errors: usage (more than KT_SCENARIO_SET_MAX in all), no memory; then the set is as it was but for
 * names.
 * Owner: the set owns them all; the others borrow what they have from the first of them.
 */
struct kt_error *kt_scenario_set_repeat(struct kt_scenario_set *set, uint32_t times) KT_MUST_CHECK;

/**
 * Puts @count scenarios in the place of each, side by side, which differ by their names: "NAME@LABEL", or
 * "NAME@LABEL#REST" where there is a '#' in the name.
 * Errors: usage (too many), no memory; then the set is as it was but for names.
 * Owner: the set owns the new scenarios; @labels, which differ, are not kept.
 */
struct kt_error *kt_scenario_set_multiply(struct kt_scenario_set *set, const char *const *labels,
					  size_t count) KT_MUST_CHECK;

#define kt_autoscenarioset __attribute__((cleanup(kt_scenario_set_deinit)))

#endif
