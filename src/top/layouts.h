/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the host's probe finds out about a worker's jemalloc, for the probe in the guest: it
 * is given to the guest's image as a file of the machine's cache, so that the probe there, which
 * may run under emulation, opens no debug information.
 */
#ifndef KT_TOP_LAYOUTS_H
#define KT_TOP_LAYOUTS_H

#include "vmm/image/image.h"

/**
 * Asks the probe @probe about the program @host_path, stored as @guest_path, and about each library
 * it needs, where they have room for jemalloc's thread data, and adds the answers to @image.  A
 * probe that has no answer, or none in time, is no error: the guest's finds it out by itself.
 * Errors: no memory.  Blocks, at most some seconds for each such file.
 */
struct kt_error *kt_layouts_pack(struct kt_image *image, const char *probe, const char *host_path,
				 const char *guest_path) KT_MUST_CHECK;

#endif
