/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/command_values.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "top/options.h"
#include "tui/keys.h"
#include "tui/terminal/canvas.h"
#include "tui/views/format.h"

#define JOBS_MAX    64
#define KERNELS_MAX 16
#define SPEED_MIN   0.01
#define SPEED_MAX   1000.0

static struct kt_error *bad_value(const struct kt_option_value *value, const char *choices)
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
	if (!kt_text_parse_u64(value->text, &jobs) || !jobs || jobs > JOBS_MAX)
		return bad_value(value, "auto, or a number from 1 to 64");
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
	return bad_value(value, "auto, always or never");
}

static struct kt_error *take_accel(struct kt_command_line *line,
				   const struct kt_option_value *value)
{
	if (!kt_accel_mode_parse(value->text, &line->accel))
		return bad_value(value, "auto, kvm or tcg");
	return NULL;
}

static struct kt_error *take_tcg_threads(struct kt_command_line *line,
					 const struct kt_option_value *value)
{
	if (!strcmp(value->text, "auto"))
		line->tcg_threads = KT_TCG_THREADS_AUTO;
	else if (!strcmp(value->text, "single"))
		line->tcg_threads = KT_TCG_THREADS_SINGLE;
	else if (!strcmp(value->text, "multi"))
		line->tcg_threads = KT_TCG_THREADS_MULTI;
	else
		return bad_value(value, "auto, single or multi");
	return NULL;
}

static struct kt_error *take_kernel(struct kt_command_line *line,
				    const struct kt_option_value *value)
{
	if (line->kernel_count == KERNELS_MAX)
		return kt_error_create(KT_ERROR_USAGE, 0, "'--%s' is given more than %d times",
				       value->option->name, KERNELS_MAX);
	const char **grown =
		reallocarray(line->kernels, line->kernel_count + 1, sizeof(*line->kernels));
	if (!grown)
		return kt_error_no_memory();
	line->kernels = grown;
	line->kernels[line->kernel_count++] = value->text;
	return NULL;
}

static struct kt_error *take_format(struct kt_command_line *line,
				    const struct kt_option_value *value)
{
	if (!kt_report_format_find(value->text, &line->format))
		return bad_value(value, "plain, tap or json");
	return NULL;
}

/* A word of the list that ends at @end, in the table's words. */
static bool is_word(const char *words, const char *word, size_t len)
{
	for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == len && !memcmp(at, word, len))
			return true;
	return false;
}

static struct kt_error *take_with(struct kt_command_line *line, const struct kt_option_value *value)
{
	const char *words = value->option->words + 1;

	for (const char *at = value->text;; at++) {
		size_t len = strcspn(at, ",");

		if (!is_word(words, at, len))
			return bad_value(value, "sched, cpu, tcache, process, separated by commas");
		at += len;
		if (!*at)
			break;
	}
	line->with = value->text;
	return NULL;
}

static struct kt_error *take_engine(struct kt_command_line *line,
				    const struct kt_option_value *value)
{
	if (!is_word(value->option->words, value->text, strlen(value->text)))
		return bad_value(value, "auto, readv, bpf or ptrace");
	line->engine = value->text;
	return NULL;
}

/* A decimal as "2", "0.5": strtod() would take more, and depends on the locale. */
static bool parse_decimal(const char *text, double *ret)
{
	double value = 0, place = 0;

	for (; *text; text++) {
		if (*text == '.' && place == 0)
			place = 1;
		else if (*text < '0' || *text > '9')
			return false;
		else if (place == 0)
			value = value * 10 + (*text - '0');
		else
			value += (*text - '0') * (place /= 10);
	}
	*ret = value;
	return true;
}

static struct kt_error *take_speed(struct kt_command_line *line,
				   const struct kt_option_value *value)
{
	double speed;

	if (!parse_decimal(value->text, &speed) || speed < SPEED_MIN || speed > SPEED_MAX)
		return bad_value(value, "a number from 0.01 to 1000");
	line->screen.speed = speed;
	return NULL;
}

static struct kt_error *take_at(struct kt_command_line *line, const struct kt_option_value *value)
{
	uint64_t ignored;

	if (!kt_format_parse_moment(value->text, 0, &ignored))
		return bad_value(value, "a time like 12.5 (seconds), 1:02.5, 50%, begin or end");
	line->screen.at = value->text;
	return NULL;
}

static struct kt_error *take_size(struct kt_command_line *line, const struct kt_option_value *value)
{
	char *end;
	unsigned long columns = strtoul(value->text, &end, 10);
	unsigned long rows = *end == 'x' ? strtoul(end + 1, &end, 10) : 0;

	if (*end || !columns || !rows || columns > KT_CANVAS_MAX_COLUMNS ||
	    rows > KT_CANVAS_MAX_ROWS || strspn(value->text, "0123456789x") != strlen(value->text))
		return bad_value(value, "columns and rows like 80x24, at most 1000x500");
	line->screen.columns = (unsigned)columns;
	line->screen.rows = (unsigned)rows;
	return NULL;
}

static struct kt_error *take_keys(struct kt_command_line *line, const struct kt_option_value *value)
{
	for (const char *at = value->text; *at;) {
		uint32_t key;
		size_t len = kt_key_parse(at, &key);

		if (!len)
			return bad_value(value, "characters, and names like <Enter> or <Down>; "
						"'<' is <lt>");
		at += len;
	}
	line->screen.keys = value->text;
	return NULL;
}

