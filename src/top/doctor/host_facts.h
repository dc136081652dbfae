/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What --doctor looks at on this machine, apart from how it is judged (top/doctor/host_rules.h), so
 * that a test can make up machines.  Looking changes nothing.  All texts are borrowed or in place.
 */
#ifndef KT_TOP_HOST_FACTS_H
#define KT_TOP_HOST_FACTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define KT_YAMA_ABSENT	   -1
#define KT_YAMA_UNREADABLE -2

enum {
	KT_TERMINAL_PROBLEM_BYTES = 160,
	KT_PLACE_DEADLINE_MS = 3000, /* a file system that answers does so in no time */
};

/** Who may read other processes. */
struct kt_right_facts {
	int yama_scope;	       /* 0 to 3, or one of the two above */
	int yama_errno;	       /* why it is not readable */
	bool has_capabilities; /* of this process, read; else those below are unknown */
	bool can_ptrace;       /* cap_sys_ptrace */
	bool can_bpf;	       /* cap_bpf and cap_perfmon, or cap_sys_admin */
	bool probe_can_ptrace; /* the probe's file has cap_sys_ptrace of its own */
	bool has_btf;	       /* the kernel says how its structures lie */
};

struct kt_terminal_facts {
	bool is_terminal;			 /* stdout */
	const char *term;			 /* TERM, or NULL */
	char problem[KT_TERMINAL_PROBLEM_BYTES]; /* of TERM; empty: none */
	unsigned columns;			 /* 0: the terminal does not say */
	unsigned rows;
	const char *codeset;
	bool is_utf8;
	int color_count;	/* what terminfo says; -1: it does not */
	bool is_color_unwanted; /* NO_COLOR */
};

/** A directory that is to be written to. */
struct kt_place_facts {
	const char *wanted;  /* borrowed */
	char path[PATH_MAX]; /* that, or its nearest parent that is there */
	uint32_t late_ms;    /* how long it has not answered: nothing below is known; 0: it has */
	int os_errno;	     /* why it could not be looked at; 0: it was */
	int write_errno;     /* why it cannot be written to; 0: it can */
	uint64_t free_bytes; /* for this user */
	bool has_inodes;     /* the file system counts them */
	uint64_t free_inode_count;
};

struct kt_memory_facts {
	bool has_available;
	uint64_t available_bytes; /* MemAvailable */
	bool has_cgroup;	  /* groups of processes could be looked at */
	uint64_t room_bytes;	  /* that the tightest one still gives; UINT64_MAX: no limit */
};

struct kt_core_facts {
	uint32_t allowed_count;	   /* for this process; 0: unknown */
	uint32_t online_count;	   /* 0: unknown */
	bool has_cgroup;	   /* groups of processes could be looked at */
	uint64_t quota_milli_cpus; /* thousandths of a CPU in each second; UINT64_MAX: no limit */
};

/** Looks at Yama, the capabilities of this process and those of @probe (a path, or NULL). */
void kt_right_look(const char *probe, struct kt_right_facts *ret);

/** Looks at stdout, TERM and the locale.  Owner: borrows from the environment. */
void kt_terminal_look(struct kt_terminal_facts *ret);

/**
 * Looks at the directory @path; if it would be made (@is_made) and is not there, at the nearest one
 * above it that is.  It takes KT_PLACE_DEADLINE_MS at most.  Owner: borrows @path.
 */
void kt_place_look(const char *path, bool is_made, struct kt_place_facts *ret);

/** Looks at /proc/meminfo and at the limits of the control groups. */
void kt_memory_look(struct kt_memory_facts *ret);

/** Counts the cores, and looks at the quotas of the control groups. */
void kt_core_look(struct kt_core_facts *ret);

#endif
