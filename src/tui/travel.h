/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which moment of the run is looked at: the present, one that is held, or one that moves because
 * it is played.  Steps go from one thing that happened to the next; the model says what did.
 */
#ifndef KT_TUI_TRAVEL_H
#define KT_TUI_TRAVEL_H

#include "tui/dashboard.h"

#define KT_TRAVEL_MAX_SPEED 1024.0
#define KT_TRAVEL_MIN_SPEED (1.0 / 64)

/* What steps stop at: bits. */
enum kt_travel_stop {
	KT_STOP_SNAPSHOTS = 1 << 0,
	KT_STOP_STATES = 1 << 1,   /* of guests */
	KT_STOP_VERDICTS = 1 << 2, /* of checks */
};

struct kt_travel {
	bool is_held;	 /* moment_ns is looked at; otherwise the present */
	bool is_pause;	 /* held where the present was, not gone back */
	bool is_playing; /* moment_ns moves with the time */
	uint64_t moment_ns;
	double speed; /* of playing */
};

/** The moment that is looked at. */
uint64_t kt_travel_moment(const struct kt_travel *travel, const struct kt_dashboard_input *input);

/** Holds the present, or follows it again. */
void kt_travel_toggle_pause(struct kt_travel *travel, const struct kt_dashboard_input *input);

/** Goes to @moment_ns and stays there; beyond the present there is nothing. */
void kt_travel_go(struct kt_travel *travel, const struct kt_dashboard_input *input,
		  uint64_t moment_ns);

/** Follows the present. */
void kt_travel_follow(struct kt_travel *travel);

/**
 * Goes @count stops on, or back if it is negative.  Behind the last stop is the present.  Returns
 * false if there was nothing to go to.
 */
bool kt_travel_step(struct kt_travel *travel, const struct kt_dashboard_input *input,
		    unsigned stops, int count);

/** Goes to the first snapshot, or to the begin where there is none. */
void kt_travel_first(struct kt_travel *travel, const struct kt_dashboard_input *input);

/** Plays from the moment on (from the begin if that is the end of a recording), or stops that. */
void kt_travel_toggle_play(struct kt_travel *travel, const struct kt_dashboard_input *input);

/** Changes the speed by @factor, within the limits. */
void kt_travel_scale_speed(struct kt_travel *travel, double factor);

/** Lets time pass; true if the moment moved. */
bool kt_travel_tick(struct kt_travel *travel, const struct kt_dashboard_input *input,
		    uint64_t elapsed_ns);

/** How many snapshots are later than the moment. */
uint64_t kt_travel_later_count(const struct kt_travel *travel,
			       const struct kt_dashboard_input *input);

#endif
