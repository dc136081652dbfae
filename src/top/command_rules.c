/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes with what on the command line. */
#include "top/command_values.h"
#include "top/options.h"

#define DUMP_SNAPSHOT_COUNT 2 /* a rate needs two */
#define DUMP_COLUMN_COUNT   80
#define DUMP_ROW_COUNT	    24

/* Two options, by their ids. */
struct pair {
	int one;
	int other;
};

static const struct pair conflicts[] = {
	{ KT_TOP_VERBOSE, KT_TOP_QUIET },
	{ KT_TOP_PID, KT_TOP_REPLAY },
	{ KT_TOP_PID, KT_TOP_CHECK },
	{ KT_TOP_RECORD, KT_TOP_REPLAY },
	{ KT_TOP_SCREEN_DUMP, KT_TOP_BATCH },
	{ KT_TOP_SCREEN_DUMP, KT_TOP_SPEED },
	{ KT_TOP_CONFIG, KT_TOP_NO_CONFIG },
	/* What concerns guests. */
	{ KT_TOP_PID, KT_TOP_LIST },
	{ KT_TOP_PID, KT_TOP_DRY_RUN },
	{ KT_TOP_PID, KT_TOP_REPEAT },
	{ KT_TOP_PID, KT_TOP_JOBS },
	{ KT_TOP_PID, KT_TOP_FAIL_FAST },
	{ KT_TOP_PID, KT_TOP_TIMEOUT },
	{ KT_TOP_PID, KT_TOP_KERNEL },
	{ KT_TOP_PID, KT_TOP_ACCEL },
	{ KT_TOP_PID, KT_TOP_CPU },
	{ KT_TOP_PID, KT_TOP_TCG_THREADS },
	{ KT_TOP_NO_TEMPLATE, KT_TOP_TEMPLATE_CACHE },
	{ KT_TOP_PID, KT_TOP_NO_TEMPLATE },
	{ KT_TOP_PID, KT_TOP_TEMPLATE_CACHE },
	{ KT_TOP_PID, KT_TOP_SKIP_MISSING },
	{ KT_TOP_PID, KT_TOP_FAULT },
	{ KT_TOP_REPLAY, KT_TOP_LIST },
	{ KT_TOP_REPLAY, KT_TOP_DRY_RUN },
	{ KT_TOP_REPLAY, KT_TOP_REPEAT },
	{ KT_TOP_REPLAY, KT_TOP_JOBS },
	{ KT_TOP_REPLAY, KT_TOP_FAIL_FAST },
	{ KT_TOP_REPLAY, KT_TOP_TIMEOUT },
	{ KT_TOP_REPLAY, KT_TOP_KERNEL },
	{ KT_TOP_REPLAY, KT_TOP_ACCEL },
	{ KT_TOP_REPLAY, KT_TOP_CPU },
	{ KT_TOP_REPLAY, KT_TOP_TCG_THREADS },
	{ KT_TOP_REPLAY, KT_TOP_NO_TEMPLATE },
	{ KT_TOP_REPLAY, KT_TOP_TEMPLATE_CACHE },
	{ KT_TOP_REPLAY, KT_TOP_SKIP_MISSING },
	{ KT_TOP_REPLAY, KT_TOP_FAULT },
	/* What concerns the screen. */
	{ KT_TOP_BATCH, KT_TOP_SPEED },
	{ KT_TOP_BATCH, KT_TOP_AT },
	{ KT_TOP_BATCH, KT_TOP_KEYS },
	{ KT_TOP_BATCH, KT_TOP_VIEW },
	{ KT_TOP_BATCH, KT_TOP_SORT },
	{ KT_TOP_BATCH, KT_TOP_COLUMNS },
	{ KT_TOP_BATCH, KT_TOP_UNITS },
	{ KT_TOP_BATCH, KT_TOP_GRAPH },
	{ KT_TOP_BATCH, KT_TOP_THEME },
	{ KT_TOP_BATCH, KT_TOP_ASCII },
	{ KT_TOP_BATCH, KT_TOP_MOUSE },
	{ KT_TOP_BATCH, KT_TOP_CONFIG },
	/* The doctor runs nothing. */
	{ KT_TOP_DOCTOR, KT_TOP_BATCH },
	{ KT_TOP_DOCTOR, KT_TOP_CHECK },
	{ KT_TOP_DOCTOR, KT_TOP_LIST },
	{ KT_TOP_DOCTOR, KT_TOP_DRY_RUN },
	{ KT_TOP_DOCTOR, KT_TOP_PID },
	{ KT_TOP_DOCTOR, KT_TOP_REPLAY },
	{ KT_TOP_DOCTOR, KT_TOP_SCREEN_DUMP },
	{ KT_TOP_DOCTOR, KT_TOP_REPEAT },
	{ KT_TOP_DOCTOR, KT_TOP_JOBS },
	{ KT_TOP_DOCTOR, KT_TOP_FAIL_FAST },
	{ KT_TOP_DOCTOR, KT_TOP_TIMEOUT },
	{ KT_TOP_DOCTOR, KT_TOP_RECORD },
	{ KT_TOP_DOCTOR, KT_TOP_VERBOSE },
	{ KT_TOP_DOCTOR, KT_TOP_QUIET },
	{ KT_TOP_DOCTOR, KT_TOP_CPU },
	{ KT_TOP_DOCTOR, KT_TOP_TCG_THREADS },
	{ KT_TOP_DOCTOR, KT_TOP_FAULT },
	/* The shell judges and shows nothing. */
	{ KT_TOP_SHELL, KT_TOP_BATCH },
	{ KT_TOP_SHELL, KT_TOP_CHECK },
	{ KT_TOP_SHELL, KT_TOP_LIST },
	{ KT_TOP_SHELL, KT_TOP_DRY_RUN },
	{ KT_TOP_SHELL, KT_TOP_DOCTOR },
	{ KT_TOP_SHELL, KT_TOP_PID },
	{ KT_TOP_SHELL, KT_TOP_REPLAY },
	{ KT_TOP_SHELL, KT_TOP_SCREEN_DUMP },
	{ KT_TOP_SHELL, KT_TOP_JOBS },
	{ KT_TOP_SHELL, KT_TOP_FAIL_FAST },
	{ KT_TOP_SHELL, KT_TOP_REPEAT },
	{ KT_TOP_SHELL, KT_TOP_FAULT },
	{ KT_TOP_SHELL, KT_TOP_NO_TEMPLATE },
	{ KT_TOP_SHELL, KT_TOP_TEMPLATE_CACHE },
	{ KT_TOP_SHELL, KT_TOP_CLEAR_TEMPLATES },
	{ KT_TOP_SHELL, KT_TOP_FORMAT },
	{ KT_TOP_SHELL, KT_TOP_RECORD },
	{ KT_TOP_SHELL, KT_TOP_COLOR },
	{ KT_TOP_SHELL, KT_TOP_VERBOSE },
	{ KT_TOP_SHELL, KT_TOP_QUIET },
	{ KT_TOP_SHELL, KT_TOP_KEYS },
	{ KT_TOP_SHELL, KT_TOP_VIEW },
	{ KT_TOP_SHELL, KT_TOP_SORT },
	{ KT_TOP_SHELL, KT_TOP_COLUMNS },
	{ KT_TOP_SHELL, KT_TOP_UNITS },
	{ KT_TOP_SHELL, KT_TOP_GRAPH },
	{ KT_TOP_SHELL, KT_TOP_THEME },
	{ KT_TOP_SHELL, KT_TOP_ASCII },
	{ KT_TOP_SHELL, KT_TOP_MOUSE },
	{ KT_TOP_SHELL, KT_TOP_CONFIG },
	{ KT_TOP_SHELL, KT_TOP_NO_CONFIG },
	{ 0 },
};

