/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/object.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/resolve/maps.h"

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

/* Whether the file begins as the loaded object does, and has its program headers. */
static bool is_file_of(int fd, const struct kt_module *module)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[KT_MODULE_HEADERS_MAX];
	struct stat st;
	size_t at = 0;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    memcmp(&header, &module->header, sizeof(header)) != 0)
		return false;
	ssize_t got = pread(fd, segments, sizeof(segments), (off_t)header.e_phoff);
	/* Of the file's headers the module keeps some, in their order. */
	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(segments[0]); i++)
		if (at < module->segment_count &&
		    !memcmp(&segments[i], &module->segments[at], sizeof(segments[0])))
			at++;
	return at == module->segment_count;
}

/* Closes a file that is not the module's. */
static bool is_right(int *fd, const struct kt_module *module)
{
	if (*fd < 0)
		return false;
	if (is_file_of(*fd, module))
		return true;
	(void)close(*fd);
	*fd = -1;
	return false;
}

struct map_search {
	int proc_fd;
	const struct kt_module *module;
	int fd;
};

static bool open_if_module(void *ctx, const struct kt_mapping *map)
{
	struct map_search *search = ctx;
	char name[64];

	if (map->start != search->module->base)
		return false;
	(void)snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	search->fd = openat(search->proc_fd, name, O_RDONLY | O_CLOEXEC);
	return true;
}

int kt_object_open_module(int proc_fd, const struct kt_module *module)
{
	struct map_search search = { .proc_fd = proc_fd, .module = module, .fd = -1 };

	if (proc_fd < 0)
		return open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* A program that was started by naming the dynamic linker is not what exe says. */
	int fd = module->is_executable ? openat(proc_fd, "exe", O_RDONLY | O_CLOEXEC) : -1;
	if (is_right(&fd, module))
		return fd;
	if (module->path[0] == '/')
		fd = kt_object_open_path(proc_fd, module->path);
	if (is_right(&fd, module))
		return fd;
	errno = ESTALE;
	kt_error_destroy(kt_maps_visit(proc_fd, open_if_module, &search));
	return search.fd;
}
