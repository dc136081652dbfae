/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/evidence.h"

#include <string.h>

static const struct {
	uint32_t bit;
	const char *name;
} sources[] = {
	{ KT_SOURCE_TLS_IMAGE, "tls-image" },
	{ KT_SOURCE_CTL, "ctl" },
	{ KT_SOURCE_TABLE, "table" },
	{ KT_SOURCE_DWARF, "dwarf" },
};

enum {
	SOURCE_COUNT = sizeof(sources) / sizeof(sources[0])
};

void kt_sources_print(uint32_t bits, struct kt_buf *out)
{
	const char *separator = "";

	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		if (!(bits & sources[i].bit))
			continue;
		kt_buf_printf(out, "%s%s", separator, sources[i].name);
		separator = "+";
	}
	if (!*separator)
		kt_buf_puts(out, "none");
}

uint32_t kt_source_parse(const char *name, size_t len)
{
	for (size_t i = 0; i < SOURCE_COUNT; i++)
		if (strlen(sources[i].name) == len && !memcmp(sources[i].name, name, len))
			return sources[i].bit;
	return 0;
}
