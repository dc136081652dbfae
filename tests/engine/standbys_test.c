/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that stand by as QEMUs do: taken, ended when nobody wants them, not missed when they end. */
#include "tests/unit.h"

#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/standbys.h"

#define KEY_A "aaaa"
#define KEY_B "bbbb"

static uv_loop_t loop;
static struct kt_standbys *standbys;
static bool is_closed;

static void on_closed(void *ctx)
{
	(void)ctx;
	is_closed = true;
}

static void open_store(void)
{
	is_closed = false;
	(void)signal(SIGPIPE, SIG_IGN); /* as the program: who is told something may have ended */
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	KT_OK(kt_standbys_create(&loop, NULL, &standbys));
}

/* The loop ends by itself when the last process was reaped and the last handle closed. */
static void close_store(void)
{
	kt_standbys_close(standbys, on_closed, NULL);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(is_closed);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static struct kt_error *add_script(const char *name, const char *script)
{
	char key[KT_HASH_TEXT_SIZE] = "";
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)script, NULL };
	const struct kt_qemu_config config = {
		.argv = argv, .kernel_fd = -1, .initrd_fd = -1, .state_fd = -1
	};

	strcpy(key, name);
	return kt_standbys_add(standbys, key, &config, NULL);
}

static void add(const char *name)
{
	KT_OK(add_script(name, "exec sleep 100"));
}

/* Lets the loop run until no more than @count of @key are left. */
static void await_count(const char *key, size_t count)
{
	while (kt_standbys_count(standbys, key) > count)
		(void)uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(kt_standbys_count(standbys, key), count);
}

START_TEST(an_empty_store)
{
	struct kt_standby standby;

	open_store();
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_A), 0);
	ck_assert(!kt_standbys_take(standbys, KEY_A, &standby));
	kt_standbys_keep(standbys, NULL, 0);
	close_store();
}
END_TEST

static void on_taken_exit(void *ctx, int64_t exit_code, int signal)
{
	struct kt_standby *standby = ctx;

	(void)exit_code;
	ck_assert_int_eq(signal, SIGTERM);
	kt_qemu_close(standby->qemu);
}

static void on_taken_closed(void *ctx)
{
	struct kt_standby *standby = ctx;

	standby->qemu = NULL;
}

START_TEST(the_oldest_of_a_key_is_taken)
{
	static const struct kt_qemu_handler handler = { .on_exit = on_taken_exit,
							.on_closed = on_taken_closed };
	struct kt_standby first, second;

	open_store();
	add(KEY_A);
	add(KEY_B);
	add(KEY_A);
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_A), 2);
	ck_assert(kt_standbys_take(standbys, KEY_A, &first));
	ck_assert(kt_standbys_take(standbys, KEY_A, &second));
	ck_assert(!kt_standbys_take(standbys, KEY_A, &second));
	ck_assert_int_lt(kt_qemu_pid(first.qemu), kt_qemu_pid(second.qemu));
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_B), 1);
	kt_qemu_attach(first.qemu, &handler, &first);
	kt_qemu_attach(second.qemu, &handler, &second);
	/* They are no longer the store's, which does not end them. */
	kt_standbys_close(standbys, on_closed, NULL);
	while (!is_closed)
		(void)uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_ne(kt_qemu_pid(first.qemu), 0);
	kt_qemu_kill(first.qemu, SIGTERM);
	kt_qemu_kill(second.qemu, SIGTERM);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_ptr_null(first.qemu);
	ck_assert_ptr_null(second.qemu);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

START_TEST(one_that_ends_is_not_missed)
{
	struct kt_standby standby;

	open_store();
	KT_OK(add_script(KEY_A, "echo no such state >&2; exit 1"));
	await_count(KEY_A, 0);
	ck_assert(!kt_standbys_take(standbys, KEY_A, &standby));
	close_store();
}
END_TEST

START_TEST(those_that_nobody_wants_are_ended)
{
	const char *keys[] = { KEY_A, KEY_B, KEY_A };

	open_store();
	for (int i = 0; i < 3; i++)
		add(KEY_A);
	add(KEY_B);
	ck_assert(!kt_standbys_lack(standbys, keys, 2));
	kt_standbys_keep(standbys, keys, 3);
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_A), 2);
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_B), 1);
	kt_standbys_keep(standbys, keys, 1);
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_A), 1);
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_B), 0);
	ck_assert(!kt_standbys_lack(standbys, keys, 0));
	ck_assert(kt_standbys_lack(standbys, keys, 1));
	ck_assert(kt_standbys_lack(standbys, keys, 2)); /* the second of its kind */
	close_store();
}
END_TEST

START_TEST(one_that_cannot_be_started_is_told)
{
	char *argv[] = { (char *)"/does/not/exist", NULL };
	const struct kt_qemu_config config = {
		.argv = argv, .kernel_fd = -1, .initrd_fd = -1, .state_fd = -1
	};
	const char key[KT_HASH_TEXT_SIZE] = KEY_A;

	open_store();
	kt_autoerr struct kt_error *err = kt_standbys_add(standbys, key, &config, NULL);
	ck_assert_ptr_nonnull(err);
	ck_assert_ptr_nonnull(strstr(kt_error_message(err), "no such file"));
	ck_assert_uint_eq(kt_standbys_count(standbys, KEY_A), 0);
	close_store();
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("standbys");
	TCase *tests = tcase_create("standbys");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, an_empty_store);
	tcase_add_test(tests, the_oldest_of_a_key_is_taken);
	tcase_add_test(tests, one_that_ends_is_not_missed);
	tcase_add_test(tests, those_that_nobody_wants_are_ended);
	tcase_add_test(tests, one_that_cannot_be_started_is_told);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
