/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/run.h"

#include <string.h>

const struct kt_run_scenario *kt_run_find_scenario(const struct kt_run *run, const char *name)
{
	for (size_t i = 0; i < run->scenario_count; i++) {
		if (!strcmp(run->scenarios[i]->name, name))
			return run->scenarios[i];
	}
	return NULL;
}

const struct kt_run_probe *kt_run_find_probe(const struct kt_run_scenario *scenario,
					     const char *name)
{
	for (size_t i = 0; i < scenario->probe_count; i++) {
		if (!strcmp(scenario->probes[i].name, name))
			return &scenario->probes[i];
	}
	return NULL;
}

const struct kt_run_worker *kt_run_find_worker(const struct kt_run_scenario *scenario,
					       const char *name)
{
	for (size_t i = 0; i < scenario->worker_count; i++) {
		if (!strcmp(scenario->workers[i].name, name))
			return &scenario->workers[i];
	}
	return NULL;
}

const struct kt_run_check *kt_run_find_check(const struct kt_run_scenario *scenario, const char *id)
{
	for (size_t i = 0; i < scenario->check_count; i++) {
		if (!strcmp(scenario->checks[i].id, id))
			return &scenario->checks[i];
	}
	return NULL;
}

uint32_t kt_run_count_results(const struct kt_run *run, enum kt_result result)
{
	uint32_t count = 0;

	for (size_t i = 0; i < run->scenario_count; i++)
		count += run->scenarios[i]->ended && run->scenarios[i]->end.verdict == result;
	return count;
}
