/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/image/image_tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum {
	KT_IMAGE_MAX_ENTRIES = 100 * 1000,
	KT_IMAGE_COMPARE_MAX_BYTES = 512 * 1024 * 1024,
};

void kt_image_entry_deinit(struct kt_image_entry *entry)
{
	free(entry->path);
	free(entry->link_target);
	free(entry->host_path);
	free(entry->bytes);
	*entry = (struct kt_image_entry){ 0 };
}

/* The place of @path in the sorted entries; *found tells whether it is taken. */
static size_t place_of(const struct kt_image *image, const char *path, bool *found)
{
	size_t low = 0, high = image->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(image->entries[middle].path, path);
		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct kt_image_entry *kt_image_tree_find(const struct kt_image *image, const char *path)
{
	bool found;
	size_t place = place_of(image, path, &found);

	return found ? &image->entries[place] : NULL;
}

static struct kt_error *content_of(const struct kt_image_entry *entry, struct kt_buf *out)
{
	if (entry->host_path)
		return kt_file_read(entry->host_path, KT_IMAGE_COMPARE_MAX_BYTES, out);
	kt_buf_append(out, entry->bytes, entry->size);
	return kt_buf_error(out);
}

static struct kt_error *same_file(const struct kt_image_entry *one,
				  const struct kt_image_entry *other, bool *ret)
{
	kt_autobuf struct kt_buf one_content = KT_BUF_INIT;
	kt_autobuf struct kt_buf other_content = KT_BUF_INIT;

	*ret = one->host_path && other->host_path && one->host.st_dev == other->host.st_dev &&
	       one->host.st_ino == other->host.st_ino;
	if (*ret || one->size != other->size)
		return NULL;
	KT_TRY(content_of(one, &one_content));
	KT_TRY(content_of(other, &other_content));
	*ret = one_content.len == other_content.len &&
	       !memcmp(kt_buf_text(&one_content), kt_buf_text(&other_content), one_content.len);
	return NULL;
}

/* The file that @entry is, or that it links to within the image by an absolute target. */
static const struct kt_image_entry *follow(const struct kt_image *image,
					   const struct kt_image_entry *entry)
{
	const struct kt_image_entry *target = NULL;

	if (S_ISLNK(entry->mode) && entry->link_target[0] == '/')
		target = kt_image_tree_find(image, entry->link_target + 1);
	return target ? target : entry;
}

static struct kt_error *same_content(const struct kt_image *image, const struct kt_image_entry *one,
				     const struct kt_image_entry *other, bool *ret)
{
	*ret = false;
	if (S_ISLNK(one->mode) && S_ISLNK(other->mode) &&
	    !strcmp(one->link_target, other->link_target)) {
		*ret = true;
		return NULL;
	}
	one = follow(image, one);
	other = follow(image, other);
	if (S_ISREG(one->mode) && S_ISREG(other->mode))
		return same_file(one, other, ret);
	*ret = (S_ISDIR(one->mode) && S_ISDIR(other->mode)) ||
	       (S_ISCHR(one->mode) && S_ISCHR(other->mode) &&
		one->device_major == other->device_major &&
		one->device_minor == other->device_minor);
	return NULL;
}

static struct kt_error *insert(struct kt_image *image, size_t place, struct kt_image_entry *entry)
{
	if (image->count >= KT_IMAGE_MAX_ENTRIES)
		return kt_error_create(KT_ERROR_USAGE, 0, "an image has at most %d entries",
				       KT_IMAGE_MAX_ENTRIES);
	if (image->count == image->cap) {
		size_t cap = image->cap ? image->cap * 2 : 64;
		struct kt_image_entry *entries =
			reallocarray(image->entries, cap, sizeof(*entries));
		if (!entries)
			return kt_error_no_memory();
		image->entries = entries;
		image->cap = cap;
	}
	memmove(&image->entries[place + 1], &image->entries[place],
		(image->count - place) * sizeof(*entry));
	image->entries[place] = *entry;
	image->count++;
	*entry = (struct kt_image_entry){ 0 };
	return NULL;
}

/* All directories above @path. */
static struct kt_error *add_parents(struct kt_image *image, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct kt_image_entry parent = {
			.path = strndup(path, (size_t)(slash - path)),
			.mode = S_IFDIR | 0755,
		};
		bool found;
		if (!parent.path)
			return kt_error_no_memory();
		size_t place = place_of(image, parent.path, &found);
		struct kt_error *err = NULL;
		if (!found)
			err = insert(image, place, &parent);
		else if (!S_ISDIR(image->entries[place].mode))
			err = kt_error_create(KT_ERROR_USAGE, 0,
					      "image: /%s needs /%s to be a directory", path,
					      parent.path);
		kt_image_entry_deinit(&parent);
		KT_TRY(err);
	}
	return NULL;
}

static struct kt_error *add(struct kt_image *image, struct kt_image_entry *entry)
{
	bool found, same = false;

	KT_TRY(add_parents(image, entry->path));
	size_t place = place_of(image, entry->path, &found);
	if (!found)
		return insert(image, place, entry);
	struct kt_image_entry *old = &image->entries[place];
	KT_TRY(same_content(image, old, entry, &same));
	if (!same)
		return kt_error_create(KT_ERROR_USAGE, 0, "image: two different contents for /%s",
				       entry->path);
	if (S_ISDIR(entry->mode))
		old->mode = entry->mode;
	else if (S_ISREG(entry->mode) && S_ISREG(old->mode))
		old->mode |= entry->mode & 07777;
	return NULL;
}

struct kt_error *kt_image_tree_add(struct kt_image *image, struct kt_image_entry *entry)
{
	struct kt_error *err = add(image, entry);

	kt_image_entry_deinit(entry);
	return err;
}
