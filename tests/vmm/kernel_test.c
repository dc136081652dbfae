/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/vmm/bzimage_make.h"
#include "tests/vmm/kernel_files.h"
#include "vmm/kernel/kernel.h"
#include "vmm/kernel/kernel_bzimage.h"

/* The kernel at @path opens, is @kernel byte for byte (a line may stand behind), of that version. */
static void check_open(const char *path, struct elf_kernel kernel, const char *version)
{
	kt_autobuf struct kt_buf expected = KT_BUF_INIT;
	kt_autobuf struct kt_buf got = KT_BUF_INIT;
	struct kt_kernel opened;

	elf_make_kernel(&kernel, &expected);
	KT_OK(kt_kernel_open(path, "test", &opened));
	ck_assert_str_eq(opened.version, version);
	ck_assert_str_eq(opened.path, path);
	ck_assert_int_eq(fcntl(opened.elf_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(lseek(opened.elf_fd, 0, SEEK_SET), 0);
	KT_OK(kt_file_read_fd(opened.elf_fd, "kernel", 64 << 20, &got));
	ck_assert_uint_ge(got.len, expected.len);
	ck_assert_int_eq(memcmp(got.data, expected.data, expected.len), 0);
	kt_kernel_deinit(&opened);
}

static void check_refused(const char *path, const char *reason)
{
	struct kt_kernel kernel;

	KT_FAILS(kt_kernel_open(path, "test", &kernel), KT_ERROR_ENVIRONMENT, reason);
}

START_TEST(every_packing)
{
	kt_autobuf struct kt_buf elf = KT_BUF_INIT;
	size_t tested = 0;

	elf_make_kernel(&kernel_files_fit, &elf);
	for (size_t i = 0; i < BZIMAGE_PACKING_COUNT; i++) {
		kt_autobuf struct kt_buf file = KT_BUF_INIT;
		if (!bzimage_make(&elf, i, &file)) {
			printf("# %s cannot be packed here\n", bzimage_packing_name(i));
			continue;
		}
		kernel_files_write("vmlinuz", &file);
		check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
		tested++;
	}
	ck_assert_uint_ge(tested, 5);
}
END_TEST

START_TEST(plain_elf)
{
	/* The banner lies across the end of a chunk of the scan. */
	for (size_t shift = 0; shift < 300; shift += 11) {
		struct elf_kernel kernel = kernel_files_fit;
		kernel.padding = 1024 * 1024 - shift;
		kernel_files_write_elf("vmlinux", kernel);
		check_open("vmlinux", kernel, "6.1.2-test");
	}
}
END_TEST

static void check_lacks(struct elf_kernel kernel, const char *reason)
{
	kernel_files_write_elf("kernel", kernel);
	check_refused("kernel", reason);
	kernel_files_write_image("kernel", kernel);
	check_refused("kernel", reason);
}

START_TEST(unfit_kernels)
{
	struct elf_kernel kernel = kernel_files_fit;

	kernel.pvh = false;
	check_lacks(kernel, "kernel: kernel without a PVH entry point");
	kernel = kernel_files_fit;
	kernel.initramfs = false;
	check_lacks(kernel, "kernel without initramfs support");
	kernel = kernel_files_fit;
	kernel.virtio_pci = false;
	check_lacks(kernel, "kernel without built-in virtio-pci");
	kernel = kernel_files_fit;
	kernel.virtio_console = false;
	check_lacks(kernel, "kernel without built-in virtio-console");
	kernel = kernel_files_fit;
	kernel.banner = NULL;
	check_lacks(kernel, "an ELF file, but not a Linux kernel");
	kernel = kernel_files_fit;
	kernel.machine = EM_AARCH64;
	check_lacks(kernel, "another architecture than x86_64");
}
END_TEST

/* A kernel that carries its configuration: that decides about what no text tells. */
START_TEST(configuration_inside)
{
	kt_autobuf struct kt_buf config = KT_BUF_INIT;
	kt_autobuf struct kt_buf packed = KT_BUF_INIT;
	struct elf_kernel kernel = kernel_files_fit;

	kt_buf_puts(&config, "# CONFIG_BLK_DEV_INITRD is not set\nCONFIG_VIRTIO_PCI_LIB=y\n"
			     "CONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_CONSOLE=y\n");
	ck_assert(bzimage_pack(&config, BZIMAGE_GZIP, &packed));
	kernel.config = &packed;
	kernel.virtio_console = false;
	kernel_files_write_elf("kernel", kernel);
	check_open("kernel", kernel, "6.1.2-test");
	kernel.virtio_pci = false;
	check_lacks(kernel, "virtio-pci (its configuration says CONFIG_VIRTIO_PCI=m)");
	kernel.initramfs = false;
	check_lacks(kernel, "(its configuration says CONFIG_BLK_DEV_INITRD=n)");
	/* One that cannot be unpacked is none. */
	memset(packed.data + 2, 0xff, packed.len - 2);
	check_lacks(kernel, "without initramfs support (CONFIG_BLK_DEV_INITRD=y)");
}
END_TEST

START_TEST(other_files)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;

	check_refused("/nonexistent", "No such file");
	check_refused("/", "not a kernel image");
	check_refused("/dev/null", "not a kernel image");
	kernel_files_write("empty", &bytes);
	check_refused("empty", "not a kernel image");
	for (int i = 0; i < 3000; i++)
		kt_buf_puts(&bytes, "text ");
	kernel_files_write("text", &bytes);
	check_refused("text", "not a kernel image");
	memcpy(bytes.data + 0x38, "ARM\x64", 4);
	kernel_files_write("arm", &bytes);
	check_refused("arm", "a kernel for arm64");
	kt_buf_reset(&bytes);
	kt_buf_append(&bytes, "\177ELF", 4);
	kernel_files_write("elf", &bytes);
	check_refused("elf", "not a kernel image");
}
END_TEST

/* Changes one byte of a good image and expects a refusal. */
static void check_changed(size_t offset, unsigned char value, const char *reason)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;

	kernel_files_write_image("changed", kernel_files_fit);
	KT_OK(kt_file_read("changed", 64 << 20, &bytes));
	bytes.data[offset] = (char)value;
	kernel_files_write("changed", &bytes);
	check_refused("changed", reason);
}

