/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A child process whose threads keep counters of their own in thread-local memory, as
 * jemalloc does, change them on command, and tell in shared memory what they are.  So each
 * row that an engine reads can be compared with the truth at any moment, without jemalloc.
 */
#ifndef KT_TESTS_PROBE_CREW_H
#define KT_TESTS_PROBE_CREW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "probe/read/engine.h"

enum {
	CREW_MAX = 4096,
	CREW_NAMES = 8,	       /* the first members have special names */
	CREW_CLASS_BYTES = 160 /* of each object in a cache: member i has i + 1 of them */
};

/* What the child does besides. */
enum crew_mode {
	CREW_PARKED,
	CREW_CHURN,    /* threads are born and die all the time */
	CREW_WORKING,  /* the members work in pairs, each waking the other */
	CREW_SPINNING, /* the members work without a pause */
};

struct crew_member {
	_Atomic uint32_t order; /* counted up by the parent: do a piece of work */
	_Atomic uint32_t done;	/* the last order that was carried out */
	_Atomic uint64_t allocated;
	_Atomic uint64_t deallocated;
	_Atomic bool must_end;
	_Atomic bool must_rename; /* to "renamed", with the next order */
	bool has_ended;
	pid_t tid; /* as the child's pid namespace has it */
};

struct crew_page {
	_Atomic uint32_t ready;	    /* members that have told their tid */
	_Atomic uint32_t spawn;	    /* how many members there should be */
	_Atomic uint32_t burn_ms;   /* that a piece of work takes on the processor */
	_Atomic uint32_t raw_order; /* counted up: the raw thread works on the first member's */
	_Atomic uint32_t raw_done;
	_Atomic uint32_t mortals;     /* threads that were made before the members */
	_Atomic uint32_t is_doomsday; /* not 0: the mortals end */
	pid_t raw_tid;
	pid_t orphan_tid;
	struct crew_member members[CREW_MAX];
};

struct crew {
	pid_t pid;
	int task_fd;
	struct crew_page *page; /* shared with the child */
	size_t count;
	volatile sig_atomic_t stop;
};

/** Starts a child with @count members, its main thread included; ends with the test. */
void crew_start(struct crew *crew, size_t count, enum crew_mode mode);

/** The same in a pid namespace of its own.  False where that is not allowed. */
bool crew_start_in_namespace(struct crew *crew, size_t count);

/** Ends the child. */
void crew_stop(struct crew *crew);

/** Lets member @index work, and waits until it has. */
void crew_work(struct crew *crew, size_t index);

/** Ends member @index, not the first; its thread is gone when this returns. */
void crew_end(struct crew *crew, size_t index);

/** Lets member @index use the processor until it had it for some clock ticks. */
void crew_burn(struct crew *crew, size_t index);

/** Makes the crew grow to @count members. */
void crew_grow(struct crew *crew, size_t count);

/** Like crew_start(), with @mortals threads that are older than the members, but not the main one. */
void crew_start_with_mortals(struct crew *crew, size_t count, size_t mortals);

/** Lets the mortals end, all at once; does not wait for that. */
void crew_end_mortals(struct crew *crew);

/** Makes a thread that shares the main thread's pointer, and one whose maker has ended. */
void crew_add_raw(struct crew *crew);

/** Lets the raw thread work on the main thread's counters. */
void crew_work_raw(struct crew *crew);

/**
 * The counters as found through an entry of the thread vector that each member
 * but the first sets with its first piece of work: until then it has no block.
 */
struct kt_tls_place crew_late_place(void);

/** How the counters are found: directly, or through the thread vector. */
struct kt_tls_place crew_place(enum kt_tls_access access);

/** Where the members' caches are.  Owner: static. */
const struct kt_internals *crew_internals(void);

/** For an engine that reads the crew. */
struct kt_read_config crew_config(struct crew *crew, enum kt_tls_access access);

/** The row of thread @tid, or NULL. */
const struct kt_row *crew_row(const struct kt_sweep *sweep, pid_t tid);

/** Which member @tid is; the count of members for none. */
size_t crew_member_of(const struct crew *crew, pid_t tid);

/** Whether the counters of a thread that is born to die (CREW_CHURN) may be @bytes. */
bool crew_is_short_lived_value(uint64_t bytes);

/** Reads /proc/PID/task/@tid/@name into @text, of @cap bytes. */
void crew_proc_text(const struct crew *crew, pid_t tid, const char *name, char *text, size_t cap);

/** Fails the test unless each member that did not end has a row that says the truth. */
void crew_expect_exact(const struct crew *crew, const struct kt_sweep *sweep);

#endif
