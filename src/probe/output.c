/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/output.h"

#include <limits.h>
#include <sys/stat.h>

#include "base/file.h"
#include "probe/stop.h"

void kt_output_init(struct kt_output *output, int fd, struct kt_buf *copy, int indent)
{
	*output = (struct kt_output){ .fd = fd, .copy = copy };
	kt_json_writer_init(&output->json, &output->pending, indent);
}

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

/* A descriptor that polls as writable takes PIPE_BUF bytes without blocking (pipe(7)). */
static struct kt_error *write_until_stop(int fd, const char *bytes, size_t len)
{
	while (len) {
		size_t step = len < PIPE_BUF ? len : PIPE_BUF;
		if (!kt_stop_wait_writable(fd))
			return kt_error_create(KT_ERROR_IO, 0,
					       "stdout: its reader takes nothing; the last line "
					       "is not complete");
		KT_TRY(kt_file_write_fd(fd, "stdout", bytes, step));
		bytes += step;
		len -= step;
	}
	return NULL;
}

struct kt_error *kt_output_flush(struct kt_output *output, size_t at_least)
{
	const struct kt_buf *pending = &output->pending;

	KT_TRY(kt_buf_error(pending));
	if (!pending->len || pending->len < at_least)
		return NULL;
	if (output->copy)
		kt_buf_append(output->copy, pending->data, pending->len);
	if (output->fd >= 0 && output->yields_to_stop && !is_file(output->fd))
		KT_TRY(write_until_stop(output->fd, pending->data, pending->len));
	else if (output->fd >= 0)
		KT_TRY(kt_file_write_fd(output->fd, "stdout", pending->data, pending->len));
	kt_buf_reset(&output->pending);
	return NULL;
}

void kt_output_deinit(struct kt_output *output)
{
	kt_buf_deinit(&output->pending);
}
