/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/exit_code.h"

int kt_exit_code_of_error(const struct kt_error *err)
{
	static const enum kt_exit_code codes[] = {
		[KT_ERROR_USAGE] = KT_EXIT_USAGE,
		[KT_ERROR_ENVIRONMENT] = KT_EXIT_CANNOT_JUDGE,
		[KT_ERROR_GUEST] = KT_EXIT_CANNOT_JUDGE,
		[KT_ERROR_PROBE] = KT_EXIT_CANNOT_JUDGE,
		[KT_ERROR_PROTOCOL] = KT_EXIT_CANNOT_JUDGE,
		[KT_ERROR_IO] = KT_EXIT_CANNOT_JUDGE,
		[KT_ERROR_INTERNAL] = KT_EXIT_INTERNAL,
		[KT_ERROR_NO_MEMORY] = KT_EXIT_CANNOT_JUDGE,
	};

	return codes[kt_error_class(err)];
}

/* Whether a scenario that was announced, or began, came to no verdict. */
static bool has_unjudged(const struct kt_run *run)
{
	for (size_t i = 0; i < run->scenario_count; i++) {
		const struct kt_run_scenario *scenario = run->scenarios[i];

		if (!scenario->ended || scenario->end.verdict == KT_RESULT_ERROR ||
		    scenario->end.verdict == KT_RESULT_CANCELLED)
			return true;
	}
	for (size_t i = 0; i < run->start.scenario_count; i++) {
		if (!kt_run_find_scenario(run, run->start.scenarios[i]))
			return true;
	}
	return false;
}

int kt_exit_code_of_run(const struct kt_run *run)
{
	if (kt_run_count_results(run, KT_RESULT_FAIL))
		return KT_EXIT_FAIL;
	if (has_unjudged(run))
		return KT_EXIT_CANNOT_JUDGE;
	if (kt_run_count_results(run, KT_RESULT_PASS))
		return KT_EXIT_PASS;
	return run->scenario_count ? KT_EXIT_SKIP : KT_EXIT_NOTHING;
}
