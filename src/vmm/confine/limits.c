/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/confine/limits.h"

#include <inttypes.h>

#define MIB (1ULL << 20)

/*
 * Measured with QEMU 7.2 under TCG: 1380 to 1540 MiB of address space beside the guest's memory (1 GiB of it
 * is the buffer for translated code, which QEMU makes no larger by itself), 20 files, 4 threads.
 */
#define SPACE_BYTES (3072 * MIB)
/* What may be in use of that at once: all of the code buffer, and the rest as in a guest of 64 CPUs. */
#define IN_USE_BYTES (1536 * MIB)
/* A stack and an arena of the C library's allocator. */
#define THREAD_SPACE_BYTES  (136 * MIB)
#define THREAD_IN_USE_BYTES (4 * MIB)

enum {
	FILES = 128,
	FILES_PER_CPU = 4, /* under KVM each has one, and events */
	TASKS = 64,
	BLOCK_BYTES = 512, /* of ulimit -f */
};

struct kt_limits kt_limits_for(const struct kt_limits_need *need)
{
	return (struct kt_limits){
		.address_space_bytes =
			need->memory_bytes + SPACE_BYTES + need->thread_count * THREAD_SPACE_BYTES,
		.memory_bytes = need->memory_bytes + IN_USE_BYTES +
				need->thread_count * THREAD_IN_USE_BYTES,
		.file_bytes = need->file_bytes,
		.open_file_count = FILES + need->cpu_count * FILES_PER_CPU,
		.task_count = TASKS + need->thread_count,
	};
}

void kt_limits_put_script(const struct kt_limits *limits, struct kt_buf *out)
{
	kt_buf_printf(out,
		      "{ ulimit -c 0; ulimit -f %" PRIu64 "; ulimit -n %" PRIu32
		      "; ulimit -v %" PRIu64 "; } 2>/dev/null; ",
		      (limits->file_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES, limits->open_file_count,
		      limits->address_space_bytes >> 10);
}
