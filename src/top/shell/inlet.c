/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/inlet.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static size_t room(const struct kt_inlet *inlet)
{
	return inlet->wanted_bytes < sizeof(inlet->bytes) ? inlet->wanted_bytes
							  : sizeof(inlet->bytes);
}

/* What a read gave: a length, or an errno value below 0. */
static void take(struct kt_inlet *inlet, ssize_t got)
{
	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got > 0) {
		inlet->on_bytes(inlet->ctx, inlet->bytes, (size_t)got);
		return;
	}
	inlet->has_ended = true;
	if (inlet->is_polled)
		(void)uv_poll_stop(&inlet->poll);
	inlet->on_end(inlet->ctx, (int)-got);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct kt_inlet *inlet = poll->data;

	(void)events;
	ssize_t got = status < 0 ? status : read(inlet->descriptor.fd, inlet->bytes, room(inlet));
	take(inlet, status >= 0 && got < 0 ? -errno : got);
}

static void read_next(struct kt_inlet *inlet);

static void on_read(uv_fs_t *request)
{
	struct kt_inlet *inlet = request->data;
	ssize_t got = request->result;

	uv_fs_req_cleanup(request);
	inlet->is_reading = false;
	if (inlet->has_ended) {
		kt_descriptor_close(&inlet->descriptor);
		return;
	}
	take(inlet, got);
	read_next(inlet);
}

static void read_next(struct kt_inlet *inlet)
{
	uv_buf_t buffer = uv_buf_init(inlet->bytes, (unsigned)room(inlet));

	if (inlet->is_reading || inlet->has_ended || !inlet->wanted_bytes)
		return;
	inlet->request.data = inlet;
	inlet->is_reading = !uv_fs_read(inlet->loop, &inlet->request, inlet->descriptor.fd, &buffer,
					1, -1, on_read);
}

struct kt_error *kt_inlet_open(struct kt_inlet *inlet, uv_loop_t *loop, int fd,
			       void (*on_bytes)(void *ctx, const char *bytes, size_t len),
			       void (*on_end)(void *ctx, int os_errno), void *ctx)
{
	*inlet = (struct kt_inlet){
		.loop = loop,
		.descriptor = KT_DESCRIPTOR_INIT,
		.on_bytes = on_bytes,
		.on_end = on_end,
		.ctx = ctx,
	};
	KT_TRY(kt_error_wrap(kt_descriptor_open(fd, O_RDONLY, &inlet->descriptor), "stdin"));
	inlet->is_polled = !uv_poll_init(loop, &inlet->poll, inlet->descriptor.fd);
	inlet->poll.data = inlet;
	return NULL;
}

void kt_inlet_want(struct kt_inlet *inlet, size_t len)
{
	bool was_wanted = inlet->wanted_bytes;

	inlet->wanted_bytes = len;
	if (inlet->has_ended)
		return;
	if (!inlet->is_polled)
		read_next(inlet);
	else if (len && !was_wanted)
		(void)uv_poll_start(&inlet->poll, UV_READABLE, on_poll);
	else if (!len)
		(void)uv_poll_stop(&inlet->poll);
}

void kt_inlet_close(struct kt_inlet *inlet)
{
	inlet->has_ended = true;
	if (inlet->is_polled)
		uv_close((uv_handle_t *)&inlet->poll, NULL);
	inlet->is_polled = false;
	/* What the pool has at work, a file's next bytes, ends by itself. */
	if (!inlet->is_reading)
		kt_descriptor_close(&inlet->descriptor);
}
