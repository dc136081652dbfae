/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The table of check kinds.  A new kind is one entry there, its keys, and an evaluator.
 */
#ifndef KT_CHECK_KINDS_H
#define KT_CHECK_KINDS_H

#include "check/judge.h"
#include "check/reader.h"

/* Places in kt_check_keys. */
enum {
	KT_CHECK_KEY_ID,
	KT_CHECK_KEY_PROBE,
	KT_CHECK_KEY_EQUALS,
	KT_CHECK_KEY_MIN,
	KT_CHECK_KEY_MAX,
	KT_CHECK_KEY_BELOW,
	KT_CHECK_KEY_OF,
	KT_CHECK_KEY_THREAD,
	KT_CHECK_KEY_SNAPSHOTS,
	KT_CHECK_KEY_IF_PRESENT,
	KT_CHECK_KEY_IS,
};

#define KT_CHECK_KEYS_COMMON (KT_KEY_BIT(KT_CHECK_KEY_ID) | KT_KEY_BIT(KT_CHECK_KEY_PROBE))
#define KT_CHECK_KEYS_EXACT                                               \
	(KT_KEY_BIT(KT_CHECK_KEY_EQUALS) | KT_KEY_BIT(KT_CHECK_KEY_MIN) | \
	 KT_KEY_BIT(KT_CHECK_KEY_MAX))
#define KT_CHECK_KEYS_BOUNDS (KT_CHECK_KEYS_EXACT | KT_KEY_BIT(KT_CHECK_KEY_BELOW))

struct kt_check_kind {
	const char *name;
	kt_key_mask allowed;   /* besides the common keys */
	kt_key_mask required;  /* of those */
	bool needs_bound;      /* at least one of equals, min, max, below */
	bool may_take_all;     /* "thread": "all" */
	unsigned int of_first; /* allowed values of `of`: enum kt_check_of from .. to */
	unsigned int of_last;
	uint64_t max_value; /* largest bound that makes sense */
	/* Walks over what judge->probe has seen; not called while it has no run. */
	void (*evaluate)(struct kt_judge *judge);
	/* What the check is about: "exit code of the probe". */
	void (*describe)(const struct kt_check *check, struct kt_buf *out);
};

extern const struct kt_check_kind kt_check_kinds[]; /* ended by a NULL name */
extern const char *const kt_check_of_words[];	    /* by enum kt_check_of */
extern const char *const kt_check_where_words[];    /* by enum kt_check_where */

#endif
