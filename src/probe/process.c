/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/resolve/internals.h"

/* proc(5): statm has "size resident ...", in pages; all 0 once the address space is gone. */
static bool read_rss(int proc_fd, uint64_t *ret_bytes)
{
	kt_autoclose int fd = openat(proc_fd, "statm", O_RDONLY | O_CLOEXEC);
	char text[128];
	uint64_t size = 0;
	uint64_t resident = 0;
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got <= 0)
		return false;
	text[got] = '\0';
	if (sscanf(text, "%" SCNu64 " %" SCNu64, &size, &resident) != 2 || !size)
		return false;
	*ret_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

struct kt_process_extras kt_process_extras_read(const struct kt_target *target,
						const struct kt_layout *layout)
{
	const struct kt_memory memory = kt_memory_of_process(target->pid);
	struct kt_process_extras extras = { 0 };
	size_t arena_count = 0;

	extras.has_rss = read_rss(target->proc_fd, &extras.rss_bytes);
	extras.has_arenas = kt_internals_active_bytes(&memory, &layout->internals, layout->bias,
						      &extras.active_bytes, &arena_count);
	extras.arena_count = arena_count;
	return extras;
}
