/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How --doctor judges what it saw: machines that are made up, and how findings are shown. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "top/doctor/errand.h"
#include "top/doctor/guest_rules.h"
#include "top/doctor/host_rules.h"

#define MIB (1ULL << 20)

static struct kt_diagnosis diagnosis;
static char dir[64];

static void enter(void)
{
	diagnosis = (struct kt_diagnosis){ .what = "it" };
	strcpy(dir, "/tmp/kt-doctor-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void leave(void)
{
	char command[128];

	kt_diagnosis_deinit(&diagnosis);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static struct kt_finding *finding(void)
{
	return kt_diagnosis_add(&diagnosis, "it");
}

/* Ends with @one, which must say @part; whoever is not well is told what to do. */
static void expect(const struct kt_finding *one, enum kt_health health, const char *part)
{
	ck_assert_msg(one->health == health, "%s, not %s: %s", kt_health_text(one->health),
		      kt_health_text(health), kt_buf_text(&one->found));
	ck_assert_msg(strstr(kt_buf_text(&one->found), part), "'%s' does not contain '%s'",
		      kt_buf_text(&one->found), part);
	ck_assert_int_eq(one->advice.len > 0, health != KT_HEALTH_OK);
}

static const struct {
	struct kt_right_facts facts;
	enum kt_health health;
	const char *part;
} rights[] = {
	{ { .yama_scope = 0, .has_capabilities = true }, KT_HEALTH_OK, "this user's" },
	{ { .yama_scope = KT_YAMA_ABSENT, .has_capabilities = true }, KT_HEALTH_OK, "no Yama" },
	{ { .yama_scope = 1, .has_capabilities = true }, KT_HEALTH_WARN, "scope is 1" },
	{ { .yama_scope = 2, .has_capabilities = true }, KT_HEALTH_WARN, "for root only" },
	{ { .yama_scope = 3, .has_capabilities = true, .can_ptrace = true },
	  KT_HEALTH_WARN,
	  "no process at all" },
	{ { .yama_scope = 3, .has_capabilities = true, .probe_can_ptrace = true },
	  KT_HEALTH_WARN,
	  "no process at all" },
	{ { .yama_scope = 2, .has_capabilities = true, .can_ptrace = true },
	  KT_HEALTH_OK,
	  "reads any" },
	{ { .yama_scope = 1, .probe_can_ptrace = true }, KT_HEALTH_OK, "the probe's file" },
	{ { .yama_scope = 1 }, KT_HEALTH_UNKNOWN, "cannot be read" },
	{ { .yama_scope = KT_YAMA_UNREADABLE, .yama_errno = EACCES, .can_ptrace = true },
	  KT_HEALTH_UNKNOWN,
	  "Permission denied" },
};

START_TEST(rights_to_read)
{
	struct kt_finding *one = finding();

	kt_rule_ptrace(&rights[_i].facts, one);
	expect(one, rights[_i].health, rights[_i].part);
}
END_TEST

START_TEST(isolation)
{
	struct kt_qemu_user nobody = { .is_dropped = true, .reason = "QEMU runs as nobody" };
	struct kt_qemu_user kept = { .reason = "QEMU runs as it is" };
	struct kt_group_place groups = { .reason = "no control groups: none here" };
	struct kt_finding *one = finding();

	/* That there are no groups is no fault. */
	kt_rule_isolation(&nobody, &groups, true, one);
	expect(one, KT_HEALTH_OK, "QEMU runs as nobody; no control groups: none here");
	kt_rule_isolation(&kept, &groups, false, one = finding());
	expect(one, KT_HEALTH_OK, "runs as it is; no control");
	kt_rule_isolation(&kept, &groups, true, one = finding());
	expect(one, KT_HEALTH_WARN, "runs as it is; no control");
	kt_rule_isolation(NULL, NULL, true, one = finding());
	expect(one, KT_HEALTH_UNKNOWN, "was not tried");
}
END_TEST

START_TEST(bpf_is_not_needed)
{
	struct kt_right_facts facts = { .has_capabilities = true,
					.can_bpf = true,
					.has_btf = true };
	struct kt_finding *one = finding();

	kt_rule_bpf(&facts, one);
	expect(one, KT_HEALTH_OK, "permitted");
	facts.has_btf = false;
	kt_rule_bpf(&facts, one = finding());
	expect(one, KT_HEALTH_OK, "btf/vmlinux is not readable");
	facts = (struct kt_right_facts){ .has_capabilities = true, .has_btf = true };
	kt_rule_bpf(&facts, one = finding());
	expect(one, KT_HEALTH_OK, "no cap_bpf");
	facts.has_capabilities = false;
	kt_rule_bpf(&facts, one = finding());
	expect(one, KT_HEALTH_UNKNOWN, "cannot be read");
}
END_TEST

static const struct {
	struct kt_terminal_facts facts;
	enum kt_health health;
	const char *part;
} terminals[] = {
	{ { .is_terminal = true,
	    .term = "xterm",
	    .columns = 80,
	    .rows = 24,
	    .codeset = "UTF-8",
	    .is_utf8 = true,
	    .color_count = 8 },
	  KT_HEALTH_OK,
	  "xterm is known, 80x24, UTF-8, 8 colours" },
	{ { .is_terminal = true,
	    .term = "vt100",
	    .codeset = "UTF-8",
	    .is_utf8 = true,
	    .color_count = -1 },
	  KT_HEALTH_OK,
	  "size unknown, UTF-8, no colours" },
	{ { .is_terminal = true,
	    .term = "xterm",
	    .codeset = "ANSI_X3.4-1968",
	    .color_count = 8,
	    .is_color_unwanted = true },
	  KT_HEALTH_WARN,
	  "NO_COLOR" },
	{ { .is_terminal = true,
	    .term = "dumb",
	    .problem = "dumb it is",
	    .codeset = "UTF-8",
	    .is_utf8 = true },
	  KT_HEALTH_WARN,
	  "dumb it is" },
	{ { .problem = "TERM is not set", .codeset = "UTF-8" },
	  KT_HEALTH_OK,
	  "no screen; TERM is" },
	{ { .term = "xterm", .codeset = "ANSI_X3.4-1968", .color_count = 8 },
	  KT_HEALTH_OK,
	  "stdout is none" },
};

START_TEST(terminals_are_judged_where_there_is_one)
{
	struct kt_finding *one = finding();

	kt_rule_terminal(&terminals[_i].facts, one);
	expect(one, terminals[_i].health, terminals[_i].part);
}
END_TEST

static const struct {
	struct kt_place_facts facts;
	enum kt_health health;
	const char *part;
} places[] = {
	{ { .free_bytes = 10 * MIB }, KT_HEALTH_OK, "/d: 10.0 MiB free" },
	{ { .free_bytes = 10 * MIB - 1 }, KT_HEALTH_WARN, "; no saving" },
	{ { .free_bytes = 0 }, KT_HEALTH_WARN, "0 B free" },
	{ { .free_bytes = 20 * MIB, .has_inodes = true, .free_inode_count = 3 },
	  KT_HEALTH_WARN,
	  "3 inodes; no saving" },
	{ { .free_bytes = 20 * MIB, .has_inodes = true, .free_inode_count = 3000 },
	  KT_HEALTH_OK,
	  "3000 inodes" },
	{ { .free_bytes = 20 * MIB, .write_errno = EROFS },
	  KT_HEALTH_WARN,
	  "Read-only file system; no saving" },
	{ { .os_errno = EACCES, .free_bytes = 20 * MIB }, KT_HEALTH_UNKNOWN, "Permission denied" },
	{ { .late_ms = 3000, .free_bytes = 20 * MIB },
	  KT_HEALTH_UNKNOWN,
	  "/d: unknown, did not answer in 3000 ms" },
};

START_TEST(places_need_room)
{
	struct kt_place_facts facts = places[_i].facts;
	struct kt_finding *one = finding();

	facts.wanted = "/d";
	strcpy(facts.path, "/d");
	kt_rule_place(&facts, 10 * MIB, "no saving", "make room", one);
	expect(one, places[_i].health, places[_i].part);
}
END_TEST

START_TEST(a_place_that_would_be_made)
{
	struct kt_place_facts facts = { .wanted = "/d/e", .path = "/d", .free_bytes = 20 * MIB };
	struct kt_finding *one = finding();

	kt_rule_place(&facts, 10 * MIB, "no saving", "make room", one);
	expect(one, KT_HEALTH_OK, "/d/e: not there yet; /d: 20.0 MiB free");
}
END_TEST

/* A guest of 256 MiB and its QEMU take 448 MiB. */
static const struct {
	struct kt_memory_facts facts;
	struct kt_memory_need need;
	enum kt_health health;
	const char *part;
} memories[] = {
	{ { .has_available = true, .available_bytes = 4480 * MIB },
	  { 256, 2 },
	  KT_HEALTH_OK,
	  "448 MiB: 2 at once" },
	{ { .has_available = true, .available_bytes = 4480 * MIB },
	  { 256, 64 },
	  KT_HEALTH_OK,
	  ": 10 at once" },
	{ { .has_available = true,
	    .available_bytes = 448 * MIB,
	    .has_cgroup = true,
	    .room_bytes = UINT64_MAX },
	  { 256, 2 },
	  KT_HEALTH_OK,
	  "no control group limits it; a guest takes up to 448 MiB: 1 at once" },
	{ { .has_available = true, .available_bytes = 447 * MIB },
	  { 256, 2 },
	  KT_HEALTH_WARN,
	  "not even one fits" },
	{ { .has_available = true,
	    .available_bytes = 4480 * MIB,
	    .has_cgroup = true,
	    .room_bytes = 500 * MIB },
	  { 256, 2 },
	  KT_HEALTH_OK,
	  "leaves 500.0 MiB; a guest takes up to 448 MiB: 1 at once" },
	{ { .has_cgroup = true, .room_bytes = 100 * MIB }, { 256, 2 }, KT_HEALTH_WARN, "not even" },
	{ { .has_cgroup = true, .room_bytes = 1000 * MIB },
	  { 256, 2 },
	  KT_HEALTH_OK,
	  "no MemAvailable" },
	{ { .has_cgroup = true, .room_bytes = UINT64_MAX },
	  { 256, 2 },
	  KT_HEALTH_UNKNOWN,
	  "no MemAvailable" },
	{ { .has_available = false }, { 256, 2 }, KT_HEALTH_UNKNOWN, "no MemAvailable" },
	{ { .has_available = true, .available_bytes = MIB },
	  { 0, 2 },
	  KT_HEALTH_UNKNOWN,
	  "limits of control groups unknown" },
};

/* ---- looks that may not come back ---- */

struct errand_facts {
	int in;
	int out;
	char much[100000]; /* more than a pipe holds */
};

static void look_well(void *facts)
{
	struct errand_facts *mine = facts;

	mine->out = mine->in + 1;
	memset(mine->much, 'x', sizeof(mine->much));
}

static void look_for_ever(void *facts)
{
	((struct errand_facts *)facts)->out = 1;
	for (;;)
		(void)pause();
}

static void look_and_die(void *facts)
{
	((struct errand_facts *)facts)->out = 1;
	(void)kill(getpid(), SIGKILL);
}

static void look_for_descriptors(void *facts)
{
	struct errand_facts *mine = facts;

	mine->out = 0;
	for (int fd = STDIN_FILENO + 1; fd < 1000; fd++)
		mine->out += fcntl(fd, F_GETFD) >= 0;
}

static enum kt_errand_end run_errand(kt_errand_fn look, uint64_t deadline_ms,
				     struct errand_facts *facts)
{
	enum kt_errand_end end;

	*facts = (struct errand_facts){ .in = 41, .out = -1 };
	KT_OK(kt_errand_run(look, facts, sizeof(*facts), deadline_ms, &end));
	/* Nobody is left, dead or alive. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return end;
}

START_TEST(a_look_has_a_deadline)
{
	const uint64_t long_ms = 100000;
	struct errand_facts facts;

	ck_assert_int_eq(run_errand(look_well, long_ms, &facts), KT_ERRAND_DONE);
	ck_assert_int_eq(facts.out, 42);
	ck_assert_int_eq(facts.much[sizeof(facts.much) - 1], 'x');
	ck_assert_int_eq(run_errand(look_for_ever, 20, &facts), KT_ERRAND_LATE);
	ck_assert_int_eq(facts.out, -1);
	ck_assert_int_eq(run_errand(look_for_ever, 0, &facts), KT_ERRAND_LATE);
	ck_assert_int_eq(run_errand(look_and_die, long_ms, &facts), KT_ERRAND_DEAD);
	ck_assert_int_eq(facts.out, -1);
	/* A child that stays must not keep our output open. */
	ck_assert_int_eq(run_errand(look_for_descriptors, long_ms, &facts), KT_ERRAND_DONE);
	ck_assert_int_eq(facts.out, 0);
}
END_TEST

START_TEST(memory_is_for_so_many_guests)
{
	struct kt_finding *one = finding();

	kt_rule_memory(&memories[_i].facts, &memories[_i].need, one);
	expect(one, memories[_i].health, memories[_i].part);
}
END_TEST

START_TEST(cores_are_counted)
{
	struct kt_core_facts facts = { .allowed_count = 2,
				       .online_count = 4,
				       .has_cgroup = true,
				       .quota_milli_cpus = UINT64_MAX };
	struct kt_finding *one = finding();

	kt_rule_cores(&facts, 4, one);
	expect(one, KT_HEALTH_OK, "2 for this process of 4; the largest guest has 4 CPUs");
	facts.quota_milli_cpus = 2000; /* no less than there are */
	kt_rule_cores(&facts, 4, one = finding());
	expect(one, KT_HEALTH_OK, "of 4; the");
	facts.quota_milli_cpus = 1058;
	kt_rule_cores(&facts, 4, one = finding());
	expect(one, KT_HEALTH_OK,
	       "2 for this process of 4, a control group gives the time of 1.05;");
	facts.has_cgroup = false;
	kt_rule_cores(&facts, 4, one = finding());
	expect(one, KT_HEALTH_OK, "of 4, quotas of control groups unknown;");
	facts.allowed_count = 0;
	kt_rule_cores(&facts, 4, one = finding());
	expect(one, KT_HEALTH_UNKNOWN, "cannot be counted");
}
END_TEST

/* ---- what guests need ---- */

START_TEST(qemu_has_defects)
{
	struct kt_qemu_info qemu = { 0 };
	struct kt_finding *one = finding();

	qemu.path = (char *)"/bin/qemu";
	KT_OK(kt_qemu_info_parse("QEMU emulator version 8.0.5\n", &qemu));
	kt_rule_qemu(NULL, &qemu, true, one);
	expect(one, KT_HEALTH_WARN, "8.0.5, /bin/qemu; emulates in one thread");
	kt_rule_qemu(NULL, &qemu, false, one = finding());
	expect(one, KT_HEALTH_OK, "in one thread");
	free(qemu.version_text);
	KT_OK(kt_qemu_info_parse("QEMU emulator version 8.1.0\n", &qemu));
	kt_rule_qemu(NULL, &qemu, true, one = finding());
	expect(one, KT_HEALTH_OK, "no known defect");
	free(qemu.version_text);

	kt_autoerr struct kt_error *err = kt_error_create(KT_ERROR_ENVIRONMENT, 0, "gone");
	kt_rule_qemu(err, &qemu, true, one = finding());
	expect(one, KT_HEALTH_BAD, "gone");
}
END_TEST

static struct kt_accel_verdict verdict(enum kt_accelerator choice, const char *last_step)
{
	return (struct kt_accel_verdict){
		.choice = choice,
		.reason = "because",
		.steps = { { .step = last_step,
			     .outcome = choice == KT_ACCELERATOR_KVM ? KT_ACCEL_GOOD
								     : KT_ACCEL_REFUSED } },
		.step_count = 1,
	};
}

static const struct {
	enum kt_accel_mode mode;
	enum kt_accelerator choice;
	const char *step;
	bool has_device;
	enum kt_health health;
	const char *advice;
} accelerators[] = {
	{ KT_ACCEL_MODE_AUTO, KT_ACCELERATOR_KVM, "probe-guest", true, KT_HEALTH_OK, "" },
	{ KT_ACCEL_MODE_AUTO, KT_ACCELERATOR_TCG, "cpu-flags", false, KT_HEALTH_WARN, "firmware" },
	{ KT_ACCEL_MODE_AUTO, KT_ACCELERATOR_TCG, "device", true, KT_HEALTH_WARN, "group" },
	{ KT_ACCEL_MODE_AUTO, KT_ACCELERATOR_TCG, "device", false, KT_HEALTH_WARN, "kvm_intel" },
	{ KT_ACCEL_MODE_AUTO, KT_ACCELERATOR_TCG, "probe-guest", true, KT_HEALTH_WARN,
	  "another machine" },
	{ KT_ACCEL_MODE_TCG, KT_ACCELERATOR_TCG, "choice", true, KT_HEALTH_OK, "" },
	{ KT_ACCEL_MODE_KVM, KT_ACCELERATOR_KVM, "device", true, KT_HEALTH_UNKNOWN, "leave out" },
};

START_TEST(accelerators_and_what_helps)
{
	struct kt_accel_verdict found = verdict(accelerators[_i].choice, accelerators[_i].step);
	struct kt_accel_facts facts = {
		.mode = accelerators[_i].mode,
		.verdict = &found,
		.has_device = accelerators[_i].has_device,
		.duration_ns = 3100000,
	};
	struct kt_finding *one = finding();

	kt_rule_accelerator(&facts, one);
	expect(one, accelerators[_i].health, ": because (");
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&one->found), accelerators[_i].step));
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&one->found), ", 3.1 ms)"));
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&one->advice), accelerators[_i].advice));
}
END_TEST

