/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/trust.h"

#include <stdio.h>
#include <string.h>

#include "probe/resolve/size_table.h"

enum {
	EVENTS_STEP = 16,      /* between the counters since 5.3; 8 before */
	GUESS_THREADS_MAX = 4, /* that a guessed start is tried on, before all of them */
};

/* What may be so: where tsd_s starts, and what follows from how that is known. */
struct hypothesis {
	uint64_t start;
	bool is_start_certain;
	const struct kt_size_row *row;	     /* of a size that is known by itself, or NULL */
	const struct kt_layout_entry *entry; /* when it is that entry's start, or NULL */
};

/* What the sources agree on. */
struct agreement {
	size_t source_count;
	uint32_t sources; /* bits of enum kt_source */
	uint64_t allocated;
	uint64_t deallocated;
	bool is_contradictory;
};

struct judge {
	struct kt_candidate *candidate;
	const struct kt_memory *memory;
	const uint64_t *tps;
	size_t tp_count;
};

static void claim(struct agreement *agreement, uint32_t sources, uint64_t allocated,
		  uint64_t deallocated)
{
	if (agreement->source_count &&
	    (agreement->allocated != allocated || agreement->deallocated != deallocated))
		agreement->is_contradictory = true;
	agreement->source_count++;
	agreement->sources |= sources;
	agreement->allocated = allocated;
	agreement->deallocated = deallocated;
}

static struct agreement ask_all(const struct kt_candidate *candidate,
				const struct hypothesis *hypothesis)
{
	struct agreement agreement = { 0 };

	/* A place before the start makes an offset that nobody else says. */
	if (candidate->has_image)
		claim(&agreement, KT_SOURCE_TLS_IMAGE,
		      candidate->image.allocated_at - hypothesis->start,
		      candidate->image.deallocated_at - hypothesis->start);
	if (candidate->has_ctl)
		claim(&agreement, KT_SOURCE_CTL, candidate->ctl.allocated,
		      candidate->ctl.deallocated);
	if (hypothesis->row)
		claim(&agreement, KT_SOURCE_TABLE, hypothesis->row->allocated,
		      hypothesis->row->deallocated);
	if (candidate->has_dwarf)
		claim(&agreement, KT_SOURCE_DWARF, candidate->dwarf.allocated,
		      candidate->dwarf.deallocated);
	if (hypothesis->entry)
		claim(&agreement, hypothesis->entry->facts.sources,
		      hypothesis->entry->facts.allocated, hypothesis->entry->facts.deallocated);
	return agreement;
}

/* The structure must have room for its members, and the TLS block for the structure. */
static bool does_fit(const struct kt_candidate *candidate, const struct hypothesis *hypothesis,
		     const struct agreement *agreement)
{
	uint64_t room = candidate->tls_bytes - hypothesis->start;
	uint64_t gap = agreement->deallocated - agreement->allocated;
	uint64_t size = hypothesis->row ? hypothesis->row->size_bytes : 0;

	if (candidate->has_symbol && candidate->symbol.size)
		size = candidate->symbol.size;
	return hypothesis->start % 8 == 0 && hypothesis->start <= candidate->tls_bytes &&
	       size <= room && (gap == 8 || gap == EVENTS_STEP) && agreement->allocated % 8 == 0 &&
	       agreement->deallocated <= room && room - agreement->deallocated >= 8 &&
	       (!size || size - agreement->deallocated >= 8);
}

static struct kt_gate_answer ask_gate(const struct judge *judge,
				      const struct hypothesis *hypothesis,
				      const struct agreement *agreement, size_t thread_count)
{
	struct kt_gate_question question = {
		.allocated = agreement->allocated,
		.deallocated = agreement->deallocated,
	};
	struct kt_error *err;

	if (!judge->candidate->has_base ||
	    agreement->deallocated - agreement->allocated != EVENTS_STEP)
		return (struct kt_gate_answer){ .verdict = KT_GATE_NOT_RUN };
	err = kt_tls_base_place(&judge->candidate->base, hypothesis->start, 0, &question.tsd);
	if (err) {
		kt_error_destroy(err);
		return (struct kt_gate_answer){ .verdict = KT_GATE_FAILED };
	}
	return kt_gate_judge(&question, judge->memory, judge->tps, thread_count);
}

/* The only measured version with these offsets that fits; NULL for none or several. */
static const struct kt_size_row *row_of_offsets(uint64_t room, const struct agreement *agreement)
{
	const struct kt_size_row *found = NULL;

	for (const struct kt_size_row *row = kt_size_table; row->version; row++) {
		if (row->allocated != agreement->allocated ||
		    row->deallocated != agreement->deallocated || row->size_bytes > room)
			continue;
		if (found)
			return NULL;
		found = row;
	}
	return found;
}

static void take_facts(struct kt_candidate *candidate, const struct hypothesis *hypothesis,
		       const struct agreement *agreement)
{
	const struct kt_size_row *row = hypothesis->row;
	struct kt_tsd_facts facts = {
		.has_start = true,
		.has_offsets = true,
		.start = hypothesis->start,
		.allocated = agreement->allocated,
		.deallocated = agreement->deallocated,
		.sources = agreement->sources,
	};

	if (hypothesis->entry) {
		facts.has_size = hypothesis->entry->facts.has_size;
		facts.size_bytes = hypothesis->entry->facts.size_bytes;
		memcpy(facts.version, hypothesis->entry->facts.version, sizeof(facts.version));
	}
	if (!row && !facts.has_size)
		row = row_of_offsets(candidate->tls_bytes - hypothesis->start, agreement);
	if (row) {
		facts.has_size = true;
		facts.size_bytes = row->size_bytes;
		(void)snprintf(facts.version, sizeof(facts.version), "%s", row->version);
	}
	if (candidate->has_symbol && candidate->symbol.size) {
		facts.has_size = true;
		facts.size_bytes = candidate->symbol.size;
	}
	candidate->facts = facts;
	candidate->is_by_entry = hypothesis->entry != NULL;
}

