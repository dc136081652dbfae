/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/theme.h"

#include <string.h>

enum {
	OWN = -1,
	BLACK,
	RED,
	GREEN,
	YELLOW,
	BLUE,
	MAGENTA,
	CYAN,
	WHITE
};

#define BOLD	  KT_ATTRIBUTE_BOLD
#define DIM	  KT_ATTRIBUTE_DIM
#define UNDERLINE KT_ATTRIBUTE_UNDERLINE
#define REVERSE	  KT_ATTRIBUTE_REVERSE

/* What is the same everywhere: attributes that carry the meaning without any colour. */
#define COMMON_LOOKS                                                              \
	[KT_ROLE_NORMAL] = { OWN, OWN, 0 }, [KT_ROLE_TITLE] = { OWN, OWN, BOLD }, \
	[KT_ROLE_HEADING] = { OWN, OWN, UNDERLINE },                              \
	[KT_ROLE_SORTED] = { OWN, OWN, UNDERLINE | BOLD },                        \
	[KT_ROLE_SELECTED] = { OWN, OWN, REVERSE },                               \
	[KT_ROLE_BANNER] = { OWN, OWN, REVERSE | BOLD },                          \
	[KT_ROLE_MATCH] = { OWN, OWN, REVERSE | UNDERLINE }, [KT_ROLE_PROMPT] = { OWN, OWN, BOLD }

const struct kt_theme kt_themes[] = {
	{
		.name = "default",
		.looks = {
			COMMON_LOOKS,
			[KT_ROLE_DIM] = { OWN, OWN, DIM },
			[KT_ROLE_KEY] = { CYAN, OWN, BOLD },
			[KT_ROLE_GOOD] = { GREEN, OWN, 0 },
			[KT_ROLE_ACTIVE] = { CYAN, OWN, 0 },
			[KT_ROLE_WARNING] = { YELLOW, OWN, BOLD },
			[KT_ROLE_BAD] = { RED, OWN, BOLD | REVERSE },
			[KT_ROLE_UNKNOWN] = { MAGENTA, OWN, 0 },
			[KT_ROLE_GRAPH] = { GREEN, OWN, 0 },
		},
	},
	{
		.name = "light", /* no yellow and cyan on white */
		.looks = {
			COMMON_LOOKS,
			[KT_ROLE_DIM] = { OWN, OWN, DIM },
			[KT_ROLE_KEY] = { BLUE, OWN, BOLD },
			[KT_ROLE_GOOD] = { GREEN, OWN, BOLD },
			[KT_ROLE_ACTIVE] = { BLUE, OWN, 0 },
			[KT_ROLE_WARNING] = { MAGENTA, OWN, BOLD },
			[KT_ROLE_BAD] = { RED, OWN, BOLD | REVERSE },
			[KT_ROLE_UNKNOWN] = { MAGENTA, OWN, 0 },
			[KT_ROLE_GRAPH] = { BLUE, OWN, 0 },
		},
	},
	{
		.name = "high-contrast", /* nothing dim; what matters has a background of its own */
		.looks = {
			COMMON_LOOKS,
			[KT_ROLE_DIM] = { WHITE, BLACK, 0 },
			[KT_ROLE_KEY] = { YELLOW, BLACK, BOLD },
			[KT_ROLE_GOOD] = { GREEN, BLACK, BOLD },
			[KT_ROLE_ACTIVE] = { CYAN, BLACK, BOLD },
			[KT_ROLE_WARNING] = { BLACK, YELLOW, 0 },
			[KT_ROLE_BAD] = { WHITE, RED, BOLD },
			[KT_ROLE_UNKNOWN] = { MAGENTA, BLACK, BOLD },
			[KT_ROLE_GRAPH] = { YELLOW, BLACK, 0 },
		},
	},
	{
		.name = "mono",
		.is_mono = true,
		.looks = {
			COMMON_LOOKS,
			[KT_ROLE_DIM] = { OWN, OWN, DIM },
			[KT_ROLE_KEY] = { OWN, OWN, BOLD },
			[KT_ROLE_GOOD] = { OWN, OWN, 0 },
			[KT_ROLE_ACTIVE] = { OWN, OWN, 0 },
			[KT_ROLE_WARNING] = { OWN, OWN, BOLD },
			[KT_ROLE_BAD] = { OWN, OWN, BOLD | REVERSE },
			[KT_ROLE_UNKNOWN] = { OWN, OWN, UNDERLINE },
			[KT_ROLE_GRAPH] = { OWN, OWN, 0 },
		},
	},
	{ 0 },
};

const struct kt_theme *kt_theme_find(const char *name)
{
	for (const struct kt_theme *theme = kt_themes; theme->name; theme++)
		if (!strcmp(theme->name, name))
			return theme;
	return NULL;
}
