/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is packed into an image of the answers of a probe, played by scripts. */
#include "tests/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "top/layouts.h"
#include "vmm/image/image_tree.h"

#define BUILD_ID "8f1c2d3e4a5b60718293a4b5c6d7e8f901234567"
#define ENTRY	 "var/cache/ktstr-top/layouts/" BUILD_ID
#define TEXT	 "ktstr-top layout 1\nbuild-id " BUILD_ID "\nversion -\n"

static char dir[64];
static char probe[80];
static struct kt_image *image;

static void enter(void)
{
	strcpy(dir, "/tmp/kt-layouts-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(probe, sizeof(probe), "%s/probe", dir);
	KT_OK(kt_image_create(&image));
}

static void leave(void)
{
	kt_image_destroy(image);
	(void)unlink(probe);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* Packs what the probe with this script says of @program. */
static void pack(const char *script, const char *program)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "#!/bin/sh\n%s\n", script);
	KT_OK(kt_file_replace(probe, text.data, text.len, 0755));
	KT_OK(kt_layouts_pack(image, probe, program, "/bin/program"));
}

static void expect_entry(const char *expected)
{
	const struct kt_image_entry *entry = kt_image_tree_find(image, ENTRY);

	if (!expected) {
		ck_assert_ptr_null(entry);
		ck_assert_ptr_null(kt_image_tree_find(image, "var"));
		return;
	}
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->mode, S_IFREG | 0644);
	ck_assert_uint_eq(entry->size, strlen(expected));
	ck_assert_int_eq(memcmp(entry->bytes, expected, entry->size), 0);
}

#define SAY "printf 'ktstr-top layout 1\\nbuild-id " BUILD_ID "\\nversion -\\n'"

START_TEST(the_answer_is_packed)
{
	pack("[ \"$#\" = 4 ] && [ \"$1\" = --object ] && [ \"$2\" = " KT_WORKER_FILE " ] &&\n"
	     "[ \"$3\" = --layout ] && [ \"$4\" = /dev/stdout ] && " SAY,
	     KT_WORKER_FILE);
	expect_entry(TEXT);
	/* Once more, as by a second worker with the same library. */
	KT_OK(kt_layouts_pack(image, probe, KT_WORKER_FILE, "/bin/program"));
	expect_entry(TEXT);
}
END_TEST

static const char *const useless[] = {
	"exit 1",
	SAY "; exit 1",
	SAY "; kill -9 $$",
	"exit 0",
	"echo 'error: no pid'",
	"printf 'ktstr-top layout 2\\nbuild-id " BUILD_ID "\\n'",
	"printf 'ktstr-top layout 1\\nbuild-id ../../../../../bin/sh\\n'",
	"printf 'ktstr-top layout 1\\nbuild-id 0123456789abcde\\n'",
	"printf 'ktstr-top layout 1\\nbuild-id " BUILD_ID "'",
	SAY "; head -c 20000 /dev/zero",
};

START_TEST(anything_else_is_not)
{
	pack(useless[_i], KT_WORKER_FILE);
	expect_entry(NULL);
}
END_TEST

START_TEST(a_probe_that_cannot_be_started_is_no_error)
{
	KT_OK(kt_layouts_pack(image, "/does/not/exist", KT_WORKER_FILE, "/bin/program"));
	expect_entry(NULL);
}
END_TEST

/* The C library and what else has little thread data cannot be a jemalloc. */
START_TEST(only_what_may_be_jemalloc_is_asked_about)
{
	pack(SAY, "/bin/sh");
	expect_entry(NULL);
	pack(SAY, probe);
	expect_entry(NULL);
	pack(SAY, "/does/not/exist");
	expect_entry(NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("layouts");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, the_answer_is_packed);
	tcase_add_loop_test(tests, anything_else_is_not, 0,
			    (int)(sizeof(useless) / sizeof(useless[0])));
	tcase_add_test(tests, a_probe_that_cannot_be_started_is_no_error);
	tcase_add_test(tests, only_what_may_be_jemalloc_is_asked_about);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
