/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel/kernel_bzimage.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum {
	/* Offsets of the header's fields in the file. */
	KT_SETUP_SECTS_AT = 0x1f1,
	KT_BOOT_FLAG_AT = 0x1fe,
	KT_MAGIC_AT = 0x202,
	KT_VERSION_AT = 0x206,
	KT_XLOADFLAGS_AT = 0x236,
	KT_PAYLOAD_OFFSET_AT = 0x248,
	KT_PAYLOAD_LENGTH_AT = 0x24c,
	KT_HEADER_END = 0x268,

	KT_SECTOR_BYTES = 512,
	KT_BOOT_FLAG = 0xaa55,
	KT_VERSION_WITH_XLOADFLAGS = 0x20c, /* the payload's place came with 0x208 */
	KT_XLF_KERNEL_64 = 1,
	KT_ARM64_MAGIC_AT = 0x38,
	KT_SIZE_BYTES = 4, /* the unpacked size behind the payload */
	KT_UNPACKED_MIN_BYTES = 1024 * 1024,
};

/* How a payload may be packed (scripts/Makefile.lib of Linux). */
static const struct packing {
	const char *name;
	unsigned char magic[6];
	size_t magic_len;
	bool has_own_size; /* its last four bytes are the size; the others get it appended */
	int (*support)(struct archive *archive);
} packings[] = {
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, false, archive_read_support_filter_zstd },
	{ "gzip", { 0x1f, 0x8b }, 2, true, archive_read_support_filter_gzip },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, false, archive_read_support_filter_xz },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, false, archive_read_support_filter_lz4 },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, false, archive_read_support_filter_bzip2 },
	{ "lzma", { 0x5d, 0, 0 }, 3, false, archive_read_support_filter_lzma },
	{ "lzo", { 0x89, 'L', 'Z', 'O' }, 4, false, archive_read_support_filter_lzop },
};

KT_DEFINE_CLEANUP(struct archive *, archive_read_free);

static struct kt_error *refuse(const char *name, const char *why)
{
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: %s", name, why);
}

static uint32_t word_at(const unsigned char *image, size_t offset)
{
	return image[offset] | (uint32_t)image[offset + 1] << 8 |
	       (uint32_t)image[offset + 2] << 16 | (uint32_t)image[offset + 3] << 24;
}

static uint32_t half_at(const unsigned char *image, size_t offset)
{
	return image[offset] | (uint32_t)image[offset + 1] << 8;
}

static const struct packing *find_packing(const unsigned char *payload, size_t len)
{
	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		if (len >= packings[i].magic_len &&
		    !memcmp(payload, packings[i].magic, packings[i].magic_len))
			return &packings[i];
	}
	return NULL;
}

static struct kt_error *check_header(const unsigned char *image, size_t len, const char *name)
{
	if (len >= KT_ARM64_MAGIC_AT + 4 && !memcmp(image + KT_ARM64_MAGIC_AT, "ARM\x64", 4))
		return refuse(name, "a kernel for arm64, not for x86_64");
	if (len < KT_MAGIC_AT + 4 || half_at(image, KT_BOOT_FLAG_AT) != KT_BOOT_FLAG ||
	    memcmp(image + KT_MAGIC_AT, "HdrS", 4))
		return refuse(name, "not a kernel image");
	if (len < KT_HEADER_END)
		return refuse(name, "truncated: the header of a kernel image ends early");
	if (half_at(image, KT_VERSION_AT) < KT_VERSION_WITH_XLOADFLAGS)
		return refuse(name, "too old a kernel (boot protocol before 2.12)");
	if (!(half_at(image, KT_XLOADFLAGS_AT) & KT_XLF_KERNEL_64))
		return refuse(name, "a kernel for 32-bit x86, not for x86_64");
	return NULL;
}

struct kt_error *kt_bzimage_parse(const void *bytes, size_t len, const char *name,
				  struct kt_bzimage *ret)
{
	const unsigned char *image = bytes;

	KT_TRY(check_header(image, len, name));
	uint64_t setup_sectors = image[KT_SETUP_SECTS_AT] ? image[KT_SETUP_SECTS_AT] : 4;
	uint64_t start = (setup_sectors + 1) * KT_SECTOR_BYTES +
			 (uint64_t)word_at(image, KT_PAYLOAD_OFFSET_AT);
	uint64_t payload_len = word_at(image, KT_PAYLOAD_LENGTH_AT);
	if (start + payload_len > len)
		return refuse(name, "truncated: the kernel in it ends early");
	const struct packing *packing = find_packing(image + start, payload_len);
	if (!packing || payload_len < packing->magic_len + KT_SIZE_BYTES)
		return refuse(name, "the kernel in it is compressed in an unknown way");
	uint32_t unpacked = word_at(image, start + payload_len - KT_SIZE_BYTES);
	if (unpacked < KT_UNPACKED_MIN_BYTES)
		return refuse(name, "damaged: no sane size of the kernel in it");
	*ret = (struct kt_bzimage){
		.payload = image + start,
		.payload_len = payload_len - (packing->has_own_size ? 0 : KT_SIZE_BYTES),
		.compression = packing->name,
		.unpacked_bytes = unpacked,
	};
	return NULL;
}

static struct kt_error *unpack_failed(struct archive *archive, const char *name)
{
	const char *text = archive_error_string(archive);

	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: damaged: cannot unpack the kernel: %s",
			       name, text ? text : "unknown reason");
}

static struct kt_error *open_payload(struct archive *archive, const struct kt_bzimage *bzimage,
				     const char *name)
{
	const struct packing *packing = find_packing(bzimage->payload, bzimage->payload_len);
	struct archive_entry *entry; /* borrowed from archive */

	/* ARCHIVE_WARN: libarchive would run a program for it, which we do not want. */
	if (!packing || packing->support(archive) != ARCHIVE_OK)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: libarchive here cannot unpack %s", name,
				       bzimage->compression);
	if (archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_open_memory(archive, bzimage->payload, bzimage->payload_len) !=
		    ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return unpack_failed(archive, name);
	return NULL;
}

struct kt_error *kt_bzimage_unpack(const struct kt_bzimage *bzimage, const char *name, int fd)
{
	struct archive *archive KT_CLEANUP(archive_read_free) = archive_read_new();
	uint64_t written = 0;

	if (!archive)
		return kt_error_no_memory();
	KT_TRY(open_payload(archive, bzimage, name));
	for (;;) {
		const void *block;
		size_t len;
		la_int64_t offset;
		int result = archive_read_data_block(archive, &block, &len, &offset);
		if (result == ARCHIVE_EOF)
			break;
		if (result != ARCHIVE_OK)
			return unpack_failed(archive, name);
		written += len;
		if (written > bzimage->unpacked_bytes)
			break;
		KT_TRY(kt_file_write_fd(fd, name, block, len));
	}
	if (written != bzimage->unpacked_bytes)
		return refuse(name, "damaged: the kernel in it has not the size that is told");
	return NULL;
}
