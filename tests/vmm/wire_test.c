/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two streams of a guest, QMP and the agent's port, as transcripts: bytes in, the
 * messages that come out; whole, one byte at a time, and broken.
 */
#include "tests/unit.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "vmm/guest/link.h"
#include "vmm/qemu/qmp.h"

static struct kt_buf transcript;

static void on_qmp(void *ctx, const struct kt_qmp_message *message)
{
	static const char *const names[] = { "greeting",  "shutdown",	    "stop",  "saved",
					     "not-saved", "internal-error", "error", "other" };

	(void)ctx;
	kt_buf_printf(&transcript, "%s %s\n", names[message->kind], message->text);
}

static const char qmp_session[] =
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22}}, \"capabilities\": [\"oob\"]}}\r\n"
	"{\"return\": {}}\r\n"
	"\r\n"
	"{\"timestamp\": {\"seconds\": 1}, \"event\": \"NIC_RX_FILTER_CHANGED\"}\r\n"
	"{\"event\": \"STOP\", \"timestamp\": {}}\n"
	"{\"return\": {\"status\": \"internal-error\", \"running\": false}}\r\n"
	"{\"return\": {\"status\": \"running\", \"running\": true}}\r\n"
	"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\r\n"
	"{\"event\": \"MIGRATION\", \"data\": {\"status\": \"active\"}}\r\n"
	"{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}\r\n"
	"{\"event\": \"MIGRATION\", \"data\": {\"status\": \"failed\"}}\r\n"
	"{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}\r\n";

static const char qmp_expected[] = "greeting \nother \nother NIC_RX_FILTER_CHANGED\nstop \n"
				   "internal-error internal-error\nother \nerror no such thing\n"
				   "other MIGRATION\nsaved \nnot-saved the migration failed\n"
				   "shutdown guest-reset\n";

START_TEST(qmp_in_pieces_of_any_size)
{
	for (size_t piece = 1; piece <= sizeof(qmp_session); piece += 13) {
		struct kt_qmp qmp;
		kt_buf_reset(&transcript);
		kt_qmp_init(&qmp, on_qmp, NULL);
		for (size_t at = 0; at < sizeof(qmp_session) - 1; at += piece) {
			size_t left = sizeof(qmp_session) - 1 - at;
			KT_OK(kt_qmp_feed(&qmp, qmp_session + at, left < piece ? left : piece));
		}
		ck_assert_str_eq(kt_buf_text(&transcript), qmp_expected);
		kt_qmp_deinit(&qmp);
	}
}
END_TEST

static struct kt_error *feed_qmp(const char *bytes, size_t len)
{
	struct kt_qmp qmp;

	kt_qmp_init(&qmp, on_qmp, NULL);
	struct kt_error *err = kt_qmp_feed(&qmp, bytes, len);
	kt_qmp_deinit(&qmp);
	return err;
}

START_TEST(qmp_garbage)
{
	kt_autobuf struct kt_buf flood = KT_BUF_INIT;

	KT_FAILS(feed_qmp("hello\n", 6), KT_ERROR_PROTOCOL, "no JSON");
	KT_FAILS(feed_qmp("[1]\n", 4), KT_ERROR_PROTOCOL, "no object");
	for (int i = 0; i <= KT_QMP_MAX_LINE_BYTES; i++)
		kt_buf_putc(&flood, 'x');
	KT_FAILS(feed_qmp(flood.data, flood.len), KT_ERROR_PROTOCOL, "without end");
}
END_TEST

static void on_link(void *ctx, const struct kt_link_message *message)
{
	(void)ctx;
	kt_buf_printf(&transcript,
		      "%d id=%u text=%s pid=%" PRIu64 " signal=%d status=%" PRIu64
		      " dropped=%" PRIu64 " len=%zu bytes=%.*s\n",
		      message->kind, message->id, message->text, message->pid, message->is_signal,
		      message->status, message->dropped_bytes[KT_STREAM_STDERR], message->len,
		      message->bytes ? (int)message->len : 0, message->bytes ? message->bytes : "");
}

static void put(struct kt_buf *out, const char *json)
{
	kt_frame_put_message(out, json, strlen(json));
}

