/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The live gate: do the counters of running threads behave as jemalloc's do?
 *
 * Since 5.3 tsd_s begins with {state or flag bytes, last_event, next_event, dalloc last_event,
 * dalloc next_event} of thread_event.h in its first five words, and the counters are followed by
 * next_event_fast.  For each thread: last_event <= allocated <= next_event, next_event_fast is 0
 * or next_event, the same for deallocated, and the word of the state, 8 bytes before the counter,
 * is at most 6; a thread in use (state at most 2) always has a next event.  Over all offsets of a
 * tsd_s only the right one passes, once a thread has both next_event_fast other than 0 (debug
 * builds never do: then the gate is inconclusive).
 * A thread that runs while it is read may break an inequality: it is read again.  One of
 * at least eight may go on doing so: it may have ended, and its memory been used again.
 */
#ifndef KT_PROBE_RESOLVE_GATE_H
#define KT_PROBE_RESOLVE_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "probe/memory/tls_place.h"

enum kt_gate_verdict {
	KT_GATE_NOT_RUN,      /* nothing to judge by: no thread pointer is known, or before 5.3 */
	KT_GATE_OK,	      /* every thread obeys, and one at least could have failed */
	KT_GATE_INCONCLUSIVE, /* nobody disobeys, but no thread has the words set */
	KT_GATE_FAILED, /* a thread disobeys, or nothing is there: these are not the counters */
};

/* What is to be judged. */
struct kt_gate_question {
	struct kt_tls_place tsd; /* of the start of tsd_s; span_bytes is not used */
	uint64_t allocated;	 /* offsets within tsd_s */
	uint64_t deallocated;
};

struct kt_gate_answer {
	enum kt_gate_verdict verdict;
	size_t judged_count;   /* threads whose words could be read */
	size_t witness_count;  /* of these, obeying with both next_event_fast other than 0 */
	size_t active_count;   /* of these, that have allocated or freed anything */
	size_t no_block_count; /* threads that never used this object's thread data */
};

/** Judges @question by the threads with the @count thread pointers @tps. */
struct kt_gate_answer kt_gate_judge(const struct kt_gate_question *question,
				    const struct kt_memory *memory, const uint64_t *tps,
				    size_t count);

/** The word for a verdict ("ok"). */
const char *kt_gate_word(enum kt_gate_verdict verdict);

#endif
