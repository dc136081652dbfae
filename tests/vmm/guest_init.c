/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of the guests of topology_test: writes one byte to the virtio-serial port as soon as it can,
 * then what the kernel says about CPUs, caches and nodes as "name=value" lines, "end", and powers
 * off.  Linked statically, without sanitizers.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest/system.h"

enum {
	MAX_CPUS = 64,
	MAX_NODES = 8,
};

/* The first line of a file without its newline; false if there is none. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, size, file);

	if (good)
		line[strcspn(line, "\n")] = '\0';
	if (file)
		(void)fclose(file);
	return good;
}

static void tell(FILE *port, const char *name, const char *path)
{
	char line[4096];

	if (read_line(path, line, sizeof(line)))
		(void)fprintf(port, "%s=%s\n", name, line);
}

static void tell_cpus(FILE *port)
{
	static const char *const files[][2] = {
		{ "siblings", "topology/thread_siblings_list" },
		{ "package", "topology/package_cpus_list" },
		{ "l3", "cache/index3/shared_cpu_list" },
	};

	for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			char name[64], path[256];
			(void)snprintf(name, sizeof(name), "cpu%d.%s", cpu, files[i][0]);
			(void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/%s", cpu,
				       files[i][1]);
			tell(port, name, path);
		}
	}
}

static void tell_nodes(FILE *port)
{
	static const char *const files[] = { "cpulist", "distance", "meminfo" };

	for (int node = 0; node < MAX_NODES; node++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			char name[64], path[256];
			(void)snprintf(name, sizeof(name), "node%d.%s", node, files[i]);
			(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/%s",
				       node, files[i]);
			tell(port, name, path);
		}
	}
}

int main(void)
{
	int fd = -1;

	(void)mount("dev", "/dev", "devtmpfs", 0, "");
	(void)mkdir("/sys", 0755);
	(void)mount("sys", "/sys", "sysfs", 0, "");
	kt_error_destroy(kt_system_open_port("ktstr-test", 10 * KT_NS_PER_SEC, &fd));
	FILE *port = fd < 0 ? NULL : fdopen(fd, "w");
	if (port) {
		(void)fputs("R", port);
		(void)fflush(port);
		(void)fputs("\n", port);
		tell(port, "online", "/sys/devices/system/cpu/online");
		(void)fprintf(port, "sentinel=%s\n",
			      access("/.ktstr_init_ok", F_OK) ? "absent" : "present");
		tell_cpus(port);
		tell_nodes(port);
		(void)fputs("end\n", port);
		(void)fflush(port);
	}
	(void)reboot(RB_POWER_OFF);
	return 1;
}
