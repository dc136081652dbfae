/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/layouts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "vmm/image/closure.h"
#include "vmm/image/elf_needs.h"

/* Where the probe in the guest looks: the machine's cache of ktstr-jemalloc-probe(1). */
#define GUEST_DIR "/var/cache/ktstr-top/layouts/"

enum {
	/* jemalloc 5 keeps two KiB or more for each thread; the C and C++ libraries some bytes. */
	TLS_BYTES_MIN = 1024,
	PROBE_TIMEOUT_MS = 5000,
	ENTRY_BYTES_MAX = 16 * 1024,
	BUILD_ID_MIN = 16, /* hex digits */
	BUILD_ID_MAX = 128,
};

/* The build-id in the entry's second line; its length in hex digits, or 0 if it is no entry. */
static size_t find_build_id(const char *entry, const char **ret)
{
	static const char head[] = "ktstr-top layout 1\nbuild-id ";

	if (strncmp(entry, head, strlen(head)))
		return 0;
	*ret = entry + strlen(head);
	size_t len = strspn(*ret, "0123456789abcdef");
	return (*ret)[len] == '\n' && len >= BUILD_ID_MIN && len <= BUILD_ID_MAX ? len : 0;
}

static struct kt_error *add_entry(struct kt_image *image, const struct kt_buf *entry)
{
	kt_autofree char *guest_path = NULL;
	const char *build_id;
	size_t len = find_build_id(kt_buf_text(entry), &build_id);

	if (!len)
		return NULL;
	if (asprintf(&guest_path, GUEST_DIR "%.*s", (int)len, build_id) < 0) {
		guest_path = NULL;
		return kt_error_no_memory();
	}
	return kt_image_add_bytes(image, guest_path, entry->data, entry->len, 0644);
}

/* Nothing but being out of memory concerns the caller. */
static struct kt_error *only_memory(struct kt_error *err)
{
	if (!err || kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	kt_error_destroy(err);
	return NULL;
}

static struct kt_error *ask(struct kt_image *image, const char *probe, const char *host_path)
{
	kt_autobuf struct kt_buf said = KT_BUF_INIT;
	char *argv[] = { (char *)probe,	     (char *)"--object",    (char *)host_path,
			 (char *)"--layout", (char *)"/dev/stdout", NULL };
	int status = -1;

	struct kt_error *err =
		kt_program_capture(argv, PROBE_TIMEOUT_MS, ENTRY_BYTES_MAX, &said, &status);
	if (err)
		return only_memory(err);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return NULL;
	return only_memory(add_entry(image, &said));
}

static bool has_room_for_jemalloc(const char *host_path)
{
	kt_autoneeds struct kt_elf_needs needs = { 0 };
	kt_autoerr struct kt_error *err = kt_elf_needs_read(host_path, &needs);

	return !err && needs.tls_bytes >= TLS_BYTES_MIN;
}

struct kt_error *kt_layouts_pack(struct kt_image *image, const char *probe, const char *host_path,
				 const char *guest_path)
{
	__attribute__((cleanup(kt_closure_deinit))) struct kt_closure closure = { 0 };
	struct kt_closure_search search = kt_closure_search_host();

	if (has_room_for_jemalloc(host_path))
		KT_TRY(ask(image, probe, host_path));
	KT_TRY(only_memory(kt_closure_collect(&search, host_path, guest_path, &closure)));
	for (size_t i = 0; i < closure.count; i++) {
		const char *library = closure.entries[i].host_path;
		if (library && has_room_for_jemalloc(library))
			KT_TRY(ask(image, probe, library));
	}
	return NULL;
}
