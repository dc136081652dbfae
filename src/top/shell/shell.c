/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/shell.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "report/exit_code.h"
#include "top/shell/session.h"
#include "top/shell/tools.h"

/* A guest without a scenario: the least there is. */
static const struct kt_scenario plain = {
	.name = "shell",
	.file = "",
	.topology = { .numa_nodes = 1, .llcs = 1, .cores = 1, .threads = 1 },
};

static struct kt_error *choose_scenario(const struct kt_command_line *line,
					struct kt_inputs *inputs, const struct kt_scenario **ret)
{
	*ret = &plain;
	if (!line->scenario_count)
		return NULL;
	KT_TRY(kt_inputs_load_scenarios(inputs, line));
	if (inputs->set.count != 1)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "'%s' is %zu scenarios: --shell has one guest, name one of "
				       "them (--list %s)",
				       line->scenarios[0], inputs->set.count, line->scenarios[0]);
	*ret = inputs->set.scenarios[0];
	return NULL;
}

static struct kt_error *make_image(const struct kt_scenario *scenario,
				   const struct kt_inputs *inputs,
				   const struct kt_shell_tools *tools, int *ret_fd,
				   uint64_t *ret_bytes)
{
	kt_autoimage struct kt_image *image = NULL;

	KT_TRY(kt_image_create(&image));
	KT_TRY(kt_images_add_programs(image, scenario, &inputs->tools));
	KT_TRY(kt_shell_tools_pack(tools, image));
	return kt_image_finish(image, ret_fd, ret_bytes);
}

/* A variant of our worker may not have been built. */
static struct kt_error *check_variants(const struct kt_scenario *scenario)
{
	for (size_t i = 0; i < scenario->worker_count; i++) {
		const char *word = scenario->workers[i].command[0];
		kt_autofree char *path = NULL;
		if (!strcmp(word, KT_WORKER_DSO) || !strcmp(word, KT_WORKER_LIBC))
			KT_TRY(kt_tools_find_variant(word, &path));
	}
	return NULL;
}

/* As a shell has it in front of a command: what is quoted is the value alone. */
static void put_variable(const char *variable, struct kt_buf *out)
{
	size_t name_len = strcspn(variable, "=");

	kt_buf_append(out, variable, name_len);
	kt_buf_putc(out, '=');
	if (variable[name_len] && variable[name_len + 1])
		kt_command_line_put_word(variable + name_len + 1, out);
	kt_buf_putc(out, ' ');
}

static void put_command(const struct kt_scenario_worker *worker, struct kt_buf *out)
{
	for (const char *const *at = worker->environment; at && *at; at++)
		put_variable(*at, out);
	kt_command_line_put_word(kt_runner_program_name(worker->command[0]), out);
	for (size_t i = 1; i < worker->argument_count; i++) {
		kt_buf_putc(out, ' ');
		kt_command_line_put_word(worker->command[i], out);
	}
	kt_buf_puts(out, " &\n");
}

/* How to leave, and what to do here. */
static void put_greeting(const struct kt_scenario *scenario, struct kt_buf *out)
{
	kt_buf_puts(out, "ktstr-top: a shell in the guest; exit or Ctrl-D leaves it; if it hangs: "
			 "Enter ~.\n");
	for (size_t i = 0; i < scenario->worker_count; i++) {
		kt_buf_printf(out, "ktstr-top: worker '%s': ", scenario->workers[i].name);
		put_command(&scenario->workers[i], out);
	}
	if (!scenario->worker_count)
		kt_buf_puts(out, "ktstr-top: something to read: " KT_WORKER " 16777216 &\n");
	kt_buf_puts(out, "ktstr-top: read it: ktstr-jemalloc-probe --pid $!\n");
}

static void tell_boot(const struct kt_scenario *scenario, const struct kt_runner_shared *shared,
		      uint64_t image_bytes)
{
	kt_autobuf struct kt_buf label = KT_BUF_INIT;

	kt_topology_label(&scenario->topology, &label);
	(void)fprintf(stderr, "ktstr-top: booting a guest: %s, %u MiB, %s ...\n",
		      kt_buf_text(&label), kt_runner_memory_mib(scenario, image_bytes),
		      shared->accelerator == KT_ACCELERATOR_KVM ? "KVM" : "emulated");
}

static struct kt_error *run(const struct kt_command_line *line, struct kt_inputs *inputs,
			    const struct kt_scenario *scenario, const struct kt_shell_tools *tools,
			    int *ret_exit_code)
{
	struct kt_runner_shared shared = { .cpu = line->cpu };
	kt_autoclose int image_fd = -1;
	uint64_t image_bytes;
	kt_autobuf struct kt_buf greeting = KT_BUF_INIT;

	KT_TRY(make_image(scenario, inputs, tools, &image_fd, &image_bytes));
	kt_platform_share(&inputs->platform, &shared);
	put_greeting(scenario, &greeting);
	KT_TRY(kt_buf_error(&greeting));
	struct kt_shell_config config = {
		.scenario = scenario,
		.shared = &shared,
		.image = { .fd = image_fd,
			   .bytes = image_bytes,
			   .kernel_fd = kt_kernels_of(&inputs->kernels, 0)->elf_fd },
		.argv = tools->argv,
		.greeting = greeting.data,
		.timeout_s = line->timeout_s,
		.is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
	};
	if (config.is_terminal)
		tell_boot(scenario, &shared, image_bytes);
	return kt_shell_session_run(&config, ret_exit_code);
}

struct kt_error *kt_shell_run(const struct kt_command_line *line, struct kt_inputs *inputs,
			      int *ret_exit_code)
{
	__attribute__((cleanup(kt_shell_tools_deinit))) struct kt_shell_tools tools = { 0 };
	const struct kt_scenario *scenario;
	bool is_skip = false;

	if (line->kernel_count > 1)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--shell has one guest: give --kernel once");
	KT_TRY(choose_scenario(line, inputs, &scenario));
	KT_TRY(check_variants(scenario));
	KT_TRY(kt_shell_tools_find(&tools));
	struct kt_error *err = kt_inputs_find_machine(inputs, line, &is_skip);
	if (!err)
		return run(line, inputs, scenario, &tools, ret_exit_code);
	if (!is_skip)
		return err;
	(void)fprintf(stderr, "ktstr-top: skipped: %s\n", kt_error_message(err));
	kt_error_destroy(err);
	*ret_exit_code = KT_EXIT_SKIP;
	return NULL;
}