/* Tries one hypothesis; true if it is proven. */
static bool is_proven(struct judge *judge, const struct hypothesis *hypothesis)
{
	struct kt_candidate *candidate = judge->candidate;
	struct agreement agreement = ask_all(candidate, hypothesis);

	if (!agreement.source_count || agreement.is_contradictory ||
	    !does_fit(candidate, hypothesis, &agreement))
		return false;
	bool is_enough = hypothesis->is_start_certain && agreement.source_count >= 2;
	/* A guess is tried on few threads first: most guesses are wrong. */
	if (!hypothesis->is_start_certain && judge->tp_count > GUESS_THREADS_MAX &&
	    ask_gate(judge, hypothesis, &agreement, GUESS_THREADS_MAX).verdict == KT_GATE_FAILED)
		return false;
	struct kt_gate_answer gate = ask_gate(judge, hypothesis, &agreement, judge->tp_count);
	if (gate.verdict == KT_GATE_OK || (is_enough && gate.verdict != KT_GATE_FAILED)) {
		candidate->proof = KT_PROOF_GIVEN;
		candidate->gate = gate;
		take_facts(candidate, hypothesis, &agreement);
		return true;
	}
	if (is_enough) {
		candidate->proof = KT_PROOF_DENIED;
		candidate->gate = gate;
	} else if (hypothesis->is_start_certain && !hypothesis->entry &&
		   gate.verdict != KT_GATE_FAILED) {
		take_facts(candidate, hypothesis, &agreement);
	}
	return false;
}

static bool try_entry(struct judge *judge)
{
	const struct kt_layout_entry *entry = judge->candidate->entry;

	return entry && is_proven(judge, &(struct hypothesis){
						 .start = entry->facts.start,
						 .is_start_certain = true,
						 .entry = entry,
					 });
}

static bool try_symbol(struct judge *judge)
{
	const struct kt_tls_symbol *symbol = &judge->candidate->symbol;

	return is_proven(judge, &(struct hypothesis){
					.start = symbol->value,
					.is_start_certain = true,
					.row = kt_size_table_find(symbol->size),
				});
}

/* A block, or its initialised part, that has the size of a tsd_s is one. */
static bool try_sizes(struct judge *judge)
{
	const uint64_t sizes[] = { judge->candidate->tls_bytes, judge->candidate->image_bytes };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hypothesis hypothesis = {
			.is_start_certain = true,
			.row = kt_size_table_find(sizes[i]),
		};
		if (hypothesis.row && is_proven(judge, &hypothesis))
			return true;
	}
	return false;
}

/* The variables that the object's own relocations point at. */
static bool try_targets(struct judge *judge)
{
	const struct kt_candidate *candidate = judge->candidate;
	const struct kt_tls_base *base = &candidate->base;

	for (size_t i = 0; candidate->has_base && i < base->target_count; i++) {
		struct hypothesis hypothesis = { .start = base->targets[i] };
		hypothesis.row = kt_size_table_find(candidate->tls_bytes - hypothesis.start);
		hypothesis.is_start_certain = hypothesis.row || base->target_count == 1;
		if (is_proven(judge, &hypothesis))
			return true;
	}
	return false;
}

/* The counters' place in the block, less their offset as others say it. */
static bool try_differences(struct judge *judge)
{
	const struct kt_candidate *candidate = judge->candidate;
	struct hypothesis hypothesis = { .is_start_certain = true };

	if (!candidate->has_image)
		return false;
	if (candidate->has_ctl)
		hypothesis.start = candidate->image.allocated_at - candidate->ctl.allocated;
	else if (candidate->has_dwarf)
		hypothesis.start = candidate->image.allocated_at - candidate->dwarf.allocated;
	else
		return false;
	return is_proven(judge, &hypothesis);
}

/* The same for every measured version: a guess, which only the gate can confirm. */
static bool try_guesses(struct judge *judge)
{
	const struct kt_candidate *candidate = judge->candidate;

	if (!candidate->has_image)
		return false;
	for (const struct kt_size_row *row = kt_size_table; row->version; row++) {
		struct hypothesis hypothesis = {
			.start = candidate->image.allocated_at - row->allocated,
		};
		if (row->has_events && candidate->image.allocated_at >= row->allocated &&
		    is_proven(judge, &hypothesis))
			return true;
	}
	return false;
}

void kt_trust_judge(struct kt_candidate *candidate, const struct kt_memory *memory,
		    const uint64_t *tps, size_t count)
{
	struct judge judge = {
		.candidate = candidate,
		.memory = memory,
		.tps = tps,
		.tp_count = count,
	};

	candidate->proof = KT_PROOF_MISSING;
	candidate->facts = (struct kt_tsd_facts){ 0 };
	candidate->gate = (struct kt_gate_answer){ .verdict = KT_GATE_NOT_RUN };
	if (try_entry(&judge))
		return;
	/* Where the symbol is, there is nothing to guess. */
	if (candidate->has_symbol) {
		(void)try_symbol(&judge);
		return;
	}
	(void)(try_sizes(&judge) || try_targets(&judge) || try_differences(&judge) ||
	       try_guesses(&judge));
}
