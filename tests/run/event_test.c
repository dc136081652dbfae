/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "run/event.h"
#include "tests/run/events.h"

#define MAX64 "18446744073709551615"

/* One line per event type with every member, numbers at the end of their range. */
static const char *const full_lines[] = {
	"{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":" MAX64 ",\"tool_version\":\"1.2\","
	"\"started_at_unix_sec\":" MAX64 ",\"jobs\":4294967295,\"scenarios\":[\"a\",\"b\"]}\n",
	"{\"schema\":1,\"event\":\"accel\",\"host_mono_ns\":0,\"choice\":\"tcg\",\"reason\":\"r\","
	"\"steps\":[{\"step\":\"open\",\"outcome\":\"no\",\"reason\":\"x\"},"
	"{\"step\":\"s\",\"outcome\":\"o\"}]}\n",
	"{\"schema\":1,\"event\":\"scenario_start\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"file\":\"f\",\"topology\":\"1n1l1c1t\",\"memory_mib\":256,"
	"\"kernel\":\"k\",\"checks\":[{\"id\":\"c\",\"text\":\"t\"}]}\n",
	"{\"schema\":1,\"event\":\"guest_state\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"state\":\"failed\",\"reason\":\"kernel-panic\",\"detail\":\"d\",\"accel\":\"kvm\","
	"\"since_start_ns\":" MAX64 "}\n",
	"{\"schema\":1,\"event\":\"guest_state\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"state\":\"ready\",\"since_start_ns\":0,\"machine\":{\"release\":\"6.12\",\"cpus\":" MAX64
	",\"numa_nodes\":" MAX64 ",\"llcs\":" MAX64 ",\"cores\":" MAX64 ",\"threads\":" MAX64
	"}}\n",
	"{\"schema\":1,\"event\":\"worker\",\"host_mono_ns\":1,\"scenario\":\"s\",\"worker\":\"w\","
	"\"state\":\"exited\",\"pid\":" MAX64 ",\"exit_code\":" MAX64 ",\"detail\":\"d\"}\n",
	"{\"schema\":1,\"event\":\"worker\",\"host_mono_ns\":1,\"scenario\":\"s\",\"worker\":\"w\","
	"\"state\":\"exited\",\"signal\":9}\n",
	"{\"schema\":1,\"event\":\"probe_start\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"probe\":\"p\",\"run\":4294967295,\"target_pid\":4294967295}\n",
	"{\"schema\":1,\"event\":\"probe_start\",\"host_mono_ns\":1,\"probe\":\"p\",\"run\":0,"
	"\"target_pid\":1,\"tool_version\":\"1\",\"started_at_unix_sec\":" MAX64
	",\"interval_ms\":" MAX64 ",\"engine\":\"bpf\",\"engine_reason\":\"r\","
	"\"target_start_time_jiffies\":" MAX64 ",\"layout\":{\"object\":\"o\",\"build_id\":\"b\","
	"\"version\":\"5.3.0\",\"sources\":\"ctl\",\"gate\":\"ok\",\"tls\":\"static\","
	"\"symbol\":\"s\",\"symbol_from\":\"f\",\"debug_file\":\"d\",\"allocated_offset\":" MAX64
	",\"deallocated_offset\":" MAX64 ",\"cache\":\"hit\",\"resolve_ns\":" MAX64
	"},\"unknown\":[{\"name\":\"n\",\"reason\":\"r\"}]}\n",
	"{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"probe\":\"p\",\"run\":0,\"index\":0,\"target_pid\":1,\"timestamp_unix_sec\":" MAX64
	",\"elapsed_since_start_ns\":" MAX64 ",\"threads\":[{\"tid\":4294967295,\"comm\":\"x\","
	"\"start_time_jiffies\":" MAX64 ",\"allocated_bytes\":" MAX64
	",\"deallocated_bytes\":" MAX64 "},{\"tid\":2,\"error\":\"gone\","
	"\"error_kind\":\"ptrace_seize\"}]}\n",
	"{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":1,\"probe\":\"p\",\"run\":0,"
	"\"index\":0,\"target_pid\":1,\"timestamp_unix_sec\":1,\"elapsed_since_start_ns\":1,"
	"\"threads\":[{\"tid\":1,\"allocated_bytes\":1,\"deallocated_bytes\":0,\"state\":\"S\","
	"\"cpu\":" MAX64 ",\"utime_ns\":" MAX64 ",\"stime_ns\":" MAX64 ",\"run_ns\":" MAX64
	",\"run_delay_ns\":" MAX64 ",\"voluntary_switches\":" MAX64
	",\"involuntary_switches\":" MAX64 ",\"tcache_bytes\":" MAX64 "},{\"tid\":2,"
	"\"error\":\"e\",\"error_kind\":\"k\",\"cpu\":0}],\"skipped\":[{\"tid\":3,\"comm\":\"c\","
	"\"start_time_jiffies\":" MAX64 ",\"reason\":\"no-thread-data\"}],\"duration_ns\":" MAX64
	",\"read_calls\":" MAX64 ",\"stopped_threads\":" MAX64 ",\"longest_stop_ns\":" MAX64
	",\"partial\":true,\"rss_bytes\":" MAX64 ",\"jemalloc_active_bytes\":" MAX64
	",\"arenas\":" MAX64 "}\n",
	"{\"schema\":1,\"event\":\"probe_end\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"probe\":\"p\",\"run\":0,\"exit_code\":1,\"duration_ns\":" MAX64
	",\"started_at_unix_sec\":" MAX64 ",\"interrupted\":false,\"snapshot_count\":" MAX64
	",\"metric_count\":" MAX64 ",\"stdout_bytes\":" MAX64
	",\"stderr_tail\":\"a\\nb\",\"document_error\":\"e\","
	"\"fatal_kind\":\"pid-missing\","
	"\"end_reason\":\"failed\",\"detail\":\"d\",\"engine\":\"readv\","
	"\"engine_reason\":\"r\",\"layout\":{\"cache\":\"hit\",\"resolve_ns\":" MAX64 "}}\n",
	"{\"schema\":1,\"event\":\"check\",\"host_mono_ns\":1,\"scenario\":\"s\",\"check\":\"c\","
	"\"verdict\":\"cannot-tell\",\"text\":\"t\",\"detail\":\"d\",\"threshold\":\"" MAX64
	"\",\"worst\":\"0\",\"probe\":\"p\",\"run\":" MAX64 ",\"snapshot\":" MAX64 ",\"tid\":" MAX64
	"}\n",
	"{\"schema\":1,\"event\":\"console\",\"host_mono_ns\":1,\"scenario\":\"s\",\"text\":"
	"\"\\\"\\\\\"}\n",
	"{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":1,\"text\":\"\"}\n",
	"{\"schema\":1,\"event\":\"scenario_end\",\"host_mono_ns\":1,\"scenario\":\"s\","
	"\"verdict\":\"cancelled\",\"reason\":\"r\",\"duration_ns\":" MAX64 ",\"boot_ns\":" MAX64
	",\"accel\":\"tcg\",\"console_tail\":\"c\\nd\",\"qemu_stderr_tail\":\"q\""
	",\"guest_cpu_ns\":" MAX64 ",\"guest_peak_rss_bytes\":" MAX64
	",\"guest_private_bytes\":" MAX64 "}\n",
	"{\"schema\":1,\"event\":\"run_end\",\"host_mono_ns\":1,\"passed\":4294967295,\"failed\":1,"
	"\"errors\":2,\"skipped\":3,\"cancelled\":4,\"exit_code\":99,\"duration_ns\":" MAX64 "}\n",
};

