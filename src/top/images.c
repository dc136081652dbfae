/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "top/image_files.h"
#include "top/layouts.h"
#include "vmm/image/elf_needs.h"
#include "vmm/image/image.h"

/* Variants of our worker are looked for where it is, not on PATH. */
static const char *const variants[] = { KT_WORKER_DSO, KT_WORKER_LIBC };

#define VARIANT_COUNT (sizeof(variants) / sizeof(*variants))

static bool is_variant(const char *word)
{
	size_t i = 0;

	while (i < VARIANT_COUNT && strcmp(word, variants[i]) != 0)
		i++;
	return i < VARIANT_COUNT;
}

/* Whether @word is in every image. */
static bool is_ours(const char *word)
{
	return !strcmp(word, KT_WORKER) || is_variant(word);
}

/*
 * The host's file for a worker's program: our own workers by their names, a path relative to
 * the scenario file, or a program on PATH.
 */
static struct kt_error *find_program(const struct kt_scenario *scenario, const char *word,
				     const struct kt_tools *tools, char **ret_path)
{
	char *path = NULL;

	if (is_variant(word))
		return kt_tools_find_variant(word, ret_path);
	if (strchr(word, '/'))
		return kt_scenario_host_path(scenario, word, ret_path);
	if (strcmp(word, KT_WORKER) != 0)
		return kt_program_find(word, ret_path);
	path = strdup(tools->worker);
	if (!path)
		return kt_error_no_memory();
	*ret_path = path;
	return NULL;
}

/* A program that is to be probed, and what is known of it. */
static struct kt_error *add_program(struct kt_image *image, const struct kt_tools *tools,
				    const char *host_path, const char *guest_path)
{
	KT_TRY(kt_image_add_program(image, host_path, guest_path, 0755));
	return kt_layouts_pack(image, tools->probe, host_path, guest_path);
}

/* What the guest's kernel would refuse to run is refused here, before a guest is started. */
static struct kt_error *check_program(const char *host_path)
{
	kt_autoneeds struct kt_elf_needs needs = { 0 };

	KT_TRY(kt_elf_needs_read(host_path, &needs));
	if (needs.kind != KT_FILE_DATA)
		return NULL;
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
			       "%s: no program: neither ELF nor a script that begins with \"#!\"",
			       host_path);
}

static struct kt_error *add_worker(struct kt_image *image, const struct kt_scenario *scenario,
				   const char *word, const struct kt_tools *tools)
{
	kt_autofree char *host_path = NULL;
	kt_autofree char *guest_path = NULL;

	KT_TRY(find_program(scenario, word, tools, &host_path));
	KT_TRY(check_program(host_path));
	if (asprintf(&guest_path, "/bin/%s", kt_runner_program_name(word)) < 0) {
		guest_path = NULL;
		return kt_error_no_memory();
	}
	return add_program(image, tools, host_path, guest_path);
}

/* The error of a worker's program, with its place. */
static struct kt_error *in_worker(const struct kt_scenario *scenario,
				  const struct kt_scenario_worker *worker, struct kt_error *err)
{
	return kt_scenario_error_at(scenario, worker->place,
				    kt_error_wrap(err, "worker '%s'", worker->name));
}

/*
 * All variants that there are, whether the scenario has them or not: a few files, for which scenarios
 * with different ones have the same image, and wake from the same template.
 */
static struct kt_error *add_variants(struct kt_image *image, const struct kt_tools *tools)
{
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		kt_autofree char *host_path = NULL;
		kt_autofree char *guest_path = NULL;
		kt_autoerr struct kt_error *err = kt_tools_find_variant(variants[i], &host_path);

		if (!err && asprintf(&guest_path, "/bin/%s", variants[i]) < 0) {
			guest_path = NULL;
			err = kt_error_no_memory();
		}
		if (!err)
			err = add_program(image, tools, host_path, guest_path);
		/* Who needs the one that is missing is told by find_missing(). */
		if (err && kt_error_class(err) != KT_ERROR_ENVIRONMENT)
			return KT_TAKE(err);
	}
	return NULL;
}

struct kt_error *kt_images_add_programs(struct kt_image *image, const struct kt_scenario *scenario,
					const struct kt_tools *tools)
{
	struct kt_image_budget budget = KT_IMAGE_BUDGET_INIT;

	KT_TRY(kt_image_add_program(image, tools->init, "/init", 0755));
	KT_TRY(kt_image_add_program(image, tools->probe, "/bin/ktstr-jemalloc-probe", 0755));
	KT_TRY(add_program(image, tools, tools->worker, "/bin/" KT_WORKER));
	KT_TRY(add_variants(image, tools));
	for (size_t i = 0; i < scenario->worker_count; i++) {
		const struct kt_scenario_worker *worker = &scenario->workers[i];
		if (!is_ours(worker->command[0]))
			KT_TRY(in_worker(scenario, worker,
					 add_worker(image, scenario, worker->command[0], tools)));
		KT_TRY(kt_image_files_add(image, scenario, worker, &budget));
	}
	return NULL;
}

