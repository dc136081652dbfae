/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel/kernel.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/kernel/kernel_cache.h"
#include "vmm/kernel/kernel_check.h"

enum {
	KT_BOOT_IMAGE_MAX_BYTES = 512 * 1024 * 1024
};

static struct kt_error *open_image(int fd, const char *path, struct kt_kernel *kernel)
{
	kt_autobuf struct kt_buf image = KT_BUF_INIT;
	struct kt_hash hash = { 0 };

	KT_TRY(kt_file_read_fd(fd, path, KT_BOOT_IMAGE_MAX_BYTES, &image));
	kt_hash_update(&hash, kt_buf_text(&image), image.len);
	kt_hash_text(&hash, kernel->hash);
	return kt_kernel_cache_get(kt_buf_text(&image), image.len, kernel->hash, path,
				   &kernel->elf_fd, &kernel->version);
}

struct kt_error *kt_kernel_open(const char *path, const char *reason, struct kt_kernel *ret)
{
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	__attribute__((cleanup(kt_kernel_deinit))) struct kt_kernel kernel = { .elf_fd = -1 };
	char magic[SELFMAG] = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: not a kernel image", path);
	if (pread(fd, magic, sizeof(magic), 0) < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s: read", path);
	if (memcmp(magic, ELFMAG, SELFMAG)) {
		KT_TRY(open_image(fd, path, &kernel));
	} else {
		struct kt_hash hash = { 0 };
		KT_TRY(kt_kernel_check(fd, path, &kernel.version));
		KT_TRY(kt_hash_update_file(&hash, fd, UINT64_MAX));
		kt_hash_text(&hash, kernel.hash);
		kernel.elf_fd = fd;
		fd = -1;
	}
	kernel.path = strdup(path);
	kernel.reason = strdup(reason);
	if (!kernel.path || !kernel.reason)
		return kt_error_no_memory();
	*ret = kernel;
	kernel = (struct kt_kernel){ .elf_fd = -1 };
	return NULL;
}

void kt_kernel_deinit(struct kt_kernel *kernel)
{
	if (kernel->elf_fd >= 0)
		(void)close(kernel->elf_fd);
	free(kernel->path);
	free(kernel->version);
	free(kernel->reason);
	*kernel = (struct kt_kernel){ .elf_fd = -1 };
}