/* The first makes sense with the second only. */
static const struct pair needs[] = {
	{ KT_TOP_INTERVAL, KT_TOP_PID },     { KT_TOP_SNAPSHOTS, KT_TOP_PID },
	{ KT_TOP_WITH, KT_TOP_PID },	     { KT_TOP_ENGINE, KT_TOP_PID },
	{ KT_TOP_SPEED, KT_TOP_REPLAY },     { KT_TOP_AT, KT_TOP_REPLAY },
	{ KT_TOP_SIZE, KT_TOP_SCREEN_DUMP }, { 0 },
};

bool kt_command_line_has(const struct kt_command_line *line, int id)
{
	return line->given & (1ULL << id);
}

bool kt_command_line_wants_demo(const struct kt_command_line *line)
{
	return (line->mode == KT_MODE_DASHBOARD || line->mode == KT_MODE_SAMPLE) &&
	       line->source == KT_SOURCE_GUESTS && !line->check && !line->scenario_count;
}

bool kt_command_line_is_for_batch(int id)
{
	for (const struct pair *pair = conflicts; pair->one; pair++)
		if ((pair->one == KT_TOP_BATCH && pair->other == id) ||
		    (pair->other == KT_TOP_BATCH && pair->one == id))
			return false;
	return id != KT_TOP_SIZE && id != KT_TOP_NO_CONFIG;
}

static const char *name_of(int id)
{
	const struct kt_option *option = kt_top_options;

	while (option->id && option->id != id)
		option++;
	return option->name;
}

