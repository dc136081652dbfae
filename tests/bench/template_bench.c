/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest from a template costs: time until its agent answers, alone and many at once, by a QEMU that
 * is started then and by one that stood by; memory; then many in a row, and what they leave in this process.
 * Usage: template_bench [WAKES [SOAK]]
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/vmm/herd.h"

enum {
	MAX_WAKES = 10000,
	AT_ONCE = 8,
	ROUNDS = 9,
};

struct series {
	double values[MAX_WAKES];
	unsigned count;
};

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void print(const char *what, struct series *series, const char *unit)
{
	qsort(series->values, series->count, sizeof(double), compare);
	printf("%-52s %8.1f %8.1f %8.1f %8.1f %s (n=%u)\n", what, series->values[0],
	       series->values[series->count / 2], series->values[series->count * 99 / 100],
	       series->values[series->count - 1], unit, series->count);
	series->count = 0;
}

static void add(struct series *series, double value)
{
	if (series->count < MAX_WAKES)
		series->values[series->count++] = value;
}

/* How a guest is woken: by a QEMU that is started for it, or that stood by. */
enum way {
	STARTED,
	STOOD_BY,
	WAY_COUNT,
};

static const char *const way_names[WAY_COUNT] = { "QEMU started", "QEMU stood by" };

static void print_way(enum way way, const char *what, struct series *series, const char *unit)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "  %s, %s", way_names[way], what);
	print(name, series, unit);
}

static void look_at(const struct kt_herd_guest *guest)
{
	if (guest->reason != KT_REASON_NONE)
		printf("FAILED: %s\n", kt_buf_text(&guest->detail));
}

/* One guest after the other, both ways in turn. */
static struct kt_error *measure_alone(struct kt_herd *herd, const char *what, unsigned count)
{
	static struct series hello[WAY_COUNT];
	static struct series ready[WAY_COUNT];

	for (unsigned i = 0; i < count * WAY_COUNT; i++) {
		enum way way = (enum way)(i % WAY_COUNT);
		struct kt_herd_guest guest;

		if (way == STOOD_BY)
			KT_TRY(kt_herd_stand_by(herd, 1));
		KT_TRY(kt_herd_wake(herd, 1, NULL, &guest));
		look_at(&guest);
		add(&hello[way], (double)guest.hello_ns / 1e6);
		add(&ready[way], (double)guest.ready_ns / 1e6);
		kt_herd_guest_deinit(&guest);
	}
	printf("%s (template: %.2f s to make, state %" PRIu64 " KiB)\n", what,
	       (double)herd->template.made_ns / 1e9, herd->template.state_bytes >> 10);
	for (int way = 0; way < WAY_COUNT; way++) {
		print_way((enum way)way, "to the agent's hello", &hello[way], "ms");
		print_way((enum way)way, "to clock and entropy set", &ready[way], "ms");
	}
	return NULL;
}

/* What a QEMU takes that stands by. */
static struct kt_error *measure_standbys(struct kt_herd *herd)
{
	static struct series private;
	struct kt_herd_guest guests[AT_ONCE];

	KT_TRY(kt_herd_stand_by(herd, AT_ONCE));
	for (int i = 0; i < AT_ONCE; i++) {
		struct kt_usage usage;

		kt_usage_read(kt_qemu_pid(herd->standbys[i]), &usage);
		add(&private, (double)usage.private_bytes.value / (1 << 20));
	}
	print("  private memory of a QEMU that stands by", &private, "MiB");
	KT_TRY(kt_herd_wake(herd, AT_ONCE, NULL, guests));
	for (int i = 0; i < AT_ONCE; i++)
		kt_herd_guest_deinit(&guests[i]);
	return NULL;
}

static struct kt_error *measure_crowd(struct kt_herd *herd)
{
	static struct series all[WAY_COUNT];
	static struct series private;

