/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel/kernel_config.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum {
	KT_CONFIG_CHUNK_BYTES = 1024 * 1024,
	KT_CONFIG_PACKED_MAX_BYTES = 1024 * 1024, /* a distribution's takes some 60 KiB */
	KT_CONFIG_MAX_BYTES = 8 * 1024 * 1024,
	KT_MARK_BYTES = 8,
};

KT_DEFINE_CLEANUP(struct archive *, archive_read_free);

/* Replaces the content of @out by up to @len bytes at @offset. */
static struct kt_error *read_at(int fd, uint64_t offset, size_t len, struct kt_buf *out)
{
	kt_buf_reset(out);
	if (!kt_buf_reserve(out, len))
		return kt_error_no_memory();
	while (out->len < len) {
		ssize_t got =
			pread(fd, out->data + out->len, len - out->len, (off_t)(offset + out->len));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "read the kernel");
		if (!got)
			break;
		out->len += (size_t)got;
	}
	return NULL;
}

/* Finds the mark and leaves what follows it in @out; @out is empty if there is none. */
static struct kt_error *find_packed(int fd, uint64_t file_bytes, struct kt_buf *out)
{
	for (uint64_t done = 0; done < file_bytes; done += KT_CONFIG_CHUNK_BYTES) {
		/* The mark and gzip's own; both may lie across the end of a chunk. */
		static const char mark[] = "IKCFG_ST\037\213";
		KT_TRY(read_at(fd, done, KT_CONFIG_CHUNK_BYTES + sizeof(mark), out));
		const char *at = memmem(kt_buf_text(out), out->len, mark, sizeof(mark) - 1);
		if (at)
			return read_at(fd, done + (uint64_t)(at - out->data) + KT_MARK_BYTES,
				       KT_CONFIG_PACKED_MAX_BYTES, out);
	}
	kt_buf_reset(out);
	return NULL;
}

/* Unpacks into @out; a damaged one gives what could be read. */
static struct kt_error *unpack(const struct kt_buf *packed, struct kt_buf *out)
{
	struct archive *archive KT_CLEANUP(archive_read_free) = archive_read_new();
	const char *end = memmem(packed->data, packed->len, "IKCFG_ED", KT_MARK_BYTES);
	struct archive_entry *entry; /* borrowed from archive */
	char chunk[16384];
	la_ssize_t got;

	if (!archive)
		return kt_error_no_memory();
	if (!end || archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_open_memory(archive, packed->data, (size_t)(end - packed->data)) !=
		    ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK ||
	    archive_filter_code(archive, 0) != ARCHIVE_FILTER_GZIP)
		return NULL;
	while (out->len < KT_CONFIG_MAX_BYTES &&
	       (got = archive_read_data(archive, chunk, sizeof(chunk))) > 0)
		kt_buf_append(out, chunk, (size_t)got);
	return kt_buf_error(out);
}

/* The value in the line "option=value", or "n". */
static char *find_value(const char *config, const char *option)
{
	size_t len = strlen(option);

	for (const char *line = config; *line; line += *line == '\n') {
		if (!strncmp(line, option, len) && line[len] == '=')
			return strndup(line + len + 1, strcspn(line + len + 1, "\n"));
		line += strcspn(line, "\n");
	}
	return strdup("n");
}

struct kt_error *kt_kernel_config_value(int fd, uint64_t file_bytes, const char *option,
					char **ret_value)
{
	kt_autobuf struct kt_buf packed = KT_BUF_INIT;
	kt_autobuf struct kt_buf config = KT_BUF_INIT;
	char *value = NULL;

	KT_TRY(find_packed(fd, file_bytes, &packed));
	if (packed.len)
		KT_TRY(unpack(&packed, &config));
	if (config.len) {
		value = find_value(config.data, option);
		if (!value)
			return kt_error_no_memory();
	}
	*ret_value = value;
	return NULL;
}
