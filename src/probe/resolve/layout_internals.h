/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The extras' part of a layout: what resolving asks of internals.h, for a candidate that is
 * believed.
 */
#ifndef KT_PROBE_RESOLVE_LAYOUT_INTERNALS_H
#define KT_PROBE_RESOLVE_LAYOUT_INTERNALS_H

#include "probe/resolve/candidate.h"
#include "probe/resolve/layout.h"

/**
 * Adds to @internals what is missing in it and can be known, by the measured shapes and the running
 * threads first; the object's file is opened only if these do not do.  @tps are @tp_count thread
 * pointers.
 * Errors: no memory.
 */
struct kt_error *kt_layout_internals_add(const struct kt_resolve_request *request,
					 const struct kt_candidate *candidate, const uint64_t *tps,
					 size_t tp_count,
					 struct kt_internals *internals) KT_MUST_CHECK;

#endif
