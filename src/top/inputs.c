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
		KT_TRY(kt_error_wrap(kt_scenario_set_repeat(&inputs->set, line->repeat),
				     "--repeat"));
	return kt_error_wrap(kt_faults_check(&line->faults, &inputs->set), "--fault");
}

struct kt_error *kt_inputs_find_kernels(struct kt_inputs *inputs,
					const struct kt_command_line *line)
{
	if (inputs->kernels.count)
		return NULL;
	return kt_kernels_find(line, &inputs->set, &inputs->kernels);
}

void kt_inputs_join(struct kt_inputs *inputs)
{
	for (size_t i = 0; i < inputs->images.count; i++) {
		const struct kt_kernel *kernel = kt_kernels_of(&inputs->kernels, i);

		inputs->images.of_scenario[i].kernel_fd = kernel->elf_fd;
		inputs->images.of_scenario[i].kernel = kernel->path;
		inputs->images.of_scenario[i].kernel_hash = kernel->hash;
	}
}

struct kt_error *kt_inputs_find_machine(struct kt_inputs *inputs,
					const struct kt_command_line *line, bool *ret_is_skip)
{
	KT_TRY(kt_tools_find_programs(&inputs->tools));
	struct kt_error *err = kt_inputs_find_kernels(inputs, line);
	if (!err)
		err = kt_platform_find(line, &inputs->platform);
	if (!err)
		err = kt_platform_confine(&inputs->platform, &inputs->kernels);
	if (err && line->skip_missing && kt_error_class(err) == KT_ERROR_ENVIRONMENT)
		*ret_is_skip = true;
	return err;
}

struct kt_error *kt_inputs_prepare_guests(struct kt_inputs *inputs,
					  const struct kt_command_line *line, bool *ret_is_skip)
{
	KT_TRY(kt_inputs_find_machine(inputs, line, ret_is_skip));
	if (line->template_cache_mib)
		KT_TRY(kt_kept_templates_locate(&inputs->template_dir));
	KT_TRY(kt_images_build(&inputs->set, &inputs->tools, &inputs->images));
	kt_inputs_join(inputs);
	return NULL;
}

void kt_inputs_deinit(struct kt_inputs *inputs)
{
	free(KT_TAKE(inputs->template_dir));
	kt_images_deinit(&inputs->images);
	kt_platform_deinit(&inputs->platform);
	kt_kernels_deinit(&inputs->kernels);
	kt_tools_deinit(&inputs->tools);
	kt_scenario_set_deinit(&inputs->set);
}
