/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A whole boot of a guest for tests: image, kernel and machine of vmm/, QEMU by
 * posix_spawn, everything read until QEMU is gone or a deadline has passed.
 */
#ifndef KT_TESTS_VMM_BOOT_H
#define KT_TESTS_VMM_BOOT_H

#include <stdint.h>

#include "base/buf.h"
#include "vmm/image/image.h"
#include "vmm/qemu/machine.h"

struct kt_boot {
	struct kt_buf agent;	/* all that came through the agent's port */
	struct kt_buf console;	/* and through the console */
	uint64_t first_byte_ns; /* from the start of QEMU to the port's first byte; 0: none came */
};

/**
 * Boots a guest of @topology from @image under TCG and reads until QEMU ends, at most
 * @deadline_ms.  Errors: environment (no QEMU, no kernel, not done in time), and what vmm/ says.
 * Owner: the caller calls kt_boot_deinit(), after a failure too.
 */
struct kt_error *kt_boot_run(const struct kt_topology *topology, struct kt_image *image,
			     unsigned int deadline_ms, struct kt_boot *ret) KT_MUST_CHECK;

/** Frees what was read. */
void kt_boot_deinit(struct kt_boot *boot);

#endif
