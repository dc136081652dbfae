/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Guests from one template, for tests and figures: vmm/ as the engine uses it, with our own PID 1, but
 * nothing of scenarios.  Each guest runs one command and ends.
 */
#ifndef KT_TESTS_VMM_HERD_H
#define KT_TESTS_VMM_HERD_H

#include <uv.h>

#include "vmm/image/image.h"
#include "vmm/kernel/kernel.h"
#include "vmm/qemu/qemu_info.h"
#include "vmm/template/template.h"

#define KT_HERD_MAX_STANDBYS 16

struct kt_herd {
	uv_loop_t loop;
	struct kt_qemu_info qemu;
	struct kt_kernel kernel;
	uint64_t tsc_khz;
	int image_fd;
	uint64_t image_bytes;
	struct kt_machine machine;
	struct kt_template template;
	uint64_t all_ready_ns; /* of the last wake: from the first start until all were ready */
	struct kt_qemu *standbys[KT_HERD_MAX_STANDBYS];
	unsigned standby_count;
};

/** What became of one guest.  Texts are owned. */
struct kt_herd_guest {
	struct kt_buf out; /* stdout of its command */
	uint64_t hello_ns; /* from its start to the agent's hello; 0: it did not come to that */
	uint64_t ready_ns; /* and until it could run programs */
	uint64_t private_bytes; /* memory of QEMU that is nobody else's, when the guest was ready */
	uint64_t shared_bytes;	/* the rest of its resident memory */
	enum kt_guest_reason reason;
	struct kt_buf detail;
	bool has_ended; /* the command */
	uint64_t status;
};

/**
 * Finds QEMU and kernel, and packs an image with @program (host path) as /bin/command.
 * Errors: environment, io, no memory.  Owner: the caller calls kt_herd_deinit(), after a failure too.
 */
struct kt_error *kt_herd_init(struct kt_herd *herd, const char *init,
			      const char *program) KT_MUST_CHECK;

/** Boots and saves a guest of @topology; the template before is dropped.  Errors: environment, ... */
struct kt_error *kt_herd_make_template(struct kt_herd *herd,
				       const struct kt_topology *topology) KT_MUST_CHECK;

/**
 * Has @count QEMUs stand by, and waits until they rest; the next guests are woken from them.
 * Errors: environment, io, no memory.
 */
struct kt_error *kt_herd_stand_by(struct kt_herd *herd, unsigned count) KT_MUST_CHECK;

/**
 * Wakes @count guests at once, each of which runs /bin/command with @argument (NULL: they run
 * nothing, and end when all are ready).  Results of failed guests are in @guests, too.
 * Errors: io, no memory.  Owner: the caller calls kt_herd_guest_deinit() on each.
 */
struct kt_error *kt_herd_wake(struct kt_herd *herd, unsigned count, const char *argument,
			      struct kt_herd_guest *guests) KT_MUST_CHECK;

/** Frees what one guest left. */
void kt_herd_guest_deinit(struct kt_herd_guest *guest);

/** Frees everything. */
void kt_herd_deinit(struct kt_herd *herd);

#endif
