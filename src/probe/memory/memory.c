/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/memory/memory.h"

#include <string.h>
#include <sys/uio.h>

enum {
	TEXT_CHUNK_BYTES = 128
};

static size_t read_process(const struct kt_memory *memory, uint64_t address, void *buffer,
			   size_t bytes)
{
	struct iovec local = { buffer, bytes };
	struct iovec remote = { (void *)(uintptr_t)address, bytes };
	ssize_t got = process_vm_readv(memory->pid, &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

struct kt_memory kt_memory_of_process(pid_t pid)
{
	return (struct kt_memory){ .read = read_process, .pid = pid };
}

bool kt_memory_read(const struct kt_memory *memory, uint64_t address, void *buffer, size_t bytes)
{
	return memory->read(memory, address, buffer, bytes) == bytes;
}

bool kt_memory_read_u64(const struct kt_memory *memory, uint64_t address, uint64_t *ret)
{
	return kt_memory_read(memory, address, ret, sizeof(*ret));
}

bool kt_memory_read_text(const struct kt_memory *memory, uint64_t address, char *text, size_t cap)
{
	size_t done = 0;

	/* Texts are short, and what lies behind one may not be there. */
	while (done < cap) {
		size_t wanted = cap - done < TEXT_CHUNK_BYTES ? cap - done : TEXT_CHUNK_BYTES;
		size_t got = memory->read(memory, address + done, text + done, wanted);
		if (memchr(text + done, '\0', got))
			return true;
		if (got < wanted)
			return false;
		done += got;
	}
	return false;
}
