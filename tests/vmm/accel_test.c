/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/accel/accel.h"
#include "vmm/accel/cpuinfo.h"
#include "vmm/accel/tsc.h"

static char cpuinfo[64];

static struct kt_kvm_answer say_yes(const char *kvm_path)
{
	(void)kvm_path;
	return (struct kt_kvm_answer){ .good = true, .reason = "yes" };
}

static struct kt_kvm_answer say_no(const char *kvm_path)
{
	(void)kvm_path;
	return (struct kt_kvm_answer){ .good = false, .reason = "no" };
}

static struct kt_kvm_answer never(const char *kvm_path)
{
	ck_abort_msg("%s was asked needlessly", kvm_path);
	return say_no(kvm_path);
}

static void write_cpuinfo(const char *text)
{
	KT_OK(kt_file_replace(cpuinfo, text, strlen(text), 0600));
}

static void make_cpuinfo(void)
{
	strcpy(cpuinfo, "/tmp/kt-accel-test.XXXXXX");
	int fd = mkstemp(cpuinfo);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	write_cpuinfo("processor\t: 0\nflags\t\t: fpu vmx constant_tsc\n\n");
}

static void remove_cpuinfo(void)
{
	ck_assert_int_eq(unlink(cpuinfo), 0);
}

static struct kt_accel_host host_of(struct kt_kvm_answer (*device)(const char *),
				    struct kt_kvm_answer (*probe)(const char *))
{
	return (struct kt_accel_host){ cpuinfo, "/dev/kvm", device, probe };
}

static void check_step(const struct kt_accel_verdict *verdict, size_t index, const char *step,
		       enum kt_accel_outcome outcome)
{
	ck_assert_uint_lt(index, verdict->step_count);
	ck_assert_str_eq(verdict->steps[index].step, step);
	ck_assert_int_eq(verdict->steps[index].outcome, outcome);
	ck_assert_str_ne(verdict->steps[index].reason, "");
}

