/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/command_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "top/options.h"

#define KT_JOBS_MAX 64

static struct kt_error *bad_choice(const struct kt_option_value *value, const char *choices)
{
	return kt_error_create(KT_ERROR_USAGE, 0, "invalid value '%s' for '--%s': use %s",
			       value->text, value->option->name, choices);
}

static struct kt_error *take_jobs(struct kt_command_line *line, const struct kt_option_value *value)
{
	uint64_t jobs;

	if (!strcmp(value->text, "auto")) {
		line->jobs = 0;
		return NULL;
	}
	if (!kt_text_parse_u64(value->text, &jobs) || !jobs || jobs > KT_JOBS_MAX)
		return bad_choice(value, "auto, or a number from 1 to 64");
	line->jobs = (uint32_t)jobs;
	return NULL;
}

static struct kt_error *take_color(struct kt_command_line *line,
				   const struct kt_option_value *value)
{
	static const char *const names[] = {
		[KT_COLOR_AUTO] = "auto",
		[KT_COLOR_ALWAYS] = "always",
		[KT_COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], value->text)) {
			line->color = (enum kt_color_when)i;
			return NULL;
		}
	return bad_choice(value, "auto, always or never");
}

static struct kt_error *take_accel(struct kt_command_line *line,
				   const struct kt_option_value *value)
{
	if (!kt_accel_mode_parse(value->text, &line->accel))
		return bad_choice(value, "auto, kvm or tcg");
	return NULL;
}

static struct kt_error *take_format(struct kt_command_line *line,
				    const struct kt_option_value *value)
{
	if (!kt_report_format_find(value->text, &line->format))
		return bad_choice(value, "plain, tap or json");
	return NULL;
}

static struct kt_error *take_scenario(struct kt_command_line *line, const char *word)
{
	const char **grown =
		reallocarray(line->scenarios, line->scenario_count + 1, sizeof(*line->scenarios));

	if (!grown)
		return kt_error_no_memory();
	line->scenarios = grown;
	line->scenarios[line->scenario_count++] = word;
	return NULL;
}

/* Help and version win over everything else, the first of them over the second. */
static void set_action(struct kt_command_line *line, enum kt_top_action action)
{
	if (line->action < KT_ACTION_HELP)
		line->action = action;
}

static struct kt_error *on_value(void *ctx, const struct kt_option_value *value)
{
	struct kt_command_line *line = ctx;

	if (!value->option)
		return take_scenario(line, value->text);
	switch ((enum kt_top_option_id)value->option->id) {
	case KT_TOP_BATCH:
		line->batch = true;
		return NULL;
	case KT_TOP_CHECK:
		line->check = true;
		return NULL;
	case KT_TOP_LIST:
		set_action(line, KT_ACTION_LIST);
		return NULL;
	case KT_TOP_DRY_RUN:
		set_action(line, KT_ACTION_DRY_RUN);
		return NULL;
	case KT_TOP_JOBS:
		return take_jobs(line, value);
	case KT_TOP_FAIL_FAST:
		line->fail_fast = true;
		return NULL;
	case KT_TOP_TIMEOUT:
		line->timeout_s = (uint32_t)value->number;
		return NULL;
	case KT_TOP_FORMAT:
		return take_format(line, value);
	case KT_TOP_RECORD:
		line->record = value->text;
		return NULL;
	case KT_TOP_COLOR:
		return take_color(line, value);
	case KT_TOP_VERBOSE:
		line->verbose = true;
		return NULL;
	case KT_TOP_QUIET:
		line->quiet = true;
		return NULL;
	case KT_TOP_KERNEL:
		line->kernel = value->text;
		return NULL;
	case KT_TOP_ACCEL:
		return take_accel(line, value);
	case KT_TOP_CPU:
		line->cpu = value->text;
		return NULL;
	case KT_TOP_SKIP_MISSING:
		line->skip_missing = true;
		return NULL;
	case KT_TOP_HELP:
		set_action(line, KT_ACTION_HELP);
		return NULL;
	case KT_TOP_VERSION:
		set_action(line, KT_ACTION_VERSION);
		return NULL;
	}
	return kt_error_create(KT_ERROR_INTERNAL, 0, "--%s is not handled", value->option->name);
}

static struct kt_error *check_combination(const struct kt_command_line *line)
{
	if (line->action == KT_ACTION_HELP || line->action == KT_ACTION_VERSION)
		return NULL;
	if (line->verbose && line->quiet)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--verbose and --quiet do not go together");
	if (line->action == KT_ACTION_CHECK && !(line->batch && line->check))
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "say what to do: 'ktstr-top --batch --check' runs the "
				       "built-in scenarios; --help lists the options");
	return NULL;
}

struct kt_error *kt_command_line_parse(int argc, char *const *argv, struct kt_command_line *ret)
{
	struct kt_command_line line = { .action = KT_ACTION_CHECK, .accel = KT_ACCEL_MODE_AUTO };

	struct kt_error *err = kt_options_parse(kt_top_options, argc, argv, on_value, &line);
	if (!err)
		err = check_combination(&line);
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
	line->scenarios = NULL;
	line->scenario_count = 0;
}

void kt_command_line_help(struct kt_buf *out)
{
	kt_buf_puts(
		out,
		"Usage: ktstr-top --batch --check [OPTION...] [SCENARIO...]\n"
		"\n"
		"Boots Linux guests, runs an allocator in each, reads jemalloc's per-thread\n"
		"counters from outside the process, and judges what it saw.  A SCENARIO is the\n"
		"name of a built-in (--list) or a file; without one all built-ins run.\n"
		"\n");
	kt_options_help(kt_top_options, out);
	kt_buf_puts(out, "\n"
			 "Exit codes: 0 all passed, 1 a check failed, 2 usage or scenario error,\n"
			 "3 could not judge, 4 nothing to run, 77 skipped (--skip-missing),\n"
			 "99 internal error, 128+N ended by signal N.\n"
			 "\n"
			 "Examples:\n"
			 "  ktstr-top --batch --check\n"
			 "  ktstr-top --batch --check --format tap thread-churn my-scenario.json\n"
			 "  ktstr-top --dry-run known-allocation\n"
			 "\n"
			 "See ktstr-top(1) and ktstr-scenario(5).\n");
}
