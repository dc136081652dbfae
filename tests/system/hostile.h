/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A run of the engine with hostile guests (hostile_init.c) and sound ones beside them, in this process, so
 * that what they cost it can be seen: its memory, events, and what one turn of the loop brought.
 */
#ifndef KT_TESTS_SYSTEM_HOSTILE_H
#define KT_TESTS_SYSTEM_HOSTILE_H

#include "engine/engine.h"

enum {
	HOSTILE_MAX_GUESTS = 16
};

/** How the scenario of a guest ended. */
struct hostile_end {
	enum kt_result result;
	char reason[512];
	size_t event_bytes;   /* of all events that were about it */
	size_t console_count; /* lines of its console that were told */
	size_t snapshot_count;
};

struct hostile_run {
	struct kt_scenario_set scenarios;
	struct kt_runner_image images[HOSTILE_MAX_GUESTS];
	struct hostile_end ends[HOSTILE_MAX_GUESTS]; /* in the order in which they were added */
	struct kt_buf notes;			     /* all, one a line */
	size_t most_alive;			     /* guests that there were at once */
	size_t turn_events;   /* the most that one turn of the loop brought */
	uint64_t turn_cpu_ns; /* the most that one of them computed */
	uint64_t gap_ns;      /* the longest between two ticks of a timer */
	uint64_t peak_bytes;  /* the most memory this process had */
	int exit_code;
	bool is_live;		  /* snapshots come one by one */
	struct kt_groups *groups; /* for them, or NULL; borrowed */
	const char
		*watched; /* a file whose content is kept when a guest's kernel starts, or NULL */
	struct kt_buf watched_text;
};

/** Starts with no guest. */
void hostile_init(struct hostile_run *run);

/** Adds a guest that does what @word says; its scenario, called so, ends after @timeout_s. */
void hostile_add(struct hostile_run *run, const char *word, unsigned timeout_s);

/** The same, with a request to it of some 900 KB. */
void hostile_add_large(struct hostile_run *run, const char *word, unsigned timeout_s);

/** Adds a guest with the real agent, called "sound-" and its number, which passes. */
void hostile_add_sound(struct hostile_run *run);

/** Runs all of them at once, until all are over. */
void hostile_go(struct hostile_run *run);

/** Frees all of it. */
void hostile_deinit(struct hostile_run *run);

#endif
