/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/image/image.h"

static char file_path[64];
static struct kt_image *image;

static void enter(void)
{
	strcpy(file_path, "/tmp/kt-image-test.XXXXXX");
	int fd = mkstemp(file_path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "content", 7), 7);
	ck_assert_int_eq(close(fd), 0);
	KT_OK(kt_image_create(&image));
}

static void leave(void)
{
	kt_image_destroy(image);
	ck_assert_int_eq(unlink(file_path), 0);
}

/* One line an entry: "path type mode size [target | major:minor | content]". */
static void list_entry(struct archive *archive, struct archive_entry *entry, struct kt_buf *out)
{
	char content[64] = "";

	kt_buf_printf(out, "%s %o %lld", archive_entry_pathname(entry), archive_entry_mode(entry),
		      (long long)archive_entry_size(entry));
	if (archive_entry_filetype(entry) == AE_IFLNK)
		kt_buf_printf(out, " %s", archive_entry_symlink(entry));
	if (archive_entry_filetype(entry) == AE_IFCHR)
		kt_buf_printf(out, " %u:%u", (unsigned int)archive_entry_rdevmajor(entry),
			      (unsigned int)archive_entry_rdevminor(entry));
	if (archive_entry_filetype(entry) == AE_IFREG) {
		la_ssize_t got = archive_read_data(archive, content, sizeof(content) - 1);
		ck_assert_int_ge(got, 0);
		kt_buf_printf(out, " %s", content);
	}
	kt_buf_putc(out, '\n');
	ck_assert_int_eq(archive_entry_mtime(entry), 0);
	ck_assert_int_eq(archive_entry_uid(entry), 0);
	ck_assert_int_eq(archive_entry_gid(entry), 0);
	ck_assert_uint_eq(archive_entry_nlink(entry), 1);
}

static void list_image(struct kt_buf *bytes, struct kt_buf *out)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	kt_autoclose int fd = -1;
	uint64_t size = 0;
	int64_t inode = 0;

	KT_OK(kt_image_finish(image, &fd, &size));
	KT_OK(kt_file_read_fd(fd, "image", 64 << 20, bytes));
	ck_assert_uint_eq(bytes->len, size);
	ck_assert_int_eq(archive_read_support_format_cpio(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_open_memory(archive, bytes->data, bytes->len), ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		ck_assert_int_eq(archive_entry_ino64(entry), ++inode);
		list_entry(archive, entry, out);
	}
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
}

static void check_list(const char *expected)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	kt_autobuf struct kt_buf list = KT_BUF_INIT;

	list_image(&bytes, &list);
	ck_assert_str_eq(kt_buf_text(&list), expected);
	/* newc, uncompressed. */
	ck_assert_int_eq(memcmp(bytes.data, "070701", 6), 0);
}

#define DEVICES                     \
	"dev 40755 0\n"             \
	"dev/console 20600 0 5:1\n" \
	"dev/null 20666 0 1:3\n"
#define SENTINEL ".ktstr_init_ok 100644 0 \n"

START_TEST(everything_in_order)
{
	check_list(DEVICES SENTINEL);
	KT_OK(kt_image_add_link(image, "usr/lib/x", "../y"));
	KT_OK(kt_image_add_bytes(image, "/etc/conf", "hello", 5, 0640));
	KT_OK(kt_image_add_file(image, file_path, "//opt/./a/file/", 0500));
	KT_OK(kt_image_add_directory(image, "/tmp", 01777));
	KT_OK(kt_image_add_directory(image, "/etc", 0700));
	KT_OK(kt_image_add_bytes(image, "empty", "", 0, 0600));
	check_list(DEVICES "empty 100600 0 \n"
			   "etc 40700 0\n"
			   "etc/conf 100640 5 hello\n"
			   "opt 40755 0\n"
			   "opt/a 40755 0\n"
			   "opt/a/file 100500 7 content\n"
			   "tmp 41777 0\n"
			   "usr 40755 0\n"
			   "usr/lib 40755 0\n"
			   "usr/lib/x 120777 4 ../y\n" SENTINEL);
}
END_TEST

START_TEST(reproducible)
{
	kt_autobuf struct kt_buf one = KT_BUF_INIT, other = KT_BUF_INIT, list = KT_BUF_INIT;
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };

	KT_OK(kt_image_add_bytes(image, "a", "1", 1, 0600));
	KT_OK(kt_image_add_file(image, file_path, "d/b", 0600));
	list_image(&one, &list);
	kt_image_destroy(image);
	ck_assert_int_eq(utimensat(AT_FDCWD, file_path, times, 0), 0);
	KT_OK(kt_image_create(&image));
	KT_OK(kt_image_add_file(image, file_path, "d/b", 0600));
	KT_OK(kt_image_add_bytes(image, "a", "1", 1, 0600));
	list_image(&other, &list);
	ck_assert_uint_eq(one.len, other.len);
	ck_assert_int_eq(memcmp(one.data, other.data, one.len), 0);
}
END_TEST

