/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest costs, in pairs within one run: ktstr-top's cold boot to the agent's hello
 * against the same QEMU line with an init that writes one byte; then the four scenarios of
 * the contract, each booted, and woken from templates.
 * Usage: guest_bench [PAIRS]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/vmm/boot.h"
#include "vmm/kernel/kernel.h"

#define MAX_PAIRS 100

struct series {
	double values[MAX_PAIRS];
	int count;
};

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void add(struct series *series, double value)
{
	series->values[series->count++] = value;
}

static void print(const char *what, struct series *series, const char *unit)
{
	qsort(series->values, (size_t)series->count, sizeof(double), compare);
	printf("%-58s %8.3f %8.3f %8.3f %s\n", what, series->values[0],
	       series->values[series->count / 2], series->values[series->count - 1], unit);
}

/* The bound: from the start of QEMU to the first byte of a tiny PID 1, in seconds. */
static struct kt_error *boot_bound(double *ret)
{
	static const struct kt_topology one = { 1, 1, 1, 1 };
	kt_autoimage struct kt_image *image = NULL;
	struct kt_boot boot = { 0 };

	KT_TRY(kt_image_create(&image));
	KT_TRY(kt_image_add_program(image, GUEST_INIT, "init", 0755));
	struct kt_error *err = kt_boot_run(&one, image, 120000, &boot);
	*ret = (double)boot.first_byte_ns / 1e9;
	kt_boot_deinit(&boot);
	return err;
}

/*
 * The number behind the last @member that a run of ktstr-top with @arguments printed, in seconds; 0: it
 * failed.
 */
static double run_top(const char *arguments, const char *member)
{
	char command[1024];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	double value = 0;

	(void)snprintf(command, sizeof(command), "%s -bc -f json %s", KTSTR_TOP, arguments);
	FILE *out = popen(command, "re");
	if (!out)
		return 0;
	kt_error_destroy(kt_file_read_fd(fileno(out), command, 64 << 20, &text));
	if (pclose(out))
		return 0;
	for (const char *at = kt_buf_text(&text); (at = strstr(at, member)); at++)
		value = strtod(at + strlen(member), NULL) / 1e9;
	return value;
}

/* Always the same ones, so that figures can be compared. */
#define CONTRACT_SCENARIOS "known-allocation multi-snapshot-monotone nonexistent-pid thread-churn"

enum way {
	EACH_BOOTED,
	FIRST_TIME,
	KEPT,
	WAY_COUNT,
};

/* The ways by turns; templates are kept in a directory of our own. */
static struct kt_error *measure_four(int rounds, struct series four[WAY_COUNT])
{
	__attribute__((cleanup(kt_kernel_deinit))) struct kt_kernel kernel = { .elf_fd = -1 };
	char dir[] = "/tmp/ktstr-bench.XXXXXX";
	char command[512];

	KT_TRY(kt_kernel_find(NULL, &kernel));
	if (!mkdtemp(dir) || setenv("XDG_CACHE_HOME", dir, 1))
		return kt_error_create(KT_ERROR_IO, errno, "%s", dir);
	(void)snprintf(command, sizeof(command), "--kernel %s --template-cache 1024 %s",
		       kernel.path, CONTRACT_SCENARIOS);
	(void)run_top(command, "\"duration_ns\":");
	for (int i = 0; i < rounds; i++) {
		char plain[512];
		(void)snprintf(plain, sizeof(plain), "--kernel %s --no-template %s", kernel.path,
			       CONTRACT_SCENARIOS);
		add(&four[EACH_BOOTED], run_top(plain, "\"duration_ns\":"));
		(void)snprintf(plain, sizeof(plain), "--kernel %s %s", kernel.path,
			       CONTRACT_SCENARIOS);
		add(&four[FIRST_TIME], run_top(plain, "\"duration_ns\":"));
		add(&four[KEPT], run_top(command, "\"duration_ns\":"));
	}
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) ? kt_error_create(KT_ERROR_IO, 0, "remove %s", dir) : NULL;
}

int main(int argc, char **argv)
{
	int pairs = argc > 1 ? atoi(argv[1]) : 7;
	struct series bound = { 0 };
	struct series ours = { 0 };
	struct series ratio = { 0 };
	struct series four[WAY_COUNT] = { 0 };

	if (pairs < 1 || pairs > MAX_PAIRS)
		return 2;
	for (int i = 0; i < pairs; i++) {
		double seconds = 0;
		kt_autoerr struct kt_error *err = boot_bound(&seconds);
		if (err) {
			fprintf(stderr, "%s\n", kt_error_message(err));
			return 1;
		}
		add(&bound, seconds);
		add(&ours, run_top("--no-template nonexistent-pid", "\"boot_ns\":"));
		add(&ratio, ours.values[i] / bound.values[i]);
		fprintf(stderr, "pair %d: %.3f %.3f\n", i + 1, bound.values[i], ours.values[i]);
	}
	kt_autoerr struct kt_error *err = measure_four((pairs + 1) / 2, four);
	if (err) {
		fprintf(stderr, "%s\n", kt_error_message(err));
		return 1;
	}
	printf("%-58s %8s %8s %8s   (%d pairs)\n", "guests, emulated or not as this machine can",
	       "min", "median", "max", pairs);
	print("init that writes one byte: start of QEMU to the byte", &bound, "s");
	print("ktstr-top: start of QEMU to the agent's hello", &ours, "s");
	print("ratio, pair by pair", &ratio, "");
	print("the four scenarios, each booted", &four[EACH_BOOTED], "s");
	print("the four scenarios, templates made on the way", &four[FIRST_TIME], "s");
	print("the four scenarios, templates kept by an earlier run", &four[KEPT], "s");
	return 0;
}
