/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probe/loaded.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "probe/read/robust.h"
#include "tests/unit.h"

static uint64_t find_base(pid_t pid, const char *path_end)
{
	char name[32];
	char line[512];
	uint64_t base = 0;

	(void)snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	FILE *maps = fopen(name, "re");
	ck_assert_ptr_nonnull(maps);
	while (!base && fgets(line, sizeof(line), maps)) {
		size_t len = strcspn(line, "\n");
		size_t end_len = strlen(path_end);
		if (len >= end_len && !strncmp(line + len - end_len, path_end, end_len))
			ck_assert_int_eq(sscanf(line, "%" SCNx64, &base), 1);
	}
	(void)fclose(maps);
	ck_assert_msg(base, "%s is not mapped", path_end);
	return base;
}

void loaded_module(pid_t pid, const char *path_end, struct kt_module *ret)
{
	struct kt_memory memory = kt_memory_of_process(pid);
	uint64_t base = find_base(pid, path_end);

	*ret = (struct kt_module){ .base = base };
	ck_assert(kt_memory_read(&memory, base, &ret->header, sizeof(ret->header)));
	ck_assert_uint_le(ret->header.e_phnum, KT_MODULE_HEADERS_MAX);
	ret->segment_count = ret->header.e_phnum;
	ck_assert(kt_memory_read(&memory, base + ret->header.e_phoff, ret->segments,
				 ret->segment_count * sizeof(ret->segments[0])));
	for (size_t i = 0; i < ret->segment_count; i++) {
		const Elf64_Phdr *segment = &ret->segments[i];
		if (segment->p_type == PT_LOAD && !segment->p_offset)
			ret->bias = base - segment->p_vaddr;
	}
}

void loaded_thread_pointers(const struct target *target, uint64_t *tps)
{
	for (size_t i = 0; i < target->truth_count; i++) {
		uint64_t head;
		int64_t delta;
		ck_assert_int_eq(kt_robust_head(target->truths[i].tid, &head), 0);
		ck_assert(kt_robust_calibrate(target->pid, head, &delta));
		tps[i] = head - (uint64_t)delta;
	}
}