	for (int round = 0; round < ROUNDS * WAY_COUNT; round++) {
		enum way way = (enum way)(round % WAY_COUNT);
		struct kt_herd_guest guests[AT_ONCE];

		if (way == STOOD_BY)
			KT_TRY(kt_herd_stand_by(herd, AT_ONCE));
		KT_TRY(kt_herd_wake(herd, AT_ONCE, NULL, guests));
		add(&all[way], (double)herd->all_ready_ns / 1e6);
		for (int i = 0; i < AT_ONCE; i++) {
			look_at(&guests[i]);
			add(&private, (double)guests[i].private_bytes / (1 << 20));
			kt_herd_guest_deinit(&guests[i]);
		}
	}
	printf("8 guests at once\n");
	for (int way = 0; way < WAY_COUNT; way++)
		print_way((enum way)way, "until all are ready", &all[way], "ms");
	print("  private memory of each", &private, "MiB");
	return measure_standbys(herd);
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		(void)closedir(dir);
	return count;
}

/* Lines of a file of /proc/self; of children: words. */
static unsigned count_in(const char *path, char separator)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	unsigned count = 0;

	kt_error_destroy(kt_file_read(path, 1 << 20, &text));
	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == separator;
	return count;
}

struct holdings {
	unsigned fds;
	unsigned mappings;
	unsigned children;
};

static struct holdings holdings_now(void)
{
	return (struct holdings){
		.fds = count_entries("/proc/self/fd"),
		.mappings = count_in("/proc/self/maps", '\n'),
		.children = count_in("/proc/thread-self/children", ' '),
	};
}

static struct kt_error *soak(struct kt_herd *herd, unsigned count)
{
	struct kt_herd_guest guest;
	unsigned failures = 0;

	KT_TRY(kt_herd_wake(herd, 1, NULL, &guest));
	kt_herd_guest_deinit(&guest);
	struct holdings before = holdings_now();
	for (unsigned i = 0; i < count; i++) {
		KT_TRY(kt_herd_wake(herd, 1, "look", &guest));
		failures += guest.reason != KT_REASON_NONE || !guest.has_ended || guest.status;
		kt_herd_guest_deinit(&guest);
	}
	struct holdings after = holdings_now();
	printf("%u in a row, each running a program: %u failures; descriptors %u -> %u, mappings "
	       "%u -> %u, children %u -> %u\n",
	       count, failures, before.fds, after.fds, before.mappings, after.mappings,
	       before.children, after.children);
	return NULL;
}

static struct kt_error *run(struct kt_herd *herd, unsigned wakes, unsigned soaks)
{
	static const struct kt_topology small = { 1, 1, 1, 1 };
	static const struct kt_topology large = { 2, 4, 2, 2 };

	KT_TRY(kt_herd_init(herd, GUEST_PID_1, FRESH_PROGRAM));
	printf("%-52s %8s %8s %8s %8s\n", "guests from a template", "min", "median", "99th", "max");
	KT_TRY(kt_herd_make_template(herd, &large));
	KT_TRY(measure_alone(herd, "16 CPUs on 2 nodes", wakes));
	KT_TRY(kt_herd_make_template(herd, &small));
	KT_TRY(measure_alone(herd, "1 CPU", wakes));
	KT_TRY(measure_crowd(herd));
	return soaks ? soak(herd, soaks) : NULL;
}

int main(int argc, char **argv)
{
	int wakes = argc > 1 ? atoi(argv[1]) : 50;
	int soaks = argc > 2 ? atoi(argv[2]) : 0;
	struct kt_herd herd;

	if (wakes < 1 || wakes > MAX_WAKES || soaks < 0)
		return 2;
	kt_autoerr struct kt_error *err = run(&herd, (unsigned)wakes, (unsigned)soaks);
	kt_herd_deinit(&herd);
	if (err)
		fprintf(stderr, "%s\n", kt_error_message(err));
	return err != NULL;
}
