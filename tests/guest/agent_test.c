/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent on a socketpair, driven as the host drives it, with real processes.
 */
#include "tests/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest/agent.h"
#include "tests/guest/host.h"

START_TEST(hello_sets_clock_and_entropy)
{
	unsigned char seed[KT_SEED_BYTES] = { 0xab };
	struct kt_buf bytes = KT_BUF_INIT;

	host_start_agent();
	host_read_until("hello\n");
	seed[KT_SEED_BYTES - 1] = 0xcd;
	kt_link_put_hello(&bytes, seed, 1);
	host_send_and_free(&bytes);
	host_read_until("ready  8 2 ? 4 3\n");
	kt_link_put_hello(&bytes, seed, 13);
	host_send_and_free(&bytes);
	host_read_until("ready no clock 8 2 ? 4 3\n");
	kt_link_put_exit(&bytes);
	host_send_and_free(&bytes);
	host_read_until("bye\n");
	ck_assert_int_eq(host_agent_status(), KT_AGENT_EXIT);
}
END_TEST

START_TEST(output_is_kept_apart_and_bounded)
{
	host_start_agent();
	host_spawn(1, "printf out; printf err >&2; exit 7", 1 << 20);
	host_read_until("ended 1 code 7 dropped 0\n");
	ck_assert_str_eq(kt_buf_text(&host.output[KT_STREAM_STDOUT]), "out");
	ck_assert_str_eq(kt_buf_text(&host.output[KT_STREAM_STDERR]), "err");
	kt_buf_reset(&host.output[KT_STREAM_STDOUT]);
	host_spawn(2, "head -c 300000 /dev/zero", 200000);
	host_read_until("ended 2 code 0 dropped 100000\n");
	ck_assert_uint_eq(host.output[KT_STREAM_STDOUT].len, 200000);
}
END_TEST

START_TEST(an_environment_is_set_or_replaced)
{
	static const char *const environment[] = { "HOME=/there", "KT_EMPTY=", "KT_NEW=a b", NULL };
	struct kt_buf bytes = KT_BUF_INIT;
	char script[] = "echo $HOME ${KT_EMPTY-unset} \"$KT_NEW\" $KT_KEPT; "
			"env | grep -c '^HOME='";
	char *argv[] = { (char *)"sh", (char *)"-c", script, NULL };

	ck_assert_int_eq(setenv("KT_KEPT", "kept", 1), 0);
	host_start_agent();
	kt_link_put_spawn(&bytes, 1, argv, environment, 1 << 20);
	host_send_and_free(&bytes);
	host_read_until("ended 1 code 0 dropped 0\n");
	ck_assert_str_eq(kt_buf_text(&host.output[KT_STREAM_STDOUT]), "/there a b kept\n1\n");
}
END_TEST

START_TEST(what_cannot_run_is_said)
{
	struct kt_buf bytes = KT_BUF_INIT;
	char *argv[] = { (char *)"/does/not/exist", NULL };

	host_start_agent();
	kt_link_put_spawn(&bytes, 4, argv, NULL, 10);
	host_send_and_free(&bytes);
	host_read_until("failed 4 /does/not/exist: No such file or directory\n");
}
END_TEST

START_TEST(awaiting_a_marker)
{
	struct kt_buf bytes = KT_BUF_INIT;
	char path[64];

	host_start_agent();
	(void)snprintf(path, sizeof(path), "/tmp/kt-agent-test-%d-%%p", (int)getpid());
	host_spawn(1, "t=/tmp/kt-agent-test-$PPID; sleep 60", 10);
	host_read_until("started 1\n");
	kt_link_put_await(&bytes, 1, path, 50);
	host_send_and_free(&bytes);
	host_read_until("awaited 1 timeout\n");

	char marker[96];
	(void)snprintf(marker, sizeof(marker), "/tmp/kt-agent-test-%d-%d", (int)getpid(),
		       (int)host.last_pid);
	FILE *file = fopen(marker, "w");
	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	kt_link_put_await(&bytes, 1, path, 20000);
	host_send_and_free(&bytes);
	host_read_until("awaited 1 found\n");
	(void)unlink(marker);

	kt_link_put_await(&bytes, 1, path, 20000);
	kt_link_put_kill(&bytes, 1, SIGKILL);
	host_send_and_free(&bytes);
	host_read_until("awaited 1 ended\n");
	host_read_until("ended 1 signal 9 dropped 0\n");
	/* Asking about what is gone is no fault. */
	kt_link_put_await(&bytes, 1, path, 20000);
	kt_link_put_kill(&bytes, 1, SIGKILL);
	host_send_and_free(&bytes);
	host_read_until("dropped 0\nawaited 1 ended\n");
}
END_TEST

