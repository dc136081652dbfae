/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/gate.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum {
	WORD_BYTES = 8,
	/* The words at the start of tsd_s. */
	ALLOC_LAST_EVENT = 8,
	ALLOC_NEXT_EVENT = 16,
	DALLOC_LAST_EVENT = 24,
	DALLOC_NEXT_EVENT = 32,
	SLOW_WORDS_END = 40,
	STATE_MAX = 6,	       /* tsd_state_uninitialized of 5.3 */
	STATE_NOMINAL_MAX = 2, /* tsd_state_nominal, _slow, _recompute: in use */
	TSD_BYTES_MAX = 8192,
	REREADS_MAX = 3,    /* at once, of one thread that seems to disobey */
	WAITS_MAX = 16,	    /* for threads that lost the processor in mid-step, in all */
	WAIT_NS = 1000000,  /* each */
	MINORITY_SHARE = 8, /* at most one in so many threads may disobey */
};

/* How the words of one thread look. */
enum look {
	LOOK_UNREADABLE,
	LOOK_NO_BLOCK,
	LOOK_OBEYS,
	LOOK_MID_STEP, /* as between adding to a counter and moving its next event on */
	LOOK_DISOBEYS,
};

struct gate {
	const struct kt_gate_question *question;
	const struct kt_memory *memory;
	size_t waits_left;
	bool is_witness; /* of the thread that was looked at last */
	bool is_active;
};

static uint64_t word_at(const unsigned char *tsd, uint64_t at)
{
	uint64_t word;

	memcpy(&word, tsd + at, sizeof(word));
	return word;
}

/* One counter and its three thresholds (thread_event.h, te_assert_invariants_debug()). */
static enum look judge_counter(struct gate *gate, const unsigned char *tsd, uint64_t counter_at,
			       uint64_t last_at, uint64_t next_at)
{
	uint64_t counter = word_at(tsd, counter_at);
	uint64_t fast = word_at(tsd, counter_at + WORD_BYTES);
	uint64_t next = word_at(tsd, next_at);

	gate->is_witness &= fast != 0;
	gate->is_active |= counter != 0;
	if (counter < word_at(tsd, last_at) || (fast && fast != next))
		return LOOK_DISOBEYS;
	return counter <= next ? LOOK_OBEYS : LOOK_MID_STEP;
}

static enum look judge_words(struct gate *gate, const unsigned char *tsd)
{
	const struct kt_gate_question *question = gate->question;

	gate->is_witness = true;
	gate->is_active = false;
	enum look allocated =
		judge_counter(gate, tsd, question->allocated, ALLOC_LAST_EVENT, ALLOC_NEXT_EVENT);
	enum look deallocated = judge_counter(gate, tsd, question->deallocated, DALLOC_LAST_EVENT,
					      DALLOC_NEXT_EVENT);
	uint64_t state = word_at(tsd, question->allocated - WORD_BYTES);
	if (state > STATE_MAX)
		return LOOK_DISOBEYS;
	/* A thread in use always has a next event; memory that is all zero is no tsd_s. */
	if (state <= STATE_NOMINAL_MAX &&
	    (!word_at(tsd, ALLOC_NEXT_EVENT) || !word_at(tsd, DALLOC_NEXT_EVENT)))
		return LOOK_DISOBEYS;
	return allocated > deallocated ? allocated : deallocated;
}

static enum look look_once(struct gate *gate, uint64_t tp)
{
	unsigned char tsd[TSD_BYTES_MAX];
	size_t bytes = (size_t)gate->question->deallocated + 2 * WORD_BYTES;
	uint64_t address;

	switch (kt_tls_place_address(&gate->question->tsd, gate->memory, tp, &address)) {
	case KT_TLS_FOUND:
		break;
	case KT_TLS_NO_BLOCK:
		return LOOK_NO_BLOCK;
	default:
		return LOOK_UNREADABLE;
	}
	if (!kt_memory_read(gate->memory, address, tsd, bytes))
		return LOOK_UNREADABLE;
	return judge_words(gate, tsd);
}

/* A thread that runs meanwhile is looked at again; one that stands in mid-step is waited for. */
static enum look look_at(struct gate *gate, uint64_t tp)
{
	const struct timespec pause = { .tv_nsec = WAIT_NS };
	enum look look = look_once(gate, tp);

	for (size_t i = 0; i < REREADS_MAX && look >= LOOK_MID_STEP; i++)
		look = look_once(gate, tp);
	while (look == LOOK_MID_STEP && gate->waits_left) {
		gate->waits_left--;
		(void)nanosleep(&pause, NULL);
		look = look_once(gate, tp);
	}
	return look;
}

/* Whether the question is one that the gate can judge, or can only deny. */
static enum kt_gate_verdict preliminary_verdict(const struct kt_gate_question *question)
{
	/* Before 5.3 the counters are neighbours, and there are no events. */
	if (question->allocated < UINT64_MAX - WORD_BYTES &&
	    question->deallocated == question->allocated + WORD_BYTES)
		return KT_GATE_NOT_RUN;
	if (question->allocated < SLOW_WORDS_END + WORD_BYTES || question->allocated % WORD_BYTES ||
	    question->deallocated % WORD_BYTES || question->deallocated <= question->allocated ||
	    question->deallocated > TSD_BYTES_MAX - 2 * WORD_BYTES)
		return KT_GATE_FAILED;
	return KT_GATE_OK;
}

static enum kt_gate_verdict final_verdict(const struct kt_gate_answer *answer,
					  size_t disobeying_count, size_t thread_count)
{
	/* No thread's words can be read where they should be: they are not there. */
	if (!answer->judged_count)
		return answer->no_block_count < thread_count ? KT_GATE_FAILED : KT_GATE_NOT_RUN;
	/*
	 * One thread of many may have ended, its memory used for something else, or have
	 * stood in mid-step all the time: then the others tell.
	 */
	if (disobeying_count &&
	    (!answer->witness_count || disobeying_count > answer->judged_count / MINORITY_SHARE))
		return KT_GATE_FAILED;
	return answer->witness_count ? KT_GATE_OK : KT_GATE_INCONCLUSIVE;
}

struct kt_gate_answer kt_gate_judge(const struct kt_gate_question *question,
				    const struct kt_memory *memory, const uint64_t *tps,
				    size_t count)
{
	struct gate gate = { .question = question, .memory = memory, .waits_left = WAITS_MAX };
	struct kt_gate_answer answer = { .verdict = preliminary_verdict(question) };
	size_t disobeying_count = 0;

	if (answer.verdict != KT_GATE_OK)
		return answer;
	for (size_t i = 0; i < count; i++) {
		enum look look = look_at(&gate, tps[i]);
		if (look == LOOK_NO_BLOCK)
			answer.no_block_count++;
		if (look < LOOK_OBEYS)
			continue;
		answer.judged_count++;
		answer.active_count += gate.is_active;
		if (look == LOOK_OBEYS)
			answer.witness_count += gate.is_witness;
		else
			disobeying_count++;
	}
	answer.verdict = final_verdict(&answer, disobeying_count, count);
	return answer;
}

const char *kt_gate_word(enum kt_gate_verdict verdict)
{
	switch (verdict) {
	case KT_GATE_NOT_RUN:
		return "not-run";
	case KT_GATE_OK:
		return "ok";
	case KT_GATE_INCONCLUSIVE:
		return "inconclusive";
	case KT_GATE_FAILED:
		return "failed";
	}
	return "unknown";
}
