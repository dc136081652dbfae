/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/image/closure.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "vmm/image/closure_search.h"

enum {
	KT_CLOSURE_MAX_OBJECTS = 4096,
	/* How often an interpreter may be a script itself; the kernel allows 5. */
	KT_CLOSURE_MAX_SCRIPTS = 5,
};

/* Where a guest's linker surely looks, whichever distribution it comes from. */
static const char *const alias_dirs[] = { "/lib", "/lib64" };

struct walk {
	struct kt_closure *closure;
	struct kt_ld_cache cache;
	struct kt_closure_places places;
	char *interpreter_dir;
	struct kt_closure_object **objects; /* in the order of loading; the program first */
	size_t count;
};

struct kt_closure_search kt_closure_search_host(void)
{
	return (struct kt_closure_search){
		.ld_library_path = getenv("LD_LIBRARY_PATH"),
		.cache_path = "/etc/ld.so.cache",
	};
}

struct kt_error *kt_closure_normalize(const char *path, char **ret)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	for (const char *at = path; *at;) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (len == 2 && !strncmp(at, "..", 2)) {
			char *slash = out.len ? strrchr(out.data, '/') : NULL;
			if (slash) {
				*slash = '\0';
				out.len = (size_t)(slash - out.data);
			}
		} else if (len && !(len == 1 && *at == '.')) {
			kt_buf_putc(&out, '/');
			kt_buf_append(&out, at, len);
		}
		at += len;
	}
	if (!out.len)
		kt_buf_putc(&out, '/');
	KT_TRY(kt_buf_error(&out));
	*ret = kt_buf_steal(&out);
	return NULL;
}

static void entry_deinit(struct kt_closure_entry *entry)
{
	free(entry->guest_path);
	free(entry->host_path);
	free(entry->link_target);
}

void kt_closure_deinit(struct kt_closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		entry_deinit(&closure->entries[i]);
	free(closure->entries);
	*closure = (struct kt_closure){ 0 };
}

static bool same_text(const char *one, const char *other)
{
	return one == other || (one && other && !strcmp(one, other));
}

/* Adds an entry unless the very same is there; copies the texts. */
static struct kt_error *add_entry(struct kt_closure *closure, const char *guest_path,
				  const char *host_path, const char *link_target)
{
	for (size_t i = 0; i < closure->count; i++) {
		const struct kt_closure_entry *entry = &closure->entries[i];
		if (same_text(entry->guest_path, guest_path) &&
		    same_text(entry->host_path, host_path) &&
		    same_text(entry->link_target, link_target))
			return NULL;
	}
	if (closure->count == closure->cap) {
		size_t cap = closure->cap ? closure->cap * 2 : 16;
		struct kt_closure_entry *entries =
			reallocarray(closure->entries, cap, sizeof(*entries));
		if (!entries)
			return kt_error_no_memory();
		closure->entries = entries;
		closure->cap = cap;
	}
	struct kt_closure_entry entry = {
		.guest_path = strdup(guest_path),
		.host_path = host_path ? strdup(host_path) : NULL,
		.link_target = link_target ? strdup(link_target) : NULL,
	};
	if (!entry.guest_path || (host_path && !entry.host_path) ||
	    (link_target && !entry.link_target)) {
		entry_deinit(&entry);
		return kt_error_no_memory();
	}
	closure->entries[closure->count++] = entry;
	return NULL;
}

static struct kt_error *real_path(const char *path, char **ret)
{
	char *real = realpath(path, NULL);

	if (!real)
		return errno == ENOMEM ? kt_error_no_memory()
				       : kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", path);
	*ret = real;
	return NULL;
}

/* The file under its real path, and a symlink at @alias if that is another one. */
static struct kt_error *add_file(struct kt_closure *closure, const char *host_path,
				 const char *alias)
{
	kt_autofree char *real = NULL;

	KT_TRY(real_path(host_path, &real));
	KT_TRY(add_entry(closure, real, real, NULL));
	return same_text(real, alias) ? NULL : add_entry(closure, alias, NULL, real);
}

static struct kt_error *directory_of(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash && slash > path ? (size_t)(slash - path) : 1;
	char *dir = strndup(path, len);

	if (!dir)
		return kt_error_no_memory();
	*ret = dir;
	return NULL;
}

