/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/inputs.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "top/kept_templates.h"

static struct kt_error *load(struct kt_inputs *inputs, const struct kt_command_line *line)
{
	const char *dir = inputs->tools.scenario_dir;

	if (kt_command_line_wants_demo(line))
		return kt_scenario_set_add(&inputs->set, dir, KT_TOP_DEMO);
	if (!line->scenario_count)
		return kt_scenario_set_add_builtins(&inputs->set, dir);
	for (size_t i = 0; i < line->scenario_count; i++)
		KT_TRY(kt_scenario_set_add(&inputs->set, dir, line->scenarios[i]));
	return NULL;
}

struct kt_error *kt_inputs_load_scenarios(struct kt_inputs *inputs,
					  const struct kt_command_line *line)
{
	KT_TRY(kt_tools_find_scenarios(&inputs->tools));
	KT_TRY(load(inputs, line));
	/* Completions are names that can be typed. */
	if (line->repeat && line->mode != KT_MODE_COMPLETION)
		KT_TRY(kt_error_wrap(kt_scenario_set_repeat(&inputs->set, line->repeat), "--repeat"));
	return kt_error_wrap(kt_faults_check(&line->faults, &inputs->set), "--fault");
}

struct kt_error *kt_inputs_prepare_guests(struct kt_inputs *inputs,
					  const struct kt_command_line *line, bool *ret_is_skip)
{
	KT_TRY(kt_tools_find_programs(&inputs->tools));
	struct kt_error *err = kt_platform_find(line, &inputs->platform);
	if (err && line->skip_missing && kt_error_class(err) == KT_ERROR_ENVIRONMENT)
		*ret_is_skip = true;
	if (err)
		return err;
	if (line->template_cache_mib)
		KT_TRY(kt_kept_templates_locate(&inputs->template_dir));
	return kt_images_build(&inputs->set, &inputs->tools, &inputs->images);
}

void kt_inputs_deinit(struct kt_inputs *inputs)
{
	free(KT_TAKE(inputs->template_dir));
	kt_images_deinit(&inputs->images);
	kt_platform_deinit(&inputs->platform);
	kt_tools_deinit(&inputs->tools);
	kt_scenario_set_deinit(&inputs->set);
}
