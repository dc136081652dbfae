/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The templates of a run, by what they depend on (vmm/template/template_key.h).  Whoever needs one first has
 * it made, the others wait for it; what could not be made, or gave guests that did not wake, is not
 * tried again, and everybody boots.
 *
 * Loop thread only.  Callbacks come from the loop, never from inside a call of the owner.
 */
#ifndef KT_ENGINE_TEMPLATES_H
#define KT_ENGINE_TEMPLATES_H

#include "vmm/template/template_cache.h"
#include "vmm/template/template_key.h"

struct kt_templates;

/** Where a template that was waited for comes from; all but the first to be told are told "there". */
enum kt_template_origin {
	KT_TEMPLATE_WAS_THERE,
	KT_TEMPLATE_WAS_MADE,
	KT_TEMPLATE_WAS_KEPT, /* on disk */
};

/** What came of waiting. */
struct kt_template_outcome {
	const struct kt_template *template; /* NULL: there is none; borrowed until the close */
	enum kt_template_origin origin;
	enum kt_guest_reason reason; /* of the guest that it should have been made from */
	const char *problem;	     /* why there is none; borrowed for the time of the call */
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
	struct kt_template_maker_config maker; /* its argv is not looked at */
	struct kt_arguments *arguments;	       /* of the boot; taken, also on failure */
};

/** Where templates are kept between runs. */
struct kt_templates_config {
	uv_loop_t *loop;
	const char *cache_dir; /* NULL: nowhere.  It exists, and stays as long as the store does */
	uint64_t cache_limit_bytes;
	uint64_t tsc_khz;
	/** Something about the cache did not work, or was removed; nothing depends on it. */
	void (*on_note)(void *ctx, const char *text);
	void *ctx;
};

enum kt_template_answer {
	KT_TEMPLATE_READY,
	KT_TEMPLATE_WANTED,  /* nobody has asked for it before: kt_templates_make(), then wait */
	KT_TEMPLATE_AWAITED, /* it is being made: wait */
	KT_TEMPLATE_BAD,     /* there will be none */
};

/** Makes the store; @config is copied.  Errors: no memory.  Owner: kt_templates_close(). */
struct kt_error *kt_templates_create(const struct kt_templates_config *config,
				     struct kt_templates **ret) KT_MUST_CHECK;

/** Looks for the template called @key; @ret is set with KT_TEMPLATE_READY only, and borrowed. */
enum kt_template_answer kt_templates_find(const struct kt_templates *templates, const char *key,
					  const struct kt_template **ret);

/** Begins to read or make one that nobody has asked for.  Errors: as kt_template_maker_create(). */
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
