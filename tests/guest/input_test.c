/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes with input: pipes, terminals, and the windows in both directions.
 */
#include "tests/unit.h"

#include <string.h>

#include "tests/guest/host.h"

START_TEST(input_and_its_end_arrive)
{
	host_start_agent();
	host_spawn_with_input(1, "cat; echo end >&2; exit 5", NULL);
	host_read_until("started 1\n");
	host_send_input(1, "a\0b\n", 4);
	host_send_input(1, "c", 1);
	host_read_bytes(KT_STREAM_STDOUT, 5);
	host_send_input(1, NULL, 0);
	host_read_until("ended 1 code 5 dropped 0\n");
	ck_assert_uint_eq(host.output[KT_STREAM_STDOUT].len, 5);
	ck_assert(!memcmp(host.output[KT_STREAM_STDOUT].data, "a\0b\nc", 5));
	ck_assert_str_eq(kt_buf_text(&host.output[KT_STREAM_STDERR]), "end\n");
	/* It may have ended while input was on its way. */
	host_send_input(1, "late", 4);
	host_spawn(2, "exit 0", 10);
	host_read_until("ended 2 code 0 dropped 0\n");
}
END_TEST

/* Much more than a window, by who keeps to it, through a program that reads slowly and in odd pieces. */
START_TEST(much_input_and_output)
{
	static char chunk[1000];
	size_t sent = 0, told = 0;
	const size_t all = 1000 * sizeof(chunk);
	uint64_t until_ns = kt_clock_mono_ns() + HOST_DEADLINE_NS;

	for (size_t i = 0; i < sizeof(chunk); i++)
		chunk[i] = (char)('a' + i % 26);
	host_start_agent();
	host_spawn_with_input(1, "dd bs=777 status=none", NULL);
	host_read_until("started 1\n");
	while (host.output[KT_STREAM_STDOUT].len < all) {
		if (sent < all && sent - host.taken_bytes + sizeof(chunk) <= KT_WINDOW_BYTES) {
			host_send_input(1, chunk, sizeof(chunk));
			sent += sizeof(chunk);
			continue;
		}
		host_read_more("more output", until_ns);
		if (host.output[KT_STREAM_STDOUT].len - told > KT_TAKEN_BYTES) {
			host_send_taken(1, KT_STREAM_STDOUT,
					host.output[KT_STREAM_STDOUT].len - told);
			told = host.output[KT_STREAM_STDOUT].len;
		}
	}
	host_send_input(1, NULL, 0);
	host_read_until("ended 1 code 0 dropped 0\n");
	ck_assert_uint_eq(host.output[KT_STREAM_STDOUT].len, all);
	for (size_t at = 0; at < all; at += sizeof(chunk))
		ck_assert(!memcmp(host.output[KT_STREAM_STDOUT].data + at, chunk, sizeof(chunk)));
}
END_TEST

START_TEST(input_beyond_the_window_ends_the_agent)
{
	static const char chunk[KT_WINDOW_BYTES];

	host_start_agent();
	/* Its pipe takes some; what it does not take is told by nobody. */
	host_spawn_with_input(1, "exec sleep 1000", NULL);
	host_read_until("started 1\n");
	host_send_input(1, chunk, sizeof(chunk));
	host_read_beats(1);
	ck_assert_uint_le(host.taken_bytes, sizeof(chunk));
	host_send_input(1, chunk, host.taken_bytes);
	host_read_beats(1);
	host_send_input(1, chunk, sizeof(chunk));
	host_read_until(NULL);
	ck_assert_int_eq(host_agent_status(), 10 + KT_ERROR_PROTOCOL);
}
END_TEST

START_TEST(input_for_who_reads_none_is_dropped)
{
	static const char chunk[KT_TAKEN_BYTES];

	host_start_agent();
	host_spawn_with_input(1, "exec <&-; echo closed; exec sleep 1000", NULL);
	host_read_output("closed\n");
	for (int i = 0; i < 4; i++)
		host_send_input(1, chunk, sizeof(chunk));
	host_read_beats(2);
	ck_assert_uint_eq(host.taken_bytes, 0);
	host_spawn(2, "exit 3", 10);
	host_read_until("ended 2 code 3 dropped 0\n");
}
END_TEST