START_TEST(damaged_images)
{
	check_changed(0x202, 'h', "not a kernel image");
	check_changed(0x206, 0x0b, "too old a kernel");
	check_changed(0x236, 0, "32-bit x86");
	check_changed(0x1f1, 2, "unknown way");
	check_changed(0x1f1, 200, "truncated");
	check_changed(0x24c + 3, 1, "truncated");
	check_changed(0x24b, 0x7f, "truncated");
	check_changed(4 * 512 + 64, 0, "compressed in an unknown way");
	check_changed(4 * 512 + 64 + 2000, 0xff, "damaged");
}
END_TEST

START_TEST(truncated_everywhere)
{
	kt_autobuf struct kt_buf image = KT_BUF_INIT;
	kt_autobuf struct kt_buf elf = KT_BUF_INIT;
	struct kt_bzimage parsed;

	kernel_files_write_image("image", kernel_files_fit);
	KT_OK(kt_file_read("image", 64 << 20, &image));
	for (size_t len = 0; len < image.len; len += len < 3000 ? 1 : 997) {
		/* A copy of that size, so that ASan sees a read behind it. */
		kt_autofree char *cut = malloc(len ? len : 1);
		memcpy(cut, image.data, len);
		struct kt_error *err = kt_bzimage_parse(cut, len, "cut", &parsed);
		ck_assert_ptr_nonnull(err);
		kt_error_destroy(err);
	}
	elf_make_kernel(&kernel_files_fit, &elf);
	for (size_t len = 64; len < elf.len; len += 100 * 1000) {
		elf.len = len;
		kernel_files_write("elf", &elf);
		check_refused("elf", "truncated");
	}
}
END_TEST

