/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_flat.h"
#include "base/json_write.h"

static struct kt_error *parse(const char *text)
{
	kt_autojson struct kt_json *json = NULL;

	return kt_json_parse(text, strlen(text), "f.json", KT_JSON_STRICT, &json);
}

START_TEST(errors_name_the_place)
{
	KT_FAILS(parse(""), KT_ERROR_USAGE, "f.json:1:1:");
	KT_FAILS(parse("{\n  \"a\": 1,\n  \"a\": 2\n}"), KT_ERROR_USAGE, "f.json:3:3:");
	KT_FAILS(parse("[1,]"), KT_ERROR_USAGE, "f.json:1:4:");
	KT_FAILS(parse("[1] x"), KT_ERROR_USAGE, "f.json:1:5:");
	KT_FAILS(parse("{\"a\":01}"), KT_ERROR_USAGE, "must not start with 0");
	KT_FAILS(parse("\"\xff\""), KT_ERROR_USAGE, "UTF-8");
	KT_FAILS(parse("\"a"), KT_ERROR_USAGE, "no end");
	KT_FAILS(parse("\"\\x\""), KT_ERROR_USAGE, "escape");
	KT_FAILS(parse("\"\\u12g4\""), KT_ERROR_USAGE, "hexadecimal");
	KT_FAILS(parse("nul"), KT_ERROR_USAGE, "value");
	KT_FAILS(parse("\"\n\""), KT_ERROR_USAGE, "control character");
	KT_FAILS(parse("{\"\\u0061\":1,\"a\":2}"), KT_ERROR_USAGE, "twice");
}
END_TEST

/* An object of @count members; the name of number @again is that of number 1, escaped. */
static void make_object(struct kt_buf *out, size_t count, size_t again)
{
	kt_buf_reset(out);
	kt_buf_putc(out, '{');
	for (size_t i = 0; i < count; i++)
		if (i == again)
			kt_buf_puts(out, ",\"\\u006b1\":0");
		else
			kt_buf_printf(out, "%s\"k%zu\":{\"x\":[0]}", i ? "," : "", i);
	kt_buf_putc(out, '}');
}

/* Large objects too, and in a time that does not grow with the square of their size. */
START_TEST(repeated_names_are_found_at_any_size)
{
	static const size_t counts[] = { 3, 31, 32, 33, 34, 100, 200000 };
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		kt_autobuf struct kt_buf place = KT_BUF_INIT;

		make_object(&text, counts[i], counts[i]);
		KT_OK(parse(kt_buf_text(&text)));
		make_object(&text, counts[i], counts[i] - 1);
		kt_buf_printf(&place, "f.json:1:%td:", strchr(text.data, '\\') - text.data);
		KT_FAILS(parse(kt_buf_text(&text)), KT_ERROR_USAGE, kt_buf_text(&place));
		KT_FAILS(parse(kt_buf_text(&text)), KT_ERROR_USAGE, "twice");
	}
}
END_TEST

START_TEST(depth_is_bounded)
{
	kt_autobuf struct kt_buf deep = KT_BUF_INIT;

	for (int i = 0; i < 100000; i++)
		kt_buf_putc(&deep, '[');
	KT_FAILS(parse(kt_buf_text(&deep)), KT_ERROR_USAGE, "too deeply");
}
END_TEST

START_TEST(integers_are_exact)
{
	kt_autojson struct kt_json *json = NULL;
	const char *text = "{\"max\": 18446744073709551615, \"odd\": [9007199254740993], "
			   "\"no\": 1.5, \"neg\": -1, \"text\": \"x\"}";
	uint64_t value;

	KT_OK(kt_json_parse(text, strlen(text), "f", KT_JSON_STRICT, &json));
	ck_assert(kt_json_item_u64(json, cJSON_GetObjectItem(json->root, "max"), &value));
	ck_assert(value == UINT64_MAX);
	ck_assert(kt_json_item_u64(json, cJSON_GetObjectItem(json->root, "odd")->child, &value));
	ck_assert(value == 9007199254740993ULL);
	ck_assert(!kt_json_item_u64(json, cJSON_GetObjectItem(json->root, "no"), &value));
	ck_assert(!kt_json_item_u64(json, cJSON_GetObjectItem(json->root, "neg"), &value));
	ck_assert(!kt_json_item_u64(json, cJSON_GetObjectItem(json->root, "text"), &value));
}
END_TEST