#define FULL_COUNT (sizeof(full_lines) / sizeof(full_lines[0]))

static struct kt_error *decode(const char *line)
{
	kt_autoevent struct kt_event event = { 0 };

	return kt_event_decode(line, strlen(line), &event);
}

START_TEST(every_event_survives_the_round_trip)
{
	const char *line = full_lines[_i];
	kt_autoevent struct kt_event event = { 0 };
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	KT_OK(kt_event_decode(line, strlen(line) - 1, &event));
	ck_assert_int_ne(event.type, KT_EVENT_NONE);
	kt_event_encode(&event, &out);
	ck_assert_str_eq(kt_buf_text(&out), line);
}
END_TEST

START_TEST(every_event_type_is_in_the_round_trip)
{
	for (int type = KT_EVENT_NONE + 1; type < KT_EVENT_TYPE_COUNT; type++) {
		kt_autobuf struct kt_buf word = KT_BUF_INIT;
		bool found = false;

		kt_buf_printf(&word, "\"event\":\"%s\"", kt_event_type_name(type));
		for (size_t i = 0; i < FULL_COUNT; i++)
			found = found || strstr(full_lines[i], kt_buf_text(&word));
		ck_assert_msg(found, "no line for %s", kt_event_type_name(type));
	}
}
END_TEST

