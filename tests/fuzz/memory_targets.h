/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The probe's readers of other processes' memory, of the kernel's own types, and of kept layouts,
 * as fuzz targets (see probe_targets.h), with their seeds.
 */
#ifndef KT_TESTS_FUZZ_MEMORY_TARGETS_H
#define KT_TESTS_FUZZ_MEMORY_TARGETS_H

#include <stddef.h>

#include "base/buf.h"

/** A loaded object, at FUZZ_BASE: headers, dynamic section, linker's list, TLS words, control table. */
void fuzz_read_loaded(const char *bytes, size_t len);

/** Appends a whole one, with all of these. */
void fuzz_seed_loaded(struct kt_buf *out);

/** Code of a control function. */
void fuzz_read_code(const char *bytes, size_t len);

/** The image of an object's thread-local data. */
void fuzz_read_tls_image(const char *bytes, size_t len);

/** Appends one with jemalloc's data in it. */
void fuzz_seed_tls_image(struct kt_buf *out);

/** The kernel's BTF. */
void fuzz_read_btf(const char *bytes, size_t len);

/** Appends the types that the BPF engine asks for, made small. */
void fuzz_seed_btf(struct kt_buf *out);

/** A kept layout, as it is and with its hash put right. */
void fuzz_read_layout(const char *bytes, size_t len);

/** Appends an entry without its hash. */
void fuzz_seed_layout(struct kt_buf *out);

#endif
