/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define KT_PORT_CLASS "/sys/class/virtio-ports"

static const struct file_system {
	const char *type;
	const char *dir;
	const char *options;
	bool required;
} file_systems[] = {
	{ "devtmpfs", "/dev", "mode=0755", true },
	{ "proc", "/proc", NULL, true },
	{ "sysfs", "/sys", NULL, true },
	{ "tmpfs", "/tmp", "mode=1777", true },
	{ "tmpfs", "/dev/shm", "mode=1777", false },
	{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666", false },
	{ "tmpfs", "/run", "mode=0755", false },
	{ "cgroup2", "/sys/fs/cgroup", NULL, false },
	{ "debugfs", "/sys/kernel/debug", NULL, false },
	{ "tracefs", "/sys/kernel/tracing", NULL, false },
	{ "bpf", "/sys/fs/bpf", "mode=0700", false },
};

static const struct {
	const char *target;
	const char *path;
} links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

struct kt_error *kt_system_mount_all(void)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(*file_systems); i++) {
		const struct file_system *fs = &file_systems[i];

		(void)mkdir(fs->dir, 0755);
		/* EBUSY: the kernel has mounted devtmpfs itself (CONFIG_DEVTMPFS_MOUNT). */
		if (mount(fs->type, fs->dir, fs->type, 0, fs->options) && errno != EBUSY &&
		    fs->required)
			return kt_error_create(KT_ERROR_IO, errno, "mount %s", fs->dir);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		(void)symlink(links[i].target, links[i].path);
	return NULL;
}

struct kt_error *kt_system_sweep(void)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(*file_systems); i++) {
		const struct file_system *fs = &file_systems[i];

		if (strcmp(fs->type, "tmpfs") != 0)
			continue;
		/* EINVAL: this kernel could not mount it in the first place. */
		if (umount2(fs->dir, MNT_DETACH) && errno == EINVAL && !fs->required)
			continue;
		if (mount(fs->type, fs->dir, fs->type, 0, fs->options))
			return kt_error_create(KT_ERROR_IO, errno, "mount %s anew", fs->dir);
	}
	return NULL;
}

/* Whether the port @entry of the class directory is called @name. */
static bool port_is_called(const char *entry, const char *name)
{
	char path[300];
	char text[64];

	(void)snprintf(path, sizeof(path), KT_PORT_CLASS "/%s/name", entry);
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, name);
}

/* The device of the port, or -1 while it is not there. */
static int try_port(const char *name)
{
	struct dirent *entry;
	int fd = -1;
	DIR *dir = opendir(KT_PORT_CLASS);

	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		char path[300];
		if (strncmp(entry->d_name, "vport", 5) != 0 || !port_is_called(entry->d_name, name))
			continue;
		(void)snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	}
	(void)closedir(dir);
	return fd;
}

struct kt_error *kt_system_open_port(const char *name, uint64_t timeout_ns, int *ret_fd)
{
	uint64_t until_ns = kt_clock_mono_ns() + timeout_ns;

	do {
		int fd = try_port(name);
		if (fd >= 0) {
			*ret_fd = fd;
			return NULL;
		}
		/* Port devices come with a message of the host that raises no event we can see. */
		(void)poll(NULL, 0, 1);
	} while (kt_clock_mono_ns() < until_ns);
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "no virtio-serial port called %s", name);
}

void kt_system_power_off(void)
{
	sync();
	(void)reboot(RB_POWER_OFF);
}
