/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/listing.h"

#include "base/json_write.h"
#include "vmm/guest/guest.h"

static void put_json(const struct kt_scenario *scenario, const char *topology, struct kt_buf *out)
{
	struct kt_json_writer json;

	kt_json_writer_init(&json, out, 0);
	kt_json_object_begin(&json);
	kt_json_key(&json, "schema");
	kt_json_u64(&json, KT_SCENARIO_SCHEMA);
	kt_json_key(&json, "scenario");
	kt_json_string(&json, scenario->name);
	kt_json_key(&json, "description");
	kt_json_string(&json, scenario->description);
	kt_json_key(&json, "file");
	kt_json_string(&json, scenario->file);
	kt_json_key(&json, "topology");
	kt_json_string(&json, topology);
	kt_json_key(&json, "check_count");
	kt_json_u64(&json, scenario->check_count);
	kt_json_object_end(&json);
	kt_buf_putc(out, '\n');
}

void kt_listing_scenarios(const struct kt_scenario_set *set, enum kt_report_format format,
			  struct kt_buf *out)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct kt_scenario *scenario = set->scenarios[i];
		kt_autobuf struct kt_buf topology = KT_BUF_INIT;

		kt_topology_label(&scenario->topology, &topology);
		if (format == KT_REPORT_JSON)
			put_json(scenario, kt_buf_text(&topology), out);
		else
			kt_buf_printf(out, "%-26s %-9s %2zu checks  %s\n", scenario->name,
				      kt_buf_text(&topology), scenario->check_count,
				      scenario->description);
	}
}

static void put_kernels(const struct kt_kernels *kernels, struct kt_buf *out)
{
	for (size_t i = 0; i < kernels->count; i++)
		kt_buf_printf(out, "# kernel: %s (%s)\n", kernels->items[i].kernel.path,
			      kernels->items[i].kernel.version);
}

struct kt_error *kt_listing_commands(const struct kt_command_line *line,
				     const struct kt_inputs *inputs, struct kt_buf *out)
{
	const struct kt_scenario_set *set = &inputs->set;
	const struct kt_images *images = &inputs->images;
	struct kt_runner_shared shared = { .cpu = line->cpu };

	kt_platform_share(&inputs->platform, &shared);
	kt_buf_printf(out,
		      "# Descriptors: %d QMP, %d agent, %d console (sockets), %d kernel, %d "
		      "initramfs\n",
		      KT_QEMU_FD_QMP, KT_QEMU_FD_AGENT, KT_QEMU_FD_CONSOLE, KT_QEMU_FD_KERNEL,
		      KT_QEMU_FD_INITRD);
	put_kernels(&inputs->kernels, out);
	for (size_t i = 0; i < set->count; i++) {
		kt_autoarguments struct kt_arguments arguments = { 0 };
		if (images->of_scenario[i].missing)
			return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "scenario '%s': %s",
					       set->scenarios[i]->name,
					       images->of_scenario[i].missing);
		KT_TRY(kt_runner_arguments(&shared, set->scenarios[i], images->of_scenario[i].bytes,
					   &arguments));
		kt_buf_printf(out, "# %s\n", set->scenarios[i]->name);
		if (inputs->kernels.count > 1)
			kt_buf_printf(out, "# its kernel: %s\n", images->of_scenario[i].kernel);
		kt_arguments_render(&arguments, out);
		kt_buf_putc(out, '\n');
	}
	return kt_buf_error(out);
}