START_TEST(descendants_neither_hang_nor_survive)
{
	host_start_agent();
	/* A child in the group holds the pipes; one in a session of its own does too. */
	host_spawn(1, "sleep 1000 & exit 3", 10);
	host_read_until("ended 1 code 3 dropped 0\n");
	host_spawn(2, "setsid sleep 2 & exit 4", 10);
	host_read_until("ended 2 code 4 dropped 0\n");
}
END_TEST

/* Waits until @pid has ended and nobody has reaped it. */
static void wait_for_zombie(uint64_t pid)
{
	uint64_t until_ns = kt_clock_mono_ns() + HOST_DEADLINE_NS;
	char path[64];
	char line[256];
	char state = '?';

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned)pid);
	while (state != 'Z') {
		FILE *file = fopen(path, "r");
		ck_assert_ptr_nonnull(file);
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
		(void)fclose(file);
		state = strrchr(line, ')')[2];
		ck_assert(kt_clock_mono_ns() < until_ns);
		(void)poll(NULL, 0, 5);
	}
}

/* A probe ends because its target has: whoever hears of both hears of the target first. */
START_TEST(ends_are_told_in_their_order)
{
	host_start_agent();
	host_spawn(1, "exec sleep 1000", 10);
	host_read_until("started 1\n");
	uint64_t target = host.last_pid;
	host_spawn(2, "exec sleep 1000", 10);
	host_read_until("started 2\n");
	uint64_t probe = host.last_pid;
	ck_assert_int_eq(kill(host.agent_pid, SIGSTOP), 0);
	ck_assert_int_eq(kill((pid_t)target, SIGKILL), 0);
	wait_for_zombie(target);
	ck_assert_int_eq(kill((pid_t)probe, SIGKILL), 0);
	wait_for_zombie(probe);
	ck_assert_int_eq(kill(host.agent_pid, SIGCONT), 0);
	host_read_until("ended 2 ");
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&host.transcript),
				     "ended 1 signal 9 dropped 0\nended 2 signal 9 dropped 0\n"));
}
END_TEST

/* Also when the target's pipes are kept open by somebody else. */
START_TEST(an_end_waits_for_those_before_it)
{
	char script[256];

	/* It ends once the other one has a session of its own, out of reach. */
	(void)snprintf(script, sizeof(script),
		       "mark=/tmp/kt-agent-test-%d; setsid sh -c \": >$mark; exec sleep 2\" & "
		       "while [ ! -e $mark ]; do sleep 0.01; done; rm $mark; exit 3",
		       (int)getpid());
	host_start_agent();
	host_spawn(1, script, 10);
	host_read_until("started 1\n");
	while (!kill((pid_t)host.last_pid, 0))
		(void)poll(NULL, 0, 5);
	host_spawn(2, "exit 4", 10);
	host_read_until("ended 2 ");
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&host.transcript), "ended 1 code 3"));
}
END_TEST

START_TEST(exit_kills_what_runs)
{
	struct kt_buf bytes = KT_BUF_INIT;

	host_start_agent();
	host_spawn(1, "trap '' TERM INT HUP; while :; do sleep 1; done", 10);
	host_read_until("started 1\n");
	kt_link_put_exit(&bytes);
	host_send_and_free(&bytes);
	host_read_until("ended 1 signal 9 dropped 0\nbye\n");
	ck_assert_int_eq(host_agent_status(), KT_AGENT_EXIT);
	ck_assert_int_eq(kill((pid_t)host.last_pid, 0), -1);
}
END_TEST

static void send_word(void (*put)(struct kt_buf *out))
{
	struct kt_buf bytes = KT_BUF_INIT;

	put(&bytes);
	host_send_and_free(&bytes);
}

/* A frozen agent is as one that has just booted: silent until it is spoken to, then hello and ready. */
START_TEST(freezing_and_waking)
{
	const unsigned char seed[KT_SEED_BYTES] = { 0xab, [KT_SEED_BYTES - 1] = 0xcd };
	struct kt_buf bytes = KT_BUF_INIT;

	kt_buf_printf(&host.swept, "/tmp/kt-agent-swept-%d", (int)getpid());
	FILE *left_behind = fopen(kt_buf_text(&host.swept), "w");
	ck_assert_ptr_nonnull(left_behind);
	(void)fclose(left_behind);
	host_start_agent();
	host_read_until("hello\n");
	send_word(kt_link_put_freeze);
	host_read_until("frozen \n");
	ck_assert_int_ne(access(kt_buf_text(&host.swept), F_OK), 0);

	/* Longer than two beats; what must not come cannot be waited for in another way. */
	unsigned beats = host.beat_count;
	struct pollfd slot = { .fd = host.port, .events = POLLIN };
	ck_assert_int_eq(poll(&slot, 1, 2500), 0);
	ck_assert_uint_eq(host.beat_count, beats);

	kt_buf_reset(&host.transcript);
	send_word(kt_link_put_wake);
	host_read_until("hello\n");
	kt_link_put_hello(&bytes, seed, 1);
	host_send_and_free(&bytes);
	host_read_until("hello\nready  8 2 ? 4 3\n");
	host_spawn(1, "exit 3", 10);
	host_read_until("ended 1 code 3");
	/* What cannot be swept is no machine to save. */
	send_word(kt_link_put_freeze);
	host_read_until("frozen sweep: No such file or directory\n");
	host_spawn(2, "exit 4", 10);
	host_read_until("ended 2 code 4");
}
END_TEST

