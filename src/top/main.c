/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "report/exit_code.h"
#include "top/batch.h"
#include "top/completion.h"
#include "top/dashboard_run.h"
#include "top/doctor/doctor.h"
#include "top/dump.h"
#include "top/kept_templates.h"
#include "top/listing.h"
#include "top/options.h"
#include "top/shell/shell.h"

/* Everything that a command needs, freed together. */
struct top {
	struct kt_command_line line;
	struct kt_inputs inputs;
	struct kt_preferences preferences;
	char *preferences_path;
};

static void top_deinit(struct top *top)
{
	kt_inputs_deinit(&top->inputs);
	kt_preferences_deinit(&top->preferences);
	free(top->preferences_path);
	kt_command_line_deinit(&top->line);
}

static struct kt_error *print(const struct kt_buf *text)
{
	KT_TRY(kt_buf_error(text));
	return kt_file_write_fd(STDOUT_FILENO, "stdout", kt_buf_text(text), text->len);
}

static void tell(const char *text)
{
	(void)fprintf(stderr, "ktstr-top: %s\n", text);
}

static struct kt_error *print_completion(struct top *top)
{
	struct kt_scenario_set *set = &top->inputs.set;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	KT_TRY(kt_inputs_load_scenarios(&top->inputs, &top->line));
	KT_TRY(kt_scenario_set_add(set, top->inputs.tools.scenario_dir, KT_TOP_DEMO));
	kt_autofree const char **names = calloc(set->count + 1, sizeof(*names));
	if (!names)
		return kt_error_no_memory();
	for (size_t i = 0; i < set->count; i++)
		names[i] = set->scenarios[i]->name;
	names[set->count] = KT_TOP_DEMO;
	KT_TRY(kt_completion_put(top->line.completion, "ktstr-top", kt_top_options, names,
				 set->count + 1, &text));
	return print(&text);
}

/* The file that is not there is an error only for who named it. */
static struct kt_error *read_preferences(struct top *top)
{
	const struct kt_screen_wishes *wishes = &top->line.screen;
	kt_autobuf struct kt_buf warnings = KT_BUF_INIT;

	if (wishes->no_config)
		return NULL;
	kt_autoerr struct kt_error *nowhere = NULL;
	if (!wishes->config)
		nowhere = kt_preferences_locate(&top->preferences_path);
	else if (!(top->preferences_path = strdup(wishes->config)))
		return kt_error_no_memory();
	if (nowhere)
		return NULL; /* the key that keeps them says so */

	kt_autoerr struct kt_error *err =
		kt_preferences_read(top->preferences_path, &top->preferences, &warnings);
	(void)fputs(kt_buf_text(&warnings), stderr);
	if (!err)
		return NULL;
	if (wishes->config)
		return kt_error_create(KT_ERROR_USAGE, 0, "--config %s", kt_error_message(err));
	if (kt_error_errno(err) != ENOENT)
		tell(kt_error_message(err));
	return NULL;
}

/* What the source of the events needs. */
static struct kt_error *prepare(struct top *top, int *ret_exit_code)
{
	bool is_skip = false;

	if (top->line.source == KT_SOURCE_REPLAY)
		return NULL;
	if (top->line.source == KT_SOURCE_LOCAL)
		return kt_tools_find_probe(&top->inputs.tools);
	struct kt_error *err = kt_inputs_prepare_guests(&top->inputs, &top->line, &is_skip);
	if (!is_skip)
		return err;
	(void)fprintf(stderr, "ktstr-top: skipped: %s\n", kt_error_message(err));
	kt_error_destroy(err);
	*ret_exit_code = KT_EXIT_SKIP;
	return NULL;
}

static struct kt_error *run_batch(struct top *top, int *ret_exit_code)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (top->line.source == KT_SOURCE_GUESTS)
		KT_TRY(kt_inputs_load_scenarios(&top->inputs, &top->line));
	KT_TRY(prepare(top, ret_exit_code));
	if (*ret_exit_code != KT_EXIT_PASS)
		return NULL;
	if (top->line.mode != KT_MODE_DRY_RUN)
		return kt_batch_run(&top->line, &top->inputs, ret_exit_code);
	KT_TRY(kt_listing_commands(&top->line, &top->inputs, &text));
	return print(&text);
}

