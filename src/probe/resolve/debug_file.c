/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/debug_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define DEBUG_ROOT "/usr/lib/debug"

enum {
	CRC_SLICES = 8,
	CRC_CHUNK_BYTES = 256 * 1024
};

struct crc_tables {
	uint32_t slice[CRC_SLICES][256];
};

static struct kt_error *add_candidate(struct kt_debug_candidates *list, const char *fmt, ...)
	KT_PRINTF(2, 3);

static struct kt_error *add_candidate(struct kt_debug_candidates *list, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vasprintf(&list->paths[list->count], fmt, args);
	va_end(args);
	if (len < 0)
		return kt_error_no_memory();
	list->count++;
	return NULL;
}

static struct kt_error *add_by_link(struct kt_debug_candidates *list, const char *target,
				    const char *link_name)
{
	const char *slash = strrchr(target, '/');

	if (!slash || !slash[1])
		return NULL; /* no file name: no directory to look in */
	/* The directory without its last slash: "" for the root. */
	int dir_len = (int)(slash - target);
	KT_TRY(add_candidate(list, "%.*s/%s", dir_len, target, link_name));
	KT_TRY(add_candidate(list, "%.*s/.debug/%s", dir_len, target, link_name));
	if (target[0] != '/')
		return NULL;
	return add_candidate(list, DEBUG_ROOT "%.*s/%s", dir_len, target, link_name);
}

struct kt_error *kt_debug_candidates_list(const char *target, const char *build_id,
					  const char *link_name, struct kt_debug_candidates *ret)
{
	struct kt_debug_candidates list = { 0 };
	struct kt_error *err = NULL;

	if (build_id && strlen(build_id) >= 2)
		err = add_candidate(&list, DEBUG_ROOT "/.build-id/%.2s/%s.debug", build_id,
				    build_id + 2);
	if (!err && link_name)
		err = add_by_link(&list, target, link_name);
	if (err) {
		kt_debug_candidates_deinit(&list);
		return err;
	}
	*ret = list;
	return NULL;
}

void kt_debug_candidates_deinit(struct kt_debug_candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		free(candidates->paths[i]);
	candidates->count = 0;
}

/* Table s advances a byte by s more zero bytes, so eight bytes go in one step. */
static void fill_tables(struct crc_tables *tables)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		tables->slice[0][byte] = crc;
	}
	for (size_t s = 1; s < CRC_SLICES; s++)
		for (size_t byte = 0; byte < 256; byte++) {
			uint32_t crc = tables->slice[s - 1][byte];
			tables->slice[s][byte] = crc >> 8 ^ tables->slice[0][crc & 0xff];
		}
}

static uint32_t crc_update(const struct crc_tables *tables, uint32_t crc,
			   const unsigned char *bytes, size_t len)
{
	for (; len >= CRC_SLICES; len -= CRC_SLICES, bytes += CRC_SLICES) {
		uint32_t next = 0;
		for (size_t i = 0; i < CRC_SLICES; i++) {
			unsigned char byte = bytes[i];
			if (i < 4)
				byte ^= (unsigned char)(crc >> 8 * i);
			next ^= tables->slice[CRC_SLICES - 1 - i][byte];
		}
		crc = next;
	}
	for (; len; len--)
		crc = crc >> 8 ^ tables->slice[0][(crc ^ *bytes++) & 0xff];
	return crc;
}

struct kt_error *kt_debug_file_crc(int fd, const char *name, uint32_t *ret)
{
	kt_autofree struct crc_tables *tables = malloc(sizeof(*tables));
	kt_autofree unsigned char *chunk = malloc(CRC_CHUNK_BYTES);
	uint32_t crc = 0xffffffff;
	off_t at = 0;

	if (!tables || !chunk)
		return kt_error_no_memory();
	fill_tables(tables);
	for (;;) {
		ssize_t got = pread(fd, chunk, CRC_CHUNK_BYTES, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_IO, errno, "%s: read", name);
		if (!got)
			break;
		crc = crc_update(tables, crc, chunk, (size_t)got);
		at += got;
	}
	*ret = ~crc;
	return NULL;
}

struct kt_error *kt_debug_file_verify(const struct kt_elf *candidate, const char *name,
				      const struct kt_debug_identity *identity)
{
	kt_autobuf struct kt_buf build_id = KT_BUF_INIT;
	uint32_t crc;

	if (identity->build_id && kt_elf_build_id(candidate, &build_id) &&
	    strcmp(kt_buf_text(&build_id), identity->build_id) != 0)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: its build-id is %s, not %s", name,
				       kt_buf_text(&build_id), identity->build_id);
	if (!identity->debuglink)
		return NULL;
	KT_TRY(kt_debug_file_crc(candidate->fd, name, &crc));
	if (crc != identity->debuglink->crc)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: its checksum is %08x, not %08x",
				       name, crc, identity->debuglink->crc);
	return NULL;
}
