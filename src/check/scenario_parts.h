/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the parts of the reader of scenario files share: scenario.c, scenario_workers.c and
 * scenario_files.c, and nobody else.
 */
#ifndef KT_CHECK_SCENARIO_PARTS_H
#define KT_CHECK_SCENARIO_PARTS_H

#include "check/reader.h"
#include "check/scenario.h"

#define PLACE(type, name_, member) .name = (name_), .offset = offsetof(struct type, member)

/**
 * Reads the array @item into the struct kt_scenario @ret.
 * Errors: usage, no memory.  Owner: the scenario's arena.
 */
struct kt_error *kt_scenario_read_workers(const struct kt_reader *reader, const cJSON *item,
					  void *ret) KT_MUST_CHECK;

/**
 * Reads the files of a struct kt_scenario_worker @ret from the array @item.
 * Errors: usage, no memory.  Owner: the reader's arena.
 */
struct kt_error *kt_scenario_read_files(const struct kt_reader *reader, const cJSON *item,
					void *ret) KT_MUST_CHECK;

/**
 * Reads the environment of a struct kt_scenario_worker @ret from the object @item.
 * Errors: usage, no memory.  Owner: the reader's arena.
 */
struct kt_error *kt_scenario_read_environment(const struct kt_reader *reader, const cJSON *item,
					      void *ret) KT_MUST_CHECK;

/** The worker called @name, or NULL.  Owner: borrowed from @scenario. */
const struct kt_scenario_worker *kt_scenario_find_worker(const struct kt_scenario *scenario,
							 const char *name);

/** Where @item stands in its file. */
struct kt_scenario_place kt_scenario_place_of(const struct kt_reader *reader, const cJSON *item);

#endif
