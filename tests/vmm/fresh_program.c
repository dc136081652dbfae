/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program in a guest can notice of where the guest came from, as "name=value" lines; run by
 * template_test.  "look" prints it; "soil" does, too, and then leaves traces wherever it can: files,
 * and a pattern in as much memory as it gets.  Linked statically, without sanitizers.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define SOILED_BYTES (64UL << 20)

static void print_hex(const char *name, const unsigned char *bytes, size_t len)
{
	printf("%s=", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static void print_file(const char *name, const char *path)
{
	char line[128] = "?\n";
	FILE *file = fopen(path, "re");

	if (!file || !fgets(line, sizeof(line), file))
		strcpy(line, "unreadable\n");
	printf("%s=%s", name, line);
	if (file)
		(void)fclose(file);
}

static void print_clock(const char *name, clockid_t clock)
{
	struct timespec time = { 0 };

	(void)clock_gettime(clock, &time);
	printf("%s=%lld\n", name, (long long)time.tv_sec * 1000000000 + time.tv_nsec);
}

/* How many entries a directory has that somebody put there. */
static void print_entries(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	printf("entries of %s=%d\n", path, dir ? count : -1);
	if (dir)
		(void)closedir(dir);
}

/* Whether a page that the kernel gives out holds what somebody else wrote. */
static int count_soiled(const unsigned char *memory, size_t len)
{
	int count = 0;

	for (size_t i = 0; i < len; i += 4096)
		count += memory[i] == 0xa5;
	return count;
}

static void soil(void)
{
	static const char *const paths[] = { "/tmp/soiled", "/dev/shm/soiled", "/run/soiled",
					     "/bin/soiled" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		FILE *file = fopen(paths[i], "we");
		if (!file)
			continue;
		(void)fputs("soiled\n", file);
		(void)fclose(file);
	}
}

int main(int argc, char **argv)
{
	unsigned char bytes[16] = { 0 };
	uint64_t pointer = getauxval(AT_RANDOM);
	int do_soil = argc > 1 && !strcmp(argv[1], "soil");

	print_file("uuid", "/proc/sys/kernel/random/uuid");
	print_file("boot_id", "/proc/sys/kernel/random/boot_id");
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return 1;
	print_hex("getrandom", bytes, sizeof(bytes));
	print_hex("at_random", (const unsigned char *)(uintptr_t)pointer, sizeof(bytes));
	printf("stack=%p\n", (void *)bytes);
	printf("pid=%d\n", (int)getpid());
	print_clock("real_ns", CLOCK_REALTIME);
	print_clock("mono_ns", CLOCK_MONOTONIC);
	print_entries("/tmp");
	print_entries("/dev/shm");
	print_entries("/run");
	printf("soiled program=%d\n", access("/bin/soiled", F_OK) == 0);
	unsigned char *memory = mmap(NULL, SOILED_BYTES, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	printf("soiled pages=%d\n", count_soiled(memory, SOILED_BYTES));
	if (do_soil) {
		memset(memory, 0xa5, SOILED_BYTES);
		soil();
	}
	return fflush(stdout) ? 1 : 0;
}
