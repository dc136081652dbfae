/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "report/exit_code.h"
#include "top/batch.h"
#include "top/command_line.h"
#include "top/images.h"
#include "top/listing.h"
#include "top/locate.h"
#include "top/platform.h"

/* Everything that a command needs, freed together. */
struct top {
	struct kt_command_line line;
	struct kt_scenario_set set;
	struct kt_tools tools;
	struct kt_platform platform;
	struct kt_images images;
};

static void top_deinit(struct top *top)
{
	kt_images_deinit(&top->images);
	kt_platform_deinit(&top->platform);
	kt_tools_deinit(&top->tools);
	kt_scenario_set_deinit(&top->set);
	kt_command_line_deinit(&top->line);
}

static struct kt_error *print(const struct kt_buf *text)
{
	KT_TRY(kt_buf_error(text));
	return kt_file_write_fd(STDOUT_FILENO, "stdout", kt_buf_text(text), text->len);
}

static struct kt_error *load_scenarios(struct top *top)
{
	KT_TRY(kt_tools_find_scenarios(&top->tools));
	if (!top->line.scenario_count)
		return kt_scenario_set_add_builtins(&top->set, top->tools.scenario_dir);
	for (size_t i = 0; i < top->line.scenario_count; i++)
		KT_TRY(kt_scenario_set_add(&top->set, top->tools.scenario_dir,
					   top->line.scenarios[i]));
	return NULL;
}

/* Whether what is missing makes this a skipped run instead of a failed one. */
static bool is_skip(const struct top *top, const struct kt_error *err)
{
	return top->line.skip_missing && kt_error_class(err) == KT_ERROR_ENVIRONMENT;
}

static struct kt_error *run_guests(struct top *top, int *ret_exit_code)
{
	KT_TRY(kt_tools_find_programs(&top->tools));
	struct kt_error *err = kt_platform_find(&top->line, &top->platform);
	if (err && is_skip(top, err)) {
		(void)fprintf(stderr, "ktstr-top: skipped: %s\n", kt_error_message(err));
		kt_error_destroy(err);
		*ret_exit_code = KT_EXIT_SKIP;
		return NULL;
	}
	if (err)
		return err;
	KT_TRY(kt_images_build(&top->set, &top->tools, &top->images));
	if (top->line.action == KT_ACTION_DRY_RUN) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		KT_TRY(kt_listing_commands(&top->line, &top->set, &top->platform, &top->images,
					   &text));
		return print(&text);
	}
	return kt_batch_run(&top->line, &top->set, &top->platform, &top->images, ret_exit_code);
}

static struct kt_error *act(struct top *top, int *ret_exit_code)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	switch (top->line.action) {
	case KT_ACTION_HELP:
		kt_command_line_help(&text);
		return print(&text);
	case KT_ACTION_VERSION:
		kt_buf_puts(&text, PACKAGE_NAME " " PACKAGE_VERSION "\n");
		return print(&text);
	case KT_ACTION_LIST:
		KT_TRY(load_scenarios(top));
		kt_listing_scenarios(&top->set, top->line.format, &text);
		return print(&text);
	case KT_ACTION_DRY_RUN:
	case KT_ACTION_CHECK:
		KT_TRY(load_scenarios(top));
		return run_guests(top, ret_exit_code);
	}
	return kt_error_create(KT_ERROR_INTERNAL, 0, "an unknown action");
}

int main(int argc, char **argv)
{
	__attribute__((cleanup(top_deinit))) struct top top = { 0 };
	int exit_code = KT_EXIT_PASS;

	kt_file_fill_standard();
	/* A reader that goes away is seen as EPIPE, so that guests and recordings end well. */
	(void)signal(SIGPIPE, SIG_IGN);
	top.platform.kernel.elf_fd = -1;

	kt_autoerr struct kt_error *err = kt_command_line_parse(argc, argv, &top.line);
	if (!err)
		err = act(&top, &exit_code);
	if (!err)
		return exit_code;
	if (kt_error_errno(err) == EPIPE)
		return KT_EXIT_SIGNAL + SIGPIPE;
	(void)fprintf(stderr, "ktstr-top: %s\n", kt_error_message(err));
	return kt_exit_code_of_error(err);
}
