/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/kernel/kernel.h"

/* Where a build tree keeps its kernel; the packed one first, an ELF with DWARF is large. */
static const char *const tree_files[] = { "arch/x86/boot/bzImage", "vmlinux" };

#define TREE_FILE_COUNT (sizeof(tree_files) / sizeof(tree_files[0]))

struct search {
	bool found;
	struct kt_kernel kernel;
	struct kt_buf passed_over; /* "; path: why" of what was there and unfit */
};

struct candidate {
	char *path;
	struct timespec modified;
};

struct candidates {
	struct candidate *items;
	size_t count;
};

/* closedir() does not take NULL. */
static void close_directory(DIR *dir)
{
	if (dir)
		(void)closedir(dir);
}

KT_DEFINE_CLEANUP(DIR *, close_directory);

static void candidates_deinit(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		free(candidates->items[i].path);
	free(candidates->items);
}

/* Tries one file of a search: absent is nothing, unfit is a remark. */
static struct kt_error *consider(struct search *search, const char *path, const char *reason)
{
	if (search->found || access(path, F_OK))
		return NULL;
	struct kt_error *err = kt_kernel_open(path, reason, &search->kernel);
	if (!err) {
		search->found = true;
		return NULL;
	}
	if (kt_error_class(err) != KT_ERROR_ENVIRONMENT)
		return err;
	kt_buf_printf(&search->passed_over, "; %s", kt_error_message(err));
	kt_error_destroy(err);
	return kt_buf_error(&search->passed_over);
}

static struct kt_error *consider_tree(struct search *search, const char *dir, const char *reason)
{
	for (size_t i = 0; i < TREE_FILE_COUNT; i++) {
		kt_autobuf struct kt_buf path = KT_BUF_INIT;
		kt_buf_printf(&path, "%s/%s", dir, tree_files[i]);
		KT_TRY(kt_buf_error(&path));
		KT_TRY(consider(search, path.data, reason));
	}
	return NULL;
}

static bool is_kernel_name(const char *name)
{
	return !strncmp(name, "vmlinuz", 7) || !strncmp(name, "bzImage", 7) ||
	       !strncmp(name, "vmlinux", 7);
}

/* Newest first; of equal age the later name, which is mostly the later version. */
static int compare_candidates(const void *one, const void *other)
{
	const struct candidate *a = one, *b = other;

	if (a->modified.tv_sec != b->modified.tv_sec)
		return a->modified.tv_sec < b->modified.tv_sec ? 1 : -1;
	if (a->modified.tv_nsec != b->modified.tv_nsec)
		return a->modified.tv_nsec < b->modified.tv_nsec ? 1 : -1;
	return strcmp(b->path, a->path);
}

static struct kt_error *add_candidate(struct candidates *candidates, const char *dir,
				      const char *name)
{
	struct candidate *items =
		reallocarray(candidates->items, candidates->count + 1, sizeof(*candidates->items));
	char *path = NULL;
	struct stat st;

	if (!items)
		return kt_error_no_memory();
	candidates->items = items;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return kt_error_no_memory();
	if (stat(path, &st) || !S_ISREG(st.st_mode)) {
		free(path);
		return NULL;
	}
	items[candidates->count++] = (struct candidate){ path, st.st_mtim };
	return NULL;
}

static struct kt_error *consider_directory(struct search *search, const char *path,
					   const char *reason)
{
	__attribute__((cleanup(candidates_deinit))) struct candidates candidates = { 0 };
	DIR *dir KT_CLEANUP(close_directory) = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (is_kernel_name(entry->d_name))
			KT_TRY(add_candidate(&candidates, path, entry->d_name));
	}
	if (candidates.count)
		qsort(candidates.items, candidates.count, sizeof(*candidates.items),
		      compare_candidates);
	for (size_t i = 0; i < candidates.count; i++)
		KT_TRY(consider(search, candidates.items[i].path, reason));
	return NULL;
}

/* The cache directory's kernels/, or NULL where there is no cache directory. */
static struct kt_error *kernels_directory(char **ret)
{
	struct kt_error *err = kt_cache_path("kernels", ret);

