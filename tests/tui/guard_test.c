/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "tests/tui/emulator.h"
#include "tests/unit.h"
#include "tui/terminal/guard.h"

static void run_program(const struct emulator *emulator, bool is_quit_ignored)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/tui/screen_program", getenv("top_builddir"));
	(void)setenv("TERM", "xterm-256color", 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	/* The crash is the subject; nobody has to report it. */
	(void)setenv("ASAN_OPTIONS",
		     "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:"
		     "detect_leaks=0",
		     1);
	/* Shells start what is in the background with SIGQUIT ignored. */
	(void)signal(SIGQUIT, is_quit_ignored ? SIG_IGN : SIG_DFL);
	(void)login_tty(dup(emulator->slave));
	(void)execl(path, path, NULL);
	_exit(127);
}

static pid_t start_with(struct emulator *emulator, bool is_quit_ignored)
{
	emulator_open(emulator, 80, 24);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid)
		run_program(emulator, is_quit_ignored);
	ck_assert_msg(emulator_expect(emulator, 0, "ready 80x24"), "'%s'",
		      emulator_row(emulator, 0));
	ck_assert(emulator->is_alternate);
	ck_assert(!emulator->is_cursor_visible);
	ck_assert_int_ne(emulator->mouse, VTERM_PROP_MOUSE_NONE);
	return pid;
}

static pid_t start(struct emulator *emulator)
{
	return start_with(emulator, false);
}

/* Waits for the end, and takes what the program writes so that it is not kept from ending. */
static int wait_end(struct emulator *emulator, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0)
		(void)emulator_wait(emulator, 10);
	(void)emulator_take(emulator);
	return status;
}

static const struct {
	char key;
	int number;
} deaths[] = { { 'S', SIGSEGV }, { 'B', SIGBUS },  { 'F', SIGFPE },
	       { 'I', SIGILL },	 { 'A', SIGABRT }, { 'N', SIGSEGV } };

START_TEST(dies)
{
	struct emulator emulator;
	pid_t pid = start(&emulator);

	emulator_char(&emulator, (unsigned char)deaths[_i].key);
	int status = wait_end(&emulator, pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), deaths[_i].number);
	emulator_check_restored(&emulator);
	emulator_close(&emulator);
}
END_TEST

/* From outside, while the program does nothing. */
START_TEST(is_killed)
{
	static const int numbers[] = { SIGQUIT, SIGSEGV, SIGABRT };
	struct emulator emulator;
	pid_t pid = start(&emulator);

	ck_assert_int_eq(kill(pid, numbers[_i]), 0);
	int status = wait_end(&emulator, pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), numbers[_i]);
	emulator_check_restored(&emulator);
	emulator_close(&emulator);
}
END_TEST

/* Who was told to ignore SIGQUIT goes on, with its screen. */
START_TEST(ignores_what_was_ignored)
{
	struct emulator emulator;
	pid_t pid = start_with(&emulator, true);

	ck_assert_int_eq(kill(pid, SIGQUIT), 0);
	emulator_char(&emulator, 'x');
	ck_assert(emulator_expect(&emulator, 0, "ready 80x24 key 78"));
	ck_assert(emulator.is_alternate);
	emulator_char(&emulator, 'q');
	int status = wait_end(&emulator, pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	emulator_check_restored(&emulator);
	emulator_close(&emulator);
}
END_TEST

START_TEST(is_asked_to_end)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct emulator emulator;
	pid_t pid = start(&emulator);

	ck_assert_int_eq(kill(pid, numbers[_i]), 0);
	int status = wait_end(&emulator, pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 128 + numbers[_i]);
	emulator_check_restored(&emulator);
	emulator_close(&emulator);
}
END_TEST

START_TEST(exits)
{
	static const struct {
		unsigned key;
		int status;
	} ends[] = { { 'E', 3 }, { 'q', 0 }, { 3, 128 + SIGINT } };
	struct emulator emulator;
	pid_t pid = start(&emulator);

	emulator_char(&emulator, ends[_i].key == 3 ? 'x' : ends[_i].key);
	if (ends[_i].key == 3) /* Ctrl-C */
		ck_assert_int_eq(write(emulator.master, "\003", 1), 1);
	int status = wait_end(&emulator, pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), ends[_i].status);
	emulator_check_restored(&emulator);
	emulator_close(&emulator);
}
END_TEST

/* What was said meanwhile is on the screen that stays, also when the program dies. */
START_TEST(last_words)
{
	struct emulator emulator;
	pid_t pid = start(&emulator);

	emulator_char(&emulator, 'W');
	ck_assert(emulator_expect(&emulator, 0, "ready 80x24 key 57"));
	ck_assert_str_eq(emulator_row(&emulator, 1), "");
	emulator_char(&emulator, _i ? 'S' : 'q');
	(void)wait_end(&emulator, pid);
	emulator_check_restored(&emulator);
	ck_assert_str_eq(emulator_row(&emulator, 0), "a warning");
	emulator_close(&emulator);
}
END_TEST

/* The other end is gone: it ends by itself. */
START_TEST(terminal_is_closed)
{
	struct emulator emulator;
	pid_t pid = start(&emulator);
	int status = 0;

	(void)close(emulator.master);
	emulator.master = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	/* Either of both may come first. */
	ck_assert(WEXITSTATUS(status) == 4 || WEXITSTATUS(status) == 128 + SIGHUP);
	emulator_close(&emulator);
}
END_TEST

/* Before and after, signals mean what they did; a child that was forked leaves the terminal alone. */
START_TEST(only_while_armed)
{
	struct emulator emulator;
	struct sigaction before;
	struct sigaction now;
	int status = 0;

	emulator_open(&emulator, 80, 24);
	kt_guard_disarm();
	ck_assert_int_eq(sigaction(SIGSEGV, NULL, &before), 0);
	kt_guard_arm(emulator.slave, &emulator.modes, "bye", 3);
	ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
	ck_assert(now.sa_sigaction != before.sa_sigaction);
	pid_t pid = fork();
	if (!pid)
		exit(0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	kt_guard_disarm();
	ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
	ck_assert(now.sa_sigaction == before.sa_sigaction);
	pid = fork();
	if (!pid)
		raise(SIGABRT);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	(void)emulator_take(&emulator);
	ck_assert_uint_eq(emulator.byte_count, 0);
	emulator_close(&emulator);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("guard");
	TCase *tc = tcase_create("guard");

	tcase_add_loop_test(tc, dies, 0, sizeof(deaths) / sizeof(deaths[0]));
	tcase_add_loop_test(tc, is_killed, 0, 3);
	tcase_add_test(tc, ignores_what_was_ignored);
	tcase_add_loop_test(tc, is_asked_to_end, 0, 3);
	tcase_add_loop_test(tc, exits, 0, 3);
	tcase_add_loop_test(tc, last_words, 0, 2);
	tcase_add_test(tc, terminal_is_closed);
	tcase_add_test(tc, only_while_armed);
	suite_add_tcase(s, tc);
	return s;
}

KT_UNIT_MAIN
