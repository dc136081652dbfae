/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/command_line.h"

#include <stdlib.h>
#include <string.h>

#include "top/command_values.h"
#include "top/options.h"

static struct kt_error *on_value(void *ctx, const struct kt_option_value *value)
{
	return kt_command_line_take(ctx, value);
}

struct kt_error *kt_command_line_parse(int argc, char *const *argv, struct kt_command_line *ret)
{
	struct kt_command_line line = {
		.accel = KT_ACCEL_MODE_AUTO,
		.argc = argc,
		.argv = argv,
	};

	struct kt_error *err = kt_options_parse(kt_top_options, argc, argv, on_value, &line);
	if (!err)
		err = kt_command_line_settle(&line);
	if (err) {
		kt_command_line_deinit(&line);
		return err;
	}
	*ret = line;
	return NULL;
}

void kt_command_line_deinit(struct kt_command_line *line)
{
	free(line->scenarios);
	free(line->kernels);
	line->scenarios = line->kernels = NULL;
	line->scenario_count = line->kernel_count = 0;
}

void kt_command_line_put_word(const char *word, struct kt_buf *out)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_-+.,/:@%";

	if (*word && !word[strspn(word, harmless)]) {
		kt_buf_puts(out, word);
		return;
	}
	kt_buf_putc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			kt_buf_puts(out, "'\\''");
		else
			kt_buf_putc(out, *word);
	kt_buf_putc(out, '\'');
}

static struct kt_error *put_option(void *ctx, const struct kt_option_value *value)
{
	struct kt_buf *out = ctx;
	const struct kt_option *option = value->option;

	if (!option) {
		kt_buf_putc(out, ' ');
		kt_command_line_put_word(value->text, out);
		return NULL;
	}
	if (option->id == KT_TOP_BATCH || option->id == KT_TOP_CHECK ||
	    !kt_command_line_is_for_batch(option->id))
		return NULL;
	kt_buf_printf(out, " --%s", option->name);
	if (value->text) {
		kt_buf_putc(out, value->text[0] == '-' ? '=' : ' ');
		kt_command_line_put_word(value->text, out);
	}
	return NULL;
}

struct kt_error *kt_command_line_batch(const struct kt_command_line *line, struct kt_buf *out)
{
	kt_buf_puts(out, "ktstr-top --batch");
	if (line->source != KT_SOURCE_LOCAL)
		kt_buf_puts(out, " --check");
	KT_TRY(kt_options_parse(kt_top_options, line->argc, line->argv, put_option, out));
	if (kt_command_line_wants_demo(line))
		kt_buf_puts(out, " " KT_TOP_DEMO);
	return kt_buf_error(out);
}

void kt_command_line_help(struct kt_buf *out)
{
	kt_buf_puts(
		out,
		"Usage: ktstr-top [OPTION...] [SCENARIO...]\n"
		"       ktstr-top [OPTION...] --pid PID | --replay FILE\n"
		"       ktstr-top --batch [--check] [OPTION...] [SCENARIO...]\n"
		"       ktstr-top --doctor\n"
		"       ktstr-top --shell [SCENARIO]\n"
		"\n"
		"Boots Linux guests, runs an allocator in each, reads jemalloc's per-thread\n"
		"counters from outside the process, and shows what it sees; or does so for a\n"
		"process of this machine.  With --batch --check it judges, without a screen.  A\n"
		"SCENARIO is the name of a built-in (--list) or a file.\n"
		"\n");
	kt_options_help(kt_top_options, out);
	kt_buf_puts(out,
		    "\n"
		    "Exit codes: 0 all passed, 1 a check failed, 2 usage or scenario error,\n"
		    "3 could not judge, 4 nothing to run, 77 skipped (--skip-missing),\n"
		    "99 internal error, 128+N ended by signal N.\n"
		    "\n"
		    "Examples:\n"
		    "  ktstr-top\n"
		    "  ktstr-top --pid 4711 --record run.ktr\n"
		    "  ktstr-top --replay run.ktr --speed 4\n"
		    "  ktstr-top --batch --check\n"
		    "  ktstr-top --batch --check --format tap thread-churn my-scenario.json\n"
		    "\n"
		    "On the screen, ? shows the keys.  See ktstr-top(1) and ktstr-scenario(5).\n");
}
