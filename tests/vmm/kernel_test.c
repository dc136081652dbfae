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
#include "tests/vmm/elf_make.h"
#include "vmm/kernel.h"
#include "vmm/kernel_bzimage.h"

enum {
	PADDING_BYTES = 1200 * 1000, /* more than one chunk of the scan */
};

static char dir[64];
static const struct elf_kernel fit = {
	.banner = "Linux version 6.1.2-test (someone) #1 SMP",
	.initramfs = true,
	.virtio_pci = true,
	.virtio_console = true,
	.pvh = true,
	.padding = PADDING_BYTES,
};

static void enter(void)
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

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	ck_assert_int_eq(chdir("/"), 0);
	kt_buf_printf(&command, "rm -r %s", dir);
	ck_assert_int_eq(system(command.data), 0);
}

static void write_file(const char *path, const struct kt_buf *bytes)
{
	kt_autofree char *parent = strdup(path);
	char *slash = strrchr(parent, '/');

	if (slash) {
		*slash = '\0';
		KT_OK(kt_dir_make(parent));
	}
	KT_OK(kt_file_replace(path, kt_buf_text(bytes), bytes->len, 0600));
}

static void write_elf(const char *path, struct elf_kernel kernel)
{
	kt_autobuf struct kt_buf file = KT_BUF_INIT;

	elf_make_kernel(&kernel, &file);
	write_file(path, &file);
}

static void write_image(const char *path, struct elf_kernel kernel)
{
	kt_autobuf struct kt_buf elf = KT_BUF_INIT;
	kt_autobuf struct kt_buf file = KT_BUF_INIT;

	elf_make_kernel(&kernel, &elf);
	ck_assert(bzimage_make(&elf, BZIMAGE_GZIP, &file));
	write_file(path, &file);
}

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

	elf_make_kernel(&fit, &elf);
	for (size_t i = 0; i < BZIMAGE_PACKING_COUNT; i++) {
		kt_autobuf struct kt_buf file = KT_BUF_INIT;
		if (!bzimage_make(&elf, i, &file)) {
			printf("# %s cannot be packed here\n", bzimage_packing_name(i));
			continue;
		}
		write_file("vmlinuz", &file);
		check_open("vmlinuz", fit, "6.1.2-test");
		tested++;
	}
	ck_assert_uint_ge(tested, 5);
}
END_TEST

START_TEST(plain_elf)
{
	/* The banner lies across the end of a chunk of the scan. */
	for (size_t shift = 0; shift < 300; shift += 11) {
		struct elf_kernel kernel = fit;
		kernel.padding = 1024 * 1024 - shift;
		write_elf("vmlinux", kernel);
		check_open("vmlinux", kernel, "6.1.2-test");
	}
}
END_TEST

static void check_lacks(struct elf_kernel kernel, const char *reason)
{
	write_elf("kernel", kernel);
	check_refused("kernel", reason);
	write_image("kernel", kernel);
	check_refused("kernel", reason);
}

START_TEST(unfit_kernels)
{
	struct elf_kernel kernel = fit;

	kernel.pvh = false;
	check_lacks(kernel, "kernel: kernel without a PVH entry point");
	kernel = fit;
	kernel.initramfs = false;
	check_lacks(kernel, "kernel without initramfs support");
	kernel = fit;
	kernel.virtio_pci = false;
	check_lacks(kernel, "kernel without built-in virtio-pci");
	kernel = fit;
	kernel.virtio_console = false;
	check_lacks(kernel, "kernel without built-in virtio-console");
	kernel = fit;
	kernel.banner = NULL;
	check_lacks(kernel, "an ELF file, but not a Linux kernel");
	kernel = fit;
	kernel.machine = EM_AARCH64;
	check_lacks(kernel, "another architecture than x86_64");
}
END_TEST

/* A kernel that carries its configuration: that decides about what no text tells. */
START_TEST(configuration_inside)
{
	kt_autobuf struct kt_buf config = KT_BUF_INIT;
	kt_autobuf struct kt_buf packed = KT_BUF_INIT;
	struct elf_kernel kernel = fit;

	kt_buf_puts(&config, "# CONFIG_BLK_DEV_INITRD is not set\nCONFIG_VIRTIO_PCI_LIB=y\n"
			     "CONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_CONSOLE=y\n");
	ck_assert(bzimage_pack(&config, BZIMAGE_GZIP, &packed));
	kernel.config = &packed;
	kernel.virtio_console = false;
	write_elf("kernel", kernel);
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
	write_file("empty", &bytes);
	check_refused("empty", "not a kernel image");
	for (int i = 0; i < 3000; i++)
		kt_buf_puts(&bytes, "text ");
	write_file("text", &bytes);
	check_refused("text", "not a kernel image");
	memcpy(bytes.data + 0x38, "ARM\x64", 4);
	write_file("arm", &bytes);
	check_refused("arm", "a kernel for arm64");
	kt_buf_reset(&bytes);
	kt_buf_append(&bytes, "\177ELF", 4);
	write_file("elf", &bytes);
	check_refused("elf", "not a kernel image");
}
END_TEST

