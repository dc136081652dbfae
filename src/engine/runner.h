/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Runs one scenario in one guest: boots it, starts the workers and waits until each is
 * ready, runs the probes one after the other, kills the workers, ends the guest, and has
 * the checks judged for good.  Everything it sees becomes events of the session.
 *
 * Loop thread only.  on_done is the last callback; after it the runner may be destroyed.
 */
#ifndef KT_ENGINE_RUNNER_H
#define KT_ENGINE_RUNNER_H

#include <uv.h>

#include "base/hash.h"
#include "engine/fault.h"
#include "engine/session.h"
#include "engine/standbys.h"
#include "engine/templates.h"
#include "vmm/confine/groups.h"
#include "vmm/guest/guest.h"
#include "vmm/qemu/machine.h"

/** What all guests of a run have in common.  All borrowed. */
struct kt_runner_shared {
	uv_loop_t *loop;
	struct kt_session *session;
	struct kt_machine_programs programs;
	bool tcg_multi_thread;
	uint64_t tsc_khz;
	const char *cpu;    /* NULL: what suits the accelerator */
	uint32_t timeout_s; /* of each scenario; 0: its own */
	bool is_live;	    /* somebody looks: snapshots are events as soon as they are taken */
	enum kt_accelerator accelerator;
	bool may_fall_back;		/* to TCG, when KVM turns out not to work */
	struct kt_templates *templates; /* NULL: every guest is booted */
	struct kt_standbys *standbys;	/* there where templates are */
	const struct kt_faults *faults; /* what tests have guests suffer; NULL: nothing */
	struct kt_groups *groups;	/* for guests; NULL: there are none */
};

/** What a scenario's guest boots: image and kernel. */
struct kt_runner_image {
	int fd; /* -1: there is none */
	uint64_t bytes;
	char hash[KT_HASH_TEXT_SIZE]; /* of its content */
	int kernel_fd;
	const char *kernel;	 /* its file; borrowed, as the rest */
	const char *kernel_hash; /* of its content */
	const char *missing;	 /* why there is none: the scenario cannot be judged */
};

struct kt_runner;

struct kt_runner_handler {
	/** The guest is there: what it was woken from, and the time to start it, are free for others. */
	void (*on_ready)(void *ctx);
	/** The scenario is over and its scenario_end was emitted. */
	void (*on_done)(void *ctx, struct kt_runner *runner);
};

/**
 * Makes a runner.  @handler must outlive it; @shared is read again whenever a guest is started, and
 * changed when KVM turns out not to work.
 * Errors: no memory.  Owner: the caller, who destroys it before the start or after on_done.
 */
struct kt_error *kt_runner_create(struct kt_runner_shared *shared,
				  const struct kt_scenario *scenario,
				  const struct kt_runner_image *image,
				  const struct kt_runner_handler *handler, void *ctx,
				  struct kt_runner **ret) KT_MUST_CHECK;

/**
 * Describes the scenario's guest as QEMU's argument vector.
 * Errors: usage, no memory.  Owner: the caller calls kt_arguments_deinit() on @ret.
 */
struct kt_error *kt_runner_arguments(const struct kt_runner_shared *shared,
				     const struct kt_scenario *scenario, uint64_t image_bytes,
				     struct kt_arguments *ret) KT_MUST_CHECK;

/**
 * Describes how the scenario's guest is booted, for whoever has one without a runner.
 * Errors: usage, no memory.
 * Owner: the caller calls kt_arguments_deinit() on @arguments, which @ret borrows as it does the rest.
 */
struct kt_error *kt_runner_boot_config(struct kt_runner_shared *shared,
				       const struct kt_scenario *scenario,
				       const struct kt_runner_image *image,
				       struct kt_arguments *arguments,
				       struct kt_guest_config *ret) KT_MUST_CHECK;

/**
 * The key of the template that the scenario's guest is woken from (vmm/template/template_key.h).
 * Errors: as kt_template_key().
 */
struct kt_error *kt_runner_template_key(const struct kt_runner_shared *shared,
					const struct kt_scenario *scenario,
					const struct kt_runner_image *image,
					char ret[KT_HASH_TEXT_SIZE]) KT_MUST_CHECK;

/**
 * Has a QEMU stand by for the scenario's guest, if the template called @key, the guest's, is there.
 * Errors: as kt_standbys_add(), usage, io.
 */
struct kt_error *kt_runner_stand_by(struct kt_runner_shared *shared,
				    const struct kt_scenario *scenario,
				    const struct kt_runner_image *image,
				    const char *key) KT_MUST_CHECK;

/** Whether a guest under @accelerator that failed for @reason is to be tried under emulation. */
bool kt_runner_is_kvm_to_blame(const struct kt_runner_shared *shared,
			       enum kt_accelerator accelerator, enum kt_guest_reason reason);

/** Memory in MiB that the scenario's guest gets: what it asks for, what it needs, equal in all nodes. */
uint32_t kt_runner_memory_mib(const struct kt_scenario *scenario, uint64_t image_bytes);

/** What a worker's program is called in the guest, where it lies in /bin.  Owner: borrows @word. */
const char *kt_runner_program_name(const char *word);

/** Starts the guest. */
void kt_runner_start(struct kt_runner *runner);

/** Ends the scenario as cancelled, for the reason @text. */
void kt_runner_cancel(struct kt_runner *runner, const char *text);

/** How the scenario ended; valid in on_done and after. */
enum kt_result kt_runner_result(const struct kt_runner *runner);

/** Frees the runner; NULL is allowed. */
void kt_runner_destroy(struct kt_runner *runner);

#endif
