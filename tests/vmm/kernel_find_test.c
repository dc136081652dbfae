/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "tests/vmm/kernel_files.h"
#include "vmm/kernel/kernel.h"

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
	struct elf_kernel kernel = kernel_files_fit;

	kt_buf_printf(&banner, "Linux version %s x", version);
	kernel.banner = banner.data;
	kernel_files_write_image(path, kernel);
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

	struct elf_kernel unfit = kernel_files_fit;
	unfit.pvh = false;
	kernel_files_write_image("../ktstr-top/kernels/vmlinuz-newest", unfit);
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
	struct elf_kernel unfit = kernel_files_fit;

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
	kernel_files_write_image("unfit", unfit);
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
	kernel_files_write("../ktstr-top/kernels/vmlinuz-x", &bytes);
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
	Suite *all = suite_create("kernel_find");
	TCase *tests = tcase_create("kernel_find");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, kernel_files_enter, kernel_files_leave);
	tcase_add_test(tests, order_of_discovery);
	tcase_add_test(tests, wishes_are_not_replaced);
	tcase_add_test(tests, nothing_fit);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
