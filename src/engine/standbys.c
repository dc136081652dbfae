/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/standbys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct entry {
	struct kt_standbys *standbys;
	struct entry *next;
	char key[KT_HASH_TEXT_SIZE];
	struct kt_standby standby;
	bool is_ending; /* it was killed, or has ended */
};

struct kt_standbys {
	uv_loop_t *loop;
	struct kt_groups *groups;
	struct entry *entries;
	void (*on_closed)(void *ctx); /* NULL: it is open */
	void *ctx;
};

struct kt_error *kt_standbys_create(uv_loop_t *loop, struct kt_groups *groups,
				    struct kt_standbys **ret)
{
	struct kt_standbys *standbys = calloc(1, sizeof(*standbys));

	if (!standbys)
		return kt_error_no_memory();
	*standbys = (struct kt_standbys){ .loop = loop, .groups = groups };
	*ret = standbys;
	return NULL;
}

static void give_group(struct kt_standbys *standbys, const char *group_procs)
{
	if (standbys->groups)
		kt_groups_give(standbys->groups, group_procs);
}

static void drop_entry(struct entry *entry)
{
	struct entry **slot = &entry->standbys->entries;

	while (*slot != entry)
		slot = &(*slot)->next;
	*slot = entry->next;
	free(entry);
}

static void close_if_empty(struct kt_standbys *standbys)
{
	if (!standbys->on_closed || standbys->entries)
		return;
	void (*on_closed)(void *ctx) = standbys->on_closed;
	void *ctx = standbys->ctx;
	free(standbys);
	on_closed(ctx);
}

static void on_qemu_exit(void *ctx, int64_t exit_code, int signal)
{
	struct entry *entry = ctx;

	(void)exit_code;
	(void)signal;
	entry->is_ending = true;
	kt_qemu_close(entry->standby.qemu);
}

static void on_qemu_closed(void *ctx)
{
	struct entry *entry = ctx;
	struct kt_standbys *standbys = entry->standbys;

	give_group(standbys, entry->standby.group_procs);
	drop_entry(entry);
	close_if_empty(standbys);
}

struct kt_error *kt_standbys_add(struct kt_standbys *standbys, const char *key,
				 const struct kt_qemu_config *config, const char *group_procs)
{
	static const struct kt_qemu_handler handler = {
		.on_exit = on_qemu_exit,
		.on_closed = on_qemu_closed,
	};
	kt_autofree struct entry *entry = calloc(1, sizeof(*entry));
	int status = UV_ENOMEM;

	if (entry)
		status = kt_guest_stand_by(standbys->loop, config, &entry->standby.qemu);
	if (status) {
		give_group(standbys, group_procs);
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "no QEMU can stand by: %s",
				       uv_strerror(status));
	}
	entry->standbys = standbys;
	entry->standby.group_procs = group_procs;
	memcpy(entry->key, key, KT_HASH_TEXT_SIZE);
	kt_qemu_attach(entry->standby.qemu, &handler, entry);
	entry->next = standbys->entries;
	standbys->entries = KT_TAKE(entry);
	return NULL;
}

static bool is_for(const struct entry *entry, const char *key)
{
	return !entry->is_ending && !strcmp(entry->key, key);
}

size_t kt_standbys_count(const struct kt_standbys *standbys, const char *key)
{
	size_t count = 0;

	for (const struct entry *entry = standbys->entries; entry; entry = entry->next)
		count += is_for(entry, key);
	return count;
}

/* The oldest, which is the furthest with its loading. */
static struct entry *find_oldest(const struct kt_standbys *standbys, const char *key)
{
	struct entry *found = NULL;

	for (struct entry *entry = standbys->entries; entry; entry = entry->next)
		if (is_for(entry, key))
			found = entry;
	return found;
}

bool kt_standbys_take(struct kt_standbys *standbys, const char *key, struct kt_standby *ret)
{
	struct entry *entry = find_oldest(standbys, key);

	if (!entry)
		return false;
	*ret = entry->standby;
	drop_entry(entry);
	return true;
}

static void end(struct entry *entry)
{
	entry->is_ending = true;
	kt_qemu_kill(entry->standby.qemu, SIGKILL);
}

static size_t count_key(const char *const *keys, size_t count, const char *key)
{
	size_t times = 0;

	for (size_t i = 0; i < count; i++)
		times += !strcmp(keys[i], key);
	return times;
}

bool kt_standbys_lack(const struct kt_standbys *standbys, const char *const *keys, size_t index)
{
	return kt_standbys_count(standbys, keys[index]) < count_key(keys, index + 1, keys[index]);
}

void kt_standbys_keep(struct kt_standbys *standbys, const char *const *keys, size_t count)
{
	for (struct entry *entry = standbys->entries; entry; entry = entry->next)
		if (!entry->is_ending &&
		    kt_standbys_count(standbys, entry->key) > count_key(keys, count, entry->key))
			end(entry);
}

void kt_standbys_close(struct kt_standbys *standbys, void (*on_closed)(void *ctx), void *ctx)
{
	kt_standbys_keep(standbys, NULL, 0);
	standbys->on_closed = on_closed;
	standbys->ctx = ctx;
	close_if_empty(standbys);
}
