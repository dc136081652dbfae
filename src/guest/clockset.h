/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a guest must get from its host before anything in it may be trusted: the time
 * (a virtual machine's RTC is read in whole seconds) and fresh entropy; and what it makes of that, so
 * that guests woken from one saved state differ.
 */
#ifndef KT_GUEST_CLOCKSET_H
#define KT_GUEST_CLOCKSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** Sets CLOCK_REALTIME to @real_ns nanoseconds since 1970.  Errors: io.  Owner: borrows. */
struct kt_error *kt_clock_set_real(uint64_t real_ns) KT_MUST_CHECK;

/**
 * Mixes @len bytes of @seed into the kernel's pool, credits them and reseeds its generator
 * (RNDADDENTROPY and RNDRESEEDCRNG of random(4)).  Errors: io.  Owner: borrows @seed.
 */
struct kt_error *kt_entropy_add(const unsigned char *seed, size_t len) KT_MUST_CHECK;

/**
 * Lets the next process have a random pid instead of the one that every copy of this machine would
 * give it (/proc/sys/kernel/ns_last_pid; a kernel without CONFIG_CHECKPOINT_RESTORE lacks it, there
 * a random number of pids is used up).
 * Errors: io.  Owner: nothing changes hands.
 */
struct kt_error *kt_pids_scatter(void) KT_MUST_CHECK;

#endif
