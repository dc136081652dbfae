/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/templates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A guest that does not wake may be bad luck, of a machine that was too busy; two are not. */
#define KT_TEMPLATE_MAX_BLAMES 2

struct entry {
	struct kt_templates *templates;
	struct entry *next;
	char key[KT_HASH_TEXT_SIZE];
	struct kt_template_maker *maker; /* while it is being made */
	struct kt_template template;	 /* when it was */
	bool is_bad;
	bool is_given_up; /* its maker was told to stop */
	unsigned blame_count;
	struct kt_template_wait *waits;
};

struct kt_templates {
	uv_loop_t *loop;
	struct entry *entries;
	void (*on_closed)(void *ctx);
	void *ctx;
};

struct kt_error *kt_templates_create(uv_loop_t *loop, struct kt_templates **ret)
{
	struct kt_templates *templates = calloc(1, sizeof(*templates));

	if (!templates)
		return kt_error_no_memory();
	templates->loop = loop;
	*ret = templates;
	return NULL;
}

static struct entry *find_entry(const struct kt_templates *templates, const char *key)
{
	struct entry *entry = templates->entries;

	/* One that was given up serves nobody any more; a new one may be made beside it. */
	while (entry && (entry->is_given_up || strcmp(entry->key, key) != 0))
		entry = entry->next;
	return entry;
}

enum kt_template_answer kt_templates_find(const struct kt_templates *templates, const char *key,
					  const struct kt_template **ret)
{
	const struct entry *entry = find_entry(templates, key);

	if (!entry)
		return KT_TEMPLATE_WANTED;
	if (entry->is_bad)
		return KT_TEMPLATE_BAD;
	if (entry->maker)
		return KT_TEMPLATE_AWAITED;
	*ret = &entry->template;
	return KT_TEMPLATE_READY;
}

static void drop_entry(struct entry *entry)
{
	struct entry **slot = &entry->templates->entries;

	while (*slot != entry)
		slot = &(*slot)->next;
	*slot = entry->next;
	kt_template_maker_destroy(entry->maker);
	kt_template_deinit(&entry->template);
	free(entry);
}

static void close_if_idle(struct kt_templates *templates)
{
	if (!templates->on_closed)
		return;
	for (const struct entry *entry = templates->entries; entry; entry = entry->next)
		if (entry->maker)
			return;
	while (templates->entries)
		drop_entry(templates->entries);
	void (*on_closed)(void *ctx) = templates->on_closed;
	void *ctx = templates->ctx;
	free(templates);
	on_closed(ctx);
}

/* One who is told may ask for something else at once, or forget another who waits. */
static void tell_waits(struct entry *entry, struct kt_template_outcome outcome)
{
	while (entry->waits) {
		struct kt_template_wait *wait = entry->waits;
		entry->waits = wait->next;
		wait->next = NULL;
		wait->on_outcome(wait->ctx, &outcome);
		outcome.is_new = false;
	}
}

static void on_made(void *ctx, struct kt_template_maker *maker)
{
	struct entry *entry = ctx;
	struct kt_templates *templates = entry->templates;
	struct kt_template_outcome outcome = { .reason = kt_template_maker_reason(maker) };
	kt_autoerr struct kt_error *err = kt_template_maker_take(maker, &entry->template);

	kt_template_maker_destroy(KT_TAKE(entry->maker));
	if (entry->is_given_up) {
		drop_entry(entry);
		close_if_idle(templates);
		return;
	}
	entry->is_bad = err != NULL;
	outcome.template = err ? NULL : &entry->template;
	outcome.is_new = !err;
	outcome.problem = err ? kt_error_message(err) : NULL;
	tell_waits(entry, outcome);
}

struct kt_error *kt_templates_make(struct kt_templates *templates,
				   const struct kt_template_order *order)
{
	kt_autofree struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return kt_error_no_memory();
	*entry = (struct entry){ .templates = templates, .template = KT_TEMPLATE_INIT };
	memcpy(entry->key, order->key, KT_HASH_TEXT_SIZE);
	KT_TRY(kt_template_maker_create(templates->loop, &order->maker, on_made, entry,
					&entry->maker));
	entry->next = templates->entries;
	templates->entries = entry;
	kt_template_maker_start(KT_TAKE(entry)->maker);
	return NULL;
}

void kt_templates_wait(struct kt_templates *templates, const char *key,
		       struct kt_template_wait *wait)
{
	struct entry *entry = find_entry(templates, key);
	struct kt_template_wait **slot;

	assert(entry && entry->maker);
	for (slot = &entry->waits; *slot; slot = &(*slot)->next)
		;
	wait->next = NULL;
	*slot = wait;
}

static void give_up(struct entry *entry)
{
	if (!entry->maker || entry->is_given_up)
		return;
	entry->is_given_up = true;
	kt_template_maker_cancel(entry->maker, "nobody waits for this template any more");
}

void kt_templates_forget(struct kt_templates *templates, struct kt_template_wait *wait)
{
	for (struct entry *entry = templates->entries; entry; entry = entry->next) {
		struct kt_template_wait **slot = &entry->waits;

		while (*slot && *slot != wait)
			slot = &(*slot)->next;
		if (!*slot)
			continue;
		*slot = wait->next;
		if (!entry->waits)
			give_up(entry);
		return;
	}
}

void kt_templates_blame(struct kt_templates *templates, const struct kt_template *template)
{
	for (struct entry *entry = templates->entries; entry; entry = entry->next)
		if (&entry->template == template && ++entry->blame_count >= KT_TEMPLATE_MAX_BLAMES)
			entry->is_bad = true;
}

void kt_templates_close(struct kt_templates *templates, void (*on_closed)(void *ctx), void *ctx)
{
	templates->on_closed = on_closed;
	templates->ctx = ctx;
	for (struct entry *entry = templates->entries; entry; entry = entry->next) {
		assert(!entry->waits);
		give_up(entry);
	}
	close_if_idle(templates);
}
