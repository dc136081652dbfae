/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The configuration that a kernel carries with it (CONFIG_IKCONFIG): gzip between the
 * marks "IKCFG_ST" and "IKCFG_ED" (kernel/configs.c of Linux).
 */
#ifndef KT_VMM_KERNEL_KERNEL_CONFIG_H
#define KT_VMM_KERNEL_KERNEL_CONFIG_H

#include <stdint.h>

#include "base/error.h"

/**
 * The value of @option ("CONFIG_PVH") in the uncompressed kernel @fd of @file_bytes: "y",
 * "m" and so on, "n" if the configuration does not set it, NULL if none can be read.
 * Errors: environment (read failed), no memory.
 * Owner: the caller frees @ret_value and keeps @fd.
 */
struct kt_error *kt_kernel_config_value(int fd, uint64_t file_bytes, const char *option,
					char **ret_value) KT_MUST_CHECK;

#endif
