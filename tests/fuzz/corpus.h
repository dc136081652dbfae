/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Inputs that a fuzzer found to reach something new, kept as text: corpus/TARGET.hex has one
 * per line, in hexadecimal.
 */
#ifndef KT_TESTS_FUZZ_CORPUS_H
#define KT_TESTS_FUZZ_CORPUS_H

#include <stdio.h>

#include "base/buf.h"

/**
 * Reads the next line of @file into @bytes, whose content it replaces.
 * False at the end.  Errors: io (not hexadecimal), no memory.
 */
struct kt_error *corpus_next(FILE *file, struct kt_buf *bytes, bool *ret_more) KT_MUST_CHECK;

#endif