	if (!err || kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	kt_error_destroy(err);
	return NULL;
}

static struct kt_error *consider_host(struct search *search)
{
	static const char reason[] = "the host's own";
	struct utsname host;
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	if (uname(&host))
		return kt_error_create(KT_ERROR_INTERNAL, errno, "uname");
	kt_buf_printf(&path, "/lib/modules/%s/build", host.release);
	KT_TRY(kt_buf_error(&path));
	KT_TRY(consider_tree(search, path.data, "the host's build tree"));
	kt_buf_reset(&path);
	kt_buf_printf(&path, "/lib/modules/%s/vmlinuz", host.release);
	KT_TRY(kt_buf_error(&path));
	KT_TRY(consider(search, path.data, reason));
	kt_buf_reset(&path);
	kt_buf_printf(&path, "/boot/vmlinuz-%s", host.release);
	KT_TRY(kt_buf_error(&path));
	KT_TRY(consider(search, path.data, reason));
	return consider(search, "/boot/vmlinuz", reason);
}

/* Builds the error of a search that found nothing. */
static struct kt_error *nothing_found(const struct search *search)
{
	return kt_error_create(
		KT_ERROR_ENVIRONMENT, 0,
		"no kernel for the guests (tried the cache, ./linux, ../linux and "
		"the host's own%s); run ./quickstart, or give one with --kernel FILE",
		kt_buf_text(&search->passed_over));
}

static struct kt_error *search_all(struct search *search, struct kt_kernel *ret)
{
	kt_autofree char *cached = NULL;

	KT_TRY(kernels_directory(&cached));
	if (cached)
		KT_TRY(consider_directory(search, cached, "newest in the cache"));
	KT_TRY(consider_tree(search, "./linux", "the build tree ./linux"));
	KT_TRY(consider_tree(search, "../linux", "the build tree ../linux"));
	KT_TRY(consider_host(search));
	if (!search->found)
		return nothing_found(search);
	*ret = search->kernel;
	return NULL;
}

/* KTSTR_KERNEL: a file, a build tree, or the version or file name of one in the cache. */
static struct kt_error *open_wish(const char *wish, struct kt_kernel *ret)
{
	kt_autofree char *cached = NULL;
	struct stat st;

	if (!stat(wish, &st) && !S_ISDIR(st.st_mode))
		return kt_kernel_open(wish, "KTSTR_KERNEL", ret);
	for (size_t i = 0; i < TREE_FILE_COUNT; i++) {
		kt_autobuf struct kt_buf path = KT_BUF_INIT;
		kt_buf_printf(&path, "%s/%s", wish, tree_files[i]);
		KT_TRY(kt_buf_error(&path));
		if (!access(path.data, F_OK))
			return kt_kernel_open(path.data, "KTSTR_KERNEL", ret);
	}
	KT_TRY(kernels_directory(&cached));
	for (size_t i = 0; cached && !strchr(wish, '/') && i < 2; i++) {
		kt_autobuf struct kt_buf path = KT_BUF_INIT;
		kt_buf_printf(&path, "%s/%s%s", cached, i ? "vmlinuz-" : "", wish);
		KT_TRY(kt_buf_error(&path));
		if (!access(path.data, F_OK))
			return kt_kernel_open(path.data, "KTSTR_KERNEL", ret);
	}
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
			       "%s: no kernel file, no built kernel tree, and not in the cache",
			       wish);
}

struct kt_error *kt_kernel_find(const char *option_path, struct kt_kernel *ret)
{
	const char *image = getenv("KTSTR_TEST_KERNEL");
	const char *wish = getenv("KTSTR_KERNEL");

	if (option_path)
		return kt_error_wrap(kt_kernel_open(option_path, "--kernel", ret), "--kernel");
	if (image && *image)
		return kt_error_wrap(kt_kernel_open(image, "KTSTR_TEST_KERNEL", ret),
				     "KTSTR_TEST_KERNEL");
	if (wish && *wish)
		return kt_error_wrap(open_wish(wish, ret), "KTSTR_KERNEL");

	struct search search = { 0 };
	struct kt_error *err = search_all(&search, ret);
	if (err && search.found)
		kt_kernel_deinit(&search.kernel);
	kt_buf_deinit(&search.passed_over);
	return err;
}
