/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/threads.h"

#include <stdlib.h>
#include <string.h>

#include "tui/views/threads_state.h"

enum {
	STALE_INTERVALS = 3,
	NS_PER_MS = 1000000,
};

static const char default_sort[] = "-alloc-rate";

static void destroy(void *view)
{
	struct kt_threads *threads = view;

	if (!threads)
		return;
	for (size_t i = 0; i < threads->group_count; i++)
		kt_thread_rows_deinit(&threads->groups[i]);
	free(threads->groups);
	free(threads->scenarios);
	free(threads->order);
	free(threads->page);
	if (threads->history)
		kt_thread_history_deinit(threads->history);
	free(threads->history);
	kt_buf_deinit(&threads->filter);
	free(threads);
}

static struct kt_error *create(void **ret)
{
	struct kt_threads *threads = calloc(1, sizeof(*threads));

	if (!threads)
		return kt_error_no_memory();
	threads->page = calloc(1, sizeof(*threads->page));
	threads->history = calloc(1, sizeof(*threads->history));
	struct kt_error *err = threads->page && threads->history
				       ? kt_threads_set_columns(threads, NULL)
				       : kt_error_no_memory();
	if (!err)
		err = kt_threads_set_sort(threads, NULL);
	if (err) {
		destroy(threads);
		return err;
	}
	*ret = threads;
	return NULL;
}

struct kt_error *kt_threads_set_columns(void *view, const char *words)
{
	struct kt_threads *threads = view;

	return kt_columns_parse(words, &threads->columns);
}

struct kt_error *kt_threads_set_sort(void *view, const char *word)
{
	struct kt_threads *threads = view;

	if (!word || !*word)
		word = default_sort;
	const char *name = word + (*word == '-');
	const struct kt_column *column = kt_column_find(name, strlen(name));
	if (!column || !column->value)
		return kt_error_create(
			KT_ERROR_USAGE, 0,
			"nothing is sorted by '%.64s'; the columns are guest, tid, name, "
			"alloc and so on, see --columns",
			name);
	threads->sort = column;
	threads->is_descending = *word == '-';
	threads->is_dirty = true;
	return NULL;
}

void kt_threads_columns(const void *view, struct kt_buf *out)
{
	const struct kt_threads *threads = view;

	kt_columns_words(&threads->columns, out);
}

void kt_threads_sort(const void *view, struct kt_buf *out)
{
	const struct kt_threads *threads = view;

	kt_buf_printf(out, "%s%s", threads->is_descending ? "-" : "", threads->sort->word);
}

/* A guest more, with no threads yet. */
static struct kt_error *add_group(struct kt_threads *threads,
				  const struct kt_run_scenario *scenario)
{
	size_t count = threads->group_count;
	struct kt_thread_rows *groups = realloc(threads->groups, (count + 1) * sizeof(*groups));

	if (!groups)
		return kt_error_no_memory();
	threads->groups = groups;
	const struct kt_run_scenario **scenarios =
		realloc(threads->scenarios, (count + 1) * sizeof(const struct kt_run_scenario *));
	if (!scenarios)
		return kt_error_no_memory();
	threads->scenarios = scenarios;
	groups[count] = (struct kt_thread_rows){ .group = (uint32_t)count };
	scenarios[count] = scenario;
	threads->group_count++;
	return NULL;
}

/* A model that is not the one before begins anew. */
static void check_scenarios(struct kt_threads *threads, const struct kt_run *run)
{
	for (size_t i = 0; i < threads->group_count; i++)
		if (i >= run->scenario_count || run->scenarios[i] != threads->scenarios[i]) {
			for (size_t j = i; j < threads->group_count; j++)
				kt_thread_rows_deinit(&threads->groups[j]);
			threads->group_count = i;
			threads->is_dirty = true;
			*threads->page = (struct kt_threads_page){ 0 };
			kt_thread_history_deinit(threads->history);
		}
}

static struct kt_error *gather(struct kt_threads *threads, const struct kt_look_at *look)
{
	const struct kt_run *run = look->input->run;

	check_scenarios(threads, run);
	while (threads->group_count < run->scenario_count)
		KT_TRY(add_group(threads, run->scenarios[threads->group_count]));
	for (size_t i = 0; i < threads->group_count; i++) {
		bool has_changed = false;

		KT_TRY(kt_thread_rows_update(&threads->groups[i], threads->scenarios[i],
					     look->moment_ns, &has_changed));
		threads->is_dirty |= has_changed;
	}
	if (strcmp(kt_buf_text(&threads->filter), look->filter) != 0) {
		kt_buf_reset(&threads->filter);
		kt_buf_puts(&threads->filter, look->filter);
		threads->is_dirty = true;
	}
	if (!threads->is_dirty && (!threads->is_unsorted || look->is_order_frozen))
		return NULL;
	return kt_threads_order(threads, look);
}

static struct kt_error *update(void *view, const struct kt_look_at *look)
{
	struct kt_threads *threads = view;
	struct kt_error *err = gather(threads, look);

	/* Half done, the order may have rows that are not there any more. */
	if (err) {
		threads->count = 0;
		threads->is_dirty = true;
	}
	return err;
}