/* A host that is slow loses nothing, though the program has ended long ago. */
START_TEST(output_waits_for_the_host)
{
	host_start_agent();
	host_spawn_with_input(1, "head -c 100000 /dev/zero; echo told >&2", NULL);
	host_read_bytes(KT_STREAM_STDERR, 5);
	host_read_beats(3);
	ck_assert_uint_eq(host.output[KT_STREAM_STDOUT].len, KT_WINDOW_BYTES);
	ck_assert_ptr_null(strstr(kt_buf_text(&host.transcript), "ended"));
	host_send_taken(1, KT_STREAM_STDOUT, KT_WINDOW_BYTES);
	host_read_until("ended 1 code 0 dropped 0\n");
	ck_assert_uint_eq(host.output[KT_STREAM_STDOUT].len, 100000);
}
END_TEST

START_TEST(a_terminal_is_one)
{
	const struct kt_terminal terminal = { 33, 101, "kt-test" };

	host_start_agent();
	host_spawn_with_input(
		1,
		"test -t 0 && test -t 1 && test -t 2 && stty size && echo $TERM >&2 && "
		"ps -o sid= -p $$ | grep -q $$ && : </dev/tty && read line && echo got-$line",
		&terminal);
	host_read_output("33 101\r\nkt-test\r\n");
	host_send_input(1, "x\177yes\r", 6);
	host_read_until("ended 1 code 0 dropped 0\n");
	ck_assert_ptr_nonnull(strstr(kt_buf_text(&host.output[KT_STREAM_STDOUT]), "got-yes\r\n"));
	ck_assert_uint_eq(host.output[KT_STREAM_STDERR].len, 0);
}
END_TEST

START_TEST(a_terminal_has_keys_and_a_size)
{
	const struct kt_terminal terminal = { 24, 80, "dumb" };
	struct kt_buf bytes = KT_BUF_INIT;

	host_start_agent();
	host_spawn_with_input(1,
			      "trap 'stty size' WINCH; trap 'echo int; exit 6' INT; echo up;"
			      "while :; do read line; done",
			      &terminal);
	host_read_output("up\r\n");
	kt_link_put_resize(&bytes, 1, 50, 132);
	kt_link_put_resize(&bytes, 99, 50, 132); /* nobody's */
	host_send_and_free(&bytes);
	/* The shell's trap runs when the read ends. */
	host_send_input(1, "\r", 1);
	host_read_output("50 132\r\n");
	host_send_input(1, "\003", 1);
	host_read_until("ended 1 code 6 dropped 0\n");
}
END_TEST

START_TEST(a_terminal_nobody_has_ends)
{
	const struct kt_terminal terminal = { 24, 80, "dumb" };

	host_start_agent();
	host_spawn_with_input(1, "trap '' HUP; sleep 1000 & exit 9", &terminal);
	host_read_until("ended 1 code 9 dropped 0\n");
}
END_TEST

START_TEST(input_for_who_has_none_ends_the_agent)
{
	host_start_agent();
	host_spawn(1, "sleep 1000", 10);
	host_read_until("started 1\n");
	host_send_input(1, "x", 1);
	host_read_until(NULL);
	ck_assert_int_eq(host_agent_status(), 10 + KT_ERROR_PROTOCOL);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("input");
	TCase *tests = tcase_create("input");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, input_and_its_end_arrive);
	tcase_add_test(tests, much_input_and_output);
	tcase_add_test(tests, input_beyond_the_window_ends_the_agent);
	tcase_add_test(tests, input_for_who_reads_none_is_dropped);
	tcase_add_test(tests, input_for_who_has_none_ends_the_agent);
	tcase_add_test(tests, output_waits_for_the_host);
	tcase_add_test(tests, a_terminal_is_one);
	tcase_add_test(tests, a_terminal_has_keys_and_a_size);
	tcase_add_test(tests, a_terminal_nobody_has_ends);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
