/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real guests from one template: they wake, they share nothing that a program could notice, and the
 * template stays what it was.
 */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "tests/vmm/herd.h"

#define COUNT 3
/* Long enough that a clock which stood still meanwhile would show. */
#define STAND_BY_MS 300

static struct kt_herd herd;
static struct kt_herd_guest guests[COUNT];

static const struct kt_topology small = { 1, 1, 1, 1 };

static void make_herd(void)
{
	(void)signal(SIGPIPE,
		     SIG_IGN); /* as the program: a QEMU that is told something may have ended */
	KT_OK(kt_herd_init(&herd, GUEST_PID_1, FRESH_PROGRAM));
	KT_OK(kt_herd_make_template(&herd, &small));
}

static void drop_herd(void)
{
	kt_herd_deinit(&herd);
}

/* The value behind "@name=" in what guest @index said. */
static const char *value_of(unsigned index, const char *name)
{
	static char values[2][128];
	static unsigned turn;
	char *value = values[turn++ % 2];
	char key[64];
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	(void)snprintf(key, sizeof(key), "\n%s=", name);
	kt_buf_printf(&text, "\n%s", kt_buf_text(&guests[index].out));
	const char *found = strstr(kt_buf_text(&text), key);
	ck_assert_msg(found, "no %s in what guest %u said: %s (%s)", name, index,
		      kt_buf_text(&text), kt_buf_text(&guests[index].detail));
	found += strlen(key);
	(void)snprintf(value, sizeof(values[0]), "%.*s", (int)strcspn(found, "\n"), found);
	return value;
}

static void wake(unsigned count, const char *argument)
{
	KT_OK(kt_herd_wake(&herd, count, argument, guests));
	for (unsigned i = 0; i < count; i++) {
		ck_assert_msg(guests[i].reason == KT_REASON_NONE, "guest %u: %s: %s", i,
			      kt_guest_reason_name(guests[i].reason),
			      kt_buf_text(&guests[i].detail));
		ck_assert(!argument || (guests[i].has_ended && guests[i].status == 0));
	}
}

static void forget(void)
{
	for (unsigned i = 0; i < COUNT; i++)
		kt_herd_guest_deinit(&guests[i]);
	memset(guests, 0, sizeof(guests));
}

static void expect_all_differ(const char *name)
{
	for (unsigned i = 0; i < COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(value_of(i, name), value_of(j, name));
}

/* The guests, which woke between the two times, share nothing and have the host's time. */
static void expect_fresh(uint64_t before_ns, uint64_t after_ns)
{
	static const char *const own[] = { "uuid",	"boot_id", "getrandom",
					   "at_random", "stack",   "pid" };
	static const char *const empty[] = { "entries of /tmp", "entries of /dev/shm",
					     "entries of /run" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		expect_all_differ(own[i]);
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t real_ns = strtoull(value_of(i, "real_ns"), NULL, 10);

		ck_assert_uint_ge(real_ns, before_ns);
		ck_assert_uint_le(real_ns, after_ns);
		for (size_t j = 0; j < sizeof(empty) / sizeof(*empty); j++)
			ck_assert_str_eq(value_of(i, empty[j]), "0");
	}
}

START_TEST(siblings_share_nothing)
{
	uint64_t before_ns = kt_clock_real_ns();

	make_herd();
	wake(COUNT, "look");
	expect_fresh(before_ns, kt_clock_real_ns());
	forget();
	drop_herd();
}
END_TEST

static void hash_template(char text[KT_HASH_TEXT_SIZE])
{
	struct kt_hash hash = { 0 };

	for (unsigned i = 0; i < herd.template.memory_count; i++)
		KT_OK(kt_hash_update_file(&hash, herd.template.memory_fds[i], UINT64_MAX));
	KT_OK(kt_hash_update_file(&hash, herd.template.state_fd, UINT64_MAX));
	kt_hash_text(&hash, text);
}

/* One guest dirties files and 64 MiB of memory; neither the template nor a later guest sees any of it. */
START_TEST(writes_stay_in_their_guest)
{
	char before[KT_HASH_TEXT_SIZE];
	char after[KT_HASH_TEXT_SIZE];

	make_herd();
	hash_template(before);
	wake(COUNT, "soil");
	for (unsigned i = 0; i < COUNT; i++)
		ck_assert_uint_ge(guests[i].private_bytes, 60 << 20);
	forget();
	hash_template(after);
	ck_assert_str_eq(before, after);
	wake(COUNT, "look");
	for (unsigned i = 0; i < COUNT; i++) {
		ck_assert_str_eq(value_of(i, "soiled pages"), "0");
		ck_assert_str_eq(value_of(i, "soiled program"), "0");
		ck_assert_str_eq(value_of(i, "entries of /tmp"), "0");
	}
	forget();
	drop_herd();
}
END_TEST

/* What protects the template is not good manners. */
START_TEST(nobody_can_write_into_a_template)
{
	make_herd();
	const int fds[] = { herd.template.memory_fds[0], herd.template.state_fd };
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		ck_assert_int_eq(pwrite(fds[i], "x", 1, 0), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(ftruncate(fds[i], 1), -1);
		ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0),
				 MAP_FAILED);
		ck_assert_int_eq(fcntl(fds[i], F_ADD_SEALS, 0), -1);
	}
	drop_herd();
}
END_TEST

