/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "run/probe_document.h"

#define DOCUMENT(schema, snapshots)                                                         \
	"{\"schema_version\":" schema ",\"pid\":7,\"tool_version\":\"1\","                  \
	"\"started_at_unix_sec\":5,\"interval_ms\":50,\"interrupted\":false,\"snapshots\":" \
	"[" snapshots "]}\n"
#define ROW                                                   \
	"{\"tid\":7,\"comm\":\"w\",\"start_time_jiffies\":3," \
	"\"allocated_bytes\":18446744073709551615,\"deallocated_bytes\":0,\"new\":[1]}"
#define SNAPSHOT(threads)                                         \
	"{\"timestamp_unix_sec\":6,\"elapsed_since_start_ns\":9," \
	"\"threads\":[" threads "],\"x\":{}}"

static struct kt_error *parse(const char *text)
{
	struct kt_probe_document document;

	KT_TRY(kt_probe_document_parse(text, strlen(text), &document));
	kt_probe_document_deinit(&document);
	return NULL;
}

START_TEST(a_document_is_read_exactly)
{
	const char *text = DOCUMENT("2", SNAPSHOT(ROW) "," SNAPSHOT(""));
	struct kt_probe_document document;

	KT_OK(kt_probe_document_parse(text, strlen(text), &document));
	ck_assert_uint_eq(document.pid, 7);
	ck_assert_uint_eq(document.started_at_unix_sec, 5);
	ck_assert(document.interval_ms.known && document.interval_ms.value == 50);
	ck_assert(!document.interrupted);
	ck_assert_uint_eq(document.snapshot_count, 2);
	ck_assert_uint_eq(document.snapshots[1].thread_count, 0);
	ck_assert_uint_eq(document.snapshots[0].timestamp_unix_sec, 6);
	const struct kt_thread *thread = &document.snapshots[0].threads[0];
	ck_assert_str_eq(thread->comm, "w");
	ck_assert(thread->allocated_bytes.value == UINT64_MAX);
	ck_assert(thread->deallocated_bytes.known && thread->deallocated_bytes.value == 0);
	ck_assert_ptr_null(thread->error);
	kt_probe_document_deinit(&document);
}
END_TEST

START_TEST(no_snapshots_are_a_document_too)
{
	KT_OK(parse(DOCUMENT("2", "")));
}
END_TEST

START_TEST(anything_else_is_refused_with_its_reason)
{
	KT_FAILS(parse(""), KT_ERROR_PROBE, "probe output");
	KT_FAILS(parse("warning: x\n" DOCUMENT("2", "")), KT_ERROR_PROBE, "probe output:1:1");
	KT_FAILS(parse(DOCUMENT("2", "") DOCUMENT("2", "")), KT_ERROR_PROBE, "after the end");
	KT_FAILS(parse("[]"), KT_ERROR_PROBE, "object");
	KT_FAILS(parse("{}"), KT_ERROR_PROBE, "schema_version: is missing");
	KT_FAILS(parse(DOCUMENT("3", "")), KT_ERROR_PROBE, "only 2");
	KT_FAILS(parse(DOCUMENT("2", "{}")), KT_ERROR_PROBE, "snapshots[0]: timestamp_unix_sec");
	KT_FAILS(parse(DOCUMENT("2", SNAPSHOT("{\"tid\":1}"))), KT_ERROR_PROBE,
		 "snapshots[0]: threads[0]");
	KT_FAILS(parse(DOCUMENT("2", SNAPSHOT("{\"tid\":1,\"allocated_bytes\":1.5}"))),
		 KT_ERROR_PROBE, "allocated_bytes: must be an integer");
	KT_FAILS(parse(DOCUMENT("2", SNAPSHOT("{\"tid\":1,\"allocated_bytes\":null}"))),
		 KT_ERROR_PROBE, "allocated_bytes: must be an integer");
}
END_TEST

START_TEST(how_it_knows_is_kept)
{
	static const char text[] =
		"{\"schema_version\":2,\"pid\":7,\"tool_version\":\"1\",\"started_at_unix_sec\":5,"
		"\"interrupted\":false,\"layout\":{\"cache\":\"hit\",\"new\":[1],\"resolve_ns\":9},"
		"\"snapshots\":[]}";
	kt_autodocument struct kt_probe_document document = { 0 };

	KT_OK(kt_probe_document_parse(text, strlen(text), &document));
	ck_assert_str_eq(document.layout->cache, "hit");
	ck_assert_uint_eq(document.layout->resolve_ns.value, 9);
	ck_assert_ptr_null(document.layout->object);
}
END_TEST

