/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * PID 1's duties around the agent: file systems, the port's device, the end.
 */
#ifndef KT_GUEST_SYSTEM_H
#define KT_GUEST_SYSTEM_H

#include <stdint.h>

#include "base/error.h"

/**
 * Mounts what programs expect: /proc, /sys, /dev, /tmp must work; /dev/shm, /dev/pts, /run,
 * cgroup2, debugfs, tracefs and bpffs are tried.  Makes /dev/fd and the like.
 * Errors: io (one of the first four failed).  Owner: nothing changes hands.
 */
struct kt_error *kt_system_mount_all(void) KT_MUST_CHECK;

/**
 * Puts empty file systems in the place of those that programs write their own files to (/tmp, /dev/shm,
 * /run): what they hold is gone.  Errors: io.  Owner: nothing changes hands.
 */
struct kt_error *kt_system_sweep(void) KT_MUST_CHECK;

/**
 * Opens the virtio-serial port called @name, waiting at most @timeout_ns for it.
 * Errors: environment (no such port in time), io.  Owner: the caller closes @ret_fd.
 */
struct kt_error *kt_system_open_port(const char *name, uint64_t timeout_ns,
				     int *ret_fd) KT_MUST_CHECK;

/** Flushes and powers the machine off; returns only if the kernel refuses. */
void kt_system_power_off(void);

#endif