static void object_destroy(struct kt_closure_object *object)
{
	if (!object)
		return;
	free(object->name);
	free(object->host_origin);
	free(object->guest_origin);
	kt_elf_needs_deinit(&object->needs);
	free(object);
}

KT_DEFINE_CLEANUP(struct kt_closure_object *, object_destroy);

/* Puts an object at the end of the walk; takes @needs over. */
static struct kt_error *add_object(struct walk *walk, const char *host_path, const char *guest_path,
				   struct kt_elf_needs *needs,
				   const struct kt_closure_object *loader)
{
	struct kt_closure_object *object KT_CLEANUP(object_destroy) = calloc(1, sizeof(*object));
	if (!object)
		return kt_error_no_memory();

	if (walk->count == KT_CLOSURE_MAX_OBJECTS)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: more than %d libraries",
				       walk->objects[0]->name, KT_CLOSURE_MAX_OBJECTS);
	object->name = strdup(host_path);
	if (!object->name)
		return kt_error_no_memory();
	KT_TRY(directory_of(host_path, &object->host_origin));
	KT_TRY(directory_of(guest_path, &object->guest_origin));
	struct kt_closure_object **objects =
		reallocarray(walk->objects, walk->count + 1, sizeof(struct kt_closure_object *));
	if (!objects)
		return kt_error_no_memory();
	walk->objects = objects;
	object->needs = *needs;
	*needs = (struct kt_elf_needs){ 0 };
	object->loader = loader;
	walk->objects[walk->count++] = KT_TAKE(object);
	return NULL;
}

/* The linker loads a name once for the whole program, so the first who asked has settled it. */
static bool asked_before(const struct walk *walk, size_t object_index, size_t name_index)
{
	const char *name = walk->objects[object_index]->needs.needed.argv[name_index];

	for (size_t i = 0; i <= object_index; i++) {
		const struct kt_arguments *needed = &walk->objects[i]->needs.needed;
		size_t end = i == object_index ? name_index : needed->count;
		for (size_t k = 0; k < end; k++) {
			if (!strcmp(needed->argv[k], name))
				return true;
		}
	}
	return false;
}

/* Stores what was found, so that the guest's linker finds it too, and sets where it does. */
static struct kt_error *add_hit(struct kt_closure *closure, const char *name,
				struct kt_closure_hit *hit)
{
	if (hit->guest_path)
		return add_file(closure, hit->host_path, hit->guest_path);
	for (size_t i = 0; i < sizeof(alias_dirs) / sizeof(alias_dirs[0]); i++) {
		free(hit->guest_path);
		if (asprintf(&hit->guest_path, "%s/%s", alias_dirs[i], name) < 0) {
			hit->guest_path = NULL;
			return kt_error_no_memory();
		}
		KT_TRY(add_file(closure, hit->host_path, hit->guest_path));
	}
	return NULL;
}

static struct kt_error *add_library(struct walk *walk, size_t object_index, size_t name_index)
{
	const struct kt_closure_object *object = walk->objects[object_index];
	const char *name = object->needs.needed.argv[name_index];
	__attribute__((cleanup(kt_closure_hit_deinit))) struct kt_closure_hit hit = { 0 };
	bool found = false;

	KT_TRY(kt_closure_search_find(&walk->places, object, name, &found, &hit));
	if (!found)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: library %s, which %s needs, is not found",
				       walk->objects[0]->name, name,
				       object_index ? object->name : "it");
	KT_TRY(add_hit(walk->closure, name, &hit));
	return add_object(walk, hit.host_path, hit.guest_path, &hit.needs, object);
}

static struct kt_error *add_interpreter(struct walk *walk)
{
	const struct kt_closure_object *program = walk->objects[0];
	const char *requested = program->needs.interpreter;
	kt_autoneeds struct kt_elf_needs needs = { 0 };

