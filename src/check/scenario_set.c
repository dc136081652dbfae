/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/scenario_set.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

void kt_scenario_set_deinit(struct kt_scenario_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		kt_scenario_destroy(set->scenarios[i]);
	free(set->scenarios);
	*set = KT_SCENARIO_SET_INIT;
}

static struct kt_error *make_room(struct kt_scenario_set *set)
{
	if (set->count >= KT_SCENARIO_SET_MAX)
		return kt_error_create(KT_ERROR_USAGE, 0, "more than %d scenarios",
				       KT_SCENARIO_SET_MAX);
	if (set->count < set->cap)
		return NULL;
	size_t cap = set->cap ? set->cap * 2 : 8;
	struct kt_scenario **bigger =
		reallocarray(set->scenarios, cap, sizeof(struct kt_scenario *));
	if (!bigger)
		return kt_error_no_memory();
	set->scenarios = bigger;
	set->cap = cap;
	return NULL;
}

static struct kt_error *add_file(struct kt_scenario_set *set, const char *path)
{
	kt_autoscenario struct kt_scenario *scenario = NULL;

	KT_TRY(make_room(set));
	KT_TRY(kt_scenario_load(path, &scenario));
	for (size_t i = 0; i < set->count; i++) {
		if (!strcmp(set->scenarios[i]->name, scenario->name))
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "%s: the name \"%s\" is taken by %s", path,
					       scenario->name, set->scenarios[i]->file);
	}
	set->scenarios[set->count++] = KT_TAKE(scenario);
	return NULL;
}

static bool is_json_file(const char *word)
{
	size_t len = strlen(word);

	return len > 5 && !strcmp(word + len - 5, ".json");
}

static struct kt_error *path_of(const char *directory, const char *name, const char *suffix,
				struct kt_buf *ret)
{
	kt_buf_printf(ret, "%s/%s%s", directory, name, suffix);
	return kt_buf_error(ret);
}

static int only_json(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && is_json_file(entry->d_name);
}

