/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker as somebody else would write it: allocates with the C library's malloc(), whichever
 * that is, as many bytes as the file in KT_SIZE_FILE says, makes its ready marker, and waits.
 * Exit codes: 2 no KT_SIZE_FILE, 3 it cannot be read, 4 no memory, 5 no marker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	const char *path = getenv("KT_SIZE_FILE");
	unsigned long size = 0;
	char marker[64];

	if (!path)
		return 2;
	FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%lu", &size) != 1)
		return 3;
	(void)fclose(file);
	char *bytes = malloc(size);
	if (!bytes)
		return 4;
	memset(bytes, 1, size);
	(void)snprintf(marker, sizeof(marker), "/tmp/ktstr-worker-ready-%d", (int)getpid());
	file = fopen(marker, "we");
	if (!file)
		return 5;
	(void)fclose(file);
	for (;;)
		(void)pause();
}
