/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/image/ld_cache.h"

static char path[64];

static void enter(void)
{
	strcpy(path, "/tmp/kt-ld-cache-test.XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

static void leave(void)
{
	ck_assert_int_eq(unlink(path), 0);
}

struct entry {
	const char *key;
	const char *value;
	uint64_t hwcap;
};

static const struct entry entries[] = {
	{ "libz.so.1", "/lib/fast/libz.so.1", 1 },
	{ "libz.so.1", "/lib/libz.so.1", 0 },
	{ "libz.so.1", "/lib32/libz.so.1", 0 },
	{ "liba.so", "relative/liba.so", 0 },
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static void add_word(struct kt_buf *out, uint32_t word)
{
	kt_buf_append(out, &word, sizeof(word));
}

/* The cache of these entries, as ldconfig writes it. */
static void make_new_format(struct kt_buf *out)
{
	struct kt_buf strings = KT_BUF_INIT, table = KT_BUF_INIT;
	uint32_t strings_at = 48 + (uint32_t)ENTRY_COUNT * 24;

	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		add_word(&table, 0x0303);
		add_word(&table, strings_at + (uint32_t)strings.len);
		kt_buf_append(&strings, entries[i].key, strlen(entries[i].key) + 1);
		add_word(&table, strings_at + (uint32_t)strings.len);
		kt_buf_append(&strings, entries[i].value, strlen(entries[i].value) + 1);
		add_word(&table, 0);
		kt_buf_append(&table, &entries[i].hwcap, sizeof(uint64_t));
	}
	kt_buf_puts(out, "glibc-ld.so.cache1.1");
	add_word(out, ENTRY_COUNT);
	add_word(out, (uint32_t)strings.len);
	for (int i = 0; i < 5; i++)
		add_word(out, 0);
	kt_buf_append(out, table.data, table.len);
	kt_buf_append(out, strings.data, strings.len);
	kt_buf_deinit(&strings);
	kt_buf_deinit(&table);
}

static void check_entries(const struct kt_buf *file)
{
	struct kt_ld_cache cache;
	size_t cursor = 0;

	KT_OK(kt_file_replace(path, file->data, file->len, 0600));
	KT_OK(kt_ld_cache_read(path, &cache));
	ck_assert_str_eq(kt_ld_cache_next(&cache, "libz.so.1", &cursor), "/lib/libz.so.1");
	ck_assert_str_eq(kt_ld_cache_next(&cache, "libz.so.1", &cursor), "/lib32/libz.so.1");
	ck_assert_ptr_null(kt_ld_cache_next(&cache, "libz.so.1", &cursor));
	cursor = 0;
	ck_assert_ptr_null(kt_ld_cache_next(&cache, "liba.so", &cursor));
	kt_ld_cache_deinit(&cache);
}

START_TEST(both_formats)
{
	kt_autobuf struct kt_buf file = KT_BUF_INIT;
	kt_autobuf struct kt_buf both = KT_BUF_INIT;

	make_new_format(&file);
	check_entries(&file);
	kt_buf_append(&both, "ld.so-1.7.0\0", 12);
	add_word(&both, 1);
	for (int i = 0; i < 3; i++)
		add_word(&both, 7); /* one entry of the old format, which is passed over */
	add_word(&both, 0);	    /* up to a multiple of eight */
	kt_buf_append(&both, file.data, file.len);
	check_entries(&both);
}
END_TEST

/* Without the fsync of kt_file_replace(), which would take most of the test's time. */
static void write_quickly(const struct kt_buf *bytes)
{
	kt_autoclose int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	KT_OK(kt_file_write_fd(fd, path, kt_buf_text(bytes), bytes->len));
}

/* Whatever is cut off or flipped: texts of the file or nothing, no read outside of it. */
START_TEST(damaged)
{
	kt_autobuf struct kt_buf file = KT_BUF_INIT;
	kt_autobuf struct kt_buf copy = KT_BUF_INIT;

	make_new_format(&file);
	for (size_t i = 0; i < 2 * file.len; i++) {
		struct kt_ld_cache cache;
		size_t cursor = 0;
		kt_buf_reset(&copy);
		kt_buf_append(&copy, file.data, i < file.len ? i : file.len);
		if (i >= file.len)
			copy.data[i - file.len] = (char)~copy.data[i - file.len];
		write_quickly(&copy);
		KT_OK(kt_ld_cache_read(path, &cache));
		const char *found;
		while ((found = kt_ld_cache_next(&cache, "libz.so.1", &cursor)))
			ck_assert_int_eq(found[0], '/');
		ck_assert_uint_le(cursor, cache.count);
		kt_ld_cache_deinit(&cache);
	}
}
END_TEST

START_TEST(missing)
{
	struct kt_ld_cache cache;
	size_t cursor = 0;

	KT_OK(kt_ld_cache_read("/nonexistent", &cache));
	ck_assert_ptr_null(kt_ld_cache_next(&cache, "libc.so.6", &cursor));
	kt_ld_cache_deinit(&cache);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("ld_cache");
	TCase *tests = tcase_create("ld_cache");

	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, both_formats);
	tcase_add_test(tests, damaged);
	tcase_add_test(tests, missing);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
