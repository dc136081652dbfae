/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The memory of the target, as something one can read: a process, or, in tests and for files,
 * anything else.  Addresses come from the target and are not to be trusted: every read may fail
 * or be short, and nothing read is larger than what the caller has room for.
 */
#ifndef KT_PROBE_MEMORY_MEMORY_H
#define KT_PROBE_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kt_memory {
	/*
	 * Copies up to @bytes bytes from @address to @buffer and returns how many were copied,
	 * counted from the first; 0 with errno set if not even one was.
	 */
	size_t (*read)(const struct kt_memory *memory, uint64_t address, void *buffer,
		       size_t bytes);
	pid_t pid;	 /* of the process */
	const void *ctx; /* of other kinds of memory; borrowed */
};

/** The memory of process @pid, read by process_vm_readv(2). */
struct kt_memory kt_memory_of_process(pid_t pid);

/** Reads @bytes bytes at @address; false unless all of them could be read. */
bool kt_memory_read(const struct kt_memory *memory, uint64_t address, void *buffer, size_t bytes);

/** Reads the 64-bit word at @address; false if it could not be read. */
bool kt_memory_read_u64(const struct kt_memory *memory, uint64_t address, uint64_t *ret);

/**
 * Reads the text at @address, up to its NUL, into @text, at most @cap bytes with the NUL.
 * False if it could not be read or does not end within @cap bytes.
 */
bool kt_memory_read_text(const struct kt_memory *memory, uint64_t address, char *text, size_t cap);

#endif
