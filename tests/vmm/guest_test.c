/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest whose QEMU is a script: what the loop makes of its deadlines when this process, not the guest,
 * stood still.
 */
#include "tests/unit.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "vmm/guest/guest.h"

#define SILENCE_NS (300 * KT_NS_PER_MS)

/* Greets, and lives while its agent's port is open; then come a word of the agent and silence. */
static const char fake_qemu[] =
	"printf '{\"QMP\": {}}\\n' >&3; cat hello >&4; head -c 60 <&4 >seed;"
	"cat ready >&4; while [ ! -e stopped ]; do sleep 0.01; done;"
	"cat word >&4; touch said; exec cat <&4 >rest";

struct seen {
	struct kt_guest *guest;
	bool has_output;
	bool was_silent;
	bool is_stopped;
};

static void write_frame(const char *path, const char *json)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	FILE *file = fopen(path, "w");

	if (json)
		kt_frame_put_message(&bytes, json, strlen(json));
	else
		kt_frame_put_output(&bytes, 1, KT_STREAM_STDOUT, "x", 1);
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	ck_assert_int_eq(fclose(file), 0);
}

/* The loop stands still until the agent has spoken and the time for it is over. */
static void stand_still(void)
{
	uint64_t until_ns = kt_clock_mono_ns() + 2 * SILENCE_NS;
	FILE *file = fopen("stopped", "w");

	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	while (access("said", F_OK) || kt_clock_mono_ns() < until_ns)
		(void)poll(NULL, 0, 10);
}

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct seen *seen = ctx;

	if (kt_guest_state(guest) == KT_GUEST_READY)
		stand_still();
	if (kt_guest_state(guest) == KT_GUEST_FAILED)
		seen->was_silent = kt_guest_reason(guest) == KT_REASON_TIMEOUT;
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	struct seen *seen = ctx;

	seen->has_output |= message->kind == KT_LINK_OUTPUT;
}

static void on_stopped(void *ctx)
{
	struct seen *seen = ctx;

	seen->is_stopped = true;
}

/* What it said is heard first; that nothing follows ends it, a whole time later. */
START_TEST(time_without_us_is_not_silence)
{
	static const struct kt_guest_handler handler = {
		.on_state = on_state,
		.on_message = on_message,
		.on_stopped = on_stopped,
	};
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)fake_qemu, NULL };
	struct kt_guest_config config = {
		.qemu = { .argv = argv, .kernel_fd = -1, .initrd_fd = -1, .state_fd = -1 },
		.boot_timeout_ns = 60 * KT_NS_PER_SEC,
		.silence_timeout_ns = SILENCE_NS,
	};
	struct seen seen = { 0 };
	char dir[] = "/tmp/kt-guest-test.XXXXXX";
	uv_loop_t loop;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	write_frame("hello", "{\"say\":\"hello\",\"protocol\":1,\"release\":\"6\","
			     "\"mono_ns\":1,\"real_ns\":1}");
	write_frame("ready", "{\"say\":\"ready\",\"mono_ns\":1,\"real_ns\":1}");
	write_frame("word", NULL);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	KT_OK(kt_guest_create(&loop, &config, &handler, &seen, &seen.guest));
	kt_guest_start(seen.guest);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(seen.is_stopped);
	ck_assert(seen.has_output);
	ck_assert(seen.was_silent);
	kt_guest_destroy(seen.guest);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	static const char *const files[] = { "hello",	"ready", "word", "seed",
					     "stopped", "said",	 "rest" };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		(void)unlink(files[i]);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("guest");
	TCase *tests = tcase_create("guest");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, time_without_us_is_not_silence);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
