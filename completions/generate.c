/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the completion of ktstr-top for a shell, from the table that the program itself parses by:
 * generate SHELL [SCENARIO...]
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "top/completion.h"
#include "top/options.h"

int main(int argc, char **argv)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (argc < 2) {
		(void)fputs("usage: generate SHELL [SCENARIO...]\n", stderr);
		return 2;
	}
	kt_autoerr struct kt_error *err = kt_completion_put(argv[1], "ktstr-top", kt_top_options,
							    (const char *const *)argv + 2,
							    (size_t)argc - 2, &text);
	if (err) {
		(void)fprintf(stderr, "generate: %s\n", kt_error_message(err));
		return 2;
	}
	if (fputs(kt_buf_text(&text), stdout) < 0 || fflush(stdout) != 0) {
		(void)fputs("generate: cannot write\n", stderr);
		return 1;
	}
	return 0;
}
