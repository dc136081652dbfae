/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/kernels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void kt_kernels_deinit(struct kt_kernels *kernels)
{
	for (size_t i = 0; i < kernels->count; i++) {
		kt_kernel_deinit(&kernels->items[i].kernel);
		free(kernels->items[i].label);
	}
	free(kernels->items);
	free(kernels->of_scenario);
	*kernels = (struct kt_kernels){ 0 };
}

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* The place of the kernel that is the file @st, or of none. */
static size_t find_file(const struct kt_kernels *kernels, const struct stat *st)
{
	size_t i = 0;

	while (i < kernels->count && !is_same_file(&kernels->items[i].file, st))
		i++;
	return i;
}

/* Takes @kernel over, in any case; one that is there already is not kept twice. */
static struct kt_error *add(struct kt_kernels *kernels, struct kt_kernel *kernel, size_t *ret)
{
	struct kt_kernels_item item = { .kernel = *kernel };
	struct kt_kernels_item *grown;

	if (stat(item.kernel.path, &item.file)) {
		struct kt_error *err =
			kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", item.kernel.path);
		kt_kernel_deinit(&item.kernel);
		return err;
	}
	*ret = find_file(kernels, &item.file);
	grown = *ret < kernels->count
			? NULL
			: reallocarray(kernels->items, kernels->count + 1, sizeof(*kernels->items));
	if (!grown) {
		kt_kernel_deinit(&item.kernel);
		return *ret < kernels->count ? NULL : kt_error_no_memory();
	}
	kernels->items = grown;
	kernels->items[kernels->count++] = item;
	return NULL;
}

/* ---- from the command line ---- */

static struct kt_error *open_given(const struct kt_command_line *line, struct kt_kernels *kernels)
{
	for (size_t i = 0; i < line->kernel_count; i++) {
		struct kt_kernel kernel;
		size_t place;

		KT_TRY(kt_kernel_find(line->kernels[i], &kernel));
		KT_TRY(add(kernels, &kernel, &place));
		if (place < i)
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "--kernel: %s and %s are the same file",
					       line->kernels[place], line->kernels[i]);
	}
	return NULL;
}

/* How many of the first @count kernels have the version of number @count. */
static size_t count_equal(const struct kt_kernels *kernels, size_t count)
{
	size_t equal = 0;

	for (size_t i = 0; i < count; i++)
		equal += !strcmp(kernels->items[i].kernel.version,
				 kernels->items[count].kernel.version);
	return equal;
}

static struct kt_error *make_labels(struct kt_kernels *kernels)
{
	for (size_t i = 0; i < kernels->count; i++) {
		kt_autobuf struct kt_buf label = KT_BUF_INIT;
		size_t equal = count_equal(kernels, i);

		kt_buf_puts(&label, kernels->items[i].kernel.version);
		if (equal)
			kt_buf_printf(&label, ":%zu", equal + 1);
		KT_TRY(kt_buf_error(&label));
		kernels->items[i].label = kt_buf_steal(&label);
	}
	return NULL;
}

static struct kt_error *multiply(struct kt_kernels *kernels, struct kt_scenario_set *set)
{
	kt_autofree const char **labels = calloc(kernels->count, sizeof(*labels));

	if (!labels)
		return kt_error_no_memory();
	KT_TRY(make_labels(kernels));
	for (size_t i = 0; i < kernels->count; i++)
		labels[i] = kernels->items[i].label;
	return kt_scenario_set_multiply(set, labels, kernels->count);
}

/* ---- from the scenarios ---- */

static struct kt_error *open_own(const struct kt_scenario *scenario, struct kt_kernels *kernels,
				 size_t *ret)
{
	kt_autofree char *path = NULL;
	struct kt_kernel kernel;
	struct stat st;

	KT_TRY(kt_scenario_host_path(scenario, scenario->kernel, &path));
	if (!stat(path, &st)) {
		*ret = find_file(kernels, &st);
		if (*ret < kernels->count)
			return NULL;
	}
	struct kt_error *err = kt_kernel_open(path, "the scenario's own", &kernel);
	if (!err)
		err = add(kernels, &kernel, ret);
	return kt_scenario_error_at(scenario, scenario->kernel_place, kt_error_wrap(err, "kernel"));
}

static struct kt_error *open_named(const struct kt_scenario_set *set, struct kt_kernels *kernels)
{
	bool is_searched = false;
	size_t common = 0;

	for (size_t i = 0; i < set->count || (!set->count && !is_searched); i++) {
		if (set->count && set->scenarios[i]->kernel) {
			KT_TRY(open_own(set->scenarios[i], kernels, &kernels->of_scenario[i]));
			continue;
		}
		if (!is_searched) {
			struct kt_kernel kernel;

			KT_TRY(kt_kernel_find(NULL, &kernel));
			KT_TRY(add(kernels, &kernel, &common));
		}
		is_searched = true;
		kernels->of_scenario[i] = common;
	}
	return NULL;
}

static struct kt_error *make_places(struct kt_kernels *kernels, size_t count)
{
	kernels->of_scenario = calloc(count + 1, sizeof(*kernels->of_scenario));
	return kernels->of_scenario ? NULL : kt_error_no_memory();
}

static struct kt_error *find(const struct kt_command_line *line, struct kt_scenario_set *set,
			     struct kt_kernels *kernels)
{
	KT_TRY(open_given(line, kernels));
	if (kernels->count > 1)
		KT_TRY(multiply(kernels, set));
	KT_TRY(make_places(kernels, set->count));
	if (!kernels->count)
		return open_named(set, kernels);
	/* A scenario's copies stand side by side, in the order of the kernels. */
	for (size_t i = 0; i < set->count; i++)
		kernels->of_scenario[i] = i % kernels->count;
	return NULL;
}

struct kt_error *kt_kernels_find(const struct kt_command_line *line, struct kt_scenario_set *set,
				 struct kt_kernels *ret)
{
	struct kt_kernels kernels = { 0 };
	struct kt_error *err = find(line, set, &kernels);

	if (err) {
		kt_kernels_deinit(&kernels);
		return err;
	}
	*ret = kernels;
	return NULL;
}

const struct kt_kernel *kt_kernels_of(const struct kt_kernels *kernels, size_t index)
{
	return &kernels->items[kernels->of_scenario[index]].kernel;
}

void kt_kernels_tell(const struct kt_kernels *kernels, struct kt_session *session)
{
	for (size_t i = 0; i < kernels->count; i++) {
		const struct kt_kernel *kernel = &kernels->items[i].kernel;
		kt_autobuf struct kt_buf text = KT_BUF_INIT;

		kt_buf_printf(&text, "kernel %s (%s; %s)", kernel->version, kernel->path,
			      kernel->reason);
		kt_session_note(session, NULL, kt_buf_text(&text));
	}
}