START_TEST(writer_round_trip)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_json_writer writer;

	kt_json_writer_init(&writer, &out, 2);
	kt_json_object_begin(&writer);
	kt_json_key(&writer, "n");
	kt_json_u64(&writer, UINT64_MAX);
	kt_json_key(&writer, "s");
	kt_json_string_n(&writer, "\"\\\n\x01\xff\0", 6);
	kt_json_key(&writer, "a");
	kt_json_array_begin(&writer);
	kt_json_i64(&writer, -5);
	kt_json_bool(&writer, true);
	kt_json_array_end(&writer);
	kt_json_key(&writer, "e");
	kt_json_array_begin(&writer);
	kt_json_array_end(&writer);
	kt_json_object_end(&writer);
	ck_assert_str_eq(kt_buf_text(&out), "{\n  \"n\": 18446744073709551615,\n"
					    "  \"s\": \"\\\"\\\\\\n\\u0001\xef\xbf\xbd\\u0000\",\n"
					    "  \"a\": [\n    -5,\n    true\n  ],\n  \"e\": []\n}");
	KT_OK(parse(kt_buf_text(&out)));
}
END_TEST

START_TEST(members)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;
	struct kt_json_writer writer;

	kt_json_writer_init(&writer, &out, 0);
	kt_json_object_begin(&writer);
	kt_json_member_string(&writer, "s", "a\nb");
	kt_json_member_u64(&writer, "n", UINT64_MAX);
	kt_json_member_bool(&writer, "b", false);
	kt_json_object_end(&writer);
	ck_assert_str_eq(kt_buf_text(&out),
			 "{\"s\":\"a\\nb\",\"n\":18446744073709551615,\"b\":false}");
}
END_TEST

/* "name=value name=value " for the flat metrics of @text. */
static const char *flat(const char *text, struct kt_buf *out)
{
	struct kt_flat_metrics metrics;

	KT_OK(kt_json_flatten(text, strlen(text), &metrics));
	kt_buf_reset(out);
	for (size_t i = 0; i < metrics.count; i++)
		kt_buf_printf(out, "%s=%g ", metrics.metrics[i].name, metrics.metrics[i].value);
	kt_flat_metrics_deinit(&metrics);
	return kt_buf_text(out);
}

START_TEST(regions_and_flat_metrics)
{
	kt_autobuf struct kt_buf out = KT_BUF_INIT;

	ck_assert_str_eq(flat("prefix {\"a\": 1} suffix", &out), "a=1 ");
	ck_assert_str_eq(flat("x {\"a}\\\"{\": 2} }", &out), "a}\"{=2 ");
	ck_assert_str_eq(flat("incomplete {", &out), "");
	ck_assert_str_eq(flat("[   0.001234] text {\"iops\":100}", &out), "0=0.001234 ");
	ck_assert_str_eq(flat("[FAIL ... {\"iops\":200}", &out), "");
	ck_assert_str_eq(flat("[words] {\"iops\":300}", &out), "");
	ck_assert_str_eq(flat("{\"first\":1} x {\"second\":2}", &out), "first=1 ");
	ck_assert_str_eq(flat("{\"b\":-1,\"a\":[0,{\"c\":1e400}],\"b\":3,\"t\":true}", &out),
			 "a.0=0 b=3 ");
	ck_assert_str_eq(flat("42", &out), "=42 ");
	ck_assert_str_eq(flat("", &out), "");
}
END_TEST

START_TEST(flat_depth_is_cut)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_flat_metrics metrics;

	for (int depth = 64; depth <= 65; depth++) {
		kt_buf_reset(&text);
		for (int i = 0; i < depth; i++)
			kt_buf_putc(&text, '[');
		kt_buf_putc(&text, '7');
		for (int i = 0; i < depth; i++)
			kt_buf_putc(&text, ']');
		KT_OK(kt_json_flatten(text.data, text.len, &metrics));
		ck_assert_uint_eq(metrics.count, 1);
		ck_assert_int_eq(!strcmp(metrics.metrics[0].name, KT_JSON_FLAT_TRUNCATED),
				 depth == 65);
		ck_assert(metrics.metrics[0].value == (depth == 65 ? 65 : 7));
		kt_flat_metrics_deinit(&metrics);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("json");
	TCase *tests = tcase_create("json");

	tcase_add_test(tests, errors_name_the_place);
	tcase_add_test(tests, repeated_names_are_found_at_any_size);
	tcase_add_test(tests, depth_is_bounded);
	tcase_add_test(tests, integers_are_exact);
	tcase_add_test(tests, writer_round_trip);
	tcase_add_test(tests, members);
	tcase_add_test(tests, regions_and_flat_metrics);
	tcase_add_test(tests, flat_depth_is_cut);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
