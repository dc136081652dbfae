/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ktstr-init: PID 1 of a guest.  Sets the machine up, serves the host through the
 * agent, and powers off.  Whatever goes wrong is said on the console, whose tail the
 * host keeps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "guest/agent.h"
#include "guest/clockset.h"
#include "guest/protocol.h"
#include "guest/system.h"

KT_DEFINE_CLEANUP(struct kt_agent *, kt_agent_destroy);

/* The port is there before PID 1 runs, unless the kernel probes its devices late. */
#define KT_PORT_TIMEOUT_NS (10 * KT_NS_PER_SEC)

static void read_shape(struct kt_shape *ret)
{
	kt_shape_read("/sys", ret);
}

static struct kt_error *serve(int port_fd)
{
	static const struct kt_agent_hooks hooks = {
		.set_clock = kt_clock_set_real,
		.add_entropy = kt_entropy_add,
		.scatter_pids = kt_pids_scatter,
		.sweep = kt_system_sweep,
		.read_shape = read_shape,
	};
	KT_CLEANUP(kt_agent_destroy) struct kt_agent *agent = NULL;
	enum kt_agent_end end;

	KT_TRY(kt_agent_create(port_fd, &hooks, &agent));
	return kt_agent_run(agent, &end);
}

static struct kt_error *run_as_init(void)
{
	if (access("/" KT_IMAGE_SENTINEL, F_OK))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "the image is not complete: give the guest more memory");
	KT_TRY(kt_system_mount_all());
	if (setenv("PATH", "/bin:/usr/bin:/sbin:/usr/sbin", 1) || setenv("HOME", "/", 1) ||
	    setenv("KTSTR_GUEST", "1", 1))
		return kt_error_no_memory();

	kt_autoclose int port_fd = -1;
	KT_TRY(kt_system_open_port(KT_PORT_NAME, KT_PORT_TIMEOUT_NS, &port_fd));
	return serve(port_fd);
}

int main(void)
{
	if (getpid() != 1) {
		(void)fprintf(stderr, "ktstr-init: this is PID 1 of a guest; ktstr-top boots it\n");
		return 2;
	}
	kt_autoerr struct kt_error *err = run_as_init();
	if (err)
		(void)fprintf(stderr, "ktstr-init: %s\n", kt_error_message(err));
	kt_system_power_off();
	return 1;
}