START_TEST(a_copy_shares_nothing)
{
	const char *line = full_lines[_i];
	kt_autoevent struct kt_event copy = { 0 };
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	struct kt_event event = { 0 };
	KT_OK(kt_event_decode(line, strlen(line) - 1, &event));
	const struct kt_record *record = kt_event_record(event.type);
	copy.type = event.type;
	copy.host_mono_ns = event.host_mono_ns;
	copy.scenario = event.scenario ? "s" : NULL;
	KT_OK(kt_fields_copy(record, kt_event_payload(&event), &copy.arena,
			     (void *)kt_event_payload(&copy)));
	kt_event_deinit(&event);
	kt_event_encode(&copy, &out);
	ck_assert_str_eq(kt_buf_text(&out), line);
}
END_TEST

START_TEST(what_is_not_known_is_skipped)
{
	kt_autoevent struct kt_event event = { 0 };
	const char *unknown = EVENT("novelty", "\"n\":[1,{\"x\":null}]");
	const char *member = EVENT("note", "\"text\":\"t\",\"novelty\":{\"schema\":9}");

	KT_OK(kt_event_decode(unknown, strlen(unknown), &event));
	ck_assert_int_eq(event.type, KT_EVENT_NONE);
	kt_event_deinit(&event);
	KT_OK(kt_event_decode(member, strlen(member), &event));
	ck_assert_str_eq(event.note.text, "t");
}
END_TEST

START_TEST(what_is_wrong_is_refused_with_its_reason)
{
	KT_FAILS(decode(""), KT_ERROR_PROTOCOL, "event:1:1");
	KT_FAILS(decode("[]"), KT_ERROR_PROTOCOL, "object");
	KT_FAILS(decode("{}"), KT_ERROR_PROTOCOL, "schema");
	KT_FAILS(decode("{\"schema\":0}"), KT_ERROR_PROTOCOL, "schema");
	KT_FAILS(decode("{\"schema\":\"1\"}"), KT_ERROR_PROTOCOL, "schema");
	KT_FAILS(decode("{\"schema\":2}"), KT_ERROR_PROTOCOL, "newer");
	KT_FAILS(decode("{\"schema\":1}"), KT_ERROR_PROTOCOL, "event: is missing");
	KT_FAILS(decode(EVENT("note", "\"text\":1")), KT_ERROR_PROTOCOL, "text: must be a string");
	KT_FAILS(decode(EVENT("note", "\"other\":1")), KT_ERROR_PROTOCOL, "text: is missing");
	KT_FAILS(decode(EVENT("guest_state", "\"state\":\"limbo\",\"since_start_ns\":0")),
		 KT_ERROR_PROTOCOL, "\"limbo\" is not a known word");
	KT_FAILS(
		decode(EVENT("probe_start", "\"probe\":\"p\",\"run\":4294967296,\"target_pid\":1")),
		KT_ERROR_PROTOCOL, "run: must be an integer from 0 to 4294967295");
	KT_FAILS(decode(EVENT("probe_start", "\"probe\":\"p\",\"run\":-1,\"target_pid\":1")),
		 KT_ERROR_PROTOCOL, "run: must be");
	KT_FAILS(decode(EVENT("worker", "\"worker\":\"w\",\"state\":\"exited\",\"exit_code\":0,"
					"\"signal\":9")),
		 KT_ERROR_PROTOCOL, "exclude each other");
	KT_FAILS(decode(EVENT("guest_state", "\"state\":\"new\",\"since_start_ns\":"
					     "18446744073709551616")),
		 KT_ERROR_PROTOCOL, "since_start_ns");
}
END_TEST

