/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the keys of the dashboard as scdoc source, from the table that it looks them up in. */
#include <stdio.h>

#include "tui/keys.h"

int main(void)
{
	kt_autobuf struct kt_buf source = KT_BUF_INIT;

	kt_keys_scdoc(&source);
	if (source.failed || fputs(kt_buf_text(&source), stdout) < 0 || fflush(stdout) != 0) {
		(void)fputs("key-doc: cannot write the list of keys\n", stderr);
		return 1;
	}
	return 0;
}
