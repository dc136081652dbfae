/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What --doctor found: a list of findings, each with its health, the facts it was judged by, and
 * what to do when it is not ok.  A finding never says more than was looked at: what could not be
 * read is unknown, with the reason.
 */
#ifndef KT_TOP_DIAGNOSIS_H
#define KT_TOP_DIAGNOSIS_H

#include <stdbool.h>

#include "base/buf.h"

#define KT_DIAGNOSIS_SCHEMA 1
#define KT_DIAGNOSIS_MAX    16 /* more than there are checks */

enum kt_health {
	KT_HEALTH_OK,
	KT_HEALTH_WARN,	   /* a run works, though worse than it could */
	KT_HEALTH_BAD,	   /* a run does not work */
	KT_HEALTH_UNKNOWN, /* it could not be looked at */
};

struct kt_finding {
	const char *id; /* a constant: "qemu", "accelerator", ... */
	enum kt_health health;
	struct kt_buf found;  /* one line; foreign text in it is cleaned when it is shown */
	struct kt_buf advice; /* empty: nothing to do */
};

struct kt_diagnosis {
	struct kt_finding findings[KT_DIAGNOSIS_MAX];
	size_t count;
	int exit_code;	  /* of a run that begins now and whose checks all pass */
	const char *what; /* that would run: "the built-in scenarios" */
};

/** Frees the texts. */
void kt_diagnosis_deinit(struct kt_diagnosis *diagnosis);

/**
 * Adds a finding called @id (a constant) that is ok and says nothing yet.
 * Owner: it stays the diagnosis'; the caller fills it in.
 */
struct kt_finding *kt_diagnosis_add(struct kt_diagnosis *diagnosis, const char *id);

/** Gives @finding this @health, and adds @advice to what is to be done. */
void kt_finding_advise(struct kt_finding *finding, enum kt_health health, const char *advice);

/** "ok", "warn", "bad" or "unknown". */
const char *kt_health_text(enum kt_health health);

/**
 * Appends the diagnosis for people: at most 80 columns wide where words allow it, a line "-> what to
 * do" below each finding that has an advice, coloured if @is_colourful.
 */
void kt_diagnosis_put_plain(const struct kt_diagnosis *diagnosis, bool is_colourful,
			    struct kt_buf *out);

/** Appends the diagnosis as one JSON object on one line. */
void kt_diagnosis_put_json(const struct kt_diagnosis *diagnosis, struct kt_buf *out);

#endif
