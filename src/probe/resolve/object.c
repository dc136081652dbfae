/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/object.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

bool kt_object_root_differs(int proc_fd)
{
	struct stat theirs;
	struct stat ours;

	if (fstatat(proc_fd, "root", &theirs, 0) || stat("/", &ours))
		return false;
	return theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino;
}

int kt_object_open_path(int proc_fd, const char *path)
{
	if (!kt_object_root_differs(proc_fd))
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	kt_autoclose int root = openat(proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int kt_object_open_mapping(int proc_fd, const struct kt_mapping *map)
{
	char name[64];
	struct stat found;

	(void)snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (map->is_deleted) {
		errno = ENOENT;
		return -1;
	}
	fd = kt_object_open_path(proc_fd, map->path);
	if (fd < 0)
		return -1;
	/* Some file systems (overlayfs, btrfs) show another device in maps: the inode decides. */
	if (!fstat(fd, &found) && S_ISREG(found.st_mode) && found.st_ino == map->inode)
		return fd;
	(void)close(fd);
	errno = ESTALE;
	return -1;
}
