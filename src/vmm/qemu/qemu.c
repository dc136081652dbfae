/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/qemu/qemu.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	READ_BYTES = 16 * 1024, /* of a stream in one turn of the loop */
	/* The process, the turn of the loop, and the streams. */
	HANDLE_COUNT = 2 + KT_QEMU_STREAM_COUNT,
};

struct kt_qemu {
	const struct kt_qemu_handler *handler; /* NULL: nobody has attached */
	void *ctx;
	uv_process_t process;
	uv_pipe_t streams[KT_QEMU_STREAM_COUNT];
	bool is_open[KT_QEMU_STREAM_COUNT];
	bool is_paused[KT_QEMU_STREAM_COUNT]; /* until the loop's next turn */
	uv_check_t turn;
	int open_handles;
	bool is_gone; /* the process */
	bool is_closing;
	char bytes[READ_BYTES];
};

/* ---- reading ---- */

static void start_reading(struct kt_qemu *qemu, enum kt_qemu_stream stream);

static void on_read_again(uv_check_t *turn)
{
	struct kt_qemu *qemu = turn->data;

	(void)uv_check_stop(turn);
	for (int i = 0; i < KT_QEMU_STREAM_COUNT; i++) {
		if (qemu->is_paused[i] && qemu->is_open[i])
			start_reading(qemu, (enum kt_qemu_stream)i);
		qemu->is_paused[i] = false;
	}
}

static void pause_reading(struct kt_qemu *qemu, enum kt_qemu_stream stream)
{
	qemu->is_paused[stream] = true;
	(void)uv_read_stop((uv_stream_t *)&qemu->streams[stream]);
	(void)uv_check_start(&qemu->turn, on_read_again);
}

static void on_alloc(uv_handle_t *stream, size_t suggested, uv_buf_t *ret)
{
	struct kt_qemu *qemu = stream->data;

	(void)suggested;
	*ret = uv_buf_init(qemu->bytes, sizeof(qemu->bytes));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct kt_qemu *qemu = stream->data;
	enum kt_qemu_stream which = (enum kt_qemu_stream)((uv_pipe_t *)stream - qemu->streams);

	if (got < 0) {
		qemu->is_open[which] = false;
		(void)uv_read_stop(stream);
		qemu->handler->on_stream_end(qemu->ctx, which);
		return;
	}
	if (!got)
		return;
	/* libuv would read on, though others have something to say too. */
	if ((size_t)got == buffer->len)
		pause_reading(qemu, which);
	qemu->handler->on_bytes(qemu->ctx, which, buffer->base, (size_t)got);
}

static void start_reading(struct kt_qemu *qemu, enum kt_qemu_stream stream)
{
	(void)uv_read_start((uv_stream_t *)&qemu->streams[stream], on_alloc, on_read);
}

void kt_qemu_attach(struct kt_qemu *qemu, const struct kt_qemu_handler *handler, void *ctx)
{
	qemu->handler = handler;
	qemu->ctx = ctx;
	for (int i = 0; handler->on_bytes && i < KT_QEMU_STREAM_COUNT; i++)
		start_reading(qemu, (enum kt_qemu_stream)i);
}

/* ---- writing ---- */

struct sending {
	uv_write_t request;
	struct kt_qemu *qemu;
	char *bytes;
};

static void on_sent(uv_write_t *request, int status)
{
	struct sending *sending = (struct sending *)request;
	struct kt_qemu *qemu = sending->qemu;

	(void)status; /* a broken pipe is seen by the reader */
	free(sending->bytes);
	free(sending);
	if (qemu->handler && qemu->handler->on_sent)
		qemu->handler->on_sent(qemu->ctx);
}

void kt_qemu_send(struct kt_qemu *qemu, enum kt_qemu_stream stream, char *data, size_t len)
{
	uv_stream_t *to = (uv_stream_t *)&qemu->streams[stream];
	uv_buf_t buffer = uv_buf_init(data, (unsigned)len);
	struct sending *sending = calloc(1, sizeof(*sending));

	if (!sending || !qemu->is_open[stream]) {
		free(sending);
		free(data);
		return;
	}
	sending->qemu = qemu;
	sending->bytes = data;
	if (uv_write(&sending->request, to, &buffer, 1, on_sent)) {
		free(sending);
		free(data);
	}
}

void kt_qemu_send_line(struct kt_qemu *qemu, const char *line)
{
	char *data = strdup(line);

	if (data)
		kt_qemu_send(qemu, KT_QEMU_MONITOR, data, strlen(data));
}

int kt_qemu_send_descriptor(struct kt_qemu *qemu, const char *line, int fd)
{
	struct iovec piece = { .iov_base = (char *)line, .iov_len = strlen(line) };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	uv_os_fd_t socket_fd;

	if (uv_fileno((uv_handle_t *)&qemu->streams[KT_QEMU_MONITOR], &socket_fd) ||
	    kt_qemu_unsent_bytes(qemu, KT_QEMU_MONITOR))
		return ENOTCONN;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	ssize_t sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno;
	return (size_t)sent == piece.iov_len ? 0 : EMSGSIZE;
}

size_t kt_qemu_unsent_bytes(const struct kt_qemu *qemu, enum kt_qemu_stream stream)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&qemu->streams[stream]);
}

