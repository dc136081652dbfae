/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vmm/image/image.h"
#include "vmm/image/image_tree.h"

enum {
	KT_COPY_CHUNK_BYTES = 64 * 1024
};

struct writer {
	struct archive *archive;
	int64_t next_inode;
};

KT_DEFINE_CLEANUP(struct archive *, archive_write_free);
KT_DEFINE_CLEANUP(struct archive_entry *, archive_entry_free);

static struct kt_error *archive_failed(struct archive *archive, const char *what)
{
	const char *text = archive_error_string(archive);

	if (archive_errno(archive) == ENOMEM)
		return kt_error_no_memory();
	return kt_error_create(KT_ERROR_IO, 0, "image: %s: %s", what, text ? text : "failed");
}

/*
 * Inode numbers count up and each entry has one link: the kernel joins entries of one inode
 * number with more than one link into one file.
 */
static struct kt_error *write_header(struct writer *writer, const struct kt_image_entry *from)
{
	struct archive_entry *entry KT_CLEANUP(archive_entry_free) = archive_entry_new();

	if (!entry)
		return kt_error_no_memory();
	archive_entry_set_pathname(entry, from->path);
	archive_entry_set_mode(entry, from->mode);
	archive_entry_set_ino64(entry, writer->next_inode++);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_dev(entry, 0);
	archive_entry_set_size(entry, S_ISREG(from->mode) ? (int64_t)from->size : 0);
	if (S_ISLNK(from->mode))
		archive_entry_set_symlink(entry, from->link_target);
	if (S_ISCHR(from->mode)) {
		archive_entry_set_rdevmajor(entry, from->device_major);
		archive_entry_set_rdevminor(entry, from->device_minor);
	}
	if (archive_write_header(writer->archive, entry) != ARCHIVE_OK)
		return archive_failed(writer->archive, from->path);
	return NULL;
}

static struct kt_error *write_data(struct writer *writer, const char *name, const void *bytes,
				   size_t len)
{
	if (archive_write_data(writer->archive, bytes, len) != (la_ssize_t)len)
		return archive_failed(writer->archive, name);
	return NULL;
}

/* Copies exactly the size that the header says; the file must still be the one that was added. */
static struct kt_error *write_host_file(struct writer *writer, const struct kt_image_entry *from)
{
	kt_autoclose int fd = open(from->host_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint64_t left = from->size;
	char chunk[KT_COPY_CHUNK_BYTES];
	struct stat now;

	if (fd < 0 || fstat(fd, &now))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", from->host_path);
	if (now.st_dev != from->host.st_dev || now.st_ino != from->host.st_ino ||
	    now.st_size != from->host.st_size || now.st_mtim.tv_sec != from->host.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != from->host.st_mtim.tv_nsec)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: changed while the image was made", from->host_path);
	while (left) {
		ssize_t got = read(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return kt_error_create(KT_ERROR_ENVIRONMENT, got ? errno : 0, "%s: read %s",
					       from->host_path, got ? "failed" : "ended early");
		KT_TRY(write_data(writer, from->path, chunk, (size_t)got));
		left -= (uint64_t)got;
	}
	return NULL;
}

static struct kt_error *write_entry(struct writer *writer, const struct kt_image_entry *from)
{
	KT_TRY(write_header(writer, from));
	if (!S_ISREG(from->mode) || !from->size)
		return NULL;
	return from->host_path ? write_host_file(writer, from)
			       : write_data(writer, from->path, from->bytes, from->size);
}

static struct kt_error *write_archive(const struct kt_image *image, int fd)
{
	struct archive *archive KT_CLEANUP(archive_write_free) = archive_write_new();
	struct writer writer = { .archive = archive, .next_inode = 1 };
	char sentinel_path[] = KT_IMAGE_SENTINEL;
	const struct kt_image_entry sentinel = { .path = sentinel_path, .mode = S_IFREG | 0644 };

	if (!archive)
		return kt_error_no_memory();
	if (archive_write_set_format_cpio_newc(archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
	    archive_write_open_fd(archive, fd) != ARCHIVE_OK)
		return archive_failed(archive, "open");
	for (size_t i = 0; i < image->count; i++)
		KT_TRY(write_entry(&writer, &image->entries[i]));
	KT_TRY(write_entry(&writer, &sentinel));
	if (archive_write_close(archive) != ARCHIVE_OK)
		return archive_failed(archive, "close");
	return NULL;
}

struct kt_error *kt_image_finish(struct kt_image *image, int *ret_fd, uint64_t *ret_bytes)
{
	kt_autoclose int fd = memfd_create("ktstr-initramfs", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "image: memfd");
	KT_TRY(write_archive(image, fd));
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return kt_error_create(KT_ERROR_IO, errno, "image: seal");
	*ret_bytes = (uint64_t)size;
	*ret_fd = fd;
	fd = -1;
	return NULL;
}