START_TEST(a_flood_of_snapshots_is_refused)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_puts(&text, "{\"schema_version\":2,\"pid\":7,\"tool_version\":\"1\","
			   "\"started_at_unix_sec\":5,\"interrupted\":false,\"snapshots\":[");
	for (int i = 0; i < KT_PROBE_DOCUMENT_MAX_SNAPSHOTS; i++)
		kt_buf_puts(&text, SNAPSHOT("") ",");
	size_t len = text.len;
	kt_buf_puts(&text, SNAPSHOT("") "]}");
	KT_FAILS(parse(kt_buf_text(&text)), KT_ERROR_PROBE, "more than 100000");
	memcpy(text.data + len - 1, "]}", 3);
	KT_OK(parse(kt_buf_text(&text)));
}
END_TEST

static uint64_t metric_count(const char *out, const char *err)
{
	uint64_t count = UINT64_MAX;

	KT_OK(kt_probe_metric_count(out, strlen(out), err, strlen(err), &count));
	return count;
}

/* Contract section 7.1: stdout first; stderr only when stdout has none; never both. */
/* Reading would take some 100 bytes for each of its values. */
START_TEST(a_text_of_too_many_values_is_not_read)
{
	const size_t most = KT_PROBE_DOCUMENT_MAX_VALUES;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	uint64_t count = 77;

	kt_buf_putc(&text, '[');
	for (size_t i = 0; i < most - 1; i++)
		kt_buf_puts(&text, "0,");
	kt_buf_puts(&text, "0]");
	KT_OK(kt_probe_metric_count(text.data, text.len, "", 0, &count));
	ck_assert_uint_eq(count, most);
	KT_FAILS(parse(text.data), KT_ERROR_PROBE, "probe output");
	text.data[text.len - 1] = ',';
	kt_buf_puts(&text, "0]");
	KT_FAILS(parse(text.data), KT_ERROR_PROBE, "more than 1000000 values");
	KT_FAILS(kt_probe_metric_count(text.data, text.len, "", 0, &count), KT_ERROR_PROBE,
		 "more than 1000000 values");
	KT_FAILS(kt_probe_metric_count("", 0, text.data, text.len, &count), KT_ERROR_PROBE,
		 "more than 1000000 values");
	ck_assert_uint_eq(count, most);
}
END_TEST

START_TEST(numbers_are_counted_in_one_stream)
{
	ck_assert_uint_eq(metric_count("", ""), 0);
	ck_assert_uint_eq(metric_count("{\"a\":1,\"b\":[2,3]}", "{\"c\":4}"), 3);
	ck_assert_uint_eq(metric_count("{\"a\":\"x\"}", "log {\"c\":4}"), 1);
	ck_assert_uint_eq(metric_count("", "[   0.001234] x"), 1);
	ck_assert_uint_eq(metric_count("", "ktstr-probe-fatal: pid-missing\nerror: pid 999999999"),
			  0);
}
END_TEST

static const char *fatal_kind(const char *err)
{
	static char kind[KT_PROBE_FATAL_KIND_SIZE];

	return kt_probe_fatal_kind(err, strlen(err), kind) ? kind : "none";
}

/* Contract section 2.5: a line of its own, at its start, and nothing but the word. */
START_TEST(the_fatal_kind_is_found)
{
	ck_assert_str_eq(fatal_kind(""), "none");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: pid-missing\nerror: x\n"), "pid-missing");
	ck_assert_str_eq(fatal_kind("a line\nktstr-probe-fatal: a-1\nktstr-probe-fatal: b\n"),
			 "a-1");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: a"), "none"); /* cut: it may go on */
	ck_assert_str_eq(fatal_kind(" ktstr-probe-fatal: a\n"), "none");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: \n"), "none");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: a b\n"), "none");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: A\nktstr-probe-fatal: ok\n"), "ok");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: 0123456789012345678901234567890123456789"
				    "01234567890123456789012\n"),
			 "012345678901234567890123456789012345678901234567890123456789012");
	ck_assert_str_eq(fatal_kind("ktstr-probe-fatal: 0123456789012345678901234567890123456789"
				    "012345678901234567890123\n"),
			 "none");
}
END_TEST

static Suite *suite(void)
{
	Suite *document = suite_create("probe_document");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, a_document_is_read_exactly);
	tcase_add_test(tests, no_snapshots_are_a_document_too);
	tcase_add_test(tests, anything_else_is_refused_with_its_reason);
	tcase_add_test(tests, how_it_knows_is_kept);
	tcase_add_test(tests, a_flood_of_snapshots_is_refused);
	tcase_add_test(tests, a_text_of_too_many_values_is_not_read);
	tcase_add_test(tests, numbers_are_counted_in_one_stream);
	tcase_add_test(tests, the_fatal_kind_is_found);
	suite_add_tcase(document, tests);
	return document;
}

KT_UNIT_MAIN