static struct kt_error *check_pairs(const struct kt_command_line *line)
{
	for (const struct pair *pair = conflicts; pair->one; pair++)
		if (kt_command_line_has(line, pair->one) && kt_command_line_has(line, pair->other))
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "--%s and --%s do not go together",
					       name_of(pair->one), name_of(pair->other));
	for (const struct pair *pair = needs; pair->one; pair++)
		if (kt_command_line_has(line, pair->one) && !kt_command_line_has(line, pair->other))
			return kt_error_create(KT_ERROR_USAGE, 0, "--%s only makes sense with --%s",
					       name_of(pair->one), name_of(pair->other));
	return NULL;
}

static enum kt_top_mode choose_mode(const struct kt_command_line *line)
{
	/* The first that is given wins. */
	static const struct {
		int id;
		enum kt_top_mode mode;
	} modes[] = {
		{ KT_TOP_HELP, KT_MODE_HELP },
		{ KT_TOP_VERSION, KT_MODE_VERSION },
		{ KT_TOP_COMPLETION, KT_MODE_COMPLETION },
		{ KT_TOP_CLEAR_TEMPLATES, KT_MODE_CLEAR },
		{ KT_TOP_DOCTOR, KT_MODE_DOCTOR },
		{ KT_TOP_SHELL, KT_MODE_SHELL },
		{ KT_TOP_LIST, KT_MODE_LIST },
		{ KT_TOP_DRY_RUN, KT_MODE_DRY_RUN },
		{ KT_TOP_SCREEN_DUMP, KT_MODE_DUMP },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (kt_command_line_has(line, modes[i].id))
			return modes[i].mode;
	if (!line->batch)
		return KT_MODE_DASHBOARD;
	if (line->replay)
		return KT_MODE_REPORT;
	return line->check ? KT_MODE_CHECK : KT_MODE_SAMPLE;
}

static struct kt_error *check_format(struct kt_command_line *line)
{
	bool is_given = kt_command_line_has(line, KT_TOP_FORMAT);

	if (line->mode == KT_MODE_SAMPLE) {
		if (is_given && line->format != KT_REPORT_JSON)
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "without --check, --batch prints events: use "
					       "--format json, or --batch --check");
		line->format = KT_REPORT_JSON;
	}
	if (line->mode == KT_MODE_DOCTOR && line->format == KT_REPORT_TAP)
		return kt_error_create(
			KT_ERROR_USAGE, 0,
			"--doctor has no results in TAP: use --format json or plain");
	if (is_given && (line->mode == KT_MODE_DASHBOARD || line->mode == KT_MODE_DUMP))
		return kt_error_create(KT_ERROR_USAGE, 0, "--format only makes sense with --batch");
	return NULL;
}

static void fill_defaults(struct kt_command_line *line)
{
	bool is_screen = line->mode == KT_MODE_DASHBOARD || line->mode == KT_MODE_DUMP;

	if (!line->screen.columns) {
		line->screen.columns = DUMP_COLUMN_COUNT;
		line->screen.rows = DUMP_ROW_COUNT;
	}
	if (line->source != KT_SOURCE_LOCAL)
		return;
	if (!line->with && is_screen)
		line->with = "sched,cpu";
	if (line->mode == KT_MODE_DUMP && !kt_command_line_has(line, KT_TOP_SNAPSHOTS))
		line->snapshots = DUMP_SNAPSHOT_COUNT;
}

struct kt_error *kt_command_line_settle(struct kt_command_line *line)
{
	line->mode = choose_mode(line);
	line->source = line->pid      ? KT_SOURCE_LOCAL
		       : line->replay ? KT_SOURCE_REPLAY
				      : KT_SOURCE_GUESTS;
	if (line->mode >= KT_MODE_VERSION)
		return NULL;
	KT_TRY(check_pairs(line));
	KT_TRY(check_format(line));
	if (line->source != KT_SOURCE_GUESTS && line->scenario_count)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "'%s': with --%s there are no scenarios to run",
				       line->scenarios[0],
				       line->source == KT_SOURCE_LOCAL ? "pid" : "replay");
	if (line->mode == KT_MODE_DUMP && line->source == KT_SOURCE_GUESTS && !line->scenario_count)
		return kt_error_create(
			KT_ERROR_USAGE, 0,
			"say what to show: --screen-dump with --replay FILE, --pid PID, "
			"or the scenarios to run");
	if (line->mode == KT_MODE_SHELL && line->scenario_count > 1)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "'%s': --shell takes one scenario: it has one guest",
				       line->scenarios[1]);
	fill_defaults(line);
	if (line->mode == KT_MODE_DUMP && line->source == KT_SOURCE_LOCAL && !line->snapshots)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--screen-dump with --pid needs --snapshots of at least 1");
	return NULL;
}
