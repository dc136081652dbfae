/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Scope guards.  A local marked with one of these is released at the end of its
 * block; handing the value to somebody else goes through KT_TAKE().
 */
#ifndef KT_BASE_CLEANUP_H
#define KT_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"

/** Defines the guard function for @type (a pointer type) released by @release. */
#define KT_DEFINE_CLEANUP(type, release)                 \
	static inline void release##_cleanup(type *slot) \
	{                                                \
		release(*slot);                          \
	}                                                \
	struct kt_cleanup_semicolon_##release

/** Marks a local that @release frees at the end of its block. */
#define KT_CLEANUP(release) __attribute__((cleanup(release##_cleanup)))

/** Moves a pointer out of @slot, leaving NULL behind. */
#define KT_TAKE(slot)                           \
	({                                      \
		__auto_type kt_taken_ = (slot); \
		(slot) = NULL;                  \
		kt_taken_;                      \
	})

static inline void kt_free_cleanup(void *slot)
{
	free(*(void **)slot);
}

static inline void kt_close_cleanup(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void kt_error_destroy_cleanup(struct kt_error **slot)
{
	kt_error_destroy(*slot);
}

static inline void kt_fclose_cleanup(FILE **slot)
{
	if (*slot)
		(void)fclose(*slot);
}

#define kt_autofree   __attribute__((cleanup(kt_free_cleanup)))
#define kt_autoclose  __attribute__((cleanup(kt_close_cleanup)))
#define kt_autoerr    __attribute__((cleanup(kt_error_destroy_cleanup)))
#define kt_autofclose __attribute__((cleanup(kt_fclose_cleanup)))

#endif
