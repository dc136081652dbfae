/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a guest must get from its host before anything in it may be trusted: the time
 * (a virtual machine's RTC is read in whole seconds) and fresh entropy.
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

#endif