/* Two nodes, four caches, sixteen CPUs. */
/* A guest wakes when it is wanted, whenever its QEMU was started: its time is that of the wake. */
START_TEST(who_stood_by_is_as_fresh)
{
	make_herd();
	KT_OK(kt_herd_stand_by(&herd, COUNT));
	pid_t pids[COUNT];
	for (unsigned i = 0; i < COUNT; i++)
		pids[i] = kt_qemu_pid(herd.standbys[i]);
	(void)usleep(STAND_BY_MS * 1000);
	uint64_t before_ns = kt_clock_real_ns();
	wake(COUNT, "look");
	expect_fresh(before_ns, kt_clock_real_ns());
	ck_assert_uint_eq(herd.standby_count, 0);
	for (unsigned i = 0; i < COUNT; i++)
		ck_assert_int_eq(kill(pids[i], 0), -1); /* it was those who ran, and they ended */
	forget();
	drop_herd();
}
END_TEST

START_TEST(who_stood_by_and_died_is_told)
{
	make_herd();
	KT_OK(kt_herd_stand_by(&herd, 1));
	kt_qemu_kill(herd.standbys[0], SIGKILL);
	KT_OK(kt_herd_wake(&herd, 1, "look", guests));
	ck_assert_int_eq(guests[0].reason, KT_REASON_QEMU_EXIT);
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&guests[0].detail), "killed by signal 9"));
	forget();
	drop_herd();
}
END_TEST

START_TEST(a_large_machine_wakes)
{
	const struct kt_topology large = { 2, 4, 2, 2 };

	KT_OK(kt_herd_init(&herd, GUEST_PID_1, FRESH_PROGRAM));
	KT_OK(kt_herd_make_template(&herd, &large));
	ck_assert_uint_eq(herd.template.memory_count, 2);
	wake(2, "look");
	ck_assert_str_ne(value_of(0, "uuid"), value_of(1, "uuid"));
	forget();
	drop_herd();
}
END_TEST

/* A state that is none: the guest fails, soon and for a reason. */
START_TEST(a_damaged_state_is_told)
{
	make_herd();
	(void)close(herd.template.state_fd);
	herd.template.state_fd = memfd_create("damaged", MFD_CLOEXEC);
	ck_assert_int_ge(herd.template.state_fd, 0);
	ck_assert_int_eq(write(herd.template.state_fd, "QEVM, or not?", 13), 13);
	KT_OK(kt_herd_wake(&herd, 1, "look", guests));
	ck_assert_msg(
		guests[0].reason == KT_REASON_QEMU_EXIT || guests[0].reason == KT_REASON_TEMPLATE,
		"%s: %s", kt_guest_reason_name(guests[0].reason), kt_buf_text(&guests[0].detail));
	ck_assert_uint_eq(guests[0].hello_ns, 0);
	forget();
	drop_herd();
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("template");
	TCase *tests = tcase_create("template");

	tcase_set_timeout(tests, 400);
	tcase_add_test(tests, siblings_share_nothing);
	tcase_add_test(tests, writes_stay_in_their_guest);
	tcase_add_test(tests, nobody_can_write_into_a_template);
	tcase_add_test(tests, who_stood_by_is_as_fresh);
	tcase_add_test(tests, who_stood_by_and_died_is_told);
	tcase_add_test(tests, a_large_machine_wakes);
	tcase_add_test(tests, a_damaged_state_is_told);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