START_TEST(link_in_pieces_of_any_size)
{
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	kt_autobuf struct kt_buf first = KT_BUF_INIT;

	put(&stream, "{\"say\":\"hello\",\"protocol\":1,\"release\":\"6.12\\u001b[31m\","
		     "\"mono_ns\":18446744073709551615,\"real_ns\":2,\"new\":[]}");
	put(&stream, "{\"say\":\"ready\",\"mono_ns\":1,\"real_ns\":2}");
	put(&stream, "{\"say\":\"started\",\"id\":1,\"pid\":77}");
	put(&stream, "{\"say\":\"failed\",\"id\":2,\"why\":\"x: gone\"}");
	put(&stream, "{\"say\":\"awaited\",\"id\":1,\"outcome\":\"found\"}");
	kt_frame_put_output(&stream, 1, KT_STREAM_STDOUT, "text", 4);
	put(&stream, "{\"say\":\"ended\",\"id\":1,\"signal\":9,\"stdout_dropped_bytes\":0,"
		     "\"stderr_dropped_bytes\":5}");
	put(&stream, "{\"say\":\"beat\",\"mono_ns\":5}");
	put(&stream, "{\"say\":\"frozen\",\"problem\":\"mount /tmp\"}");
	put(&stream, "{\"say\":\"taken\",\"id\":3,\"bytes\":65536}");
	put(&stream, "{\"say\":\"bye\"}");
	for (size_t piece = 1; piece <= stream.len; piece += 17) {
		struct kt_link link;
		kt_buf_reset(&transcript);
		kt_link_init(&link, on_link, NULL);
		for (size_t at = 0; at < stream.len; at += piece)
			KT_OK(kt_link_feed(&link, stream.data + at,
					   stream.len - at < piece ? stream.len - at : piece));
		kt_link_deinit(&link);
		if (!first.len)
			kt_buf_puts(&first, kt_buf_text(&transcript));
		ck_assert_str_eq(kt_buf_text(&transcript), kt_buf_text(&first));
	}
	ck_assert(strstr(kt_buf_text(&first), "text=6.12\xef\xbf\xbd[31m pid="));
	ck_assert(strstr(kt_buf_text(&first), "pid=77"));
	ck_assert(strstr(kt_buf_text(&first), "signal=1 status=9 dropped=5"));
	ck_assert(strstr(kt_buf_text(&first), "bytes=text"));
	ck_assert(strstr(kt_buf_text(&first), "text=mount /tmp"));
	ck_assert(strstr(kt_buf_text(&first), " id=3 "));
	ck_assert(strstr(kt_buf_text(&first), " len=65536 bytes=\n"));
}
END_TEST

static const char *const bad_messages[] = {
	"",
	"[]",
	"{}",
	"{\"say\":\"sing\"}",
	"{\"say\":\"hello\",\"protocol\":2}",
	"{\"say\":\"hello\",\"protocol\":1,\"mono_ns\":1,\"real_ns\":1}",
	"{\"say\":\"started\",\"id\":4294967296,\"pid\":1}",
	"{\"say\":\"started\",\"id\":1,\"pid\":0}",
	"{\"say\":\"started\",\"id\":1,\"pid\":2147483648}",
	"{\"say\":\"started\",\"id\":1,\"pid\":1.5}",
	"{\"say\":\"ended\",\"id\":1,\"exit_code\":256,\"stdout_dropped_bytes\":0,"
	"\"stderr_dropped_bytes\":0}",
	"{\"say\":\"ended\",\"id\":1,\"signal\":200,\"stdout_dropped_bytes\":0,"
	"\"stderr_dropped_bytes\":0}",
	"{\"say\":\"ended\",\"id\":1,\"exit_code\":0}",
	"{\"say\":\"failed\",\"id\":1}",
	"{\"say\":\"beat\"}",
	"{\"say\":\"taken\",\"id\":1}",
	"{\"say\":\"taken\",\"bytes\":1}",
	"{\"say\":\"taken\",\"id\":1,\"bytes\":65537}",
	"{\"say\":\"bye\",\"say\":\"bye\"}",
	"{\"say\":\"ready\",\"mono_ns\":1,\"real_ns\":2,\"cpus\":0}",
	"{\"say\":\"ready\",\"mono_ns\":1,\"real_ns\":2,\"llcs\":4294967296}",
	"{\"say\":\"ready\",\"mono_ns\":1,\"real_ns\":2,\"threads\":\"1\"}",
};

START_TEST(link_refuses)
{
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	struct kt_link link;

	put(&stream, bad_messages[_i]);
	kt_link_init(&link, on_link, NULL);
	KT_FAILS(kt_link_feed(&link, stream.data, stream.len), KT_ERROR_PROTOCOL, "agent");
	kt_link_deinit(&link);
}
END_TEST

START_TEST(link_refuses_input)
{
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	struct kt_link link;

	kt_frame_put_input(&stream, 1, "x", 1);
	kt_link_init(&link, on_link, NULL);
	KT_FAILS(kt_link_feed(&link, stream.data, stream.len), KT_ERROR_PROTOCOL, "input frame");
	kt_link_deinit(&link);
}
END_TEST

