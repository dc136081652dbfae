/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints a program's options as scdoc source, from the table that the program itself
 * parses by and makes its --help from.  Built once for each table, with its header and
 * name as KT_OPTION_HEADER and KT_OPTION_TABLE.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/options.h"

#include KT_OPTION_HEADER

int main(void)
{
	kt_autobuf struct kt_buf source = KT_BUF_INIT;

	kt_options_scdoc(KT_OPTION_TABLE, &source);
	if (source.failed || fputs(kt_buf_text(&source), stdout) < 0 || fflush(stdout) != 0) {
		fputs("option-doc: cannot write the list of options\n", stderr);
		return 1;
	}
	return 0;
}
