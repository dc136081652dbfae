/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/table.h"

#include <stdlib.h>

#include "base/cleanup.h"

static bool is_same(const struct kt_table *table, const struct kt_tids *tids)
{
	if (table->count != tids->count)
		return false;
	for (size_t i = 0; i < tids->count; i++)
		if (table->threads[i].tid != tids->tids[i])
			return false;
	return true;
}

/* Both halves grow together; their content moves from one to the other with each merge. */
static struct kt_error *grow(struct kt_table *table, size_t count)
{
	size_t cap = count + count / 4;

	if (count <= table->cap)
		return NULL;
	kt_autofree struct kt_thread *spare_threads = calloc(cap, sizeof(*spare_threads));
	kt_autofree struct kt_thread_files *spare_files = NULL;
	if (table->keeps_files)
		spare_files = calloc(cap, sizeof(*spare_files));
	if (!spare_threads || (table->keeps_files && !spare_files))
		return kt_error_no_memory();
	struct kt_thread *threads = reallocarray(table->threads, cap, sizeof(*threads));
	if (!threads)
		return kt_error_no_memory();
	table->threads = threads;
	if (table->keeps_files) {
		struct kt_thread_files *files = reallocarray(table->files, cap, sizeof(*files));
		if (!files)
			return kt_error_no_memory();
		table->files = files;
	}
	free(table->spare_threads);
	free(table->spare_files);
	table->spare_threads = KT_TAKE(spare_threads);
	table->spare_files = KT_TAKE(spare_files);
	table->cap = cap;
	return NULL;
}

static void drop(struct kt_table *table, size_t index)
{
	if (table->keeps_files)
		kt_thread_files_close(&table->files[index], &table->files_left);
}

static void swap_halves(struct kt_table *table)
{
	struct kt_thread *threads = table->threads;
	struct kt_thread_files *files = table->files;

	table->threads = table->spare_threads;
	table->files = table->spare_files;
	table->spare_threads = threads;
	table->spare_files = files;
}

struct kt_error *kt_table_merge(struct kt_table *table, const struct kt_tids *tids)
{
	size_t old = 0;

	if (is_same(table, tids))
		return NULL;
	KT_TRY(grow(table, tids->count));
	for (size_t i = 0; i < tids->count; i++) {
		while (old < table->count && table->threads[old].tid < tids->tids[i])
			drop(table, old++);
		bool is_known = old < table->count && table->threads[old].tid == tids->tids[i];
		table->spare_threads[i] = is_known ? table->threads[old]
						   : (struct kt_thread){ .tid = tids->tids[i] };
		if (table->keeps_files)
			table->spare_files[i] = is_known ? table->files[old]
							 : (struct kt_thread_files){ 0 };
		old += is_known;
	}
	while (old < table->count)
		drop(table, old++);
	swap_halves(table);
	table->count = tids->count;
	return NULL;
}

void kt_thread_forget(struct kt_thread *thread)
{
	thread->head = 0;
	thread->word = 0;
	thread->shared_ns = 0;
	thread->is_by_stop = false;
	thread->was_awaited = false;
}

void kt_table_deinit(struct kt_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		drop(table, i);
	free(table->threads);
	free(table->files);
	free(table->spare_threads);
	free(table->spare_files);
	*table = (struct kt_table){ 0 };
}
