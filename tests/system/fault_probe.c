/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for the probe in a guest and goes wrong as the pid that it is to look at says.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char block[1 << 20];
	int pid = argc > 2 ? atoi(argv[2]) : 0;

	switch (pid) {
	case 1:
		(void)fputs("going down\n", stderr);
		(void)raise(SIGSEGV);
		break;
	case 2:
		for (;;)
			(void)pause();
	case 3: /* more than is ever kept */
		memset(block, 'x', sizeof(block));
		for (int i = 0; i < 20; i++)
			(void)!write(STDOUT_FILENO, block, sizeof(block));
		break;
	case 4:
		(void)puts("{ \"schema_version\": 3 }");
		break;
	case 5: /* a good end without a word */
		break;
	default:
		return 98;
	}
	return 0;
}
