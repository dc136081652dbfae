/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/image_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vmm/image/elf_needs.h"

enum {
	FILES_MAX_DEPTH = 32,
	ANY_EXECUTE = 0111,
};

/* A file that is looked at. */
struct item {
	const char *host_path;
	const char *guest_path;
	unsigned depth; /* below the directory that was named; 0: it itself */
};

struct packing {
	struct kt_image *image;
	struct kt_image_budget *budget;
};

static struct kt_error *add_item(struct packing *packing, const struct item *item);

static struct kt_error *spend(struct packing *packing, uint64_t bytes)
{
	struct kt_image_budget *budget = packing->budget;

	if (!budget->left_count)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "a scenario brings at most %d files to its guest",
				       KT_IMAGE_FILES_MAX_COUNT);
	if (bytes > budget->left_bytes)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "a scenario brings at most %llu MiB to its guest",
				       KT_IMAGE_FILES_MAX_BYTES >> 20);
	budget->left_count--;
	budget->left_bytes -= bytes;
	return NULL;
}

/* "libx.so", "libx.so.2": what is loaded need not be executable, but has needs as well. */
static bool is_library_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *found = strstr(slash ? slash : path, ".so");

	return found && (!found[3] || found[3] == '.');
}

/*
 * A script that came with its directory may be none that is ever run: that its interpreter is not on
 * this host is no reason to refuse the directory.
 */
static bool may_lack_interpreter(const struct item *item)
{
	kt_autoneeds struct kt_elf_needs needs = { 0 };
	kt_autoerr struct kt_error *err = kt_elf_needs_read(item->host_path, &needs);

	return item->depth && !err && needs.kind == KT_FILE_SCRIPT;
}

static struct kt_error *add_file(struct packing *packing, const struct item *item,
				 const struct stat *st)
{
	mode_t mode = st->st_mode & 0777;

	KT_TRY(kt_error_wrap(spend(packing, (uint64_t)st->st_size), "%s", item->host_path));
	if (mode & ANY_EXECUTE || is_library_name(item->host_path)) {
		struct kt_error *err = kt_image_add_program(packing->image, item->host_path,
							    item->guest_path, mode);
		if (!err || kt_error_class(err) != KT_ERROR_ENVIRONMENT ||
		    !may_lack_interpreter(item))
			return err;
		kt_error_destroy(err);
	}
	return kt_image_add_file(packing->image, item->host_path, item->guest_path, mode);
}

static struct kt_error *add_entry(struct packing *packing, const struct item *directory,
				  const char *name)
{
	kt_autobuf struct kt_buf host = KT_BUF_INIT;
	kt_autobuf struct kt_buf guest = KT_BUF_INIT;

	kt_buf_printf(&host, "%s/%s", directory->host_path, name);
	kt_buf_printf(&guest, "%s/%s", directory->guest_path, name);
	KT_TRY(kt_buf_error(&host));
	KT_TRY(kt_buf_error(&guest));
	const struct item item = { kt_buf_text(&host), kt_buf_text(&guest), directory->depth + 1 };
	return add_item(packing, &item);
}

static struct kt_error *add_directory(struct packing *packing, const struct item *item,
				      const struct stat *st)
{
	struct dirent **entries;
	struct kt_error *err = NULL;

	if (item->depth == FILES_MAX_DEPTH)
		return kt_error_create(KT_ERROR_USAGE, 0, "%s: more than %d directories deep",
				       item->host_path, FILES_MAX_DEPTH);
	KT_TRY(kt_error_wrap(spend(packing, 0), "%s", item->host_path));
	KT_TRY(kt_image_add_directory(packing->image, item->guest_path, st->st_mode & 0777));
	int count = scandir(item->host_path, &entries, NULL, NULL);
	if (count < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", item->host_path);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		if (!err && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			err = add_entry(packing, item, name);
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* Whether the target of a symlink that is @depth below a directory stays in it, by its text. */
static bool stays_within(const char *target, unsigned depth)
{
	unsigned level = depth - 1; /* of the directory that the link is in */

	if (target[0] == '/')
		return false;
	for (const char *at = target; *at;) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (len == 2 && !strncmp(at, "..", 2)) {
			if (!level)
				return false;
			level--;
		} else if (len && !(len == 1 && *at == '.')) {
			level++;
		}
		at += len;
	}
	return true;
}

static struct kt_error *add_link(struct packing *packing, const struct item *item)
{
	char target[PATH_MAX];
	ssize_t len = readlink(item->host_path, target, sizeof(target) - 1);
	struct stat st;

	if (len < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", item->host_path);
	target[len] = '\0';
	if (stays_within(target, item->depth)) {
		KT_TRY(kt_error_wrap(spend(packing, 0), "%s", item->host_path));
		return kt_image_add_link(packing->image, item->guest_path, target);
	}
	if (stat(item->host_path, &st))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", item->host_path);
	if (!S_ISREG(st.st_mode))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: a symlink out of its directory to something that is "
				       "no file",
				       item->host_path);
	return add_file(packing, item, &st);
}

static struct kt_error *add_item(struct packing *packing, const struct item *item)
{
	struct stat st;

	/* What was named is meant itself, through however many symlinks. */
	if (item->depth ? lstat(item->host_path, &st) : stat(item->host_path, &st))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", item->host_path);
	if (S_ISREG(st.st_mode))
		return add_file(packing, item, &st);
	if (S_ISDIR(st.st_mode))
		return add_directory(packing, item, &st);
	if (S_ISLNK(st.st_mode))
		return add_link(packing, item);
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: neither a file nor a directory",
			       item->host_path);
}

struct kt_error *kt_image_files_add(struct kt_image *image, const struct kt_scenario *scenario,
				    const struct kt_scenario_worker *worker,
				    struct kt_image_budget *budget)
{
	struct packing packing = { .image = image, .budget = budget };

	for (size_t i = 0; i < worker->file_count; i++) {
		const struct kt_scenario_file *file = &worker->files[i];
		kt_autofree char *host_path = NULL;

		KT_TRY(kt_scenario_host_path(scenario, file->from, &host_path));
		const struct item item = { host_path, file->to, 0 };
		struct kt_error *err =
			kt_error_wrap(add_item(&packing, &item), "worker '%s'", worker->name);
		KT_TRY(kt_scenario_error_at(scenario, file->place, err));
	}
	return NULL;
}
