/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer's entry: the target whose name is in the program's own name, "fuzz_link".
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct fuzz_target *target;
	const char *name = strchr(program_invocation_short_name, '_');

	for (size_t i = 0; !target && fuzz_targets[i].name; i++)
		if (name && !strcmp(name + 1, fuzz_targets[i].name))
			target = &fuzz_targets[i];
	if (!target)
		abort();
	target->read((const char *)bytes, len);
	return 0;
}