START_TEST(a_kernel_is_told_short)
{
	struct kt_kernel kernel = { .version = (char *)"6.1-x",
				    .path = (char *)"/boot/vmlinuz-6.1-x",
				    .reason = (char *)"the host's own" };
	struct kt_finding *one = finding();

	kt_rule_kernel(NULL, &kernel, false, one);
	expect(one, KT_HEALTH_OK, "vmlinuz-6.1-x in /boot (the host's own)");
	kernel.path = (char *)"/bzImage";
	kt_rule_kernel(NULL, &kernel, false, one = finding());
	expect(one, KT_HEALTH_OK, "6.1-x, bzImage in / (");

	kt_autoerr struct kt_error *err = kt_error_create(KT_ERROR_ENVIRONMENT, 0, "no PVH");
	kt_rule_kernel(err, &kernel, false, one = finding());
	expect(one, KT_HEALTH_BAD, "no PVH");
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&one->advice), "quickstart"));
}
END_TEST

/* ---- how it is shown ---- */

START_TEST(lines_are_wrapped_and_clean)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_finding *one = finding();

	kt_buf_puts(&one->found, "1234567890 1234567890 1234567890 1234567890 1234567890 12345 "
				 "7890\033[31m");
	kt_finding_advise(one, KT_HEALTH_WARN, "do this");
	kt_finding_advise(one, KT_HEALTH_WARN, "and that");
	kt_diagnosis_put_plain(&diagnosis, false, &out);
	ck_assert_str_eq(
		kt_buf_text(&out),
		"warn    it          1234567890 1234567890 1234567890 1234567890 1234567890 "
		"12345\n"
		"                    7890\xef\xbf\xbd[31m\n"
		"        -> do this; and that\n"
		"it can run here\n");
}
END_TEST