/* ---- the process ---- */

bool kt_qemu_is_open(const struct kt_qemu *qemu, enum kt_qemu_stream stream)
{
	return qemu->is_open[stream];
}

pid_t kt_qemu_pid(const struct kt_qemu *qemu)
{
	return qemu && !qemu->is_gone ? uv_process_get_pid(&qemu->process) : 0;
}

void kt_qemu_kill(struct kt_qemu *qemu, int signal)
{
	if (kt_qemu_pid(qemu))
		(void)uv_process_kill(&qemu->process, signal);
}

bool kt_qemu_is_over(const struct kt_qemu *qemu)
{
	for (int i = 0; i < KT_QEMU_STREAM_COUNT; i++)
		if (qemu->is_open[i])
			return false;
	return qemu->is_gone;
}

static void on_process_exit(uv_process_t *process, int64_t exit_code, int signal)
{
	struct kt_qemu *qemu = process->data;

	qemu->is_gone = true;
	if (qemu->handler)
		qemu->handler->on_exit(qemu->ctx, exit_code, signal);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct kt_qemu *qemu = handle->data;

	if (--qemu->open_handles)
		return;
	const struct kt_qemu_handler *handler = qemu->handler;
	void *ctx = qemu->ctx;
	free(qemu);
	if (handler)
		handler->on_closed(ctx);
}

void kt_qemu_close(struct kt_qemu *qemu)
{
	assert(qemu->is_gone);
	if (qemu->is_closing)
		return;
	qemu->is_closing = true;
	for (int i = 0; i < KT_QEMU_STREAM_COUNT; i++) {
		qemu->is_open[i] = false;
		uv_close((uv_handle_t *)&qemu->streams[i], on_handle_closed);
	}
	uv_close((uv_handle_t *)&qemu->turn, on_handle_closed);
	uv_close((uv_handle_t *)&qemu->process, on_handle_closed);
}

/* How QEMU gets our descriptor @fd; -1 gives it /dev/null. */
static uv_stdio_container_t inherited(int fd)
{
	uv_stdio_container_t slot = { .flags = fd >= 0 ? UV_INHERIT_FD : UV_IGNORE };

	if (fd >= 0)
		slot.data.fd = fd;
	return slot;
}

/* A socket or pipe whose other end is QEMU's. */
static uv_stdio_container_t connected(struct kt_qemu *qemu, enum kt_qemu_stream stream, int flags)
{
	uv_stdio_container_t slot = { .flags = (uv_stdio_flags)(UV_CREATE_PIPE | flags) };

	slot.data.stream = (uv_stream_t *)&qemu->streams[stream];
	return slot;
}

static int spawn(uv_loop_t *loop, struct kt_qemu *qemu, const struct kt_qemu_config *config)
{
	const int both = UV_READABLE_PIPE | UV_WRITABLE_PIPE;
	uv_stdio_container_t stdio[KT_QEMU_FD_COUNT] = {
		[STDIN_FILENO] = inherited(-1),
		[STDOUT_FILENO] = inherited(-1),
		[STDERR_FILENO] = connected(qemu, KT_QEMU_STDERR, UV_WRITABLE_PIPE),
		[KT_QEMU_FD_QMP] = connected(qemu, KT_QEMU_MONITOR, both),
		[KT_QEMU_FD_AGENT] = connected(qemu, KT_QEMU_AGENT, both),
		[KT_QEMU_FD_CONSOLE] = connected(qemu, KT_QEMU_CONSOLE, both),
		[KT_QEMU_FD_KERNEL] = inherited(config->kernel_fd),
		[KT_QEMU_FD_INITRD] = inherited(config->initrd_fd),
		[KT_QEMU_FD_STATE] = inherited(config->state_fd),
	};
	for (unsigned node = 0; node < config->memory_count; node++)
		stdio[KT_QEMU_FD_MEMORY + node] = inherited(config->memory_fds[node]);

	uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = config->argv[0],
		.args = (char **)config->argv,
		/* A session of its own: the terminal's Ctrl-C is ours to act on. */
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = KT_QEMU_FD_MEMORY + (int)config->memory_count,
		.stdio = stdio,
	};
	return uv_spawn(loop, &qemu->process, &options);
}

int kt_qemu_start(uv_loop_t *loop, const struct kt_qemu_config *config, struct kt_qemu **ret)
{
	struct kt_qemu *qemu = calloc(1, sizeof(*qemu));

	*ret = NULL;
	if (!qemu)
		return UV_ENOMEM;
	for (int i = 0; i < KT_QEMU_STREAM_COUNT; i++) {
		(void)uv_pipe_init(loop, &qemu->streams[i], 0);
		qemu->streams[i].data = qemu;
	}
	(void)uv_check_init(loop, &qemu->turn);
	qemu->turn.data = qemu;
	qemu->process.data = qemu;
	qemu->open_handles = HANDLE_COUNT;
	int status = spawn(loop, qemu, config);
	if (status) {
		qemu->is_gone = true;
		kt_qemu_close(qemu);
		return status;
	}
	for (int i = 0; i < KT_QEMU_STREAM_COUNT; i++)
		qemu->is_open[i] = true;
	*ret = qemu;
	return 0;
}