/* Of a message, not of what processes write, which is no JSON. */
START_TEST(link_has_a_limit)
{
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	kt_autobuf struct kt_buf json = KT_BUF_INIT;
	struct kt_link link;

	kt_buf_puts(&json, "{\"say\":\"beat\",\"mono_ns\":1,\"x\":\"");
	while (json.len < 16 * 1024 - 2)
		kt_buf_putc(&json, 'x');
	kt_buf_puts(&json, "\"}");
	put(&stream, kt_buf_text(&json));
	kt_frame_put_output(&stream, 1, KT_STREAM_STDOUT, json.data, json.len);
	kt_frame_put_output(&stream, 1, KT_STREAM_STDOUT, json.data, json.len);
	kt_link_init(&link, on_link, NULL);
	KT_OK(kt_link_feed(&link, stream.data, stream.len));
	kt_buf_reset(&stream);
	kt_buf_putc(&json, ' ');
	put(&stream, kt_buf_text(&json));
	KT_FAILS(kt_link_feed(&link, stream.data, stream.len), KT_ERROR_PROTOCOL,
		 "a message of 16385 bytes is too large");
	kt_link_deinit(&link);
}
END_TEST

/* What the host asks for is what the agent's frames and JSON reader see. */
START_TEST(requests_are_frames_of_json)
{
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	const unsigned char seed[KT_SEED_BYTES] = { 0x0f, 0xf0 };
	char *argv[] = { (char *)"prog", (char *)"a \"b\"\xff", NULL };
	static const char *const environment[] = { "A=\"", NULL };
	kt_autojson struct kt_json *json = NULL;
	struct kt_frame frame;
	size_t used;

	kt_link_put_spawn(&stream, 7, argv, environment, UINT64_MAX);
	kt_link_put_hello(&stream, seed, 1);
	KT_OK(kt_frame_decode(stream.data, stream.len, &frame, &used));
	KT_OK(kt_json_parse(frame.payload, frame.len, "spawn", KT_JSON_STRICT, &json));
	uint64_t limit;
	ck_assert(kt_json_item_u64(json, cJSON_GetObjectItem(json->root, "limit_bytes"), &limit));
	ck_assert(limit == UINT64_MAX);
	const cJSON *list = cJSON_GetObjectItem(json->root, "argv");
	ck_assert_int_eq(cJSON_GetArraySize(list), 2);
	ck_assert_str_eq(cJSON_GetArrayItem(list, 1)->valuestring, "a \"b\"\xef\xbf\xbd");
	list = cJSON_GetObjectItem(json->root, "environment");
	ck_assert_int_eq(cJSON_GetArraySize(list), 1);
	ck_assert_str_eq(cJSON_GetArrayItem(list, 0)->valuestring, "A=\"");
	KT_OK(kt_frame_decode(stream.data + used, stream.len - used, &frame, &used));
	ck_assert(memmem(frame.payload, frame.len, "\"seed\":\"0ff000", 14));
}
END_TEST

static void expect_request(const struct kt_buf *stream, const char *json)
{
	struct kt_frame frame;
	size_t used;

	KT_OK(kt_frame_decode(stream->data, stream->len, &frame, &used));
	ck_assert_uint_eq(used, stream->len);
	ck_assert_uint_eq(frame.len, strlen(json));
	ck_assert_msg(!memcmp(frame.payload, json, frame.len), "%.*s", (int)frame.len,
		      frame.payload);
}

START_TEST(requests_of_who_has_input)
{
	const struct kt_terminal terminal = { 24, 80, "xterm" };
	kt_autobuf struct kt_buf stream = KT_BUF_INIT;
	char *argv[] = { (char *)"sh", NULL };

	kt_link_put_spawn_with_input(&stream, 7, argv, NULL);
	expect_request(&stream, "{\"do\":\"spawn\",\"id\":7,\"limit_bytes\":18446744073709551615,"
				"\"argv\":[\"sh\"],\"input\":true}");
	kt_buf_reset(&stream);
	kt_link_put_spawn_with_input(&stream, 7, argv, &terminal);
	expect_request(&stream, "{\"do\":\"spawn\",\"id\":7,\"limit_bytes\":18446744073709551615,"
				"\"argv\":[\"sh\"],\"terminal\":{\"rows\":24,\"columns\":80,"
				"\"type\":\"xterm\"}}");
	kt_buf_reset(&stream);
	kt_link_put_resize(&stream, 7, 50, 132);
	expect_request(&stream, "{\"do\":\"resize\",\"id\":7,\"rows\":50,\"columns\":132}");
	kt_buf_reset(&stream);
	kt_link_put_taken(&stream, 7, KT_STREAM_STDERR, 4096);
	expect_request(&stream, "{\"do\":\"taken\",\"id\":7,\"stream\":1,\"bytes\":4096}");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("wire");
	TCase *tests = tcase_create("wire");

	tcase_add_test(tests, qmp_in_pieces_of_any_size);
	tcase_add_test(tests, qmp_garbage);
	tcase_add_test(tests, link_in_pieces_of_any_size);
	tcase_add_loop_test(tests, link_refuses, 0, sizeof(bad_messages) / sizeof(*bad_messages));
	tcase_add_test(tests, link_refuses_input);
	tcase_add_test(tests, link_has_a_limit);
	tcase_add_test(tests, requests_are_frames_of_json);
	tcase_add_test(tests, requests_of_who_has_input);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
