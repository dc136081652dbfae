/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Where templates are kept between runs (--template-cache), and getting rid of them
 * (--clear-templates).
 */
#ifndef KT_TOP_KEPT_TEMPLATES_H
#define KT_TOP_KEPT_TEMPLATES_H

#include "base/buf.h"

/**
 * The directory that they are kept in, which is made if need be.
 * Errors: environment (no cache directory), io, no memory.  Owner: the caller frees @ret.
 */
struct kt_error *kt_kept_templates_locate(char **ret) KT_MUST_CHECK;

/**
 * Removes all of them and says in @out how many there were.
 * Errors: as kt_kept_templates_locate().  Owner: @out stays the caller's.
 */
struct kt_error *kt_kept_templates_clear(struct kt_buf *out) KT_MUST_CHECK;

#endif
