/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vmm/bzimage_make.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <string.h>

enum {
	SETUP_SECTORS = 3,
	SECTOR_BYTES = 512,
	PAYLOAD_AT = 64, /* from the end of the set-up sectors */
	LZ4 = 3,
};

static const struct {
	const char *name;
	int (*add)(struct archive *archive);
} packings[BZIMAGE_PACKING_COUNT] = {
	{ "zstd", archive_write_add_filter_zstd },   { "gzip", archive_write_add_filter_gzip },
	{ "xz", archive_write_add_filter_xz },	     { "lz4", NULL },
	{ "bzip2", archive_write_add_filter_bzip2 }, { "lzma", archive_write_add_filter_lzma },
	{ "lzo", archive_write_add_filter_lzop },
};

const char *bzimage_packing_name(size_t index)
{
	return packings[index].name;
}

static void add_word(struct kt_buf *out, uint32_t word)
{
	kt_buf_append(out, &word, sizeof(word));
}

/* The legacy format of `lz4 -l`, which the kernel uses: blocks of literals only. */
static void pack_lz4(const struct kt_buf *kernel, struct kt_buf *out)
{
	struct kt_buf block = KT_BUF_INIT;
	size_t rest = kernel->len - 15;

	kt_buf_putc(&block, (char)0xf0);
	for (; rest >= 255; rest -= 255)
		kt_buf_putc(&block, (char)0xff);
	kt_buf_putc(&block, (char)rest);
	kt_buf_append(&block, kernel->data, kernel->len);
	add_word(out, 0x184c2102);
	add_word(out, (uint32_t)block.len);
	kt_buf_append(out, block.data, block.len);
	kt_buf_deinit(&block);
}

static bool pack_filter(const struct kt_buf *kernel, size_t index, struct kt_buf *out)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0, room = kernel->len * 2 + 65536;

	archive_entry_set_pathname(entry, "kernel");
	archive_entry_set_filetype(entry, AE_IFREG);
	bool good = packings[index].add(archive) == ARCHIVE_OK && kt_buf_reserve(out, room) &&
		    archive_write_set_format_raw(archive) == ARCHIVE_OK &&
		    archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK &&
		    archive_write_open_memory(archive, out->data + out->len, room, &used) ==
			    ARCHIVE_OK &&
		    archive_write_header(archive, entry) == ARCHIVE_OK &&
		    archive_write_data(archive, kernel->data, kernel->len) ==
			    (la_ssize_t)kernel->len &&
		    archive_write_close(archive) == ARCHIVE_OK;
	archive_entry_free(entry);
	(void)archive_write_free(archive);
	if (good)
		out->len += used;
	return good;
}

bool bzimage_pack(const struct kt_buf *bytes, size_t index, struct kt_buf *out)
{
	if (index != LZ4)
		return pack_filter(bytes, index, out);
	pack_lz4(bytes, out);
	return true;
}

static void put_word(struct kt_buf *out, size_t offset, uint32_t word)
{
	memcpy(out->data + offset, &word, sizeof(word));
}

bool bzimage_make(const struct kt_buf *kernel, size_t index, struct kt_buf *out)
{
	struct kt_buf payload = KT_BUF_INIT;
	size_t start = (SETUP_SECTORS + 1) * SECTOR_BYTES + PAYLOAD_AT;
	bool good = bzimage_pack(kernel, index, &payload);

	/* gzip ends with the size anyway; to the others the build appends it. */
	if (index != BZIMAGE_GZIP)
		add_word(&payload, (uint32_t)kernel->len);
	while (out->len < start)
		kt_buf_putc(out, '\0');
	out->data[0x1f1] = SETUP_SECTORS;
	put_word(out, 0x1fe, 0xaa55);
	memcpy(out->data + 0x202, "HdrS", 4);
	put_word(out, 0x206, 0x20f);
	put_word(out, 0x236, 1);
	put_word(out, 0x248, PAYLOAD_AT);
	put_word(out, 0x24c, (uint32_t)payload.len);
	kt_buf_append(out, kt_buf_text(&payload), payload.len);
	kt_buf_deinit(&payload);
	return good;
}
