/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/templates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* A guest that does not wake may be bad luck, of a machine that was too busy; two are not. */
#define KT_TEMPLATE_MAX_BLAMES 2

struct entry {
	struct kt_templates *templates;
	struct entry *next;
	char key[KT_HASH_TEXT_SIZE];
	struct kt_arguments arguments;	 /* of its boot */
	struct kt_template_maker *maker; /* until it is there */
	struct kt_template template;	 /* when it is */
	unsigned node_count;
	uint32_t node_mib;
	bool is_making; /* the maker was started */
	bool is_bad;
	bool is_given_up; /* nobody wants it any more */
	unsigned blame_count;
	struct kt_template_wait *waits;

	uv_work_t work; /* reading it from the cache, or putting it there: on libuv's pool */
	bool is_working;
	bool is_kept;		     /* it was found */
	struct kt_error *work_error; /* of the work that was done */
	struct kt_template_cache_removal removal;
};

struct kt_templates {
	struct kt_templates_config config;
	struct entry *entries;
	void (*on_closed)(void *ctx);
	void *ctx;
};

struct kt_error *kt_templates_create(const struct kt_templates_config *config,
				     struct kt_templates **ret)
{
	struct kt_templates *templates = calloc(1, sizeof(*templates));

	if (!templates)
		return kt_error_no_memory();
	templates->config = *config;
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
	kt_arguments_deinit(&entry->arguments);
	kt_error_destroy(entry->work_error);
	free(entry);
}

static void close_if_idle(struct kt_templates *templates)
{
	if (!templates->on_closed)
		return;
	for (const struct entry *entry = templates->entries; entry; entry = entry->next)
		if (entry->is_making || entry->is_working)
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
		outcome.origin = KT_TEMPLATE_WAS_THERE;
	}
}

static void note(const struct kt_templates *templates, const char *what, const char *why)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "%s: %s", what, why);
	templates->config.on_note(templates->config.ctx, kt_buf_text(&text));
}

static struct kt_template_label label_of(const struct entry *entry)
{
	return (struct kt_template_label){
		.dir = entry->templates->config.cache_dir,
		.key = entry->key,
		.node_count = entry->node_count,
		.node_mib = entry->node_mib,
		.tsc_khz = entry->templates->config.tsc_khz,
	};
}

/* Puts the template, whose content nobody can change, on disk, and makes room for it. */
static void do_store(uv_work_t *work)
{
	struct entry *entry = work->data;
	const struct kt_templates_config *config = &entry->templates->config;
	struct kt_template_label label = label_of(entry);

	entry->work_error = kt_template_cache_store(&label, &entry->template);
	if (!entry->work_error)
		entry->work_error = kt_template_cache_trim(
			config->cache_dir, config->cache_limit_bytes, &entry->removal);
}

static void on_stored(uv_work_t *work, int status)
{
	struct entry *entry = work->data;

	(void)status;
	entry->is_working = false;
	if (entry->work_error)
		note(entry->templates, "a template could not be kept",
		     kt_error_message(entry->work_error));
	close_if_idle(entry->templates);
}

static void start_work(struct entry *entry, uv_work_cb work, uv_after_work_cb after)
{
	entry->work.data = entry;
	entry->is_working =
		!uv_queue_work(entry->templates->config.loop, &entry->work, work, after);
}

static void on_made(void *ctx, struct kt_template_maker *maker)
{
	struct entry *entry = ctx;
	struct kt_templates *templates = entry->templates;
	struct kt_template_outcome outcome = { .reason = kt_template_maker_reason(maker) };
	kt_autoerr struct kt_error *err = kt_template_maker_take(maker, &entry->template);

	kt_template_maker_destroy(KT_TAKE(entry->maker));
	entry->is_making = false;
	if (entry->is_given_up) {
		drop_entry(entry);
		close_if_idle(templates);
		return;
	}
	entry->is_bad = err != NULL;
	outcome.template = err ? NULL : &entry->template;
	outcome.origin = KT_TEMPLATE_WAS_MADE;
	outcome.problem = err ? kt_error_message(err) : NULL;
	tell_waits(entry, outcome);
	if (!err && templates->config.cache_dir)
		start_work(entry, do_store, on_stored);
}

static void do_load(uv_work_t *work)
{
	struct entry *entry = work->data;
	struct kt_template_label label = label_of(entry);
	uint64_t started_ns = kt_clock_mono_ns();

	entry->work_error = kt_template_cache_load(&label, &entry->template, &entry->is_kept);
	entry->template.made_ns = kt_clock_mono_ns() - started_ns;
}

static void on_loaded(uv_work_t *work, int status)
{
	struct entry *entry = work->data;
	struct kt_templates *templates = entry->templates;

	(void)status;
	entry->is_working = false;
	if (entry->is_given_up) {
		drop_entry(entry);
		close_if_idle(templates);
		return;
	}
	if (entry->work_error)
		note(templates, "a template that was kept could not be read",
		     kt_error_message(entry->work_error));
	kt_error_destroy(KT_TAKE(entry->work_error));
	if (entry->is_kept) {
		kt_template_maker_destroy(KT_TAKE(entry->maker));
		tell_waits(entry, (struct kt_template_outcome){ .template = &entry->template,
								.origin = KT_TEMPLATE_WAS_KEPT });
		return;
	}
	entry->is_making = true;
	kt_template_maker_start(entry->maker);
}

struct kt_error *kt_templates_make(struct kt_templates *templates,
				   const struct kt_template_order *order)
{
	struct kt_template_maker_config config = order->maker;
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		kt_arguments_deinit(order->arguments);
		return kt_error_no_memory();
	}
	*entry = (struct entry){ .templates = templates,
				 .arguments = *order->arguments,
				 .template = KT_TEMPLATE_INIT,
				 .node_count = config.machine->topology.numa_nodes,
				 .node_mib = kt_machine_node_mib(config.machine) };
	*order->arguments = (struct kt_arguments){ 0 };
	memcpy(entry->key, order->key, KT_HASH_TEXT_SIZE);
	entry->next = templates->entries;
	templates->entries = entry;
	config.argv = entry->arguments.argv;
	struct kt_error *err = kt_template_maker_create(templates->config.loop, &config, on_made,
							entry, &entry->maker);
	if (err) {
		drop_entry(entry);
		return err;
	}
	if (templates->config.cache_dir)
		start_work(entry, do_load, on_loaded);
	if (!entry->is_working) {
		entry->is_making = true;
		kt_template_maker_start(entry->maker);
	}
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
	if (entry->is_making)
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
