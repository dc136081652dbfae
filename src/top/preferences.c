/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/preferences.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <libgen.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "tui/dashboard.h"

enum {
	FILE_MAX_BYTES = 64 * 1024,
	WARNING_MAX_COUNT = 20,
	FOREIGN_MAX_BYTES = 60, /* of what is repeated in a warning */
};

#define SECTION "ktstr-top"

enum kind {
	KIND_WORD, /* of the dashboard's options, which say what is right */
	KIND_NUMBER,
	KIND_SWITCH,
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct kt_preferences */
	size_t option; /* a word's, in struct kt_dashboard_options */
	uint32_t min;
	uint32_t max;
	const char *explanation;
	const char *example;
};

#define WORD(member)                                                        \
	.name = #member, .offset = offsetof(struct kt_preferences, member), \
	.option = offsetof(struct kt_dashboard_options, member)
#define VALUE(member) .name = #member, .offset = offsetof(struct kt_preferences, member)

static const struct key keys[] = {
	{ WORD(view), .explanation = "what is shown first: threads, checks, guests",
	  .example = "threads" },
	{ WORD(columns), .explanation = "the columns of the threads, separated by commas",
	  .example = "tid,name,alloc,freed,flow-rate,graph" },
	{ WORD(sort), .explanation = "the column to sort by; a '-' in front: descending",
	  .example = "-alloc-rate" },
	{ WORD(theme), .explanation = "the look: default, light, high-contrast, mono",
	  .example = "mono" },
	{ WORD(units), .explanation = "sizes: iec (KiB), si (kB), bytes", .example = "iec" },
	{ WORD(graph), .explanation = "graphs: block, braille, ascii", .example = "block" },
	{ VALUE(mouse), .kind = KIND_SWITCH,
	  .explanation = "whether clicks and the wheel are taken: on, off", .example = "off" },
	{ VALUE(interval_ms), .kind = KIND_NUMBER, .min = 1, .max = 3600000,
	  .explanation = "wait between the snapshots of --pid, in milliseconds",
	  .example = "1000" },
	{ VALUE(history_mib), .kind = KIND_NUMBER, .min = 1, .max = 65536,
	  .explanation = "memory for looking back, in MiB; of more, the oldest is thinned",
	  .example = "32" },
};

enum {
	KEY_COUNT = sizeof(keys) / sizeof(*keys)
};

static char **word_of(const struct kt_preferences *preferences, const struct key *key)
{
	return (char **)((char *)preferences + key->offset);
}

static uint32_t *number_of(const struct kt_preferences *preferences, const struct key *key)
{
	return (uint32_t *)((char *)preferences + key->offset);
}

static enum kt_preference_switch *switch_of(const struct kt_preferences *preferences,
					    const struct key *key)
{
	return (enum kt_preference_switch *)((char *)preferences + key->offset);
}

void kt_preferences_deinit(struct kt_preferences *preferences)
{
	for (int i = 0; i < KEY_COUNT; i++)
		if (keys[i].kind == KIND_WORD)
			free(*word_of(preferences, &keys[i]));
	*preferences = (struct kt_preferences){ 0 };
}

/* ---- where it is ---- */

struct kt_error *kt_preferences_locate(char **ret_path)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *below = "";
	char *path;

	if (!base || base[0] != '/') {
		base = getenv("HOME");
		below = "/.config";
	}
	if (!base || base[0] != '/')
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "no configuration directory: set HOME or XDG_CONFIG_HOME");
	if (asprintf(&path, "%s%s/ktstr-top/config.ini", base, below) < 0)
		return kt_error_no_memory();
	*ret_path = path;
	return NULL;
}

/* ---- reading ---- */

struct reading {
	const char *path;
	const char *rest; /* of the content */
	unsigned line;	  /* the one that was handed out last */
	struct kt_preferences *preferences;
	struct kt_buf *warnings;
	unsigned warning_count;
	struct kt_error *error;
};

static void warn(struct reading *reading, unsigned line, const char *what, const char *foreign)
{
	if (reading->warning_count++ >= WARNING_MAX_COUNT)
		return;
	kt_buf_printf(reading->warnings, "%s:%u: %s", reading->path, line, what);
	if (foreign) {
		kt_buf_puts(reading->warnings, ": ");
		kt_text_sanitize(reading->warnings, foreign, strlen(foreign), FOREIGN_MAX_BYTES,
				 false);
	}
	kt_buf_putc(reading->warnings, '\n');
}

/* One line of the file a time.  One that the parser has no room for is told, and is empty for it. */
static char *next_line(char *buffer, int size, void *stream)
{
	struct reading *reading = stream;
	size_t len = strcspn(reading->rest, "\n");

	if (!*reading->rest)
		return NULL;
	reading->line++;
	bool fits = len + 2 <= (size_t)size;
	if (!fits)
		warn(reading, reading->line, "this line is too long", NULL);
	(void)snprintf(buffer, (size_t)size, "%.*s\n", fits ? (int)len : 0, reading->rest);
	reading->rest += len + (reading->rest[len] == '\n');
	return buffer;
}

