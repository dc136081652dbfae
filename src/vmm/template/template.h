/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A template: a guest that was booted once, brought to where every guest of its kind begins, and
 * saved.  Guests are woken from it in a fraction of a boot.
 *
 * Its memory and the state of its devices are sealed memfds: nobody can change them any more, not even
 * a guest, which maps the memory copy-on-write.  It is good for exactly the machine that was
 * booted (vmm/template/template_key.h); QEMU itself would not notice another one.
 *
 * Loop thread only.
 */
#ifndef KT_VMM_TEMPLATE_TEMPLATE_H
#define KT_VMM_TEMPLATE_TEMPLATE_H

#include "vmm/guest/guest.h"
#include "vmm/qemu/machine.h"

struct kt_template {
	int memory_fds[KT_TOPOLOGY_MAX_NODES]; /* one per NUMA node */
	unsigned memory_count;
	int state_fd;
	uint64_t state_bytes;
	uint64_t made_ns; /* how long it took to make */
};

#define KT_TEMPLATE_INIT ((struct kt_template){ .state_fd = -1 })

/**
 * Makes the files of a template for @node_count nodes of @node_mib MiB each; all are empty.
 * Errors: environment (no memfd), io, no memory.
 * Owner: the caller calls kt_template_deinit() on @ret.
 */
struct kt_error *kt_template_create_files(unsigned node_count, uint32_t node_mib,
					  struct kt_template *ret) KT_MUST_CHECK;

/** Seals the files against any change.  Errors: io (a writer still has them mapped). */
struct kt_error *kt_template_seal(struct kt_template *template) KT_MUST_CHECK;

/**
 * Opens the state for one guest: guests that share a descriptor would share its offset.
 * Errors: io.  Owner: the caller closes @ret_fd.
 */
struct kt_error *kt_template_open_state(const struct kt_template *template,
					int *ret_fd) KT_MUST_CHECK;

/** Closes the files; guests that were woken from them keep what they have. */
void kt_template_deinit(struct kt_template *template);

struct kt_template_maker;

/**
 * A program that is run before the guest is saved, so that what it is the first to touch is
 * there already in every guest.  What it leaves in /tmp and the like is swept; how it ends does not
 * matter.
 */
struct kt_template_warm {
	const char *const *argv;
	const char
		*until; /* it is killed when this file is there ("%p" is its pid); NULL: it ends */
};

struct kt_template_maker_config {
	const struct kt_machine
		*machine;  /* with KT_MEMORY_SHARED; this and argv: used at the creation */
	char *const *argv; /* of its boot; used by the start only */
	int kernel_fd;
	int initrd_fd;
	const struct kt_template_warm *warm; /* ended by one without argv; static; or NULL */
	uint64_t boot_timeout_ns;
	uint64_t silence_timeout_ns;
	struct kt_guest_strikes strikes; /* what its guest is to suffer; all zero: nothing */
};

/** The maker is through; from here on it may be destroyed. */
typedef void (*kt_template_made_fn)(void *ctx, struct kt_template_maker *maker);

/**
 * Makes a maker.  Errors: as kt_template_create_files().
 * Owner: the caller, who destroys it before the start or after @on_made.
 */
struct kt_error *kt_template_maker_create(uv_loop_t *loop,
					  const struct kt_template_maker_config *config,
					  kt_template_made_fn on_made, void *ctx,
					  struct kt_template_maker **ret) KT_MUST_CHECK;

/** Boots the guest. */
void kt_template_maker_start(struct kt_template_maker *maker);

/** Gives up for the reason @text; @on_made comes all the same. */
void kt_template_maker_cancel(struct kt_template_maker *maker, const char *text);

/**
 * What was made.
 * Errors: environment (it could not be made; the text says why), io (it could not be sealed).
 * Owner: the caller calls kt_template_deinit() on @ret; the maker has it no longer.
 */
struct kt_error *kt_template_maker_take(struct kt_template_maker *maker,
					struct kt_template *ret) KT_MUST_CHECK;

/** Why the guest failed; KT_REASON_NONE when it did not. */
enum kt_guest_reason kt_template_maker_reason(const struct kt_template_maker *maker);

/** Frees the maker and what was not taken; NULL is allowed. */
void kt_template_maker_destroy(struct kt_template_maker *maker);

#endif
