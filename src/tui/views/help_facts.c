/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/help_facts.h"

#include <stddef.h>

/* In the order of enum kt_action, whose blocks these are. */
const struct kt_help_group kt_help_groups[] = {
	{ KT_ACTION_QUIT, "PROGRAM" },	    { KT_ACTION_NEXT_VIEW, "VIEWS" },
	{ KT_ACTION_UP, "ROWS AND PAGES" }, { KT_ACTION_SORT_NEXT, "SORTING, FILTER, SEARCH" },
	{ KT_ACTION_PAUSE, "TIME" },	    { KT_ACTION_SAVE, "KEEPING WHAT ONE SEES" },
	{ KT_ACTION_UNITS, "LOOKS" },	    { KT_ACTION_REDRAW, "TERMINAL" },
	{ KT_ACTION_COUNT, NULL },
};

const struct kt_help_fact kt_help_flow[] = {
	{ "flow, not usage", "allocated minus deallocated of a thread is no memory that it owns:" },
	{ "", "another thread may free it. It is what flows in at this thread, with its sign." },
	{ "-", "not known; never 0. The page of the guest says why." },
	{ NULL, NULL },
};

const struct kt_help_fact kt_help_states[] = {
	{ "STATES OF THREADS", "" },
	{ "new", "it was not there in the snapshot before" },
	{ "tid reused", "another thread had this tid before: they are told apart" },
	{ "reset", "a counter went backwards: no difference is made of that" },
	{ "failed", "its counters could not be read; the reason stands behind it" },
	{ "skipped", "it was left out on purpose" },
	{ "missed", "the snapshot was cut short before it" },
	{ "gone", "it has ended; the row stays for some snapshots" },
	{ "stale", "what is shown is old: no snapshot came for so long" },
	{ "STATES OF GUESTS", "" },
	{ "starting", "QEMU is being started" },
	{ "kernel", "its kernel boots" },
	{ "agent", "its first process runs" },
	{ "ready", "its agent answers: it has booted" },
	{ "probing", "workers run in it and probes look at them" },
	{ "done", "everything happened; the checks are judged" },
	{ "failed", "it did not come so far; the word behind it says why" },
	{ "stopped", "it was ended from outside" },
	{ "sampled", "no guest: a process of this host, which is watched" },
	{ "ended", "that process, or the watching, has ended; the word says how" },
	{ NULL, NULL },
};

const struct kt_help_fact kt_help_units[] = {
	{ "UNITS", "" },
	{ "KiB MiB GiB", "1024 bytes, 1024 KiB, 1024 MiB (iec)" },
	{ "kB MB GB", "1000 bytes, 1000 kB, 1000 MB (si)" },
	{ "/s", "per second, from this snapshot and the one before, by the probe's clock" },
	{ "0:12.250", "time of the run: minutes, seconds, thousandths" },
	{ "#12", "snapshot 12 of its probe run; the first is #0" },
	{ NULL, NULL },
};
