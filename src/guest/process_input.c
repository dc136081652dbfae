/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program is to read. */
#include "guest/process.h"

#include <errno.h>
#include <unistd.h>

void kt_process_close_input(struct kt_process *process)
{
	if (process->input_fd >= 0)
		(void)close(process->input_fd);
	process->input_fd = -1;
	kt_buf_deinit(&process->input);
}

struct kt_error *kt_process_take_input(struct kt_process *process, const char *bytes, size_t len)
{
	if (!process->has_window)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "input for a process without");
	/* What was dropped is not told as taken: who sends it stops when the window is shut. */
	if (process->input_fd < 0)
		return NULL;
	if (!len) {
		/* Of a terminal the end is a key. */
		process->has_input_ended = !process->is_terminal;
		return NULL;
	}
	if (process->has_input_ended)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "input behind its end");
	if (len > KT_WINDOW_BYTES - process->input.len - process->untold_bytes)
		return kt_error_create(KT_ERROR_PROTOCOL, 0, "input beyond its window");
	kt_buf_append(&process->input, bytes, len);
	return kt_buf_error(&process->input);
}

bool kt_process_has_input(const struct kt_process *process)
{
	return process->input_fd >= 0 && (process->input.len || process->has_input_ended);
}

void kt_process_feed(struct kt_process *process)
{
	while (process->input.len) {
		ssize_t put = write(process->input_fd, process->input.data, process->input.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return;
		if (put <= 0) {
			kt_process_close_input(process);
			return;
		}
		kt_buf_consume(&process->input, (size_t)put);
		process->untold_bytes += (size_t)put;
	}
	if (process->has_input_ended)
		kt_process_close_input(process);
}

size_t kt_process_tell_taken(struct kt_process *process)
{
	size_t len = process->untold_bytes;

	if (len < KT_TAKEN_BYTES)
		return 0;
	process->untold_bytes = 0;
	return len;
}