START_TEST(sealed)
{
	kt_autoclose int fd = -1;
	uint64_t size = 0;

	KT_OK(kt_image_finish(image, &fd, &size));
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}
END_TEST

START_TEST(refused_paths)
{
	static const char *const paths[][2] = {
		{ "../x", "has a \"..\"" },
		{ "/a/../b", "has a \"..\"" },
		{ "a/..", "has a \"..\"" },
		{ "", "is empty" },
		{ "//.", "is empty" },
		{ ".ktstr_init_ok", "is a reserved name" },
		{ "/a/.ktstr_x/b", "is a reserved name" },
		{ "/./.ktstr_", "is a reserved name" },
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		KT_FAILS(kt_image_add_bytes(image, paths[i][0], "x", 1, 0600), KT_ERROR_USAGE,
			 paths[i][1]);
	KT_OK(kt_image_add_bytes(image, "..a/b..", "x", 1, 0600));
	char path[5000];
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	KT_FAILS(kt_image_add_directory(image, path, 0700), KT_ERROR_USAGE, "is too long");
}
END_TEST

START_TEST(refused_files)
{
	char fifo[80];

	KT_FAILS(kt_image_add_file(image, "/nonexistent/x", "x", 0600), KT_ERROR_ENVIRONMENT,
		 "/nonexistent/x: No such file");
	KT_FAILS(kt_image_add_file(image, "/tmp", "x", 0600), KT_ERROR_ENVIRONMENT,
		 "not a regular file");
	KT_FAILS(kt_image_add_file(image, "/dev/null", "x", 0600), KT_ERROR_ENVIRONMENT,
		 "not a regular file");
	(void)snprintf(fifo, sizeof(fifo), "%s.fifo", file_path);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	KT_FAILS(kt_image_add_program(image, fifo, "x", 0600), KT_ERROR_ENVIRONMENT,
		 "not a regular file");
	ck_assert_int_eq(unlink(fifo), 0);
	check_list(DEVICES SENTINEL);
}
END_TEST

START_TEST(conflicts)
{
	KT_OK(kt_image_add_bytes(image, "a", "content", 7, 0600));
	KT_OK(kt_image_add_bytes(image, "/a", "content", 7, 0600));
	KT_OK(kt_image_add_file(image, file_path, "a", 0700)); /* the same bytes */
	KT_FAILS(kt_image_add_bytes(image, "a", "Content", 7, 0600), KT_ERROR_USAGE,
		 "two different contents for /a");
	KT_FAILS(kt_image_add_directory(image, "a", 0700), KT_ERROR_USAGE, "two different");
	KT_FAILS(kt_image_add_bytes(image, "a/b", "x", 1, 0600), KT_ERROR_USAGE,
		 "/a/b needs /a to be a directory");
	KT_OK(kt_image_add_link(image, "l", "/a"));
	KT_OK(kt_image_add_link(image, "l", "/a"));
	KT_OK(kt_image_add_file(image, file_path, "l", 0600)); /* what the link leads to */
	KT_FAILS(kt_image_add_link(image, "l", "/b"), KT_ERROR_USAGE, "two different");
	check_list("a 100700 7 content\n" DEVICES "l 120777 2 /a\n" SENTINEL);
}
END_TEST

START_TEST(file_that_changes)
{
	kt_autoclose int fd = -1;
	uint64_t size = 0;

	KT_OK(kt_image_add_file(image, file_path, "a", 0600));
	KT_OK(kt_file_replace(file_path, "CONTENT", 7, 0600));
	KT_FAILS(kt_image_finish(image, &fd, &size), KT_ERROR_ENVIRONMENT,
		 "changed while the image was made");
	ck_assert_int_eq(fd, -1);
}
END_TEST

/* This program and all its libraries, every one of them below a directory of its own. */
START_TEST(program_with_libraries)
{
	kt_autofree char *self = realpath("/proc/self/exe", NULL);
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	kt_autobuf struct kt_buf list = KT_BUF_INIT;

	KT_OK(kt_image_add_program(image, self, "bin/one", 0755));
	KT_OK(kt_image_add_program(image, self, "bin/two", 0755));
	list_image(&bytes, &list);
	ck_assert_ptr_nonnull(strstr(list.data, "\nbin/one 100755 "));
	ck_assert_ptr_nonnull(strstr(list.data, "\nbin/two 100755 "));
	ck_assert_ptr_nonnull(strstr(list.data, "/libarchive.so."));
	ck_assert_ptr_nonnull(strstr(list.data, "/libc.so.6"));
#if defined(__x86_64__)
	ck_assert_ptr_nonnull(strstr(list.data, "\nlib64/ld-linux-x86-64.so.2 "));
#endif
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("image");
	TCase *tests = tcase_create("image");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, everything_in_order);
	tcase_add_test(tests, reproducible);
	tcase_add_test(tests, sealed);
	tcase_add_test(tests, refused_paths);
	tcase_add_test(tests, refused_files);
	tcase_add_test(tests, conflicts);
	tcase_add_test(tests, file_that_changes);
	tcase_add_test(tests, program_with_libraries);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
