/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/travel.h"

/* The nearest stop that was found so far, on one side of a moment. */
struct nearest {
	uint64_t from_ns;
	bool is_backward;
	bool was_found;
	uint64_t found_ns;
};

uint64_t kt_travel_moment(const struct kt_travel *travel, const struct kt_dashboard_input *input)
{
	return travel->is_held ? travel->moment_ns : input->now_ns;
}

void kt_travel_follow(struct kt_travel *travel)
{
	travel->is_held = false;
	travel->is_pause = false;
	travel->is_playing = false;
}

void kt_travel_toggle_pause(struct kt_travel *travel, const struct kt_dashboard_input *input)
{
	if (travel->is_playing) {
		travel->is_playing = false;
	} else if (travel->is_held) {
		kt_travel_follow(travel);
	} else {
		travel->is_held = true;
		travel->is_pause = true;
		travel->moment_ns = input->now_ns;
	}
}

void kt_travel_go(struct kt_travel *travel, const struct kt_dashboard_input *input,
		  uint64_t moment_ns)
{
	if (moment_ns >= input->now_ns) {
		kt_travel_follow(travel);
		return;
	}
	travel->is_held = true;
	travel->is_pause = false;
	travel->is_playing = false;
	travel->moment_ns = moment_ns;
}

static void consider(struct nearest *nearest, uint64_t time_ns)
{
	if (nearest->is_backward ? time_ns >= nearest->from_ns : time_ns <= nearest->from_ns)
		return;
	if (nearest->was_found &&
	    (nearest->is_backward ? time_ns <= nearest->found_ns : time_ns >= nearest->found_ns))
		return;
	nearest->was_found = true;
	nearest->found_ns = time_ns;
}

/* The frames of a series are in order, so the two next to the moment are enough. */
static void consider_series(struct nearest *nearest, const struct kt_series *series)
{
	size_t count = kt_series_stats(series).frame_count;
	size_t place = 0;

	if (nearest->is_backward) {
		if (nearest->from_ns && kt_series_find(series, nearest->from_ns - 1, &place))
			consider(nearest, kt_series_time(series, place, NULL));
		return;
	}
	if (kt_series_find(series, nearest->from_ns, &place))
		place++;
	if (place < count)
		consider(nearest, kt_series_time(series, place, NULL));
}

static void consider_snapshots(struct nearest *nearest, const struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->probe_count; i++) {
		const struct kt_run_probe *probe = &scenario->probes[i];

		for (size_t j = 0; j < probe->run_count; j++)
			if (probe->runs[j].series)
				consider_series(nearest, probe->runs[j].series);
	}
}

static void consider_states(struct nearest *nearest, const struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->state_count; i++)
		consider(nearest, scenario->states[i].host_mono_ns);
	if (scenario->ended)
		consider(nearest, scenario->ended_mono_ns);
}

static void consider_verdicts(struct nearest *nearest, const struct kt_run_scenario *scenario)
{
	for (size_t i = 0; i < scenario->check_count; i++)
		for (size_t j = 0; j < scenario->checks[i].verdict_count; j++)
			consider(nearest, scenario->checks[i].verdicts[j].host_mono_ns);
}

static bool find_stop(const struct kt_run *run, unsigned stops, uint64_t from_ns, bool is_backward,
		      uint64_t *ret)
{
	struct nearest nearest = { .from_ns = from_ns, .is_backward = is_backward };

	for (size_t i = 0; i < run->scenario_count; i++) {
		const struct kt_run_scenario *scenario = run->scenarios[i];

		if (stops & KT_STOP_SNAPSHOTS)
			consider_snapshots(&nearest, scenario);
		if (stops & KT_STOP_STATES)
			consider_states(&nearest, scenario);
		if (stops & KT_STOP_VERDICTS)
			consider_verdicts(&nearest, scenario);
	}
	if (nearest.was_found)
		*ret = nearest.found_ns;
	return nearest.was_found;
}