START_TEST(long_texts_are_cut_and_paths_are_not)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_finding *one = finding();

	kt_buf_printf(&one->found, "a /%0100d", 0);
	kt_diagnosis_put_plain(&diagnosis, false, &out);
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&out), kt_buf_text(&one->found) + 2));
	kt_buf_printf(&one->found, " %01000d", 0);
	kt_buf_reset(&out);
	kt_diagnosis_put_plain(&diagnosis, false, &out);
	ck_assert_uint_lt(out.len, 600);
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&out), "..."));
}
END_TEST

START_TEST(colours_are_for_the_word)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	kt_finding_advise(finding(), KT_HEALTH_BAD, "help");
	diagnosis.exit_code = 3;
	kt_diagnosis_put_plain(&diagnosis, true, &out);
	ck_assert_str_eq(kt_buf_text(&out), "\033[31mbad\033[0m     it          \n"
					    "        -> help\n"
					    "it cannot run here (exit code 3)\n");
}
END_TEST

START_TEST(json_has_all_of_it)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	kt_buf_puts(&finding()->found, "a \"b\"\n");
	kt_finding_advise(finding(), KT_HEALTH_UNKNOWN, "look");
	diagnosis.exit_code = 77;
	kt_diagnosis_put_json(&diagnosis, &out);
	ck_assert_str_eq(kt_buf_text(&out),
			 "{\"schema\":1,\"can_run\":false,\"exit_code\":77,\"checks\":["
			 "{\"id\":\"it\",\"state\":\"ok\",\"found\":\"a \\\"b\\\"\\n\"},"
			 "{\"id\":\"it\",\"state\":\"unknown\",\"found\":\"\","
			 "\"advice\":\"look\"}]}\n");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, rights_to_read, 0, COUNT(rights));
	tcase_add_test(tests, isolation);
	tcase_add_test(tests, bpf_is_not_needed);
	tcase_add_loop_test(tests, terminals_are_judged_where_there_is_one, 0, COUNT(terminals));
	tcase_add_loop_test(tests, places_need_room, 0, COUNT(places));
	tcase_add_test(tests, a_place_that_would_be_made);
	tcase_add_loop_test(tests, memory_is_for_so_many_guests, 0, COUNT(memories));
	tcase_add_test(tests, a_look_has_a_deadline);
	tcase_add_test(tests, cores_are_counted);
	tcase_add_test(tests, qemu_has_defects);
	tcase_add_loop_test(tests, accelerators_and_what_helps, 0, COUNT(accelerators));
	tcase_add_test(tests, a_kernel_is_told_short);
	tcase_add_test(tests, lines_are_wrapped_and_clean);
	tcase_add_test(tests, long_texts_are_cut_and_paths_are_not);
	tcase_add_test(tests, colours_are_for_the_word);
	tcase_add_test(tests, json_has_all_of_it);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