static struct kt_error *take_mouse(struct kt_command_line *line,
				   const struct kt_option_value *value)
{
	line->screen.mouse = !strcmp(value->text, "on");
	line->screen.is_mouse_given = true;
	if (!line->screen.mouse && strcmp(value->text, "off") != 0)
		return bad_value(value, "on or off");
	return NULL;
}

static struct kt_error *take_faults(struct kt_command_line *line,
				    const struct kt_option_value *value)
{
	return kt_error_wrap(kt_faults_parse(value->text, &line->faults),
			     "invalid value '%s' for '--%s'", value->text, value->option->name);
}

static struct kt_error *take_completion(struct kt_command_line *line,
					const struct kt_option_value *value)
{
	if (!is_word(value->option->words, value->text, strlen(value->text)))
		return bad_value(value, "bash, zsh or fish");
	line->completion = value->text;
	return NULL;
}

typedef struct kt_error *(*take_fn)(struct kt_command_line *line,
				    const struct kt_option_value *value);

/* Where a value goes: by its own function, or as it is to the place of its kind. */
struct place {
	take_fn take;
	size_t offset;
	bool is_kept; /* there is a place at @offset */
};

#define AT(member)                                                                  \
	{                                                                           \
		.offset = offsetof(struct kt_command_line, member), .is_kept = true \
	}
#define BY(function)             \
	{                        \
		.take = function \
	}

static const struct place places[] = {
	[KT_TOP_BATCH] = AT(batch),
	[KT_TOP_CHECK] = AT(check),
	[KT_TOP_LIST] = { 0 }, /* it is enough that it is given */
	[KT_TOP_DRY_RUN] = { 0 },
	[KT_TOP_DOCTOR] = { 0 },
	[KT_TOP_SHELL] = { 0 },
	[KT_TOP_PID] = AT(pid),
	[KT_TOP_INTERVAL] = AT(interval_ms),
	[KT_TOP_SNAPSHOTS] = AT(snapshots),
	[KT_TOP_WITH] = BY(take_with),
	[KT_TOP_ENGINE] = BY(take_engine),
	[KT_TOP_REPLAY] = AT(replay),
	[KT_TOP_SPEED] = BY(take_speed),
	[KT_TOP_AT] = BY(take_at),
	[KT_TOP_REPEAT] = AT(repeat),
	[KT_TOP_JOBS] = BY(take_jobs),
	[KT_TOP_FAIL_FAST] = AT(fail_fast),
	[KT_TOP_TIMEOUT] = AT(timeout_s),
	[KT_TOP_FORMAT] = BY(take_format),
	[KT_TOP_RECORD] = AT(record),
	[KT_TOP_COLOR] = BY(take_color),
	[KT_TOP_VERBOSE] = AT(verbose),
	[KT_TOP_QUIET] = AT(quiet),
	[KT_TOP_KERNEL] = BY(take_kernel),
	[KT_TOP_ACCEL] = BY(take_accel),
	[KT_TOP_CPU] = AT(cpu),
	[KT_TOP_TCG_THREADS] = BY(take_tcg_threads),
	[KT_TOP_NO_TEMPLATE] = AT(no_template),
	[KT_TOP_TEMPLATE_CACHE] = AT(template_cache_mib),
	[KT_TOP_CLEAR_TEMPLATES] = { 0 },
	[KT_TOP_SKIP_MISSING] = AT(skip_missing),
	[KT_TOP_FAULT] = BY(take_faults),
	[KT_TOP_SCREEN_DUMP] = { 0 },
	[KT_TOP_SIZE] = BY(take_size),
	[KT_TOP_KEYS] = BY(take_keys),
	[KT_TOP_VIEW] = AT(screen.view),
	[KT_TOP_SORT] = AT(screen.sort),
	[KT_TOP_COLUMNS] = AT(screen.column_list),
	[KT_TOP_UNITS] = AT(screen.units),
	[KT_TOP_GRAPH] = AT(screen.graph),
	[KT_TOP_THEME] = AT(screen.theme),
	[KT_TOP_ASCII] = AT(screen.ascii),
	[KT_TOP_MOUSE] = BY(take_mouse),
	[KT_TOP_CONFIG] = AT(screen.config),
	[KT_TOP_NO_CONFIG] = AT(screen.no_config),
	[KT_TOP_COMPLETION] = BY(take_completion),
	[KT_TOP_HELP] = { 0 },
	[KT_TOP_VERSION] = { 0 },
};

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

struct kt_error *kt_command_line_take(struct kt_command_line *line,
				      const struct kt_option_value *value)
{
	const struct kt_option *option = value->option;

	if (!option)
		return take_scenario(line, value->text);
	line->given |= 1ULL << option->id;

	const struct place *place = &places[option->id];
	char *target = (char *)line + place->offset;
	if (place->take)
		return place->take(line, value);
	if (!place->is_kept)
		return NULL;
	switch (option->kind) {
	case KT_OPTION_SWITCH:
		*(bool *)target = true;
		break;
	case KT_OPTION_TEXT:
		*(const char **)target = value->text;
		break;
	case KT_OPTION_NUMBER:
		*(uint32_t *)target = (uint32_t)value->number;
		break;
	}
	return NULL;
}
