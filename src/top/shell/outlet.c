/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void lose(struct kt_outlet *outlet, int os_errno)
{
	size_t len = outlet->pending.len;

	outlet->is_broken = true;
	kt_buf_reset(&outlet->pending);
	if (outlet->is_polled)
		(void)uv_poll_stop(&outlet->poll);
	outlet->handler->on_broken(outlet->ctx, outlet, os_errno);
	outlet->handler->on_written(outlet->ctx, outlet, len);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void pump(struct kt_outlet *outlet)
{
	while (outlet->pending.len) {
		ssize_t put =
			write(outlet->descriptor.fd, outlet->pending.data, outlet->pending.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN && outlet->is_polled) {
			(void)uv_poll_start(&outlet->poll, UV_WRITABLE, on_poll);
			return;
		}
		if (put < 0) {
			lose(outlet, errno);
			return;
		}
		kt_buf_consume(&outlet->pending, (size_t)put);
		outlet->handler->on_written(outlet->ctx, outlet, (size_t)put);
	}
	if (outlet->is_polled && !outlet->is_broken)
		(void)uv_poll_stop(&outlet->poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct kt_outlet *outlet = poll->data;

	(void)events;
	if (status < 0)
		lose(outlet, -status);
	else
		pump(outlet);
}

struct kt_error *kt_outlet_open(struct kt_outlet *outlet, uv_loop_t *loop, int fd,
				const struct kt_outlet_handler *handler, void *ctx)
{
	*outlet = (struct kt_outlet){
		.descriptor = KT_DESCRIPTOR_INIT,
		.handler = handler,
		.ctx = ctx,
	};
	KT_TRY(kt_error_wrap(kt_descriptor_open(fd, O_WRONLY, &outlet->descriptor),
			     fd == STDOUT_FILENO ? "stdout" : "stderr"));
	outlet->is_polled = !uv_poll_init(loop, &outlet->poll, outlet->descriptor.fd);
	outlet->poll.data = outlet;
	return NULL;
}

void kt_outlet_put(struct kt_outlet *outlet, const char *bytes, size_t len)
{
	if (outlet->is_broken) {
		outlet->handler->on_written(outlet->ctx, outlet, len);
		return;
	}
	kt_buf_append(&outlet->pending, bytes, len);
	if (outlet->pending.failed)
		lose(outlet, ENOMEM);
	else
		pump(outlet);
}

void kt_outlet_close(struct kt_outlet *outlet)
{
	outlet->is_broken = true;
	if (outlet->is_polled)
		uv_close((uv_handle_t *)&outlet->poll, NULL);
	outlet->is_polled = false;
	kt_descriptor_close(&outlet->descriptor);
	kt_buf_deinit(&outlet->pending);
}
