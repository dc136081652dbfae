/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/thread_history.h"

#include <stdio.h>

#include "tui/views/thread_rows.h"

enum {
	/* What is unpacked for one frame of the screen, in packed bytes: some milliseconds. */
	MAX_PACKED_BYTES = 1 << 20,
	MIN_SNAPSHOTS = 16,
};

static struct kt_thread_reading reading_of(const struct kt_series_frame *frame, uint32_t number)
{
	struct kt_thread_reading reading = {
		.index = frame->index,
		.host_mono_ns = frame->host_mono_ns,
		.elapsed_ns = frame->snapshot.elapsed_since_start_ns,
	};

	for (size_t i = 0; i < frame->snapshot.thread_count; i++) {
		if (frame->thread_numbers[i] != number)
			continue;
		reading.is_there = true;
		reading.thread = frame->snapshot.threads[i];
		reading.has_extras = reading.thread.extras != NULL;
		if (reading.has_extras)
			reading.extras = *reading.thread.extras;
		reading.thread.extras = NULL;
		break;
	}
	return reading;
}

static struct kt_graph_value rate(struct kt_opt_u64 was, struct kt_opt_u64 is, uint64_t elapsed_ns)
{
	if (!was.known || !is.known || is.value < was.value || !elapsed_ns)
		return (struct kt_graph_value){ 0 };
	return (struct kt_graph_value){
		.value = kt_per_second(is.value - was.value, elapsed_ns),
		.is_known = true,
	};
}

static void add(struct kt_thread_history *history, const struct kt_thread_reading *was,
		const struct kt_thread_reading *is)
{
	uint64_t elapsed_ns = is->elapsed_ns > was->elapsed_ns ? is->elapsed_ns - was->elapsed_ns
							       : 0;
	size_t at = history->count++;

	history->at_ns[at] = is->host_mono_ns;
	history->allocated[at] =
		rate(was->thread.allocated_bytes, is->thread.allocated_bytes, elapsed_ns);
	history->deallocated[at] =
		rate(was->thread.deallocated_bytes, is->thread.deallocated_bytes, elapsed_ns);
}

static const char *keep(const char *text, char *room, size_t size)
{
	if (!text)
		return NULL;
	snprintf(room, size, "%s", text);
	return room;
}

/* Texts last as long as the frame only that they were read from. */
static void keep_texts(struct kt_thread_history *history)
{
	struct kt_thread *thread = &history->last.thread;

	thread->comm = keep(thread->comm, history->texts.comm, sizeof(history->texts.comm));
	thread->error = keep(thread->error, history->texts.error, sizeof(history->texts.error));
	thread->error_kind = keep(thread->error_kind, history->texts.error_kind,
				  sizeof(history->texts.error_kind));
	history->last.extras.state = keep(history->last.extras.state, history->texts.state,
					  sizeof(history->texts.state));
}

static struct kt_thread_reading without_texts(const struct kt_thread_reading *reading)
{
	struct kt_thread_reading copy = *reading;

	copy.thread.comm = NULL;
	copy.thread.error = NULL;
	copy.thread.error_kind = NULL;
	copy.extras.state = NULL;
	return copy;
}

/* What is at or before the moment also goes into the readings; @is has its texts still. */
static void take_note(struct kt_thread_history *history, const struct kt_thread_reading *was,
		      const struct kt_thread_reading *is)
{
	history->before = without_texts(was);
	history->now = without_texts(is);
	if (is->is_there) {
		history->last = *is;
		keep_texts(history);
		history->gone = (struct kt_thread_reading){ 0 };
	} else if (was->is_there) {
		history->gone = without_texts(is);
	}
}

static struct kt_thread_history_window choose(const struct kt_series *series, uint32_t number,
					      size_t moment, size_t wanted)
{
	struct kt_series_stats stats = kt_series_stats(series);
	size_t frames = stats.frame_count;
	size_t quick = MAX_PACKED_BYTES / (stats.bytes / frames + 1);
	struct kt_thread_history_window window = {
		.series = series,
		.number = number,
		.dropped_count = stats.dropped_count,
		.moment = moment,
	};

	quick = quick < MIN_SNAPSHOTS ? MIN_SNAPSHOTS : quick;
	wanted = wanted < quick ? wanted : quick;
	wanted = wanted < KT_HISTORY_MAX ? wanted : KT_HISTORY_MAX;
	wanted = wanted ? wanted : 1;
	/* A quarter of the window is for what came later. */
	window.end = moment + 1 + wanted / 4 < frames ? moment + 1 + wanted / 4 : frames;
	window.first = window.end > wanted ? window.end - wanted : 0;
	return window;
}

static bool is_same_window(const struct kt_thread_history_window *one,
			   const struct kt_thread_history_window *other)
{
	return one->series == other->series && one->number == other->number &&
	       one->dropped_count == other->dropped_count && one->first == other->first &&
	       one->end == other->end && one->moment == other->moment;
}

static struct kt_error *read_window(const struct kt_thread_history_window *window,
				    struct kt_thread_history *history)
{
	struct kt_series_frame *frame = &history->frame;
	struct kt_thread_reading was = { 0 };

	/* The first rate needs the reading before it. */
	if (window->first) {
		KT_TRY(kt_series_read(window->series, window->first - 1, frame));
		was = reading_of(frame, window->number);
		take_note(history, &(struct kt_thread_reading){ 0 }, &was);
	}
	for (size_t place = window->first; place < window->end; place++) {
		struct kt_thread_reading is;

		KT_TRY(kt_series_read(window->series, place, frame));
		is = reading_of(frame, window->number);
		if (place <= window->moment)
			take_note(history, &was, &is);
		add(history, &was, &is);
		was = is;
	}
	history->moment = window->moment - window->first;
	return NULL;
}

/* Forgets what was read, and keeps the memory that it was read with. */
static void reset(struct kt_thread_history *history)
{
	struct kt_series_frame frame = history->frame;

	*history = (struct kt_thread_history){ .frame = frame };
}

void kt_thread_history_deinit(struct kt_thread_history *history)
{
	kt_series_frame_deinit(&history->frame);
	*history = (struct kt_thread_history){ 0 };
}

struct kt_error *kt_thread_history_read(const struct kt_series *series, uint32_t number,
					uint64_t mono_ns, size_t wanted,
					struct kt_thread_history *history, bool *ret_found)
{
	struct kt_thread_history_window window;
	size_t moment;

	*ret_found = kt_series_find(series, mono_ns, &moment);
	if (!*ret_found)
		return NULL;
	window = choose(series, number, moment, wanted);
	if (is_same_window(&window, &history->window))
		return NULL;
	reset(history);
	KT_TRY(read_window(&window, history));
	history->window = window;
	return NULL;
}