/* Changes one byte of a good image and expects a refusal. */
static void check_changed(size_t offset, unsigned char value, const char *reason)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;

	write_image("changed", fit);
	KT_OK(kt_file_read("changed", 64 << 20, &bytes));
	bytes.data[offset] = (char)value;
	write_file("changed", &bytes);
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

	write_image("image", fit);
	KT_OK(kt_file_read("image", 64 << 20, &image));
	for (size_t len = 0; len < image.len; len += len < 3000 ? 1 : 997) {
		/* A copy of that size, so that ASan sees a read behind it. */
		kt_autofree char *cut = malloc(len ? len : 1);
		memcpy(cut, image.data, len);
		struct kt_error *err = kt_bzimage_parse(cut, len, "cut", &parsed);
		ck_assert_ptr_nonnull(err);
		kt_error_destroy(err);
	}
	elf_make_kernel(&fit, &elf);
	for (size_t len = 64; len < elf.len; len += 100 * 1000) {
		elf.len = len;
		write_file("elf", &elf);
		check_refused("elf", "truncated");
	}
}
END_TEST

/* The only file in the cache of unpacked kernels. */
static void cached_path(char path[512])
{
	size_t count = 0;
	char cache[128];

	(void)snprintf(cache, sizeof(cache), "%s/ktstr-top/vmlinux", dir);
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

	write_image("vmlinuz", fit);
	check_open("vmlinuz", fit, "6.1.2-test");
	cached_path(path);
	ino_t first = inode_of(path);
	check_open("vmlinuz", fit, "6.1.2-test");
	ck_assert_uint_eq(inode_of(path), first);

	KT_OK(kt_file_read(path, 64 << 20, &bytes));
	const size_t damaged[] = { 5, 700 * 1000, bytes.len - 512, bytes.len - 500,
				   bytes.len - 440 };
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		kt_autobuf struct kt_buf after = KT_BUF_INIT;
		char kept = bytes.data[damaged[i]];
		bytes.data[damaged[i]] = (char)(kept ^ 1);
		write_file(path, &bytes);
		bytes.data[damaged[i]] = kept;
		check_open("vmlinuz", fit, "6.1.2-test");
		KT_OK(kt_file_read(path, 64 << 20, &after));
		ck_assert_uint_eq(after.len, bytes.len);
		ck_assert_int_eq(memcmp(after.data, bytes.data, bytes.len), 0);
	}
	for (size_t len = 0; len < bytes.len; len += 300 * 1000) {
		ck_assert_int_eq(truncate(path, (off_t)len), 0);
		check_open("vmlinuz", fit, "6.1.2-test");
	}
	cached_path(path); /* nothing else was left there */
}
END_TEST

START_TEST(cache_with_many_users)
{
	pid_t pids[4];
	char path[512];

	write_image("vmlinuz", fit);
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
	check_open("vmlinuz", fit, "6.1.2-test");
}
END_TEST

START_TEST(without_a_cache)
{
	write_image("vmlinuz", fit);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/proc/none", 1), 0);
	check_open("vmlinuz", fit, "6.1.2-test");
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "", 1), 0);
	ck_assert_int_eq(setenv("HOME", "", 1), 0);
	check_open("vmlinuz", fit, "6.1.2-test");
}
END_TEST

static void check_found(const char *option, const char *version, const char *reason)
{
	struct kt_kernel kernel;

	KT_OK(kt_kernel_find(option, &kernel));
	ck_assert_str_eq(kernel.version, version);
	ck_assert_str_eq(kernel.reason, reason);
	kt_kernel_deinit(&kernel);
}

