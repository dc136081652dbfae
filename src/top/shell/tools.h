/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a person needs in a guest: a shell, and programs to look around with.  busybox if this machine
 * has it, else its bash or sh with a few common programs, each with its libraries.
 */
#ifndef KT_TOP_SHELL_TOOLS_H
#define KT_TOP_SHELL_TOOLS_H

#include "vmm/image/image.h"

struct kt_shell_tools {
	char *path;		 /* of busybox, or of the shell, on this machine */
	const char *const *argv; /* of the shell in the guest; static */
};

/**
 * Looks for them on PATH.
 * Errors: environment (there is nothing; the text says which package to install), no memory.
 * Owner: the caller calls kt_shell_tools_deinit().
 */
struct kt_error *kt_shell_tools_find(struct kt_shell_tools *ret) KT_MUST_CHECK;

/**
 * Adds them to @image, but where a scenario's program or file is there already.
 * Errors: environment (busybox does not say what it can do, or a library is missing), usage, no memory.
 */
struct kt_error *kt_shell_tools_pack(const struct kt_shell_tools *tools,
				     struct kt_image *image) KT_MUST_CHECK;

/** Frees the path. */
void kt_shell_tools_deinit(struct kt_shell_tools *tools);

#endif
