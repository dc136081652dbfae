/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/locate.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* One thing to find. */
struct wanted {
	const char *name;
	const char *variable;	      /* names it outright, or NULL */
	const char *relative_dirs[2]; /* from our own directory, where `make install` puts it */
	const char *configured_dir;
	bool is_directory;
	const char *needs; /* what this program is not built without, or NULL */
};

static const struct wanted wanted_init = {
	.name = "ktstr-init",
	.variable = "KTSTR_INIT_BINARY",
	.relative_dirs = { ".", "../libexec/ktstr-top" },
	.configured_dir = KT_LIBEXECDIR,
};

static const struct wanted wanted_probe = {
	.name = "ktstr-jemalloc-probe",
	.variable = "KTSTR_JEMALLOC_PROBE_BINARY",
	.relative_dirs = { ".", "." },
	.configured_dir = KT_BINDIR,
};

static const struct wanted wanted_worker = {
	.name = KT_WORKER,
	.variable = "KTSTR_JEMALLOC_ALLOC_WORKER_BINARY",
	.relative_dirs = { ".", "." },
	.configured_dir = KT_BINDIR,
};

static const struct wanted wanted_variants[] = {
	{ .name = KT_WORKER_DSO,
	  .relative_dirs = { ".", "." },
	  .configured_dir = KT_BINDIR,
	  .needs = "libjemalloc.so.2 (Debian's package libjemalloc2)" },
	{ .name = KT_WORKER_LIBC, .relative_dirs = { ".", "." }, .configured_dir = KT_BINDIR },
};

static const struct wanted wanted_scenarios = {
	.name = "scenarios",
	.variable = "KTSTR_SCENARIO_DIR",
	.relative_dirs = { ".", "../share/ktstr-top" },
	.configured_dir = KT_PKGDATADIR,
	.is_directory = true,
};

static bool is_there(const char *path, bool is_directory)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	return is_directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* The directory that this program was started from. */
static struct kt_error *own_directory(char dir[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", dir, PATH_MAX - 1);

	if (len < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "/proc/self/exe");
	dir[len] = '\0';
	char *slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	return NULL;
}

/* "@dir/@relative/@name" if that is there, else NULL in @ret. */
static struct kt_error *try_place(const char *dir, const char *relative,
				  const struct wanted *wanted, char **ret)
{
	kt_autofree char *path = NULL;

	if (asprintf(&path, "%s/%s/%s", dir, relative, wanted->name) < 0) {
		path = NULL;
		return kt_error_no_memory();
	}
	if (is_there(path, wanted->is_directory))
		*ret = KT_TAKE(path);
	return NULL;
}

static struct kt_error *take_named(const struct wanted *wanted, const char *path, char **ret)
{
	if (!is_there(path, wanted->is_directory))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: $%s names no such %s", path,
				       wanted->variable,
				       wanted->is_directory ? "directory" : "program");
	char *copy = strdup(path);
	if (!copy)
		return kt_error_no_memory();
	*ret = copy;
	return NULL;
}

static struct kt_error *find(const struct wanted *wanted, char **ret)
{
	const char *named = wanted->variable ? getenv(wanted->variable) : NULL;
	char dir[PATH_MAX];
	char *path = NULL;

	/* Contract 8.1: empty counts as unset. */
	if (named && *named)
		return take_named(wanted, named, ret);
	KT_TRY(own_directory(dir));
	for (size_t i = 0; !path && i < 2; i++)
		KT_TRY(try_place(dir, wanted->relative_dirs[i], wanted, &path));
	if (!path)
		KT_TRY(try_place(wanted->configured_dir, ".", wanted, &path));
	if (!path)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s is neither beside ktstr-top nor in %s: build or "
				       "install all of ktstr-top%s%s",
				       wanted->name, wanted->configured_dir,
				       wanted->needs ? ", with " : "",
				       wanted->needs ? wanted->needs : "");
	*ret = path;
	return NULL;
}

struct kt_error *kt_tools_find_scenarios(struct kt_tools *ret)
{
	return find(&wanted_scenarios, &ret->scenario_dir);
}

struct kt_error *kt_tools_find_probe(struct kt_tools *ret)
{
	return find(&wanted_probe, &ret->probe);
}

struct kt_error *kt_tools_find_programs(struct kt_tools *ret)
{
	KT_TRY(find(&wanted_init, &ret->init));
	KT_TRY(kt_tools_find_probe(ret));
	return find(&wanted_worker, &ret->worker);
}

struct kt_error *kt_tools_find_variant(const char *name, char **ret_path)
{
	for (size_t i = 0; i < sizeof(wanted_variants) / sizeof(wanted_variants[0]); i++)
		if (!strcmp(name, wanted_variants[i].name))
			return find(&wanted_variants[i], ret_path);
	return kt_error_create(KT_ERROR_INTERNAL, 0, "%s is not a variant of the worker", name);
}

void kt_tools_deinit(struct kt_tools *tools)
{
	free(tools->init);
	free(tools->probe);
	free(tools->worker);
	free(tools->scenario_dir);
	*tools = (struct kt_tools){ 0 };
}
