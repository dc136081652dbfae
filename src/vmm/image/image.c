/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "vmm/image/closure.h"
#include "vmm/image/image_tree.h"

/* Linux's PATH_MAX; its unpacker drops longer names. */
enum {
	KT_PATH_MAX_BYTES = 4096
};

/* Why @path cannot be in an image, or NULL; @out gets its canonical form. */
static const char *clean_path(const char *path, struct kt_buf *out)
{
	static const char reserved[] = ".ktstr_";

	for (const char *at = path; *at;) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (len == 2 && !strncmp(at, "..", 2))
			return "has a \"..\" in it";
		if (!strncmp(at, reserved, strlen(reserved)))
			return "is a reserved name";
		if (len && !(len == 1 && *at == '.')) {
			if (out->len)
				kt_buf_putc(out, '/');
			kt_buf_append(out, at, len);
		}
		at += len;
	}
	if (!out->len)
		return "is empty";
	return out->len < KT_PATH_MAX_BYTES ? NULL : "is too long";
}

/* Puts @entry (which it takes) at @guest_path, if that is allowed. */
static struct kt_error *add_at(struct kt_image *image, const char *guest_path,
			       struct kt_image_entry *entry)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	const char *refusal = clean_path(guest_path, &path);

	if (!refusal)
		entry->path = kt_buf_steal(&path);
	if (refusal || !entry->path) {
		kt_image_entry_deinit(entry);
		return refusal ? kt_error_create(KT_ERROR_USAGE, 0, "image: the path \"%s\" %s",
						 guest_path, refusal)
			       : kt_error_no_memory();
	}
	return kt_image_tree_add(image, entry);
}

static struct kt_error *add_device(struct kt_image *image, const char *guest_path, mode_t mode,
				   unsigned int device_major, unsigned int device_minor)
{
	struct kt_image_entry entry = {
		.mode = S_IFCHR | mode,
		.device_major = device_major,
		.device_minor = device_minor,
	};

	return add_at(image, guest_path, &entry);
}

/* Numbers of the devices: Documentation/admin-guide/devices.txt of Linux. */
struct kt_error *kt_image_create(struct kt_image **ret)
{
	kt_autoimage struct kt_image *image = calloc(1, sizeof(*image));

	if (!image)
		return kt_error_no_memory();
	KT_TRY(add_device(image, "/dev/console", 0600, 5, 1));
	KT_TRY(add_device(image, "/dev/null", 0666, 1, 3));
	*ret = KT_TAKE(image);
	return NULL;
}

struct kt_error *kt_image_add_directory(struct kt_image *image, const char *guest_path, mode_t mode)
{
	struct kt_image_entry entry = { .mode = S_IFDIR | (mode & 07777) };

	return add_at(image, guest_path, &entry);
}

struct kt_error *kt_image_add_link(struct kt_image *image, const char *guest_path,
				   const char *target)
{
	struct kt_image_entry entry = { .mode = S_IFLNK | 0777, .link_target = strdup(target) };

	if (!entry.link_target)
		return kt_error_no_memory();
	return add_at(image, guest_path, &entry);
}

struct kt_error *kt_image_add_bytes(struct kt_image *image, const char *guest_path,
				    const void *bytes, size_t len, mode_t mode)
{
	struct kt_image_entry entry = {
		.mode = S_IFREG | (mode & 07777),
		.bytes = malloc(len ? len : 1),
		.size = len,
	};

	if (!entry.bytes)
		return kt_error_no_memory();
	if (len)
		memcpy(entry.bytes, bytes, len);
	return add_at(image, guest_path, &entry);
}

/* Checks that the file can be read now, rather than when the archive is half written. */
static struct kt_error *look_at_file(const char *host_path, struct stat *ret)
{
	kt_autoclose int fd = open(host_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, ret))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", host_path);
	if (!S_ISREG(ret->st_mode))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: not a regular file",
				       host_path);
	return NULL;
}

struct kt_error *kt_image_add_file(struct kt_image *image, const char *host_path,
				   const char *guest_path, mode_t mode)
{
	struct kt_image_entry entry = { .mode = S_IFREG | (mode & 07777) };

	KT_TRY(look_at_file(host_path, &entry.host));
	entry.size = (uint64_t)entry.host.st_size;
	entry.host_path = strdup(host_path);
	if (!entry.host_path)
		return kt_error_no_memory();
	return add_at(image, guest_path, &entry);
}

static struct kt_error *add_closure(struct kt_image *image, const struct kt_closure *closure)
{
	for (size_t i = 0; i < closure->count; i++) {
		const struct kt_closure_entry *entry = &closure->entries[i];
		struct stat host;

		if (entry->link_target) {
			KT_TRY(kt_image_add_link(image, entry->guest_path, entry->link_target));
			continue;
		}
		KT_TRY(look_at_file(entry->host_path, &host));
		KT_TRY(kt_image_add_file(image, entry->host_path, entry->guest_path,
					 host.st_mode & 0777));
	}
	return NULL;
}

struct kt_error *kt_image_add_program(struct kt_image *image, const char *host_path,
				      const char *guest_path, mode_t mode)
{
	__attribute__((cleanup(kt_closure_deinit))) struct kt_closure closure = { 0 };
	struct kt_closure_search search = kt_closure_search_host();
	kt_autofree char *absolute = NULL;

	KT_TRY(kt_image_add_file(image, host_path, guest_path, mode));
	KT_TRY(kt_closure_normalize(guest_path, &absolute));
	KT_TRY(kt_closure_collect(&search, host_path, absolute, &closure));
	return add_closure(image, &closure);
}

void kt_image_destroy(struct kt_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->count; i++)
		kt_image_entry_deinit(&image->entries[i]);
	free(image->entries);
	free(image);
}