/* A fit kernel whose version is @version, modified at @modified_s. */
static void place(const char *path, const char *version, time_t modified_s)
{
	const struct timespec times[2] = { { .tv_sec = modified_s }, { .tv_sec = modified_s } };
	kt_autobuf struct kt_buf banner = KT_BUF_INIT;
	struct elf_kernel kernel = fit;

	kt_buf_printf(&banner, "Linux version %s x", version);
	kernel.banner = banner.data;
	write_image(path, kernel);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(order_of_discovery)
{
	place("../linux/arch/x86/boot/bzImage", "6.0.1", 1);
	check_found(NULL, "6.0.1", "the build tree ../linux");
	place("./linux/vmlinux", "6.0.2", 1);
	check_found(NULL, "6.0.2", "the build tree ./linux");
	place("../ktstr-top/kernels/vmlinuz-old", "6.0.3", 1000);
	place("../ktstr-top/kernels/vmlinuz-new", "6.0.4", 2000);
	place("../ktstr-top/kernels/config-new", "6.0.5", 3000);
	check_found(NULL, "6.0.4", "newest in the cache");

	struct elf_kernel unfit = fit;
	unfit.pvh = false;
	write_image("../ktstr-top/kernels/vmlinuz-newest", unfit);
	check_found(NULL, "6.0.4", "newest in the cache");

	ck_assert_int_eq(setenv("KTSTR_KERNEL", "../linux", 1), 0);
	check_found(NULL, "6.0.1", "KTSTR_KERNEL");
	ck_assert_int_eq(setenv("KTSTR_KERNEL", "old", 1), 0);
	check_found(NULL, "6.0.3", "KTSTR_KERNEL");
	ck_assert_int_eq(setenv("KTSTR_KERNEL", "vmlinuz-old", 1), 0);
	check_found(NULL, "6.0.3", "KTSTR_KERNEL");
	place("mine", "6.0.6", 1);
	ck_assert_int_eq(setenv("KTSTR_KERNEL", "mine", 1), 0);
	check_found(NULL, "6.0.6", "KTSTR_KERNEL");
	ck_assert_int_eq(setenv("KTSTR_TEST_KERNEL", "linux/vmlinux", 1), 0);
	check_found(NULL, "6.0.2", "KTSTR_TEST_KERNEL");
	check_found("mine", "6.0.6", "--kernel");
}
END_TEST

START_TEST(wishes_are_not_replaced)
{
	struct kt_kernel kernel;
	struct elf_kernel unfit = fit;

	place("../ktstr-top/kernels/vmlinuz-1", "6.0.1", 1);
	KT_FAILS(kt_kernel_find("/nonexistent", &kernel), KT_ERROR_ENVIRONMENT,
		 "--kernel: /nonexistent: No such file");
	ck_assert_int_eq(setenv("KTSTR_KERNEL", "7.7.7", 1), 0);
	KT_FAILS(kt_kernel_find(NULL, &kernel), KT_ERROR_ENVIRONMENT,
		 "KTSTR_KERNEL: 7.7.7: no kernel file");
	ck_assert_int_eq(setenv("KTSTR_TEST_KERNEL", "/nonexistent", 1), 0);
	KT_FAILS(kt_kernel_find(NULL, &kernel), KT_ERROR_ENVIRONMENT,
		 "KTSTR_TEST_KERNEL: /nonexistent");
	unfit.virtio_pci = false;
	write_image("unfit", unfit);
	KT_FAILS(kt_kernel_find("unfit", &kernel), KT_ERROR_ENVIRONMENT,
		 "--kernel: unfit: kernel without built-in virtio-pci");
}
END_TEST

/* What was there and unfit is told, with the way out (the host's own kernel may do as well). */
START_TEST(nothing_fit)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	struct kt_kernel kernel;

	kt_buf_puts(&bytes, "no kernel");
	write_file("../ktstr-top/kernels/vmlinuz-x", &bytes);
	struct kt_error *err = kt_kernel_find(NULL, &kernel);
	if (!err) {
		ck_assert_ptr_nonnull(strstr(kernel.reason, "host"));
		kt_kernel_deinit(&kernel);
		return;
	}
	ck_assert_int_eq(kt_error_class(err), KT_ERROR_ENVIRONMENT);
	ck_assert_ptr_nonnull(strstr(kt_error_message(err), "vmlinuz-x: not a kernel image"));
	ck_assert_ptr_nonnull(strstr(kt_error_message(err), "./quickstart"));
	kt_error_destroy(err);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("kernel");
	TCase *tests = tcase_create("kernel");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, every_packing);
	tcase_add_test(tests, plain_elf);
	tcase_add_test(tests, unfit_kernels);
	tcase_add_test(tests, configuration_inside);
	tcase_add_test(tests, other_files);
	tcase_add_test(tests, damaged_images);
	tcase_add_test(tests, truncated_everywhere);
	tcase_add_test(tests, cache_is_used_and_repaired);
	tcase_add_test(tests, cache_with_many_users);
	tcase_add_test(tests, without_a_cache);
	tcase_add_test(tests, order_of_discovery);
	tcase_add_test(tests, wishes_are_not_replaced);
	tcase_add_test(tests, nothing_fit);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
