/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boots a real guest for each topology and reads back what its kernel sees: thread
 * siblings, L3 groups, packages, NUMA nodes and distances.
 */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/vmm/boot.h"

enum {
	BOOT_DEADLINE_MS = 60000
};

/* "0" or "4-7": the CPUs of the group of @size that @cpu is in. */
static const char *group(uint32_t cpu, uint32_t size, char text[32])
{
	uint32_t first = cpu / size * size;

	if (size == 1)
		(void)snprintf(text, 32, "%u", first);
	else
		(void)snprintf(text, 32, "%u-%u", first, first + size - 1);
	return text;
}

/* The guest said "@name=@value". */
static void expect(const struct kt_boot *boot, const char *name, const char *value)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	kt_buf_printf(&line, "\n%s=%s\n", name, value);
	ck_assert_msg(strstr(kt_buf_text(&boot->agent), kt_buf_text(&line)),
		      "no line %s=%s in what the guest said:\n%s", name, value,
		      kt_buf_text(&boot->agent));
}

static void expect_absent(const struct kt_boot *boot, const char *name)
{
	kt_autobuf struct kt_buf start = KT_BUF_INIT;

	kt_buf_printf(&start, "\n%s=", name);
	ck_assert_msg(!strstr(kt_buf_text(&boot->agent), kt_buf_text(&start)),
		      "the guest has %s:\n%s", name, kt_buf_text(&boot->agent));
}

static void expect_cpu(const struct kt_boot *boot, const struct kt_topology *topology, uint32_t cpu)
{
	uint32_t per_llc = topology->cores * topology->threads;
	uint32_t per_node = topology->llcs / topology->numa_nodes * per_llc;
	const struct {
		const char *what;
		uint32_t size;
	} groups[] = {
		{ "siblings", topology->threads },
		{ "l3", per_llc },
		{ "package", per_node },
	};
	char name[32], value[32];

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		(void)snprintf(name, sizeof(name), "cpu%u.%s", cpu, groups[i].what);
		expect(boot, name, group(cpu, groups[i].size, value));
	}
}

static void expect_node(const struct kt_boot *boot, const struct kt_topology *topology,
			uint32_t node)
{
	uint32_t size = kt_topology_cpu_count(topology) / topology->numa_nodes;
	kt_autobuf struct kt_buf distances = KT_BUF_INIT;
	char name[32], value[32];

	(void)snprintf(name, sizeof(name), "node%u.cpulist", node);
	expect(boot, name, group(node * size, size, value));
	for (uint32_t other = 0; other < topology->numa_nodes; other++)
		kt_buf_printf(&distances, "%s%d", other ? " " : "", other == node ? 10 : 21);
	(void)snprintf(name, sizeof(name), "node%u.distance", node);
	expect(boot, name, kt_buf_text(&distances));
}

/* Each node must have memory of its own: a line "node0.meminfo=Node 0 MemTotal: 1234 kB". */
static void expect_memory(const struct kt_boot *boot, uint32_t node)
{
	kt_autobuf struct kt_buf start = KT_BUF_INIT;
	unsigned long total_kib = 0;

	kt_buf_printf(&start, "\nnode%u.meminfo=Node %u MemTotal:", node, node);
	const char *at = strstr(kt_buf_text(&boot->agent), kt_buf_text(&start));
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at + start.len, "%lu", &total_kib), 1);
	ck_assert_uint_gt(total_kib, 128 * 1024);
}

static void check_topology(const struct kt_topology topology, const char *init)
{
	kt_autobuf struct kt_buf label = KT_BUF_INIT;
	kt_autoimage struct kt_image *image = NULL;
	uint32_t cpus = kt_topology_cpu_count(&topology);
	struct kt_boot boot = { 0 };
	char value[32];

	KT_OK(kt_image_create(&image));
	KT_OK(kt_image_add_program(image, init, "/init", 0755));
	KT_OK(kt_boot_run(&topology, image, BOOT_DEADLINE_MS, &boot));
	kt_topology_label(&topology, &label);
	printf("# %s: first byte after %.2f s\n", kt_buf_text(&label),
	       (double)boot.first_byte_ns / (double)KT_NS_PER_SEC);
	ck_assert_msg(boot.agent.len && strstr(boot.agent.data, "\nend\n"),
		      "the guest's report is not whole: '%s'; console: %s",
		      kt_buf_text(&boot.agent), kt_buf_text(&boot.console));

	expect(&boot, "sentinel", "present");
	expect(&boot, "online", group(0, cpus, value));
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		expect_cpu(&boot, &topology, cpu);
	for (uint32_t node = 0; node < topology.numa_nodes; node++) {
		expect_node(&boot, &topology, node);
		expect_memory(&boot, node);
	}
	(void)snprintf(value, sizeof(value), "cpu%u.siblings", cpus);
	expect_absent(&boot, value);
	(void)snprintf(value, sizeof(value), "node%u.cpulist", topology.numa_nodes);
	expect_absent(&boot, value);
	kt_boot_deinit(&boot);
}

START_TEST(topology_1n1l1c1t)
{
	check_topology((struct kt_topology){ 1, 1, 1, 1 }, GUEST_INIT);
}
END_TEST

/* Here PID 1 needs its interpreter and libraries: the image must have them where it looks. */
START_TEST(topology_1n1l2c2t)
{
	check_topology((struct kt_topology){ 1, 1, 2, 2 }, GUEST_INIT "_dynamic");
}
END_TEST

START_TEST(topology_1n2l4c1t)
{
	check_topology((struct kt_topology){ 1, 2, 4, 1 }, GUEST_INIT);
}
END_TEST

START_TEST(topology_2n4l2c2t)
{
	check_topology((struct kt_topology){ 2, 4, 2, 2 }, GUEST_INIT);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("topology");
	TCase *tests = tcase_create("boot");

	tcase_set_timeout(tests, 2.0 * BOOT_DEADLINE_MS / 1000);
	tcase_add_test(tests, topology_1n1l1c1t);
	tcase_add_test(tests, topology_1n1l2c2t);
	tcase_add_test(tests, topology_1n2l4c1t);
	tcase_add_test(tests, topology_2n4l2c2t);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
