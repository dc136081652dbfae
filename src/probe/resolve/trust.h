/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The trust rule: when what the sources said of an object is believed.
 *
 * Where tsd_s starts within the TLS block is told by its symbol, by a block that has just the
 * size of a known tsd_s, by the one variable that relocations point at, or by the counters' place
 * in the block (its initial image) less their offset.  For each start that is possible, all
 * sources must say the same offsets.  Believed is a start that is certain with two sources that
 * agree, or any with one source and a gate that is passed.  A gate that is failed refuses, whatever
 * the sources say.  Before 5.3 there is no gate: two sources it must be.
 */
#ifndef KT_PROBE_RESOLVE_TRUST_H
#define KT_PROBE_RESOLVE_TRUST_H

#include "probe/resolve/candidate.h"

/**
 * Judges what is known of @candidate: sets its proof and, with KT_PROOF_GIVEN, its facts and the
 * gate's answer.  The gate is judged by the threads with the @count thread pointers @tps; there is
 * none without them, or without a TLS block's place.
 */
void kt_trust_judge(struct kt_candidate *candidate, const struct kt_memory *memory,
		    const uint64_t *tps, size_t count);

#endif
