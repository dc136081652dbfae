/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	KT_OPTIONS_MAX = 64
};

struct parser {
	const struct kt_option *table;
	char *const *argv;
	int argc;
	int at;
	bool seen[KT_OPTIONS_MAX];
	kt_option_fn on_value;
	void *ctx;
};

static struct kt_error *usage(const char *what, const char *name)
{
	return kt_error_create(KT_ERROR_USAGE, 0, "%s '%s'; --help lists the options", what, name);
}

static const struct kt_option *find_long(const struct kt_option *table, const char *name,
					 size_t len)
{
	for (; table->id; table++)
		if (strlen(table->name) == len && !memcmp(table->name, name, len))
			return table;
	return NULL;
}

static const struct kt_option *find_letter(const struct kt_option *table, char letter)
{
	for (; table->id; table++)
		if (table->letter && table->letter == letter)
			return table;
	return NULL;
}

static struct kt_error *check_number(const struct kt_option *option, struct kt_option_value *value)
{
	uint64_t number;

	if (!kt_text_parse_u64(value->text, &number) || number < option->min ||
	    number > option->max)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "invalid value '%s' for '--%s': it is not in the range "
				       "%" PRIu64 " to %" PRIu64,
				       value->text, option->name, option->min, option->max);
	value->number = number;
	return NULL;
}

static struct kt_error *deliver(struct parser *parser, const struct kt_option *option,
				const char *text)
{
	struct kt_option_value value = { .option = option, .text = text };
	size_t index = (size_t)(option - parser->table);

	if (index >= KT_OPTIONS_MAX)
		return kt_error_create(KT_ERROR_INTERNAL, 0, "the option table is too long");
	if (parser->seen[index] && !option->repeatable)
		return kt_error_create(KT_ERROR_USAGE, 0, "'--%s' is given more than once",
				       option->name);
	parser->seen[index] = true;
	if (option->kind == KT_OPTION_NUMBER)
		KT_TRY(check_number(option, &value));
	if (option->kind == KT_OPTION_TEXT && !*text)
		return kt_error_create(KT_ERROR_USAGE, 0, "'--%s' needs a value that is not empty",
				       option->name);
	return parser->on_value(parser->ctx, &value);
}

/* @inlined is the text behind '=' (or behind a letter), NULL when there is none. */
static struct kt_error *take_option(struct parser *parser, const struct kt_option *option,
				    const char *inlined)
{
	if (option->kind == KT_OPTION_SWITCH) {
		if (inlined)
			return kt_error_create(KT_ERROR_USAGE, 0, "'--%s' takes no value",
					       option->name);
		return deliver(parser, option, NULL);
	}
	if (inlined)
		return deliver(parser, option, inlined);

	const char *next = parser->at < parser->argc ? parser->argv[parser->at] : NULL;
	if (!next || (next[0] == '-' && next[1]))
		return kt_error_create(KT_ERROR_USAGE, 0, "'--%s' needs a value: --%s %s",
				       option->name, option->name, option->value_name);
	parser->at++;
	return deliver(parser, option, next);
}

static struct kt_error *take_long(struct parser *parser, const char *argument)
{
	const char *name = argument + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct kt_option *option = find_long(parser->table, name, len);

	if (!option)
		return usage("unknown option", argument);
	return take_option(parser, option, equals ? equals + 1 : NULL);
}

static struct kt_error *take_letters(struct parser *parser, const char *argument)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		const struct kt_option *option = find_letter(parser->table, *letter);
		if (!option)
			return usage("unknown option", argument);
		if (option->kind != KT_OPTION_SWITCH)
			return take_option(parser, option, letter[1] ? letter + 1 : NULL);
		KT_TRY(take_option(parser, option, NULL));
	}
	return NULL;
}

struct kt_error *kt_options_parse(const struct kt_option *table, int argc, char *const *argv,
				  kt_option_fn on_value, void *ctx)
{
	struct parser parser = {
		.table = table,
		.argv = argv,
		.argc = argc,
		.at = 1,
		.on_value = on_value,
		.ctx = ctx,
	};
	bool only_positional = false;

	while (parser.at < argc) {
		const char *argument = argv[parser.at++];
		if (!only_positional && !strcmp(argument, "--")) {
			only_positional = true;
		} else if (!only_positional && argument[0] == '-' && argument[1] == '-') {
			KT_TRY(take_long(&parser, argument));
		} else if (!only_positional && argument[0] == '-' && argument[1]) {
			KT_TRY(take_letters(&parser, argument));
		} else {
			struct kt_option_value value = { .text = argument };
			KT_TRY(on_value(ctx, &value));
		}
	}
	return NULL;
}

static void put_spelling(const struct kt_option *option, struct kt_buf *out)
{
	if (option->letter)
		kt_buf_printf(out, "-%c, ", option->letter);
	else
		kt_buf_puts(out, "    ");
	kt_buf_printf(out, "--%s", option->name);
	if (option->value_name)
		kt_buf_printf(out, " %s", option->value_name);
}

void kt_options_help(const struct kt_option *table, struct kt_buf *out)
{
	enum {
		HELP_COLUMN = 30
	};

	for (; table->id; table++) {
		if (table->hidden)
			continue;
		kt_autobuf struct kt_buf left = KT_BUF_INIT;
		put_spelling(table, &left);
		kt_buf_printf(out, "  %-*s%s%s\n", HELP_COLUMN - 2, kt_buf_text(&left),
			      left.len < HELP_COLUMN - 2 ? "" : "  ", table->help);
	}
}

void kt_options_scdoc(const struct kt_option *table, struct kt_buf *out)
{
	for (; table->id; table++) {
		if (table->hidden)
			continue;
		if (table->letter)
			kt_buf_printf(out, "*-%c*, ", table->letter);
		kt_buf_printf(out, "*--%s*", table->name);
		if (table->value_name)
			kt_buf_printf(out, " _%s_", table->value_name);
		kt_buf_printf(out, "\n\t%s.\n\n", table->help);
	}
}
