/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The QEMUs of a run that stand by: each has loaded a template, its CPUs stand still, and the next guest
 * of that template only has to be woken.  One that ends before it is wanted is not missed: its guest
 * is started as if it had never been.
 *
 * Loop thread only.  Callbacks come from the loop, never from inside a call of the owner.
 */
#ifndef KT_ENGINE_STANDBYS_H
#define KT_ENGINE_STANDBYS_H

#include "base/hash.h"
#include "vmm/confine/groups.h"
#include "vmm/guest/guest.h"

struct kt_standbys;

/** One QEMU, and the control group that it is in. */
struct kt_standby {
	struct kt_qemu *qemu;
	const char *group_procs; /* of kt_groups_take(), or NULL */
};

/**
 * Makes a store without any.  @groups, which the groups come from, may be NULL.
 * Errors: no memory.  Owner: kt_standbys_close().
 */
struct kt_error *kt_standbys_create(uv_loop_t *loop, struct kt_groups *groups,
				    struct kt_standbys **ret) KT_MUST_CHECK;

/**
 * Starts a QEMU for guests of the template called @key, in the control group @group_procs (or
 * NULL), which is given back by the store, also on failure.
 * Errors: environment (it could not be started), no memory.
 */
struct kt_error *kt_standbys_add(struct kt_standbys *standbys, const char *key,
				 const struct kt_qemu_config *config,
				 const char *group_procs) KT_MUST_CHECK;

/** How many there are for @key. */
size_t kt_standbys_count(const struct kt_standbys *standbys, const char *key);

/** Takes one of @key out, which is the caller's now, and its group; false if there is none. */
bool kt_standbys_take(struct kt_standbys *standbys, const char *key, struct kt_standby *ret);

/** Whether there are fewer for keys[index] than it occurs in @keys up to there. */
bool kt_standbys_lack(const struct kt_standbys *standbys, const char *const *keys, size_t index);

/** Ends those that are for none of the @count @keys, and those of which there are more than keys. */
void kt_standbys_keep(struct kt_standbys *standbys, const char *const *keys, size_t count);

/** Ends all, frees the store, and then calls @on_closed: at once, or from the loop. */
void kt_standbys_close(struct kt_standbys *standbys, void (*on_closed)(void *ctx), void *ctx);

#endif
