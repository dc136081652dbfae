/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/past.h"

size_t kt_past_count(const struct kt_run_probe_run *run)
{
	if (run->series)
		return kt_series_stats(run->series).frame_count;
	return run->snapshot_count - run->kept_from;
}

uint64_t kt_past_time(const struct kt_run_probe_run *run, size_t place, uint32_t *ret_index)
{
	if (run->series)
		return kt_series_time(run->series, place, ret_index);
	*ret_index = (uint32_t)(run->kept_from + place);
	return run->snapshots[place].host_mono_ns;
}

/* How many of the first places are at or before the time, or the index, that is looked for. */
static size_t count_until(const struct kt_run_probe_run *run, uint64_t mono_ns, uint64_t index)
{
	size_t low = 0;
	size_t high = kt_past_count(run);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t at_index;
		uint64_t at_ns = kt_past_time(run, middle, &at_index);

		if (at_ns <= mono_ns && at_index <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool kt_past_find(const struct kt_run_probe_run *run, uint64_t mono_ns, size_t *ret_place)
{
	size_t count = count_until(run, mono_ns, UINT64_MAX);

	if (count)
		*ret_place = count - 1;
	return count > 0;
}

bool kt_past_find_index(const struct kt_run_probe_run *run, uint64_t index, size_t *ret_place)
{
	size_t count = count_until(run, UINT64_MAX, index);
	uint32_t found;

	if (!count)
		return false;
	(void)kt_past_time(run, count - 1, &found);
	if (found != index)
		return false;
	*ret_place = count - 1;
	return true;
}

uint64_t kt_past_taken(const struct kt_run_probe_run *run, uint64_t mono_ns)
{
	size_t place;
	uint32_t index;

	if (!kt_past_find(run, mono_ns, &place))
		return 0;
	(void)kt_past_time(run, place, &index);
	return (uint64_t)index + 1;
}

struct kt_error *kt_past_read(const struct kt_run_probe_run *run, size_t place,
			      struct kt_past_frame *frame)
{
	frame->host_mono_ns = kt_past_time(run, place, &frame->index);
	if (!run->series) {
		frame->snapshot = &run->snapshots[place].snapshot;
		return NULL;
	}
	KT_TRY(kt_series_read(run->series, place, &frame->frame));
	frame->snapshot = &frame->frame.snapshot;
	return NULL;
}

void kt_past_frame_deinit(struct kt_past_frame *frame)
{
	kt_series_frame_deinit(&frame->frame);
	*frame = (struct kt_past_frame){ 0 };
}

bool kt_past_has_ended(const struct kt_run_probe_run *run, uint64_t mono_ns)
{
	/* The end is stamped when it is taken in, which is not kept; its duration is. */
	return run->ended && mono_ns >= run->started_mono_ns &&
	       mono_ns - run->started_mono_ns >= run->end.duration_ns;
}