static struct kt_error *check_target(const struct kt_command_line *line)
{
	if (line->source != KT_SOURCE_LOCAL || !kill((pid_t)line->pid, 0) || errno == EPERM)
		return NULL;
	return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "--pid %u", line->pid);
}

static struct kt_error *run_screen(struct top *top, int *ret_exit_code)
{
	struct kt_live_config config = {
		.line = &top->line,
		.inputs = &top->inputs,
		.preferences = &top->preferences,
	};
	bool is_dump = top->line.mode == KT_MODE_DUMP;

	/* Everything that can be said at once is said before something is prepared. */
	KT_TRY(read_preferences(top));
	config.preferences_path = top->preferences_path;
	if (!top->line.interval_ms)
		top->line.interval_ms = top->preferences.interval_ms;
	KT_TRY(kt_live_check(&config));
	if (!is_dump)
		KT_TRY(kt_dashboard_check_terminal());
	KT_TRY(check_target(&top->line));
	if (top->line.source == KT_SOURCE_GUESTS) {
		KT_TRY(kt_inputs_load_scenarios(&top->inputs, &top->line));
		if (!is_dump)
			tell("looking for QEMU and a kernel, and packing the guests' images ...");
	}
	KT_TRY(prepare(top, ret_exit_code));
	if (*ret_exit_code != KT_EXIT_PASS)
		return NULL;
	if (is_dump)
		return kt_dump_run(&config, ret_exit_code);
	return kt_dashboard_run(&config, ret_exit_code);
}

static struct kt_error *act(struct top *top, int *ret_exit_code)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	switch (top->line.mode) {
	case KT_MODE_HELP:
		kt_command_line_help(&text);
		return print(&text);
	case KT_MODE_VERSION:
		kt_buf_puts(&text, PACKAGE_NAME " " PACKAGE_VERSION "\n");
		return print(&text);
	case KT_MODE_COMPLETION:
		return print_completion(top);
	case KT_MODE_LIST:
		KT_TRY(kt_inputs_load_scenarios(&top->inputs, &top->line));
		/* Their names say the kernels' versions. */
		if (top->line.kernel_count > 1)
			KT_TRY(kt_inputs_find_kernels(&top->inputs, &top->line));
		kt_listing_scenarios(&top->inputs.set, top->line.format, &text);
		return print(&text);
	case KT_MODE_CLEAR:
		KT_TRY(kt_kept_templates_clear(&text));
		return print(&text);
	case KT_MODE_DOCTOR:
		KT_TRY(kt_doctor_run(&top->line, &top->inputs, &text, ret_exit_code));
		return print(&text);
	case KT_MODE_SHELL:
		return kt_shell_run(&top->line, &top->inputs, ret_exit_code);
	case KT_MODE_DRY_RUN:
	case KT_MODE_CHECK:
	case KT_MODE_SAMPLE:
	case KT_MODE_REPORT:
		return run_batch(top, ret_exit_code);
	case KT_MODE_DASHBOARD:
	case KT_MODE_DUMP:
		return run_screen(top, ret_exit_code);
	}
	return kt_error_create(KT_ERROR_INTERNAL, 0, "an unknown mode");
}

int main(int argc, char **argv)
{
	__attribute__((cleanup(top_deinit))) struct top top = { .inputs = KT_INPUTS_INIT };
	int exit_code = KT_EXIT_PASS;

	kt_file_fill_standard();
	kt_file_keep_inherited();
	/* Texts as the user's terminal wants them, numbers as JSON does. */
	(void)setlocale(LC_ALL, "");
	(void)setlocale(LC_NUMERIC, "C");
	/* A reader that goes away is seen as EPIPE, so that guests and recordings end well. */
	(void)signal(SIGPIPE, SIG_IGN);

	kt_autoerr struct kt_error *err = kt_command_line_parse(argc, argv, &top.line);
	if (!err)
		err = act(&top, &exit_code);
	if (!err)
		return exit_code;
	if (kt_error_errno(err) == EPIPE)
		return KT_EXIT_SIGNAL + SIGPIPE;
	tell(kt_error_message(err));
	return kt_exit_code_of_error(err);
}
