/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One loaded object that may be the jemalloc in use, and what each source said of it.
 *
 * Sources are asked in the order of their cost (enum kt_effort), and only until what they said is
 * enough (trust.h).  A source that has nothing to say leaves its part unset.
 */
#ifndef KT_PROBE_RESOLVE_CANDIDATE_H
#define KT_PROBE_RESOLVE_CANDIDATE_H

#include "base/buf.h"
#include "probe/resolve/ctl_table.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/evidence.h"
#include "probe/resolve/gate.h"
#include "probe/resolve/layout_file.h"
#include "probe/resolve/module.h"
#include "probe/resolve/tls_base.h"
#include "probe/resolve/tls_image.h"

enum kt_effort {
	KT_EFFORT_IMAGE,  /* the TLS block's place and image: a few reads of memory */
	KT_EFFORT_CTL,	  /* the object's data and code in memory are searched */
	KT_EFFORT_SYMBOL, /* the file's symbol tables */
	KT_EFFORT_DWARF,  /* the file's debug information */
	KT_EFFORT_DEBUG,  /* debug files kept elsewhere */
	KT_EFFORT_COUNT,
};

/* What came of the trust rule. */
enum kt_proof {
	KT_PROOF_MISSING, /* sources do not suffice */
	KT_PROOF_DENIED,  /* they would, but the gate says no */
	KT_PROOF_GIVEN,
};

struct kt_candidate {
	const struct kt_module *module; /* borrowed */
	uint64_t tls_bytes;		/* of the block: PT_TLS p_memsz */
	uint64_t image_bytes;		/* of its initialised part: p_filesz */
	enum kt_effort effort;		/* the last that was made */
	bool has_base;
	struct kt_tls_base base;
	const struct kt_layout_entry *entry; /* NULL, or recorded before; borrowed */
	bool has_image;
	struct kt_tls_image image;
	bool has_ctl;
	enum kt_ctl_status ctl_status;
	struct kt_ctl_offsets ctl;
	bool has_symbol;
	struct kt_tls_symbol symbol;
	bool has_dwarf;
	struct kt_counter_offsets dwarf;
	bool is_file_unusable; /* it cannot be opened, or is not an ELF file */
	char *debug_file;      /* path of the one used, or NULL */
	struct kt_buf notes;   /* why sources had nothing to say, for an error's text */
	/* the answer */
	enum kt_proof proof;
	bool is_by_entry;	   /* the entry was one of the sources */
	struct kt_tsd_facts facts; /* with KT_PROOF_MISSING: what one source says, if any does */
	struct kt_gate_answer gate;
};

/**
 * Begins with the TLS block of @module.  Nothing is read yet.
 * False if the object has none that is large enough for a jemalloc.
 * Owner: @ret borrows @module; the caller calls kt_candidate_deinit().
 */
bool kt_candidate_init(const struct kt_module *module, struct kt_candidate *ret);

/** Frees what the candidate holds. */
void kt_candidate_deinit(struct kt_candidate *candidate);

/** Asks the sources of KT_EFFORT_IMAGE.  Errors: no memory. */
struct kt_error *kt_candidate_read_image(struct kt_candidate *candidate,
					 const struct kt_memory *memory) KT_MUST_CHECK;

/** Asks the source of KT_EFFORT_CTL.  Errors: no memory. */
struct kt_error *kt_candidate_read_ctl(struct kt_candidate *candidate,
				       const struct kt_memory *memory) KT_MUST_CHECK;

/** Whether what was asked so far rules out that this is a jemalloc. */
bool kt_candidate_is_ruled_out(const struct kt_candidate *candidate);

/** Adds a reason to the notes and frees @err, which may be NULL. */
void kt_candidate_note(struct kt_candidate *candidate, struct kt_error *err);

/** Appends what each source said, in one line. */
void kt_candidate_describe(const struct kt_candidate *candidate, struct kt_buf *out);

#endif
