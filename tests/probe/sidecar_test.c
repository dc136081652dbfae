/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appending to a result file: what survives, who waits, what is refused. */
#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_scan.h"
#include "probe/sidecar.h"
#include "tests/probe/harness.h"

/* Numbers that do not survive a parse, unknown fields, an order of its own. */
#define HEAD "{\n  \"zeta\": 18446744073709551615,\n  \"test_name\": \"t\",\n  \"metrics\": ["
#define TAIL "],\n  \"unknown\": { \"a\": 1.50, \"b\": null }\n}\n"
#define DOCUMENT                                                                      \
	"{\"n\": {\"allocated_bytes\": 18446744073709551615, \"x_bytes_extra\": 2}, " \
	"\"z\": [{\"deallocated_bytes\": 3}], \"s\": \"text\", \"t\": true}"

static char dir[64];
static const volatile sig_atomic_t go;
static const volatile sig_atomic_t stopped = 1;

static void enter(void)
{
	strcpy(dir, "/tmp/kt-sidecar-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	(void)unlink("link");
	(void)unlink("x.ktstr.json");
	(void)unlink("x.ktstr.json.lock");
	ck_assert_int_eq(rmdir(dir), 0); /* also: no temporary file is left */
}

static void put_file(const char *text)
{
	KT_OK(kt_file_replace("x.ktstr.json", text, strlen(text), 0640));
}

static struct kt_error *append(const char *path, int exit_code)
{
	return kt_sidecar_append(path, DOCUMENT, strlen(DOCUMENT), exit_code, &go);
}

static void expect_entries(struct kt_buf *text, size_t count)
{
	struct kt_json_tokens json;
	uint64_t value;

	kt_buf_reset(text);
	KT_OK(kt_file_read("x.ktstr.json", 1 << 20, text));
	KT_OK(kt_json_scan(text->data, text->len, "x", 0, &json));
	size_t list = kt_json_find(&json, 0, "metrics");
	ck_assert(list);
	ck_assert_uint_eq(json.tokens[list].child_count, count);
	size_t index = 0;
	for (size_t at = list + 1; at < json.tokens[list].next; at = json.tokens[at].next) {
		size_t number = kt_json_find(&json, at, "payload_index");
		ck_assert(kt_json_token_u64(&json, number, &value));
		ck_assert_uint_eq(value, index++);
	}
	kt_json_tokens_deinit(&json);
}

START_TEST(every_other_byte_survives)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct stat st;

	put_file(HEAD TAIL);
	ck_assert_int_eq(chmod("x.ktstr.json", 0604), 0);
	ck_assert_int_eq(symlink("x.ktstr.json", "link"), 0);
	KT_OK(append("link", 0));
	expect_entries(&text, 1);
	ck_assert_int_eq(strncmp(text.data, HEAD, strlen(HEAD)), 0);
	ck_assert_str_eq(text.data + text.len - strlen(TAIL), TAIL);
	KT_OK(append("x.ktstr.json", 1));
	kt_autobuf struct kt_buf second = KT_BUF_INIT;
	expect_entries(&second, 2);
	/* The first entry is still the same text. */
	ck_assert_int_eq(strncmp(text.data, second.data, text.len - strlen(TAIL) - 4), 0);
	ck_assert_str_eq(second.data + second.len - strlen(TAIL), TAIL);
	ck_assert_int_eq(lstat("link", &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(stat("x.ktstr.json", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0604);
	ck_assert_int_eq(stat("x.ktstr.json.lock", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_an_entry_says)
{
	static const char *const expected[] = {
		"\"name\": \"jemalloc_probe.n.allocated_bytes\"",
		"\"name\": \"jemalloc_probe.n.x_bytes_extra\"",
		"\"name\": \"jemalloc_probe.z.0.deallocated_bytes\"",
		"\"polarity\": \"LowerBetter\"",
		"\"polarity\": \"Unknown\"",
		"\"unit\": \"bytes\"",
		"\"unit\": \"\"",
		"\"source\": \"Json\"",
		"\"stream\": \"Stdout\"",
		"\"exit_code\": 1",
	};
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	put_file("{\"metrics\":[]}");
	KT_OK(append("x.ktstr.json", 1));
	expect_entries(&text, 1);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(strstr(text.data, expected[i]), "%s", expected[i]);
	ck_assert_ptr_null(strstr(text.data, "jemalloc_probe.s"));
	const char *extra = strstr(text.data, "x_bytes_extra");
	ck_assert_ptr_nonnull(strstr(extra, "Unknown"));
	ck_assert(strstr(extra, "LowerBetter") > strstr(extra, "Unknown"));
}
END_TEST

START_TEST(refusals)
{
	static const char *const bad[] = { "",
					   "{",
					   "[]",
					   "{\"metrics\": 1}",
					   "{}",
					   "{\"metrics\":[}",
					   ("\x7f"
					    "ELF") };
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_file(bad[i]);
		KT_FAILS(append("x.ktstr.json", 0), KT_ERROR_USAGE, "regenerate it");
		kt_buf_reset(&text);
		KT_OK(kt_file_read("x.ktstr.json", 100, &text));
		ck_assert_str_eq(kt_buf_text(&text), bad[i]);
	}
	KT_FAILS(append("none.json", 0), KT_ERROR_IO, "run the test first");
	KT_FAILS(kt_sidecar_check("none.json"), KT_ERROR_USAGE, "--sidecar");
	KT_OK(kt_sidecar_check("x.ktstr.json"));
}
END_TEST

START_TEST(a_signal_ends_the_wait_for_the_lock)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	put_file(HEAD TAIL);
	KT_FAILS(kt_sidecar_append("x.ktstr.json", DOCUMENT, strlen(DOCUMENT), 0, &stopped),
		 KT_ERROR_IO, "flock phase");
	KT_OK(kt_file_read("x.ktstr.json", 1000, &text));
	ck_assert_str_eq(text.data, HEAD TAIL);
}
END_TEST

START_TEST(waits_while_the_lock_is_held)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	int done[2];
	char byte = 0;

	put_file(HEAD TAIL);
	ck_assert_int_eq(pipe(done), 0);
	int lock = open("x.ktstr.json.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(flock(lock, LOCK_EX), 0);
	pid_t child = fork();
	if (!child) {
		(void)close(
			lock); /* shares our lock until closed in both: this one is not the last */
		kt_autoerr struct kt_error *err = append("x.ktstr.json", 0);
		(void)write(done[1], err ? "e" : "k", 1);
		_exit(0);
	}
	/* It cannot be done while we hold the lock, however long that is. */
	struct timespec some = { .tv_nsec = 120 * KT_NS_PER_MS };
	(void)nanosleep(&some, NULL);
	KT_OK(kt_file_read("x.ktstr.json", 1000, &text));
	ck_assert_str_eq(text.data, HEAD TAIL);
	(void)close(lock);
	ck_assert_int_eq(read(done[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'k');
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	expect_entries(&text, 1);
}
END_TEST

START_TEST(concurrent_appends_stack)
{
	enum {
		WRITERS = 8
	};
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	pid_t children[WRITERS];

	put_file(HEAD TAIL);
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(append("x.ktstr.json", 0) ? 1 : 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	expect_entries(&text, WRITERS);
}
END_TEST

/* The whole program: an interrupted run's data reaches the sidecar too. */
START_TEST(interrupted_run)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct target target;
	struct outcome outcome;

	put_file(HEAD TAIL);
	target_start(&target, KT_TARGET, 2, "park");
	probe_run(target.pid,
		  "--snapshots 9 --interval-ms 3600000 --abort-after-ms 300 --sidecar x.ktstr.json",
		  &outcome);
	ck_assert_msg(!outcome.exit_code, "%s", kt_buf_text(&outcome.err));
	expect_entries(&text, 1);
	ck_assert_ptr_nonnull(strstr(text.data, "jemalloc_probe.snapshots.0.threads.1.tid"));
	ck_assert_ptr_nonnull(strstr(text.data, "\"exit_code\": 0"));
	outcome_deinit(&outcome);
	put_file("no result file");
	probe_run(target.pid, "--json --sidecar x.ktstr.json", &outcome);
	ck_assert_int_eq(outcome.exit_code, 3);
	ck_assert(outcome.has_json);
	ck_assert_ptr_nonnull(strstr(outcome.err.data, "x.ktstr.json"));
	outcome_deinit(&outcome);
	target_stop(&target);
	put_file(HEAD TAIL);
	probe_run(999999999, "--json --sidecar x.ktstr.json", &outcome);
	ck_assert_int_eq(outcome.exit_code, 1);
	outcome_deinit(&outcome);
	expect_entries(&text, 0); /* a fatal run never touches it */
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("sidecar");
	TCase *tests = tcase_create("sidecar");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, every_other_byte_survives);
	tcase_add_test(tests, what_an_entry_says);
	tcase_add_test(tests, refusals);
	tcase_add_test(tests, a_signal_ends_the_wait_for_the_lock);
	tcase_add_test(tests, waits_while_the_lock_is_held);
	tcase_add_test(tests, concurrent_appends_stack);
	tcase_add_test(tests, interrupted_run);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