	if (!requested)
		return NULL;
	if (requested[0] != '/')
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: its interpreter %s is not an absolute path",
				       program->name, requested);
	KT_TRY(kt_error_wrap(kt_elf_needs_read(requested, &needs), "%s: its interpreter",
			     program->name));
	kt_autofree char *alias = NULL;
	KT_TRY(kt_closure_normalize(requested, &alias));
	KT_TRY(add_file(walk->closure, requested, alias));
	kt_autofree char *dir = NULL;
	KT_TRY(directory_of(alias, &dir));
	if (!kt_closure_is_default_dir(dir)) {
		walk->interpreter_dir = KT_TAKE(dir);
		walk->places.interpreter_dir = walk->interpreter_dir;
	}
	return add_object(walk, requested, alias, &needs, NULL);
}

static void walk_deinit(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		object_destroy(walk->objects[i]);
	free(walk->objects);
	free(walk->interpreter_dir);
	kt_ld_cache_deinit(&walk->cache);
}

static struct kt_error *collect_elf(const struct kt_closure_search *search, const char *host_path,
				    const char *guest_path, struct kt_elf_needs *needs,
				    struct kt_closure *closure)
{
	__attribute__((cleanup(walk_deinit))) struct walk walk = { .closure = closure };
	kt_autofree char *real = NULL;

	KT_TRY(real_path(host_path, &real));
	KT_TRY(kt_ld_cache_read(search->cache_path, &walk.cache));
	walk.places = (struct kt_closure_places){
		.ld_library_path = search->ld_library_path,
		.cache = &walk.cache,
		.elf_class = needs->elf_class,
		.machine = needs->machine,
	};
	KT_TRY(add_object(&walk, real, guest_path, needs, NULL));
	KT_TRY(add_interpreter(&walk));
	for (size_t i = 0; i < walk.count; i++) {
		for (size_t k = 0; k < walk.objects[i]->needs.needed.count; k++) {
			if (!asked_before(&walk, i, k))
				KT_TRY(add_library(&walk, i, k));
		}
	}
	return NULL;
}

static struct kt_error *collect(const struct kt_closure_search *search, const char *host_path,
				const char *guest_path, unsigned int depth,
				struct kt_closure *closure);

/* A program that a script names: stored with all it needs, found in the guest by the same path. */
static struct kt_error *collect_named(const struct kt_closure_search *search, const char *path,
				      unsigned int depth, struct kt_closure *closure)
{
	kt_autofree char *real = NULL;
	kt_autofree char *alias = NULL;

	if (path[0] != '/')
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s is not an absolute path", path);
	KT_TRY(real_path(path, &real));
	KT_TRY(kt_closure_normalize(path, &alias));
	KT_TRY(add_file(closure, path, alias));
	return collect(search, real, real, depth + 1, closure);
}

/* "#!/usr/bin/env NAME" runs a second program, which env looks up. */
static struct kt_error *collect_script(const struct kt_closure_search *search,
				       const struct kt_elf_needs *needs, unsigned int depth,
				       struct kt_closure *closure)
{
	const char *slash = strrchr(needs->interpreter, '/');
	const char *argument = needs->script_argument;

	KT_TRY(collect_named(search, needs->interpreter, depth, closure));
	if (!slash || strcmp(slash, "/env") || !argument || strpbrk(argument, "=/") ||
	    argument[0] == '-')
		return NULL;
	kt_autofree char *path = NULL;
	KT_TRY(kt_program_find(argument, &path));
	return collect_named(search, path, depth, closure);
}

static struct kt_error *collect(const struct kt_closure_search *search, const char *host_path,
				const char *guest_path, unsigned int depth,
				struct kt_closure *closure)
{
	kt_autoneeds struct kt_elf_needs needs = { 0 };

	if (depth > KT_CLOSURE_MAX_SCRIPTS)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: more than %d interpreters deep", host_path,
				       KT_CLOSURE_MAX_SCRIPTS);
	KT_TRY(kt_elf_needs_read(host_path, &needs));
	switch (needs.kind) {
	case KT_FILE_ELF:
		return collect_elf(search, host_path, guest_path, &needs, closure);
	case KT_FILE_SCRIPT:
		return kt_error_wrap(collect_script(search, &needs, depth, closure),
				     "%s: its interpreter", host_path);
	case KT_FILE_DATA:
		break;
	}
	return NULL;
}

struct kt_error *kt_closure_collect(const struct kt_closure_search *search, const char *host_path,
				    const char *guest_path, struct kt_closure *closure)
{
	return collect(search, host_path, guest_path, 0, closure);
}