static size_t count(const void *view)
{
	return ((const struct kt_threads *)view)->count;
}

static uint64_t identity(const void *view, size_t row)
{
	return ((const struct kt_threads *)view)->order[row]->identity;
}

static void summary(const void *view, const struct kt_look_at *look, struct kt_buf *out)
{
	const struct kt_threads *threads = view;

	if (*look->filter)
		kt_buf_printf(out, "%zu of ", threads->count);
	kt_buf_printf(out, "%zu", threads->all_count);
}

uint64_t kt_threads_stale_ns(const struct kt_threads *threads, const struct kt_look_at *look,
			     size_t group)
{
	const struct kt_rows_frame *about = &threads->groups[group].about;
	uint64_t interval_ms = about->interval_ms ? about->interval_ms : look->input->interval_ms;

	if (!look->is_present || !look->input->is_live || look->input->has_ended || !interval_ms ||
	    !about->has_frame || about->has_ended || threads->scenarios[group]->ended ||
	    look->input->now_ns <= about->host_mono_ns)
		return 0;
	uint64_t age_ns = look->input->now_ns - about->host_mono_ns;
	return age_ns / STALE_INTERVALS / NS_PER_MS >= interval_ms ? age_ns : 0;
}

static struct kt_opt_u64 larger(struct kt_opt_u64 one, struct kt_opt_u64 other)
{
	return !one.known || (other.known && other.value > one.value) ? other : one;
}

static void add_cost(struct kt_threads_cost *cost, const struct kt_rows_frame *about)
{
	const struct kt_snapshot_extras *extras = &about->extras;

	cost->frame_count++;
	cost->live_count += !about->has_ended;
	cost->most_spread_ns = larger(cost->most_spread_ns, extras->duration_ns);
	cost->longest_stop_ns = larger(cost->longest_stop_ns, extras->longest_stop_ns);
	if (extras->stopped_threads.known)
		cost->stopped_threads =
			KT_KNOWN(cost->stopped_threads.value + extras->stopped_threads.value);
	cost->missed_count += about->failed_count;
	cost->skipped_count += about->skipped_count;
	cost->is_partial |= extras->partial.known && extras->partial.value;
	cost->kept_count += about->stats.frame_count;
	cost->all_count += about->stats.frame_count + about->stats.dropped_count;
	if (about->history_coarse_ns > cost->history_coarse_ns)
		cost->history_coarse_ns = about->history_coarse_ns;
}

struct kt_threads_cost kt_threads_cost(const void *view, const struct kt_look_at *look)
{
	const struct kt_threads *threads = view;
	struct kt_threads_cost cost = { 0 };

	for (size_t i = 0; i < threads->group_count; i++) {
		const struct kt_rows_frame *about = &threads->groups[i].about;
		uint64_t stale_ns = kt_threads_stale_ns(threads, look, i);

		if (!about->has_frame)
			continue;
		if (!cost.frame_count || about->host_mono_ns >= cost.latest.host_mono_ns) {
			cost.latest = *about;
			cost.guest = threads->scenarios[i]->name;
		}
		add_cost(&cost, about);
		if (stale_ns > cost.stale_ns)
			cost.stale_ns = stale_ns;
	}
	return cost;
}

/* The next column that can be sorted by, from the one that is. */
static void sort_by_next(struct kt_threads *threads, size_t step)
{
	const struct kt_column_choice *choice = &threads->columns;
	size_t at = 0;

	while (at < choice->count && choice->columns[at] != threads->sort)
		at++;
	for (size_t tries = 0; tries < choice->count; tries++) {
		at = (at + step) % choice->count;
		const struct kt_column *column = choice->columns[at];
		bool is_shown = threads->group_count > 1 || strcmp(column->word, "guest") != 0;

		if (!column->value || !is_shown)
			continue;
		threads->sort = column;
		threads->is_descending = column->is_descending;
		threads->is_dirty = true;
		return;
	}
}

static unsigned act(void *view, const struct kt_look_at *look, enum kt_action action)
{
	struct kt_threads *threads = view;

	(void)look;
	switch (action) {
	case KT_ACTION_SORT_NEXT:
		sort_by_next(threads, 1);
		return KT_NEED_FRAME;
	case KT_ACTION_SORT_PREVIOUS:
		sort_by_next(threads, threads->columns.count - 1);
		return KT_NEED_FRAME;
	case KT_ACTION_SORT_REVERSE:
		threads->is_descending = !threads->is_descending;
		threads->is_dirty = true;
		return KT_NEED_FRAME;
	default:
		return 0;
	}
}

const struct kt_view kt_threads_view = {
	.word = "threads",
	.title = "Threads",
	.create = create,
	.destroy = destroy,
	.update = update,
	.count = count,
	.identity = identity,
	.text = kt_threads_row_text,
	.summary = summary,
	.prepare_rows = kt_threads_prepare_rows,
	.paint_heading = kt_threads_paint_heading,
	.paint_row = kt_threads_paint_row,
	.explain_empty = kt_threads_explain_empty,
	.paint_page = kt_threads_paint_page,
	.act = act,
};
