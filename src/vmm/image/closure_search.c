/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/image/closure_search.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vmm/image/closure.h"

#if defined(__aarch64__)
#define KT_MULTIARCH "aarch64-linux-gnu"
#else
#define KT_MULTIARCH "x86_64-linux-gnu"
#endif

/* What distributions' linkers have compiled in, for both ways to lay out directories. */
static const char *const default_dirs[] = {
	"/lib/" KT_MULTIARCH, "/usr/lib/" KT_MULTIARCH, "/lib64", "/usr/lib64", "/lib", "/usr/lib",
};

/* What $LIB may stand for. */
static const char *const lib_names[] = { ("lib/" KT_MULTIARCH), "lib64", "lib" };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct query {
	const struct kt_closure_places *places;
	const struct kt_closure_object *object;
	const char *name;
	bool found;
	struct kt_closure_hit hit;
};

bool kt_closure_is_default_dir(const char *dir)
{
	for (size_t i = 0; i < COUNT_OF(default_dirs); i++) {
		if (!strcmp(default_dirs[i], dir))
			return true;
	}
	return false;
}

/* Takes the file if it is there and of our kind; @guest_path may be NULL. */
static struct kt_error *try_file(struct query *query, const char *host_path, const char *guest_path)
{
	kt_autoneeds struct kt_elf_needs needs = { 0 };

	if (access(host_path, R_OK))
		return NULL;
	KT_TRY(kt_elf_needs_read(host_path, &needs));
	if (needs.kind != KT_FILE_ELF || needs.elf_class != query->places->elf_class ||
	    needs.machine != query->places->machine)
		return NULL;

	kt_autofree char *host_copy = strdup(host_path);
	char *guest_copy = NULL;
	if (!host_copy)
		return kt_error_no_memory();
	if (guest_path)
		KT_TRY(kt_closure_normalize(guest_path, &guest_copy));
	query->found = true;
	query->hit = (struct kt_closure_hit){
		.host_path = KT_TAKE(host_copy),
		.guest_path = guest_copy,
		.needs = needs,
	};
	needs = (struct kt_elf_needs){ 0 };
	return NULL;
}

/* If @text starts with $@token or ${@token}, the length of that, else 0. */
static size_t token_length(const char *text, const char *token)
{
	size_t len = strlen(token);

	if (text[0] != '$')
		return 0;
	if (text[1] == '{' && !strncmp(text + 2, token, len) && text[2 + len] == '}')
		return len + 3;
	return strncmp(text + 1, token, len) ? 0 : len + 1;
}

/* Appends @dir (of @len bytes) with its tokens resolved; true if $LIB was among them. */
static bool expand(const char *dir, size_t len, const char *origin, const char *lib,
		   struct kt_buf *out)
{
	const char *platform = (const char *)getauxval(AT_PLATFORM);
	const char *end = dir + len;
	bool has_lib = false;

	while (dir < end) {
		size_t skip;
		if ((skip = token_length(dir, "ORIGIN"))) {
			kt_buf_puts(out, origin);
		} else if ((skip = token_length(dir, "LIB"))) {
			kt_buf_puts(out, lib);
			has_lib = true;
		} else if ((skip = token_length(dir, "PLATFORM"))) {
			kt_buf_puts(out, platform ? platform : "");
		} else {
			kt_buf_putc(out, *dir);
			skip = 1;
		}
		dir += skip;
	}
	return has_lib;
}

/* One directory of a list; @told says that the guest's linker knows it from the file itself. */
static struct kt_error *try_dir(struct query *query, const struct kt_closure_object *object,
				const char *dir, size_t len, bool told)
{
	bool has_lib = true;

	for (size_t i = 0; i < COUNT_OF(lib_names) && has_lib && !query->found; i++) {
		kt_autobuf struct kt_buf host = KT_BUF_INIT;
		kt_autobuf struct kt_buf guest = KT_BUF_INIT;

		has_lib = expand(dir, len, object->host_origin, lib_names[i], &host);
		(void)expand(dir, len, object->guest_origin, lib_names[i], &guest);
		told = told || kt_closure_is_default_dir(kt_buf_text(&host));
		kt_buf_printf(&host, "/%s", query->name);
		kt_buf_printf(&guest, "/%s", query->name);
		KT_TRY(kt_buf_error(&host));
		KT_TRY(kt_buf_error(&guest));
		/* A relative directory depends on where one stands: nothing to build an image on. */
		if (host.data[0] == '/')
			KT_TRY(try_file(query, host.data, told ? guest.data : NULL));
	}
	return NULL;
}

/* A list of directories, separated as the linker allows it. */
static struct kt_error *try_list(struct query *query, const struct kt_closure_object *object,
				 const char *list, bool told)
{
	while (list && *list && !query->found) {
		size_t len = strcspn(list, ":;");
		if (len)
			KT_TRY(try_dir(query, object, list, len, told));
		list += len + (list[len] != '\0');
	}
	return NULL;
}

static struct kt_error *try_rpaths(struct query *query)
{
	if (query->object->needs.runpath)
		return NULL;
	for (const struct kt_closure_object *at = query->object; at && !query->found;
	     at = at->loader)
		KT_TRY(try_list(query, at, at->needs.rpath, true));
	return NULL;
}

static struct kt_error *try_cache(struct query *query)
{
	const char *path;
	size_t cursor = 0;

	while (!query->found &&
	       (path = kt_ld_cache_next(query->places->cache, query->name, &cursor))) {
		kt_autofree char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
		if (!dir)
			return kt_error_no_memory();
		KT_TRY(try_file(query, path, kt_closure_is_default_dir(dir) ? path : NULL));
	}
	return NULL;
}

static struct kt_error *try_everything(struct query *query)
{
	const struct kt_closure_places *places = query->places;

	if (strchr(query->name, '/'))
		return query->name[0] == '/' ? try_file(query, query->name, query->name) : NULL;
	KT_TRY(try_rpaths(query));
	KT_TRY(try_list(query, query->object, places->ld_library_path, false));
	KT_TRY(try_list(query, query->object, query->object->needs.runpath, true));
	KT_TRY(try_list(query, query->object, places->interpreter_dir, true));
	KT_TRY(try_cache(query));
	for (size_t i = 0; i < COUNT_OF(default_dirs) && !query->found; i++)
		KT_TRY(try_list(query, query->object, default_dirs[i], true));
	return NULL;
}

struct kt_error *kt_closure_search_find(const struct kt_closure_places *places,
					const struct kt_closure_object *object, const char *name,
					bool *ret_found, struct kt_closure_hit *ret)
{
	struct query query = { .places = places, .object = object, .name = name };
	struct kt_error *err = try_everything(&query);

	if (err) {
		kt_closure_hit_deinit(&query.hit);
		return err;
	}
	*ret_found = query.found;
	*ret = query.hit;
	return NULL;
}

void kt_closure_hit_deinit(struct kt_closure_hit *hit)
{
	free(hit->host_path);
	free(hit->guest_path);
	kt_elf_needs_deinit(&hit->needs);
	*hit = (struct kt_closure_hit){ 0 };
}
