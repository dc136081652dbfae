/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vmm/kernel_files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/unit.h"
#include "tests/vmm/bzimage_make.h"

enum {
	PADDING_BYTES = 1200 * 1000, /* more than one chunk of the scan */
};

static char dir[64];

const struct elf_kernel kernel_files_fit = {
	.banner = "Linux version 6.1.2-test (someone) #1 SMP",
	.initramfs = true,
	.virtio_pci = true,
	.virtio_console = true,
	.pvh = true,
	.padding = PADDING_BYTES,
};

void kernel_files_enter(void)
{
	char name[] = "/tmp/kt-kernel-test.XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(name));
	kt_autofree char *real = realpath(name, NULL);
	(void)snprintf(dir, sizeof(dir), "%s", real);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(mkdir("here", 0700), 0); /* so that ../linux is ours as well */
	ck_assert_int_eq(chdir("here"), 0);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
	ck_assert_int_eq(unsetenv("KTSTR_TEST_KERNEL"), 0);
	ck_assert_int_eq(unsetenv("KTSTR_KERNEL"), 0);
}

void kernel_files_leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	ck_assert_int_eq(chdir("/"), 0);
	kt_buf_printf(&command, "rm -r %s", dir);
	ck_assert_int_eq(system(command.data), 0);
}

void kernel_files_write(const char *path, const struct kt_buf *bytes)
{
	kt_autofree char *parent = strdup(path);
	char *slash = strrchr(parent, '/');

	if (slash) {
		*slash = '\0';
		KT_OK(kt_dir_make(parent));
	}
	KT_OK(kt_file_replace(path, kt_buf_text(bytes), bytes->len, 0600));
}

void kernel_files_write_elf(const char *path, struct elf_kernel kernel)
{
	kt_autobuf struct kt_buf file = KT_BUF_INIT;

	elf_make_kernel(&kernel, &file);
	kernel_files_write(path, &file);
}

void kernel_files_write_image(const char *path, struct elf_kernel kernel)
{
	kt_autobuf struct kt_buf elf = KT_BUF_INIT;
	kt_autobuf struct kt_buf file = KT_BUF_INIT;

	elf_make_kernel(&kernel, &elf);
	ck_assert(bzimage_make(&elf, BZIMAGE_GZIP, &file));
	kernel_files_write(path, &file);
}
