/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Structures from JSON that looks the way kt_fields_encode() writes it, in one pass over the text.
 *
 * This is a shortcut and never a judge: what is written in any other way (blanks, unknown or
 * repeated names, a value of the wrong type, a member missing) is simply not read here, and
 * kt_fields_decode() says what it is.  What is read here comes out the same there.
 */
#ifndef KT_RUN_FIELDS_PLAIN_H
#define KT_RUN_FIELDS_PLAIN_H

#include "run/fields.h"

/* Text on its way. */
struct kt_plain {
	const char *at;
	const char *end;
	struct kt_arena *arena; /* for strings and lists */
};

/* The members of one structure; start with type and ret set and the rest zeroed. */
struct kt_plain_members {
	const struct kt_record *type;
	void *ret;		      /* zeroed */
	const struct kt_field *field; /* found last */
	const struct kt_field *part;  /* and within it, if that is a part */
	unsigned index;		      /* of it among all names */
	uint64_t seen;		      /* a bit per name */
};

/** Takes @byte if it is the next one. */
bool kt_plain_take(struct kt_plain *plain, char byte);

/**
 * Whether the member name behind the quote at plain->at is one of @members' type; then takes it
 * with its colon.
 */
bool kt_plain_find(struct kt_plain *plain, struct kt_plain_members *members);

/** Reads the value of the member found last; false if that is not for this reader. */
bool kt_plain_value(struct kt_plain *plain, struct kt_plain_members *members);

/** Whether all members that must be there were, and nothing else speaks against the structure. */
bool kt_plain_is_complete(const struct kt_plain_members *members);

#endif