START_TEST(ladder_to_kvm)
{
	struct kt_accel_host host = host_of(say_yes, say_yes);
	struct kt_accel_verdict verdict;

	KT_OK(kt_accel_decide(KT_ACCEL_MODE_AUTO, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_KVM);
	ck_assert_uint_eq(verdict.step_count, 3);
	check_step(&verdict, 0, "cpu-flags", KT_ACCEL_GOOD);
	check_step(&verdict, 1, "device", KT_ACCEL_GOOD);
	check_step(&verdict, 2, "probe-guest", KT_ACCEL_GOOD);
}
END_TEST

START_TEST(each_step_refuses)
{
	struct kt_accel_host host = host_of(say_yes, say_no);
	struct kt_accel_verdict verdict;

	KT_OK(kt_accel_decide(KT_ACCEL_MODE_AUTO, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_TCG);
	check_step(&verdict, 2, "probe-guest", KT_ACCEL_REFUSED);
	ck_assert_str_eq(verdict.reason, "no");

	host = host_of(say_no, never);
	KT_OK(kt_accel_decide(KT_ACCEL_MODE_AUTO, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_TCG);
	ck_assert_uint_eq(verdict.step_count, 2);
	check_step(&verdict, 1, "device", KT_ACCEL_REFUSED);

	host = host_of(never, never);
	write_cpuinfo("flags\t\t: fpu xvmx vmxx constant_tsc\n");
	KT_OK(kt_accel_decide(KT_ACCEL_MODE_AUTO, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_TCG);
	ck_assert_uint_eq(verdict.step_count, 1);
	ck_assert_ptr_nonnull(strstr(verdict.reason, "neither vmx nor svm"));

	write_cpuinfo("Features\t: fp asimd\n");
	KT_OK(kt_accel_decide(KT_ACCEL_MODE_AUTO, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_TCG);
	ck_assert_ptr_nonnull(strstr(verdict.reason, "has no CPU flags"));
}
END_TEST

START_TEST(wishes)
{
	struct kt_accel_host host = host_of(never, never);
	struct kt_accel_verdict verdict;

	KT_OK(kt_accel_decide(KT_ACCEL_MODE_TCG, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_TCG);
	check_step(&verdict, 0, "choice", KT_ACCEL_GOOD);

	host = host_of(say_yes, never);
	KT_OK(kt_accel_decide(KT_ACCEL_MODE_KVM, &host, &verdict));
	ck_assert_int_eq(verdict.choice, KT_ACCELERATOR_KVM);
	ck_assert_str_eq(verdict.reason, "kvm was asked for");
	check_step(&verdict, 3, "probe-guest", KT_ACCEL_SKIPPED);

	host = host_of(say_no, never);
	KT_FAILS(kt_accel_decide(KT_ACCEL_MODE_KVM, &host, &verdict), KT_ERROR_ENVIRONMENT,
		 "KVM was asked for, but no");
}
END_TEST

START_TEST(modes)
{
	enum kt_accel_mode mode = KT_ACCEL_MODE_KVM;

	ck_assert(kt_accel_mode_parse("tcg", &mode));
	ck_assert_int_eq(mode, KT_ACCEL_MODE_TCG);
	ck_assert(kt_accel_mode_parse("auto", &mode));
	ck_assert_int_eq(mode, KT_ACCEL_MODE_AUTO);
	ck_assert(!kt_accel_mode_parse("KVM", &mode));
	ck_assert(!kt_accel_mode_parse("", &mode));
	ck_assert_int_eq(mode, KT_ACCEL_MODE_AUTO);
	ck_assert_str_eq(kt_accel_outcome_text(KT_ACCEL_REFUSED), "refused");
}
END_TEST

/* ECHILD when this process has no child at all. */
static int wait_for_nobody(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ? errno : 0;
}

/* What is no KVM is refused with a reason, and the probe leaves no child behind. */
START_TEST(devices_that_are_none)
{
	static const char *const paths[] = { "/dev/null", "/nonexistent" };

	for (size_t i = 0; i < 2; i++) {
		struct kt_kvm_answer device = kt_kvm_probe_device(paths[i]);
		struct kt_kvm_answer probe = kt_kvm_probe_run(paths[i]);
		ck_assert(!device.good);
		ck_assert_str_ne(device.reason, "");
		ck_assert(!probe.good);
		ck_assert_ptr_nonnull(strstr(probe.reason, "cannot set up"));
	}
	ck_assert_int_eq(wait_for_nobody(), ECHILD);
}
END_TEST

START_TEST(real_host_agrees_with_itself)
{
	struct kt_accel_host host = kt_accel_host_real();
	struct kt_accel_verdict verdict;

	KT_OK(kt_accel_decide(KT_ACCEL_MODE_AUTO, &host, &verdict));
	const struct kt_accel_finding *last = &verdict.steps[verdict.step_count - 1];
	ck_assert_int_eq(verdict.choice == KT_ACCELERATOR_KVM, last->outcome == KT_ACCEL_GOOD);
	ck_assert_str_eq(verdict.reason, last->reason);
}
END_TEST

START_TEST(cpu_flags)
{
	kt_autobuf struct kt_buf flags = KT_BUF_INIT;

	KT_OK(kt_cpuinfo_flags(cpuinfo, &flags));
	ck_assert(kt_cpuinfo_has(&flags, "fpu"));
	ck_assert(kt_cpuinfo_has(&flags, "constant_tsc"));
	ck_assert(!kt_cpuinfo_has(&flags, "tsc"));
	ck_assert(!kt_cpuinfo_has(&flags, "constant"));
	KT_FAILS(kt_cpuinfo_flags("/nonexistent", &flags), KT_ERROR_IO, "/nonexistent");
}
END_TEST

START_TEST(tsc_rate)
{
	struct kt_tsc first = kt_tsc_measure(cpuinfo);
	struct kt_tsc second = kt_tsc_measure(cpuinfo);

#if defined(__x86_64__)
	ck_assert_ptr_null(first.reason);
	ck_assert_uint_gt(first.khz, 0);
	/* The same counter both times: within a hundredth. */
	uint64_t apart = first.khz > second.khz ? first.khz - second.khz : second.khz - first.khz;
	ck_assert_uint_le(apart, first.khz / 100);
#else
	ck_assert_uint_eq(first.khz + second.khz, 0);
#endif
	write_cpuinfo("flags\t\t: fpu tsc\n");
	first = kt_tsc_measure(cpuinfo);
	ck_assert_uint_eq(first.khz, 0);
	ck_assert_ptr_nonnull(strstr(first.reason, "not constant"));
	ck_assert_ptr_nonnull(kt_tsc_measure("/nonexistent").reason);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("accel");
	TCase *tests = tcase_create("accel");

	tcase_add_checked_fixture(tests, make_cpuinfo, remove_cpuinfo);
	tcase_add_test(tests, ladder_to_kvm);
	tcase_add_test(tests, each_step_refuses);
	tcase_add_test(tests, wishes);
	tcase_add_test(tests, modes);
	tcase_add_test(tests, devices_that_are_none);
	tcase_add_test(tests, real_host_agrees_with_itself);
	tcase_add_test(tests, cpu_flags);
	tcase_add_test(tests, tsc_rate);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
