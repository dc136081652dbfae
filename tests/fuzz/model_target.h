/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Foreign events as a model sees them that keeps little.
 */
#ifndef KT_TESTS_FUZZ_MODEL_TARGET_H
#define KT_TESTS_FUZZ_MODEL_TARGET_H

#include <stddef.h>

/**
 * Decodes each line, by the shortcut and without, and folds what can be decoded into a model with
 * small limits; then reads back what it kept.  Traps when two ways to the same thing disagree.
 */
void fuzz_read_model(const char *bytes, size_t len);

#endif
