/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the running kernel makes of its CPUs: how many are online, and into how many nodes,
 * last-level caches and cores they fall.  Read from a tree that looks like /sys; what cannot
 * be read there is unknown, never 0.
 *
 * Each group is asked for once, by its first CPU: one file per group and not per CPU.
 */
#ifndef KT_GUEST_SHAPE_H
#define KT_GUEST_SHAPE_H

#include <stdint.h>

/** 0 in any of them: unknown. */
struct kt_shape {
	uint32_t cpus;	     /* online */
	uint32_t numa_nodes; /* online */
	uint32_t llcs;	     /* in all: groups that share a level-3 cache */
	uint32_t cores;	     /* in all */
	uint32_t threads;    /* CPUs of the largest core */
};

/** Reads the tree at @sysfs ("/sys"). */
void kt_shape_read(const char *sysfs, struct kt_shape *ret);

#endif
