/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/accel/cpuinfo.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum {
	/* A thousand CPUs of 2 KiB each, and then some. */
	KT_CPUINFO_MAX_BYTES = 16 * 1024 * 1024
};

struct kt_error *kt_cpuinfo_flags(const char *path, struct kt_buf *out)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	KT_TRY(kt_file_read(path, KT_CPUINFO_MAX_BYTES, &text));
	const char *line = kt_buf_text(&text);
	while (strncmp(line, "flags\t", 6) && strncmp(line, "flags ", 6)) {
		line = strchr(line, '\n');
		if (!line)
			return kt_error_create(KT_ERROR_IO, 0, "%s: has no CPU flags", path);
		line++;
	}
	size_t line_len = strcspn(line, "\n");
	const char *colon = memchr(line, ':', line_len);
	if (!colon)
		return kt_error_create(KT_ERROR_IO, 0, "%s: has no CPU flags", path);
	kt_buf_append(out, colon + 1, line_len - (size_t)(colon + 1 - line));
	kt_buf_putc(out, ' ');
	return kt_buf_error(out);
}

bool kt_cpuinfo_has(const struct kt_buf *flags, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *at = kt_buf_text(flags); (at = strstr(at, flag)); at += len) {
		if (at > flags->data && at[-1] == ' ' && at[len] == ' ')
			return true;
	}
	return false;
}