/* Not alphasort(): that depends on the locale. */
static int by_bytes(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

/* Words that begin with a dot are no built-ins: "." and ".." are directories everywhere. */
static int only_names(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool is_directory(const char *path)
{
	struct stat stat_buf;

	return !stat(path, &stat_buf) && S_ISDIR(stat_buf.st_mode);
}

struct kt_error *kt_scenario_set_add_builtins(struct kt_scenario_set *set, const char *builtin_dir)
{
	struct dirent **entries;
	struct kt_error *err = NULL;
	int count = scandir(builtin_dir, &entries, only_json, by_bytes);

	if (count < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno,
				       "cannot list the built-in scenarios in %s", builtin_dir);
	if (!count)
		err = kt_error_create(KT_ERROR_ENVIRONMENT, 0, "no built-in scenarios in %s",
				      builtin_dir);
	for (int i = 0; i < count; i++) {
		kt_autobuf struct kt_buf path = KT_BUF_INIT;

		if (!err)
			err = path_of(builtin_dir, entries[i]->d_name, "", &path);
		if (!err)
			err = add_file(set, kt_buf_text(&path));
		free(entries[i]);
	}
	free(entries);
	return err;
}

/**
 * Makes *@ret the path of the file @word.json in the first directory, in byte order, of
 * directory @builtin_dir that has one; leaves it empty if there is none.
 */
static struct kt_error *find_below(const char *builtin_dir, const char *word, struct kt_buf *ret)
{
	struct dirent **entries;
	struct kt_error *err = NULL;
	bool is_found = false;
	int count = scandir(builtin_dir, &entries, only_names, by_bytes);

	if (count < 0) /* then it has no such built-in either */
		return NULL;
	for (int i = 0; i < count; i++) {
		if (!err && !is_found) {
			kt_buf_reset(ret);
			kt_buf_printf(ret, "%s/%s/%s.json", builtin_dir, entries[i]->d_name, word);
			err = kt_buf_error(ret);
			is_found = !err && !access(kt_buf_text(ret), F_OK);
		}
		free(entries[i]);
	}
	free(entries);
	if (!err && !is_found)
		kt_buf_reset(ret);
	return err;
}

struct kt_error *kt_scenario_set_add(struct kt_scenario_set *set, const char *builtin_dir,
				     const char *word)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	if (strchr(word, '/') || is_json_file(word))
		return add_file(set, word);
	if (*word && *word != '.') {
		KT_TRY(path_of(builtin_dir, word, ".json", &path));
		if (!access(kt_buf_text(&path), F_OK))
			return add_file(set, kt_buf_text(&path));
		kt_buf_reset(&path);
		KT_TRY(path_of(builtin_dir, word, "", &path));
		if (is_directory(kt_buf_text(&path)))
			return kt_scenario_set_add_builtins(set, kt_buf_text(&path));
		KT_TRY(find_below(builtin_dir, word, &path));
		if (path.len)
			return add_file(set, kt_buf_text(&path));
	}
	return kt_error_create(KT_ERROR_USAGE, 0,
			       "no built-in scenario is called \"%s\" (a file has a '/' or ends in "
			       ".json)",
			       word);
}

/* What copy number @index, from 0, of the scenario called @name is called. */
typedef void (*put_name_fn)(const void *ctx, const char *name, size_t index, struct kt_buf *out);

/* "NAME#1", ... */
static void put_number(const void *ctx, const char *name, size_t index, struct kt_buf *out)
{
	(void)ctx;
	kt_buf_printf(out, "%s#%zu", name, index + 1);
}

/* "NAME@LABEL" of the labels @ctx, in front of a number. */
static void put_label(const void *ctx, const char *name, size_t index, struct kt_buf *out)
{
	const char *const *labels = ctx;
	size_t len = strcspn(name, "#");

	kt_buf_append(out, name, len);
	kt_buf_printf(out, "@%s%s", labels[index], name + len);
}

/* The copies of @scenario but the first, which is itself. */
static struct kt_error *add_copies(struct kt_scenario_set *set, const struct kt_scenario *scenario,
				   size_t count, put_name_fn put_name, const void *ctx)
{
	for (size_t i = 1; i < count; i++) {
		kt_autobuf struct kt_buf name = KT_BUF_INIT;

		put_name(ctx, scenario->name, i, &name);
		KT_TRY(kt_buf_error(&name));
		KT_TRY(kt_scenario_copy(scenario, kt_buf_text(&name), &set->scenarios[set->count]));
		set->count++;
	}
	return NULL;
}

static struct kt_error *rename_first(struct kt_scenario *scenario, put_name_fn put_name,
				     const void *ctx)
{
	kt_autobuf struct kt_buf name = KT_BUF_INIT;

	put_name(ctx, scenario->name, 0, &name);
	KT_TRY(kt_buf_error(&name));
	return kt_scenario_rename(scenario, kt_buf_text(&name));
}

static struct kt_error *multiply(struct kt_scenario_set *set, size_t count, put_name_fn put_name,
				 const void *ctx)
{
	kt_autoscenarioset struct kt_scenario_set copies = KT_SCENARIO_SET_INIT;
	size_t total = set->count * count;
	kt_autofree struct kt_scenario **all = calloc(total + 1, sizeof(struct kt_scenario *));

	copies.scenarios = calloc(total + 1, sizeof(struct kt_scenario *));
	if (!all || !copies.scenarios)
		return kt_error_no_memory();
	for (size_t i = 0; i < set->count; i++)
		KT_TRY(add_copies(&copies, set->scenarios[i], count, put_name, ctx));
	for (size_t i = 0; i < set->count; i++)
		KT_TRY(rename_first(set->scenarios[i], put_name, ctx));
	for (size_t i = 0; i < total; i++)
		all[i] = i % count ? copies.scenarios[i - i / count - 1]
				   : set->scenarios[i / count];
	free(set->scenarios);
	*set = (struct kt_scenario_set){ KT_TAKE(all), total, total + 1 };
	copies.count = 0;
	return NULL;
}

struct kt_error *kt_scenario_set_repeat(struct kt_scenario_set *set, uint32_t times)
{
	if (set->count > KT_SCENARIO_SET_MAX / times)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "%zu scenarios %" PRIu32
				       " times are more than %d: repeat fewer, or fewer times",
				       set->count, times, KT_SCENARIO_SET_MAX);
	return multiply(set, times, put_number, NULL);
}

struct kt_error *kt_scenario_set_multiply(struct kt_scenario_set *set, const char *const *labels,
					  size_t count)
{
	if (set->count > KT_SCENARIO_SET_MAX / count)
		return kt_error_create(KT_ERROR_USAGE, 0, "more than %d scenarios",
				       KT_SCENARIO_SET_MAX);
	return multiply(set, count, put_label, labels);
}
