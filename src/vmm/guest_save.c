/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving a guest and waking one, as a talk with QEMU's monitor.  The memory is no part of the
 * state: it is in files that are shared, which QEMU leaves out with x-ignore-shared.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/guest_state.h"

#define CAPABILITY_ON(name) "{\"capability\":\"" name "\",\"state\":true}"
/* With events there is nothing to poll for. */
#define SET_CAPABILITIES                                           \
	"{\"execute\":\"migrate-set-capabilities\",\"arguments\":" \
	"{\"capabilities\":[" CAPABILITY_ON("x-ignore-shared") "," CAPABILITY_ON("events") "]}}\n"
#define STATE_NAME "state"

/*
 * Outgoing migration takes a descriptor by name only, and names are given to those that come with
 * a message on the monitor's socket.  Nothing else waits to be sent there, and the few bytes fit.
 */
static int send_descriptor(struct kt_guest *guest, int fd)
{
	char line[] = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"" STATE_NAME "\"}}\n";
	struct iovec piece = { .iov_base = line, .iov_len = sizeof(line) - 1 };
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

	if (uv_fileno((uv_handle_t *)&guest->streams[STREAM_QMP], &socket_fd) ||
	    uv_stream_get_write_queue_size((uv_stream_t *)&guest->streams[STREAM_QMP]))
		return ENOTCONN;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	ssize_t sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno;
	return (size_t)sent == sizeof(line) - 1 ? 0 : EMSGSIZE;
}

void kt_guest_save(struct kt_guest *guest, int state_fd)
{
	struct kt_buf bytes = KT_BUF_INIT;

	guest->save_fd = state_fd;
	kt_link_put_freeze(&bytes);
	kt_guest_send(guest, STREAM_AGENT, &bytes);
}

void kt_guest_save_state(struct kt_guest *guest)
{
	int status = send_descriptor(guest, guest->save_fd);

	if (status) {
		kt_guest_handle(guest, KT_GUEST_ON_TEMPLATE_BAD, strerror(status));
		return;
	}
	kt_guest_send_qmp_line(guest, SET_CAPABILITIES);
	kt_guest_send_qmp_line(
		guest, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"fd:" STATE_NAME "\"}}\n");
}

void kt_guest_wake(struct kt_guest *guest)
{
	struct kt_buf bytes = KT_BUF_INIT;

	/* All of it waits in the sockets until QEMU, and then the agent, comes to read it. */
	kt_guest_send_qmp_line(guest, SET_CAPABILITIES);
	kt_buf_printf(&bytes,
		      "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"fd:%d\"}}\n",
		      KT_GUEST_FD_STATE);
	kt_guest_send(guest, STREAM_QMP, &bytes);
	kt_link_put_wake(&bytes);
	kt_guest_send(guest, STREAM_AGENT, &bytes);
}