/* The only file in the cache of unpacked kernels. */
static void cached_path(char path[512])
{
	size_t count = 0;
	char cache[128];

	(void)snprintf(cache, sizeof(cache), "%s/ktstr-top/vmlinux", getenv("XDG_CACHE_HOME"));
	DIR *entries = opendir(cache);
	const struct dirent *entry;
	ck_assert_ptr_nonnull(entries);
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, 512, "%s/%s", cache, entry->d_name);
		count++;
	}
	(void)closedir(entries);
	ck_assert_uint_eq(count, 1);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

START_TEST(cache_is_used_and_repaired)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	char path[512];

	kernel_files_write_image("vmlinuz", kernel_files_fit);
	check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
	cached_path(path);
	ino_t first = inode_of(path);
	check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
	ck_assert_uint_eq(inode_of(path), first);

	KT_OK(kt_file_read(path, 64 << 20, &bytes));
	const size_t damaged[] = { 5, 700 * 1000, bytes.len - 512, bytes.len - 500,
				   bytes.len - 440 };
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		kt_autobuf struct kt_buf after = KT_BUF_INIT;
		char kept = bytes.data[damaged[i]];
		bytes.data[damaged[i]] = (char)(kept ^ 1);
		kernel_files_write(path, &bytes);
		bytes.data[damaged[i]] = kept;
		check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
		KT_OK(kt_file_read(path, 64 << 20, &after));
		ck_assert_uint_eq(after.len, bytes.len);
		ck_assert_int_eq(memcmp(after.data, bytes.data, bytes.len), 0);
	}
	for (size_t len = 0; len < bytes.len; len += 300 * 1000) {
		ck_assert_int_eq(truncate(path, (off_t)len), 0);
		check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
	}
	cached_path(path); /* nothing else was left there */
}
END_TEST

START_TEST(cache_is_bounded)
{
	size_t count = 0;
	char cache[128];

	for (size_t i = 0; i < 12; i++) {
		struct elf_kernel kernel = kernel_files_fit;
		kernel.padding += i;
		kernel_files_write_image("vmlinuz", kernel);
		check_open("vmlinuz", kernel, "6.1.2-test");
	}
	(void)snprintf(cache, sizeof(cache), "%s/ktstr-top/vmlinux", getenv("XDG_CACHE_HOME"));
	DIR *entries = opendir(cache);
	const struct dirent *entry;
	ck_assert_ptr_nonnull(entries);
	while ((entry = readdir(entries)))
		count += entry->d_name[0] != '.';
	(void)closedir(entries);
	ck_assert_uint_eq(count, 8);
}
END_TEST

START_TEST(cache_with_many_users)
{
	pid_t pids[4];
	char path[512];

	kernel_files_write_image("vmlinuz", kernel_files_fit);
	for (size_t i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			for (int round = 0; round < 5; round++) {
				struct kt_kernel kernel;
				if (kt_kernel_open("vmlinuz", "test", &kernel) ||
				    strcmp(kernel.version, "6.1.2-test") != 0)
					_exit(1);
				kt_kernel_deinit(&kernel);
			}
			_exit(0);
		}
	}
	for (size_t i = 0; i < 4; i++) {
		int status = 1;
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	cached_path(path);
	check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
}
END_TEST

START_TEST(without_a_cache)
{
	kernel_files_write_image("vmlinuz", kernel_files_fit);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/proc/none", 1), 0);
	check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "", 1), 0);
	ck_assert_int_eq(setenv("HOME", "", 1), 0);
	check_open("vmlinuz", kernel_files_fit, "6.1.2-test");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("kernel");
	TCase *tests = tcase_create("kernel");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, kernel_files_enter, kernel_files_leave);
	tcase_add_test(tests, every_packing);
	tcase_add_test(tests, plain_elf);
	tcase_add_test(tests, unfit_kernels);
	tcase_add_test(tests, configuration_inside);
	tcase_add_test(tests, other_files);
	tcase_add_test(tests, damaged_images);
	tcase_add_test(tests, truncated_everywhere);
	tcase_add_test(tests, cache_is_used_and_repaired);
	tcase_add_test(tests, cache_is_bounded);
	tcase_add_test(tests, cache_with_many_users);
	tcase_add_test(tests, without_a_cache);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
