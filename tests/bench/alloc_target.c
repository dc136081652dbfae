/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that does nothing but allocate and free, and says on stdout, a line for each
 * SLICE_MS milliseconds of its own time line, how many rounds it made.  Ends when stdout is
 * closed.  Linked with jemalloc.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	SLICE_MS = 200,
	KEPT = 64,
	ROUNDS_PER_LOOK = 1000,
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(void)
{
	static char *volatile kept[KEPT];
	uint64_t random = 1;

	for (;;) {
		uint64_t began_ns = now_ns();
		uint64_t rounds = 0;
		char line[32];
		while (now_ns() - began_ns < SLICE_MS * 1000000ull) {
			for (int i = 0; i < ROUNDS_PER_LOOK; i++) {
				random = random * 6364136223846793005u + 1442695040888963407u;
				size_t slot = random >> 58;
				free(kept[slot]);
				kept[slot] = malloc(16 + (random >> 40 & 2047));
				if (kept[slot])
					*kept[slot] = 1;
			}
			rounds += ROUNDS_PER_LOOK;
		}
		int len = snprintf(line, sizeof(line), "%llu\n", (unsigned long long)rounds);
		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			return 0;
	}
}