/* The stop that is on the screen: the latest at or before the moment. */
static bool find_shown(const struct kt_run *run, unsigned stops, uint64_t moment_ns, uint64_t *ret)
{
	return moment_ns < UINT64_MAX && find_stop(run, stops, moment_ns + 1, true, ret);
}

static bool step_once(struct kt_travel *travel, const struct kt_dashboard_input *input,
		      unsigned stops, bool is_backward)
{
	uint64_t moment_ns = kt_travel_moment(travel, input);
	uint64_t stop_ns;

	if (is_backward) {
		if (!find_shown(input->run, stops, moment_ns, &stop_ns) ||
		    !find_stop(input->run, stops, stop_ns, true, &stop_ns))
			return false;
	} else if (!travel->is_held) {
		return false;
	} else if (!find_stop(input->run, stops, moment_ns, false, &stop_ns) ||
		   stop_ns >= input->now_ns) {
		kt_travel_follow(travel);
		return true;
	}
	travel->is_held = true;
	travel->is_pause = false;
	travel->is_playing = false;
	travel->moment_ns = stop_ns;
	return true;
}

bool kt_travel_step(struct kt_travel *travel, const struct kt_dashboard_input *input,
		    unsigned stops, int count)
{
	bool has_moved = false;

	for (int left = count < 0 ? -count : count; left; left--) {
		if (!step_once(travel, input, stops, count < 0))
			break;
		has_moved = true;
	}
	return has_moved;
}

void kt_travel_first(struct kt_travel *travel, const struct kt_dashboard_input *input)
{
	uint64_t stop_ns = 0;

	if (!find_stop(input->run, KT_STOP_SNAPSHOTS, 0, false, &stop_ns))
		stop_ns = 0;
	kt_travel_go(travel, input, stop_ns);
}

void kt_travel_toggle_play(struct kt_travel *travel, const struct kt_dashboard_input *input)
{
	if (travel->is_playing) {
		travel->is_playing = false;
		return;
	}
	if (!travel->is_held) {
		if (input->is_live && !input->has_ended)
			return;
		kt_travel_first(travel, input);
	}
	travel->is_playing = travel->is_held;
	travel->is_pause = false;
}

void kt_travel_scale_speed(struct kt_travel *travel, double factor)
{
	double speed = travel->speed * factor;

	if (speed >= KT_TRAVEL_MIN_SPEED && speed <= KT_TRAVEL_MAX_SPEED)
		travel->speed = speed;
}

bool kt_travel_tick(struct kt_travel *travel, const struct kt_dashboard_input *input,
		    uint64_t elapsed_ns)
{
	if (!travel->is_playing)
		return false;
	double advance_ns = (double)elapsed_ns * travel->speed;
	uint64_t left_ns = input->now_ns > travel->moment_ns ? input->now_ns - travel->moment_ns
							     : 0;
	bool is_loading = !input->is_live && input->loaded_permille < 1000;

	if (advance_ns < (double)left_ns) {
		travel->moment_ns += (uint64_t)advance_ns;
		return true;
	}
	/* What is not read yet is waited for. */
	if (is_loading) {
		if (left_ns)
			travel->moment_ns = input->now_ns;
		return left_ns != 0;
	}
	kt_travel_follow(travel);
	return true;
}

uint64_t kt_travel_later_count(const struct kt_travel *travel,
			       const struct kt_dashboard_input *input)
{
	uint64_t moment_ns = kt_travel_moment(travel, input);
	uint64_t later_count = 0;

	for (size_t i = 0; i < input->run->scenario_count; i++) {
		const struct kt_run_scenario *scenario = input->run->scenarios[i];

		for (size_t j = 0; j < scenario->probe_count; j++)
			for (size_t k = 0; k < scenario->probes[j].run_count; k++) {
				const struct kt_series *series = scenario->probes[j].runs[k].series;
				size_t place;

				if (!series)
					continue;
				later_count += kt_series_stats(series).frame_count;
				if (kt_series_find(series, moment_ns, &place))
					later_count -= place + 1;
			}
	}
	return later_count;
}