#define SNAPSHOT(threads)                                                                      \
	EVENT("snapshot", "\"probe\":\"p\",\"run\":0,\"index\":0,\"target_pid\":1,"            \
			  "\"timestamp_unix_sec\":1,\"elapsed_since_start_ns\":1,\"threads\":" \
			  "[" threads "]")

START_TEST(a_thread_has_counters_or_an_error)
{
	KT_OK(decode(SNAPSHOT("{\"tid\":1,\"allocated_bytes\":1}")));
	KT_FAILS(decode(SNAPSHOT("{\"tid\":1}")), KT_ERROR_PROTOCOL, "threads[0]");
	KT_FAILS(decode(SNAPSHOT("{\"tid\":1,\"deallocated_bytes\":1}")), KT_ERROR_PROTOCOL,
		 "allocated_bytes");
	KT_FAILS(decode(SNAPSHOT("{\"tid\":1,\"error\":\"x\"}")), KT_ERROR_PROTOCOL, "together");
	KT_FAILS(decode(SNAPSHOT("{\"tid\":1,\"error\":\"x\",\"error_kind\":\"k\","
				 "\"allocated_bytes\":1}")),
		 KT_ERROR_PROTOCOL, "not both");
	KT_FAILS(decode(SNAPSHOT("7")), KT_ERROR_PROTOCOL, "threads[0]: must be an object");
}
END_TEST

START_TEST(foreign_text_is_cleaned_at_entry)
{
	kt_autoevent struct kt_event event = { 0 };
	const char *line = EVENT("note", "\"text\":\"a\\u001b[31m\\u0000b\\u0007\\nc\"");

	KT_OK(kt_event_decode(line, strlen(line), &event));
	ck_assert_str_eq(event.note.text, "a\xef\xbf\xbd[31m\xef\xbf\xbd"
					  "b\xef\xbf\xbd\nc");
}
END_TEST

/* Changes some bytes of a good line; whatever comes out must be read or refused cleanly. */
START_TEST(mutated_lines_do_no_harm)
{
	unsigned int seed = 20260000U + (unsigned int)_i;
	size_t refused = 0;

	for (int round = 0; round < 400; round++) {
		const char *line = full_lines[(size_t)round % FULL_COUNT];
		size_t len = strlen(line) - 1;
		kt_autofree char *text = strndup(line, len);
		kt_autoevent struct kt_event event = { 0 };
		kt_autobuf struct kt_buf out = KT_BUF_INIT;

		ck_assert_ptr_nonnull(text);
		for (int change = rand_r(&seed) % 4; change >= 0; change--)
			text[(size_t)rand_r(&seed) % len] =
				"\"{}[],:0919atx\\\xff\n"[rand_r(&seed) % 17];
		struct kt_error *err =
			kt_event_decode(text, len - (size_t)rand_r(&seed) % 2, &event);
		refused += err != NULL;
		kt_error_destroy(err);
		if (!err) /* what was read can be written and read again */ {
			kt_event_encode(&event, &out);
			KT_OK(decode(kt_buf_text(&out)));
		}
	}
	ck_assert_uint_gt(refused, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *event = suite_create("event");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, every_event_survives_the_round_trip, 0, FULL_COUNT);
	tcase_add_test(tests, every_event_type_is_in_the_round_trip);
	tcase_add_loop_test(tests, a_copy_shares_nothing, 0, FULL_COUNT);
	tcase_add_test(tests, what_is_not_known_is_skipped);
	tcase_add_test(tests, what_is_wrong_is_refused_with_its_reason);
	tcase_add_test(tests, a_thread_has_counters_or_an_error);
	tcase_add_test(tests, foreign_text_is_cleaned_at_entry);
	tcase_add_loop_test(tests, mutated_lines_do_no_harm, 0, 8);
	suite_add_tcase(event, tests);
	return event;
}

KT_UNIT_MAIN