/* No path has a newline in it: a scenario's texts have no control characters. */
static struct kt_error *put_files_key(const struct kt_scenario *scenario,
				      const struct kt_scenario_worker *worker, struct kt_buf *key)
{
	for (size_t i = 0; i < worker->file_count; i++) {
		kt_autofree char *path = NULL;

		KT_TRY(kt_scenario_host_path(scenario, worker->files[i].from, &path));
		kt_buf_printf(key, "%s\n=%s\n", path, worker->files[i].to);
	}
	return NULL;
}

/* Equal keys mean equal images: programs beside our own, and files, as host paths. */
static struct kt_error *make_key(const struct kt_scenario *scenario, const struct kt_tools *tools,
				 char **ret)
{
	kt_autobuf struct kt_buf key = KT_BUF_INIT;

	for (size_t i = 0; i < scenario->worker_count; i++) {
		const struct kt_scenario_worker *worker = &scenario->workers[i];
		kt_autofree char *path = NULL;
		KT_TRY(put_files_key(scenario, worker, &key));
		if (is_ours(worker->command[0]))
			continue;
		KT_TRY(in_worker(scenario, worker,
				 find_program(scenario, worker->command[0], tools, &path)));
		kt_buf_printf(&key, "%s\n", path);
	}
	*ret = kt_buf_steal(&key);
	return *ret ? NULL : kt_error_no_memory();
}

/* The text of what the scenario needs and this build does not have; NULL in @ret for nothing. */
static struct kt_error *find_missing(const struct kt_scenario *scenario, char **ret)
{
	for (size_t i = 0; i < scenario->worker_count; i++) {
		const char *word = scenario->workers[i].command[0];
		kt_autofree char *path = NULL;
		if (!is_variant(word))
			continue;
		kt_autoerr struct kt_error *err = kt_tools_find_variant(word, &path);
		if (!err)
			continue;
		if (kt_error_class(err) != KT_ERROR_ENVIRONMENT)
			return KT_TAKE(err);
		*ret = strdup(kt_error_message(err));
		return *ret ? NULL : kt_error_no_memory();
	}
	return NULL;
}

static struct kt_error *build_one(const struct kt_scenario *scenario, const struct kt_tools *tools,
				  struct kt_images *images)
{
	kt_autoimage struct kt_image *image = NULL;
	struct kt_hash hash = { 0 };
	struct kt_runner_image *built = &images->of_scenario[images->count];
	char **key = &images->keys[images->count];
	char **missing = &images->missing[images->count];

	images->count++;
	built->fd = -1;
	KT_TRY(find_missing(scenario, missing));
	built->missing = *missing;
	if (*missing)
		return NULL;
	KT_TRY(make_key(scenario, tools, key));
	for (size_t i = 0; i + 1 < images->count; i++)
		if (images->keys[i] && !strcmp(images->keys[i], *key)) {
			*built = images->of_scenario[i];
			return NULL;
		}
	KT_TRY(kt_image_create(&image));
	KT_TRY(kt_images_add_programs(image, scenario, tools));
	KT_TRY(kt_image_finish(image, &built->fd, &built->bytes));
	KT_TRY(kt_hash_update_file(&hash, built->fd, UINT64_MAX));
	kt_hash_text(&hash, built->hash);
	return NULL;
}

struct kt_error *kt_images_build(const struct kt_scenario_set *set, const struct kt_tools *tools,
				 struct kt_images *ret)
{
	struct kt_images images = {
		.of_scenario = calloc(set->count + 1, sizeof(*images.of_scenario)),
		.keys = calloc(set->count + 1, sizeof(*images.keys)),
		.missing = calloc(set->count + 1, sizeof(*images.missing)),
	};
	bool has_memory = images.of_scenario && images.keys && images.missing;
	struct kt_error *err = has_memory ? NULL : kt_error_no_memory();

	for (size_t i = 0; !err && i < set->count; i++)
		err = build_one(set->scenarios[i], tools, &images);
	if (err) {
		kt_images_deinit(&images);
		return err;
	}
	*ret = images;
	return NULL;
}

static bool is_shared_with_earlier(const struct kt_images *images, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (images->of_scenario[i].fd == images->of_scenario[index].fd)
			return true;
	return false;
}

void kt_images_deinit(struct kt_images *images)
{
	for (size_t i = images->count; i--;) {
		if (images->of_scenario[i].fd >= 0 && !is_shared_with_earlier(images, i))
			(void)close(images->of_scenario[i].fd);
		free(images->keys[i]);
		free(images->missing[i]);
	}
	free(images->of_scenario);
	free(images->keys);
	free(images->missing);
	*images = (struct kt_images){ 0 };
}