START_TEST(freezing_beside_a_process_is_refused)
{
	host_start_agent();
	host_spawn(1, "sleep 1000", 10);
	host_read_until("started 1\n");
	send_word(kt_link_put_freeze);
	ck_assert_int_eq(host_agent_status(), 10 + KT_ERROR_PROTOCOL);
}
END_TEST

START_TEST(waking_what_is_awake_is_refused)
{
	host_start_agent();
	host_read_until("hello\n");
	send_word(kt_link_put_wake);
	ck_assert_int_eq(host_agent_status(), 10 + KT_ERROR_PROTOCOL);
}
END_TEST

START_TEST(a_closed_port_ends_everything)
{
	host_start_agent();
	host_spawn(1, "sleep 1000", 10);
	host_read_until("started 1\n");
	(void)close(host.port);
	ck_assert_int_eq(host_agent_status(), KT_AGENT_HOST_GONE);
}
END_TEST

static void send_raw(const char *json)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_frame_put_message(&bytes, json, strlen(json));
	host_send_and_free(&bytes);
}

static const char *const bad_requests[] = {
	"",
	"[]",
	"{}",
	"{\"do\":1}",
	"{\"do\":\"dance\"}",
	"{\"do\":\"spawn\",\"id\":1}",
	"{\"do\":\"spawn\",\"id\":1,\"limit_bytes\":1,\"argv\":[]}",
	"{\"do\":\"spawn\",\"id\":1,\"limit_bytes\":1,\"argv\":[1]}",
	"{\"do\":\"spawn\",\"id\":-1,\"limit_bytes\":1,\"argv\":[\"true\"]}",
	"{\"do\":\"kill\",\"id\":1,\"signal\":0}",
	"{\"do\":\"kill\",\"id\":1,\"signal\":99}",
	"{\"do\":\"resize\",\"id\":1,\"rows\":24}",
	"{\"do\":\"resize\",\"id\":1,\"rows\":0,\"columns\":80}",
	"{\"do\":\"resize\",\"id\":1,\"rows\":65536,\"columns\":80}",
	"{\"do\":\"taken\",\"id\":1,\"stream\":2,\"bytes\":1}",
	"{\"do\":\"taken\",\"id\":1,\"stream\":0,\"bytes\":65537}",
	"{\"do\":\"spawn\",\"id\":1,\"limit_bytes\":1,\"argv\":[\"true\"],\"terminal\":{}}",
	("{\"do\":\"spawn\",\"id\":1,\"limit_bytes\":1,\"argv\":[\"true\"],"
	 "\"terminal\":{\"rows\":1,\"columns\":1}}"),
	"{\"do\":\"hello\",\"protocol\":2,\"real_ns\":1,\"seed\":\"\"}",
	"{\"do\":\"hello\",\"protocol\":1,\"real_ns\":1,\"seed\":\"zz\"}",
};

START_TEST(bad_requests_end_the_agent)
{
	host_start_agent();
	send_raw(bad_requests[_i]);
	host_read_until(NULL);
	int status = host_agent_status();
	/* JSON that is none is the parser's (usage) error, the rest is the protocol's. */
	ck_assert_msg(status == 10 + KT_ERROR_PROTOCOL || status == 10 + KT_ERROR_USAGE, "%d",
		      status);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("agent");
	TCase *tests = tcase_create("agent");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, hello_sets_clock_and_entropy);
	tcase_add_test(tests, output_is_kept_apart_and_bounded);
	tcase_add_test(tests, an_environment_is_set_or_replaced);
	tcase_add_test(tests, what_cannot_run_is_said);
	tcase_add_test(tests, awaiting_a_marker);
	tcase_add_test(tests, descendants_neither_hang_nor_survive);
	tcase_add_test(tests, ends_are_told_in_their_order);
	tcase_add_test(tests, an_end_waits_for_those_before_it);
	tcase_add_test(tests, exit_kills_what_runs);
	tcase_add_test(tests, freezing_and_waking);
	tcase_add_test(tests, freezing_beside_a_process_is_refused);
	tcase_add_test(tests, waking_what_is_awake_is_refused);
	tcase_add_test(tests, a_closed_port_ends_everything);
	tcase_add_loop_test(tests, bad_requests_end_the_agent, 0,
			    sizeof(bad_requests) / sizeof(*bad_requests));
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