/* The dashboard knows its words. */
static void take_word(struct reading *reading, const struct key *key, const char *value)
{
	struct kt_dashboard_options options = { 0 };
	struct kt_dashboard *dashboard = NULL;
	char *copy = strdup(value);

	if (!copy) {
		reading->error = kt_error_no_memory();
		return;
	}
	*(const char **)((char *)&options + key->option) = copy;
	kt_autoerr struct kt_error *err = kt_dashboard_create(&options, &dashboard);
	kt_dashboard_destroy(dashboard);
	if (err) {
		warn(reading, reading->line, kt_error_message(err), NULL);
		free(copy);
		return;
	}
	char **slot = word_of(reading->preferences, key);
	free(*slot);
	*slot = copy;
}

static void take_number(struct reading *reading, const struct key *key, const char *value)
{
	uint64_t number;
	char what[80];

	if (kt_text_parse_u64(value, &number) && number >= key->min && number <= key->max) {
		*number_of(reading->preferences, key) = (uint32_t)number;
		return;
	}
	(void)snprintf(what, sizeof(what), "%s is not a number from %" PRIu32 " to %" PRIu32,
		       key->name, key->min, key->max);
	warn(reading, reading->line, what, value);
}

static void take_switch(struct reading *reading, const struct key *key, const char *value)
{
	enum kt_preference_switch *slot = switch_of(reading->preferences, key);

	if (!strcmp(value, "on"))
		*slot = KT_SWITCH_ON;
	else if (!strcmp(value, "off"))
		*slot = KT_SWITCH_OFF;
	else
		warn(reading, reading->line, "neither on nor off", value);
}

static int on_pair(void *ctx, const char *section, const char *name, const char *value)
{
	static void (*const takers[])(struct reading *, const struct key *, const char *) = {
		[KIND_WORD] = take_word,
		[KIND_NUMBER] = take_number,
		[KIND_SWITCH] = take_switch,
	};
	struct reading *reading = ctx;

	if (reading->error)
		return 1;
	for (int i = 0; i < KEY_COUNT && !strcmp(section, SECTION); i++)
		if (!strcmp(keys[i].name, name)) {
			takers[keys[i].kind](reading, &keys[i], value);
			return 1;
		}
	warn(reading, reading->line,
	     strcmp(section, SECTION) != 0 ? "only section [" SECTION "] is known; left out"
					   : "unknown key",
	     name);
	return 1;
}

struct kt_error *kt_preferences_read(const char *path, struct kt_preferences *ret,
				     struct kt_buf *warnings)
{
	kt_autobuf struct kt_buf content = KT_BUF_INIT;
	struct kt_preferences preferences = { 0 };

	KT_TRY(kt_file_read(path, FILE_MAX_BYTES, &content));
	struct reading reading = {
		.path = path,
		.rest = kt_buf_text(&content),
		.preferences = &preferences,
		.warnings = warnings,
	};
	int line = ini_parse_stream(next_line, &reading, on_pair, &reading);
	if (line > 0)
		warn(&reading, (unsigned)line, "neither [section] nor key = value", NULL);
	if (strlen(kt_buf_text(&content)) != content.len)
		warn(&reading, reading.line, "the rest has a NUL in it, and is left out", NULL);
	if (reading.error) {
		kt_preferences_deinit(&preferences);
		return reading.error;
	}
	*ret = preferences;
	return NULL;
}

/* ---- writing ---- */

static void put_value(const struct kt_preferences *preferences, const struct key *key,
		      struct kt_buf *out)
{
	const char *word = key->kind == KIND_WORD ? *word_of(preferences, key) : NULL;
	uint32_t number = key->kind == KIND_NUMBER ? *number_of(preferences, key) : 0;
	enum kt_preference_switch is = key->kind == KIND_SWITCH ? *switch_of(preferences, key)
								: KT_SWITCH_DEFAULT;

	if (word)
		kt_buf_printf(out, "%s = %s\n", key->name, word);
	else if (number)
		kt_buf_printf(out, "%s = %" PRIu32 "\n", key->name, number);
	else if (is != KT_SWITCH_DEFAULT)
		kt_buf_printf(out, "%s = %s\n", key->name, is == KT_SWITCH_ON ? "on" : "off");
	else
		kt_buf_printf(out, "# %s = %s\n", key->name, key->example);
}

void kt_preferences_put(const struct kt_preferences *preferences, struct kt_buf *out)
{
	kt_buf_puts(out,
		    "# Preferences of ktstr-top.  The key W of its screen writes this file anew; "
		    "what the\n"
		    "# command line says counts more.\n"
		    "\n"
		    "[" SECTION "]\n");
	for (int i = 0; i < KEY_COUNT; i++) {
		kt_buf_printf(out, "\n# %s\n", keys[i].explanation);
		put_value(preferences, &keys[i], out);
	}
}

struct kt_error *kt_preferences_write(const char *path, const char *content)
{
	kt_autofree char *copy = strdup(path);

	if (!copy)
		return kt_error_no_memory();
	KT_TRY(kt_dir_make(dirname(copy)));
	return kt_file_replace(path, content, strlen(content), 0644);
}
