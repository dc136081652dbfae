/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Puts @text, whose memory it takes over, at the end. */
static void take(struct kt_arguments *arguments, char *text)
{
	if (text && arguments->count + 1 >= arguments->cap) {
		size_t cap = arguments->cap ? arguments->cap * 2 : 32;
		char **argv = reallocarray(arguments->argv, cap, sizeof(*argv));
		if (argv) {
			arguments->argv = argv;
			arguments->cap = cap;
		}
	}
	if (!text || arguments->count + 1 >= arguments->cap) {
		arguments->failed = true;
		free(text);
		return;
	}
	arguments->argv[arguments->count++] = text;
	arguments->argv[arguments->count] = NULL;
}

void kt_arguments_add(struct kt_arguments *arguments, const char *text)
{
	take(arguments, strdup(text));
}

void kt_arguments_add_pair(struct kt_arguments *arguments, const char *option, const char *value)
{
	kt_arguments_add(arguments, option);
	kt_arguments_add(arguments, value);
}

void kt_arguments_addf(struct kt_arguments *arguments, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	take(arguments, text);
}

struct kt_error *kt_arguments_error(const struct kt_arguments *arguments)
{
	return arguments->failed ? kt_error_no_memory() : NULL;
}

/* Appends one word; quoted where a shell would see more than the word. */
static void render_word(const char *word, struct kt_buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "@%+=:,./-_";

	if (*word && word[strspn(word, plain)] == '\0') {
		kt_buf_puts(out, word);
		return;
	}
	kt_buf_putc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			kt_buf_puts(out, "'\\''");
		else
			kt_buf_putc(out, *word);
	}
	kt_buf_putc(out, '\'');
}

void kt_arguments_render(const struct kt_arguments *arguments, struct kt_buf *out)
{
	for (size_t i = 0; i < arguments->count; i++) {
		if (i)
			kt_buf_putc(out, ' ');
		render_word(arguments->argv[i], out);
	}
}

void kt_arguments_deinit(struct kt_arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->argv[i]);
	free(arguments->argv);
	*arguments = (struct kt_arguments){ 0 };
}
