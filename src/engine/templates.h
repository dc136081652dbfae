/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The templates of a run, by what they depend on (vmm/template_key.h).  Whoever needs one first has
 * it made, the others wait for it; what could not be made, or gave guests that did not wake, is not
 * tried again, and everybody boots.
 *
 * Loop thread only.  Callbacks come from the loop, never from inside a call of the owner.
 */
#ifndef KT_ENGINE_TEMPLATES_H
#define KT_ENGINE_TEMPLATES_H

#include "vmm/template.h"
#include "vmm/template_key.h"

struct kt_templates;

/** What came of waiting. */
struct kt_template_outcome {
	const struct kt_template *template; /* NULL: there is none; borrowed until the close */
	bool is_new;			    /* it was made just now */
	enum kt_guest_reason reason;	    /* of the guest that it should have been made from */
	const char *problem; /* why there is none; borrowed for the time of the call */
};

/** One who waits; a member of its owner, who keeps it until the outcome came or it was forgotten. */
struct kt_template_wait {
	void (*on_outcome)(void *ctx, const struct kt_template_outcome *outcome);
	void *ctx;
	struct kt_template_wait *next;
};

/** All that is needed to make one.  Borrowed for the time of the call. */
struct kt_template_order {
	const char *key;
	struct kt_template_maker_config maker;
};

enum kt_template_answer {
	KT_TEMPLATE_READY,
	KT_TEMPLATE_WANTED,  /* nobody has asked for it before: kt_templates_make(), then wait */
	KT_TEMPLATE_AWAITED, /* it is being made: wait */
	KT_TEMPLATE_BAD,     /* there will be none */
};

/** Makes the store.  Errors: no memory.  Owner: the caller calls kt_templates_close(). */
struct kt_error *kt_templates_create(uv_loop_t *loop, struct kt_templates **ret) KT_MUST_CHECK;

/** Looks for the template called @key; @ret is set with KT_TEMPLATE_READY only, and borrowed. */
enum kt_template_answer kt_templates_find(const struct kt_templates *templates, const char *key,
					  const struct kt_template **ret);

/** Begins to make one that nobody has asked for.  Errors: as kt_template_maker_create(). */
struct kt_error *kt_templates_make(struct kt_templates *templates,
				   const struct kt_template_order *order) KT_MUST_CHECK;

/** Has @wait told when the template called @key, which is being made, is there or will not be. */
void kt_templates_wait(struct kt_templates *templates, const char *key,
		       struct kt_template_wait *wait);

/** Nobody waits for @wait any more.  What nobody waits for is not made to its end. */
void kt_templates_forget(struct kt_templates *templates, struct kt_template_wait *wait);

/** A guest did not wake from @template: after the second time it is not used again. */
void kt_templates_blame(struct kt_templates *templates, const struct kt_template *template);

/**
 * Gives up what is being made, frees the store, and then calls @on_closed: at once, or from the loop.
 * Nobody may wait any more.
 */
void kt_templates_close(struct kt_templates *templates, void (*on_closed)(void *ctx), void *ctx);

#endif
