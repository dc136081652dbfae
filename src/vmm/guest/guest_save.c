/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving a guest and waking one, as a talk with QEMU's monitor.  The memory is no part of the
 * state: it is in files that are shared, which QEMU leaves out with x-ignore-shared.
 */
#include <string.h>

#include "vmm/guest/guest_state.h"

#define LEAVE_NEGOTIATION   "{\"execute\":\"qmp_capabilities\"}\n"
#define CAPABILITY_ON(name) "{\"capability\":\"" name "\",\"state\":true}"
/* With events there is nothing to poll for. */
#define SET_CAPABILITIES                                           \
	"{\"execute\":\"migrate-set-capabilities\",\"arguments\":" \
	"{\"capabilities\":[" CAPABILITY_ON("x-ignore-shared") "," CAPABILITY_ON("events") "]}}\n"
#define STATE_NAME	"state"
#define NAME_DESCRIPTOR "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"" STATE_NAME "\"}}\n"

void kt_guest_save(struct kt_guest *guest, int state_fd)
{
	struct kt_buf bytes = KT_BUF_INIT;

	guest->save_fd = state_fd;
	kt_link_put_freeze(&bytes);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}

void kt_guest_save_state(struct kt_guest *guest)
{
	/*
	 * Outgoing migration takes a descriptor by name only, and names are given to those that come
	 * with a message on the monitor's socket.
	 */
	int status = kt_qemu_send_descriptor(guest->qemu, NAME_DESCRIPTOR, guest->save_fd);

	if (status) {
		kt_guest_handle(guest, KT_GUEST_ON_TEMPLATE_BAD, strerror(status));
		return;
	}
	kt_guest_send_qmp_line(guest, SET_CAPABILITIES);
	kt_guest_send_qmp_line(
		guest, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"fd:" STATE_NAME "\"}}\n");
}

int kt_guest_stand_by(uv_loop_t *loop, const struct kt_qemu_config *config, struct kt_qemu **ret)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	int status = kt_qemu_start(loop, config, ret);

	if (status)
		return status;
	/* All of it waits in the sockets until QEMU comes to read it. */
	kt_buf_printf(&line,
		      LEAVE_NEGOTIATION SET_CAPABILITIES
		      "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"fd:%d\"}}\n",
		      KT_QEMU_FD_STATE);
	kt_qemu_send_line(*ret, kt_buf_text(&line));
	return 0;
}

void kt_guest_wake(struct kt_guest *guest)
{
	struct kt_buf bytes = KT_BUF_INIT;

	/* While it still loads, that is for when it has. */
	kt_guest_send_qmp(guest, "cont");
	kt_link_put_wake(&bytes);
	kt_guest_send(guest, KT_QEMU_AGENT, &bytes);
}
