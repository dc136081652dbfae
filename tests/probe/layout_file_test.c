/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout entries: the text, hostile texts, and the directory that several processes share. */
#include "tests/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "probe/resolve/layout_dir.h"
#include "probe/resolve/size_table.h"

#define BUILD_ID "8f1c2d3e4a5b60718293a4b5c6d7e8f901234567"

enum {
	NOBODY = 65534,
	READS = 100, /* of the entry of each of the processes that write at once */
};

static char dir[64];
static char *entry_path;

static void enter(void)
{
	strcpy(dir, "/tmp/kt-layout-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
	ck_assert_int_gt(asprintf(&entry_path, "%s/ktstr-top/layouts/%s", dir, BUILD_ID), 0);
}

static void leave(void)
{
	char command[128];

	free(entry_path);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* All that an entry can say; the second says as little as possible. */
static struct kt_layout_entry full_entry(void)
{
	struct kt_layout_entry entry = {
		.build_id = BUILD_ID,
		.facts = { .has_start = true,
			   .has_offsets = true,
			   .has_size = true,
			   .start = 64,
			   .size_bytes = 2632,
			   .allocated = 824,
			   .deallocated = 840,
			   .sources = KT_SOURCE_CTL | KT_SOURCE_TLS_IMAGE,
			   .version = "5.2.0-5.2.1" },
		.internals = { .has_tcache = true,
			       .has_arenas = true,
			       .bins_offset = 872,
			       .bin_stride_bytes = 24,
			       .bin_count = 3,
			       .stack_head_offset = 0,
			       .low_bits_empty_offset = 20,
			       .size_class_bytes = { 8, 16, 32768 },
			       .arenas_vaddr = 0xfffffffffffffff8,
			       .nactive_offset = 10336,
			       .page_bytes = 4096 },
	};

	return entry;
}

static struct kt_layout_entry small_entry(void)
{
	struct kt_layout_entry entry = {
		.build_id = "0123456789abcdef",
		.facts = { .has_start = true,
			   .has_offsets = true,
			   .allocated = 8,
			   .deallocated = 16,
			   .sources = KT_SOURCE_DWARF },
	};

	return entry;
}

static void print(const struct kt_layout_entry *entry, struct kt_buf *text)
{
	kt_buf_reset(text);
	KT_OK(kt_layout_entry_print(entry, text));
}

static void expect_equal(const struct kt_layout_entry *a, const struct kt_layout_entry *b)
{
	kt_autobuf struct kt_buf text_a = KT_BUF_INIT;
	kt_autobuf struct kt_buf text_b = KT_BUF_INIT;

	print(a, &text_a);
	print(b, &text_b);
	ck_assert_str_eq(kt_buf_text(&text_a), kt_buf_text(&text_b));
}

START_TEST(the_text_is_as_documented)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_layout_entry entry = full_entry();

	print(&entry, &text);
	ck_assert_msg(!strncmp(kt_buf_text(&text),
			       "ktstr-top layout 1\n"
			       "build-id " BUILD_ID "\n"
			       "version 5.2.0-5.2.1\n"
			       "sources tls-image+ctl\n"
			       "start 64\n"
			       "size 2632\n"
			       "allocated 824\n"
			       "deallocated 840\n"
			       "tcache 872 24 0 20 8 16 32768\n"
			       "arenas 18446744073709551608 10336 4096\n"
			       "hash ",
			       text.len - 33),
		      "%s", kt_buf_text(&text));
}
END_TEST

START_TEST(what_is_printed_is_parsed)
{
	struct kt_layout_entry entries[] = { full_entry(), small_entry() };

	for (size_t i = 0; i < 2; i++) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		struct kt_layout_entry back;
		print(&entries[i], &text);
		KT_OK(kt_layout_entry_parse(text.data, text.len, &back));
		expect_equal(&entries[i], &back);
		ck_assert_uint_eq(back.facts.has_size, entries[i].facts.has_size);
		ck_assert_uint_eq(back.internals.has_tcache, entries[i].internals.has_tcache);
		ck_assert_uint_eq(back.internals.has_arenas, entries[i].internals.has_arenas);
		ck_assert_uint_eq(back.internals.bin_count, entries[i].internals.bin_count);
		ck_assert_uint_eq(back.internals.arenas_vaddr, entries[i].internals.arenas_vaddr);
	}
}
END_TEST

/* Whatever the table calls a version can be kept. */
START_TEST(the_versions_of_the_table_can_be_kept)
{
	ck_assert_ptr_nonnull(kt_size_table[0].version);
	for (const struct kt_size_row *row = kt_size_table; row->version; row++) {
		kt_autobuf struct kt_buf text = KT_BUF_INIT;
		struct kt_layout_entry entry = small_entry();
		struct kt_layout_entry back;
		entry.facts.has_size = true;
		entry.facts.size_bytes = row->size_bytes;
		entry.facts.allocated = row->allocated;
		entry.facts.deallocated = row->deallocated;
		ck_assert_uint_lt(strlen(row->version), sizeof(entry.facts.version));
		strcpy(entry.facts.version, row->version);
		print(&entry, &text);
		KT_OK(kt_layout_entry_parse(text.data, text.len, &back));
		ck_assert_str_eq(back.facts.version, row->version);
	}
}
END_TEST

/* The full entry with the line of @key replaced by @line, and with the hash that belongs to it. */
static void forge(const char *key, const char *line, struct kt_buf *out)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_layout_entry entry = full_entry();
	struct kt_hash hash = { 0 };
	char hash_text[KT_HASH_TEXT_SIZE];
	char *next = NULL;

	print(&entry, &text);
	for (char *at = text.data; *at; at = next) {
		next = strchr(at, '\n') + 1;
		if (!strncmp(at, "hash ", 5))
			break;
		if (strncmp(at, key, strlen(key)) || at[strlen(key)] != ' ')
			kt_buf_append(out, at, (size_t)(next - at));
		else if (*line)
			kt_buf_printf(out, "%s\n", line);
	}
	kt_hash_update(&hash, out->data, out->len);
	kt_hash_text(&hash, hash_text);
	kt_buf_printf(out, "hash %s\n", hash_text);
}

static const struct {
	const char *key;
	const char *line;
	const char *part; /* of the refusal; NULL: it is accepted */
} forgeries[] = {
	{ "start", "start 64", NULL },
	{ "version", "version -", NULL },
	{ "size", "size 0", NULL },
	{ "tcache", "tcache -", NULL },
	{ "arenas", "arenas -", NULL },
	{ "ktstr-top", "ktstr-top layout 2", "not a layout file" },
	{ "build-id", "build-id -", "build-id is not" },
	{ "build-id", "build-id 0123456789abcde", "build-id is not" },
	{ "build-id", "build-id ../../etc/passwd0", "build-id is not" },
	{ "build-id", "build-id 0123456789ABCDEF", "build-id is not" },
	{ "version", "version", "expected 'version'" },
	{ "version", "version 5.3.0\"evil", "the version contains" },
	{ "version", "version 5.3.0\033[2J", "the version contains" },
	{ "version", "version 012345678901234567890123", "too long" },
	{ "sources", "sources none", "no such source" },
	{ "sources", "sources ctl+ctl", "one twice" },
	{ "sources", "sources ctl+", "no such source" },
	{ "start", "", "expected 'start'" },
	{ "start", "start 64\nstart 64", "expected 'size'" },
	{ "start", "extra 1\nstart 64", "expected 'start'" },
	{ "start", "start 4", "counters cannot" },
	{ "start", "start 2147483648", "counters cannot" },
	{ "start", "start -8", "expected a number" },
	{ "start", "start +8", "expected a number" },
	{ "start", "start  8", "expected a number" },
	{ "start", "start 8 8", "more than expected" },
	{ "start", "start 18446744073709551616", "expected a number" },
	{ "start", "start 18446744073709551608", "counters cannot" },
	{ "size", "size 847", "counters cannot" },
	{ "size", "size 2097152", "counters cannot" },
	{ "size", "size 840", "counters cannot" },
	{ "allocated", "allocated 825", "counters cannot" },
	{ "allocated", "allocated 840", "counters cannot" },
	{ "allocated", "allocated 8", "counters cannot" },
	{ "deallocated", "deallocated 824", "counters cannot" },
	{ "deallocated", "deallocated 844", "counters cannot" },
	{ "deallocated", "deallocated 18446744073709551608", "counters cannot" },
	{ "tcache", "tcache", "expected 'tcache'" },
	{ "tcache", "tcache 872 24 0 20", "thread cache cannot" },
	{ "tcache", "tcache 872 24 0", "expected a number" },
	{ "tcache", "tcache 872 24 0 20 16 8", "thread cache cannot" },
	{ "tcache", "tcache 872 24 0 20 0", "thread cache cannot" },
	{ "tcache", "tcache 872 24 24 20 8", "thread cache cannot" },
	{ "tcache", "tcache 872 24 0 23 8", "thread cache cannot" },
	{ "tcache", "tcache 876 24 0 20 8", "thread cache cannot" },
	{ "tcache", "tcache 2624 24 0 20 8", "thread cache cannot" },
	{ "tcache", "tcache 872 4294967288 0 20 8", "thread cache cannot" },
	{ "tcache", "tcache 872 24 0 4294967296 8", "too large" },
	{ "tcache", "tcache 872 24 0 20 8 ", "expected a number" },
	{ "arenas", "arenas 0 10336 4096", "arenas cannot" },
	{ "arenas", "arenas 4 10336 4096", "arenas cannot" },
	{ "arenas", "arenas 8 10337 4096", "arenas cannot" },
	{ "arenas", "arenas 8 16777216 4096", "arenas cannot" },
	{ "arenas", "arenas 8 8 4095", "arenas cannot" },
	{ "arenas", "arenas 8 8 2147483648", "arenas cannot" },
	{ "arenas", "arenas 8 8 0", "arenas cannot" },
	{ "arenas", "arenas 8 8 4096 1", "more than expected" },
};

START_TEST(every_number_is_checked)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_layout_entry entry;

	forge(forgeries[_i].key, forgeries[_i].line, &text);
	if (forgeries[_i].part)
		KT_FAILS(kt_layout_entry_parse(text.data, text.len, &entry), KT_ERROR_USAGE,
			 forgeries[_i].part);
	else
		KT_OK(kt_layout_entry_parse(text.data, text.len, &entry));
}
END_TEST

START_TEST(too_many_size_classes_are_refused)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_layout_entry entry;

	kt_buf_puts(&line, "tcache 872 8 0 2");
	for (int i = 1; i <= KT_TCACHE_BINS_MAX; i++)
		kt_buf_printf(&line, " %d", i * 8);
	forge("tcache", kt_buf_text(&line), &text);
	KT_OK(kt_layout_entry_parse(text.data, text.len, &entry));
	ck_assert_uint_eq(entry.internals.bin_count, KT_TCACHE_BINS_MAX);
	kt_buf_reset(&text);
	kt_buf_puts(&line, " 9999");
	forge("tcache", kt_buf_text(&line), &text);
	KT_FAILS(kt_layout_entry_parse(text.data, text.len, &entry), KT_ERROR_USAGE,
		 "too many size classes");
}
END_TEST

START_TEST(damage_is_noticed)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_layout_entry entry = full_entry();

	print(&entry, &text);
	for (size_t len = 0; len < text.len; len++) {
		/* A buffer of its own, so that a sanitizer sees a read behind the end. */
		kt_autofree char *copy = malloc(len + !len);
		memcpy(copy, text.data, len);
		KT_FAILS(kt_layout_entry_parse(copy, len, &entry), KT_ERROR_USAGE, "");
	}
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		text.data[bit / 8] ^= (char)(1 << bit % 8);
		KT_FAILS(kt_layout_entry_parse(text.data, text.len, &entry), KT_ERROR_USAGE, "");
		text.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	kt_buf_puts(&text, "\n");
	KT_FAILS(kt_layout_entry_parse(text.data, text.len, &entry), KT_ERROR_USAGE,
		 "more behind the hash");
}
END_TEST

START_TEST(an_incomplete_entry_is_not_written)
{
	struct kt_layout_entry entry = full_entry();

	entry.facts.has_start = false;
	KT_FAILS(kt_layout_file_write("out", &entry), KT_ERROR_USAGE, "out: the counters cannot");
	entry = full_entry();
	entry.facts.sources = 0;
	KT_FAILS(kt_layout_file_write("out", &entry), KT_ERROR_USAGE, "out: the counters cannot");
	entry = full_entry();
	entry.build_id[0] = '\0';
	KT_FAILS(kt_layout_file_write("out", &entry), KT_ERROR_USAGE, "out: the build-id");
	entry = full_entry();
	strcpy(entry.facts.version, "-");
	KT_FAILS(kt_layout_file_write("out", &entry), KT_ERROR_USAGE, "out: the version");
	ck_assert_int_ne(access("out", F_OK), 0);
}
END_TEST

START_TEST(files_are_read_and_written)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;

	KT_OK(kt_layout_file_write("out", &entry));
	KT_OK(kt_layout_file_read("out", &back));
	expect_equal(&entry, &back);
	KT_FAILS(kt_layout_file_read("none", &back), KT_ERROR_IO, "none: No such file");
	KT_FAILS(kt_layout_file_read("/", &back), KT_ERROR_IO, "/: not a regular file");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	KT_FAILS(kt_layout_file_read("fifo", &back), KT_ERROR_IO, "fifo: not a regular file");
	ck_assert_int_eq(truncate("out", KT_LAYOUT_FILE_MAX_BYTES + 1), 0);
	KT_FAILS(kt_layout_file_read("out", &back), KT_ERROR_IO, "larger than");
	ck_assert_int_eq(truncate("out", 100), 0);
	KT_FAILS(kt_layout_file_read("out", &back), KT_ERROR_USAGE, "out: line ");
}
END_TEST

/* A pipe, and a file that a shell may have opened to append to. */
START_TEST(standard_output_is_written_to)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;
	struct stat st;
	char text[18];
	int ends[2];

	int kept = dup(STDOUT_FILENO);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	KT_OK(kt_layout_file_write("/dev/stdout", &entry));
	ck_assert_int_eq(read(ends[0], text, sizeof(text)), sizeof(text));
	ck_assert_int_eq(memcmp(text, "ktstr-top layout 1", sizeof(text)), 0);
	int fd = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	KT_OK(kt_layout_file_write("/dev/stdout", &entry));
	KT_OK(kt_layout_file_read("out", &back));
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
}
END_TEST

static size_t count_files(void)
{
	size_t count = 0;
	kt_autofree char *copy = strdup(entry_path);

	*strrchr(copy, '/') = '\0';
	DIR *files = opendir(copy);
	ck_assert_ptr_nonnull(files);
	while (readdir(files))
		count++;
	closedir(files);
	return count - 2;
}

START_TEST(the_cache_keeps_an_entry)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;
	struct stat st;

	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	kt_layout_cache_put(&entry);
	ck_assert(kt_layout_cache_get(BUILD_ID, &back));
	expect_equal(&entry, &back);
	ck_assert_int_eq(stat("ktstr-top/layouts", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_uint_eq(count_files(), 1);
	ck_assert(!kt_layout_cache_get("0123456789abcdef", &back));
	ck_assert(!kt_layout_cache_get("../layouts/" BUILD_ID, &back));
	ck_assert(!kt_layout_cache_get("", &back));
}
END_TEST

START_TEST(a_corrupt_entry_is_ignored_and_rewritten)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;
	char other[PATH_MAX];

	kt_layout_cache_put(&entry);
	KT_OK(kt_file_replace(entry_path, "damaged", 7, 0600));
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	kt_layout_cache_put(&entry);
	ck_assert(kt_layout_cache_get(BUILD_ID, &back));
	/* A sound entry under the name of another object. */
	(void)snprintf(other, sizeof(other), "%s/ktstr-top/layouts/ffffffffffffffff", dir);
	ck_assert_int_eq(rename(entry_path, other), 0);
	ck_assert(!kt_layout_cache_get("ffffffffffffffff", &back));
}
END_TEST

START_TEST(what_others_could_have_written_is_not_read)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;

	kt_layout_cache_put(&entry);
	ck_assert_int_eq(chmod(entry_path, 0664), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	ck_assert_int_eq(chmod(entry_path, 0600), 0);
	ck_assert(kt_layout_cache_get(BUILD_ID, &back));
	ck_assert_int_eq(chmod("ktstr-top/layouts", 0777), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	ck_assert_int_eq(chmod("ktstr-top/layouts", 0700), 0);
	/* Links: to the entry, and to the directory. */
	ck_assert_int_eq(rename(entry_path, "entry"), 0);
	ck_assert_int_eq(symlink("../../entry", entry_path), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	kt_layout_cache_put(&entry);
	ck_assert(kt_layout_cache_get(BUILD_ID, &back));
	ck_assert_int_eq(rename("ktstr-top/layouts", "elsewhere"), 0);
	ck_assert_int_eq(symlink("../elsewhere", "ktstr-top/layouts"), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	kt_layout_cache_put(&entry);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
}
END_TEST

START_TEST(an_entry_of_no_regular_file_is_replaced)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;

	kt_layout_cache_put(&entry);
	ck_assert_int_eq(unlink(entry_path), 0);
	ck_assert_int_eq(mkfifo(entry_path, 0600), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	kt_layout_cache_put(&entry);
	ck_assert(kt_layout_cache_get(BUILD_ID, &back));
}
END_TEST

/* Only root can give files away. */
START_TEST(other_users_files_are_left_alone)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;

	kt_layout_cache_put(&entry);
	ck_assert_int_eq(chown(entry_path, NOBODY, NOBODY), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	ck_assert_int_eq(chown(entry_path, 0, 0), 0);
	ck_assert_int_eq(chown("ktstr-top/layouts", NOBODY, NOBODY), 0);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
	/* Nothing of root's is made in the home of somebody else. */
	ck_assert_int_eq(system("rm -r ktstr-top"), 0);
	ck_assert_int_eq(chown(".", NOBODY, NOBODY), 0);
	kt_layout_cache_put(&entry);
	ck_assert_int_ne(access("ktstr-top", F_OK), 0);
}
END_TEST

START_TEST(without_a_place_there_is_no_cache)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;

	ck_assert(!kt_layout_dir_put("/proc/self/none/layouts", &entry));
	ck_assert(!kt_layout_dir_put("/dev/null/layouts", &entry));
	ck_assert(!kt_layout_dir_get("/dev/null/layouts", BUILD_ID, &back));
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/dev/null", 1), 0);
	kt_layout_cache_put(&entry);
	ck_assert(!kt_layout_cache_get(BUILD_ID, &back));
}
END_TEST

/* As on a full disk: not one byte of the file can be written. */
START_TEST(a_failed_write_leaves_the_old_entry)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry old = entry;
	struct kt_layout_entry back;
	struct rlimit none = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY };

	kt_layout_cache_put(&old);
	entry.facts.start = 0;
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	kt_layout_cache_put(&entry);
	none.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert(kt_layout_cache_get(BUILD_ID, &back));
	expect_equal(&old, &back);
	ck_assert_uint_eq(count_files(), 1);
}
END_TEST

/* Entry number @index, @index seconds old; the file of that name. */
static void put_aged(struct kt_layout_entry *entry, unsigned index)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };
	char path[PATH_MAX];

	(void)snprintf(entry->build_id, sizeof(entry->build_id), "%016x", index);
	ck_assert(kt_layout_dir_put("layouts", entry));
	(void)clock_gettime(CLOCK_REALTIME, &times[1]);
	times[1].tv_sec -= index;
	(void)snprintf(path, sizeof(path), "layouts/%016x", index);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(the_oldest_entries_go)
{
	struct kt_layout_entry entry = small_entry();
	struct kt_layout_entry back;
	char build_id[32];

	/* Put out of order: 100 is the newest but for the last, the highest numbers the oldest. */
	for (unsigned i = 0; i < KT_LAYOUT_DIR_ENTRIES_MAX; i++)
		put_aged(&entry, 100 + (i * 37) % KT_LAYOUT_DIR_ENTRIES_MAX);
	KT_OK(kt_file_replace("layouts/README", "not ours", 8, 0600));
	put_aged(&entry, 1);
	put_aged(&entry, 2);
	ck_assert_int_eq(access("layouts/README", F_OK), 0);
	for (unsigned i = 0; i < KT_LAYOUT_DIR_ENTRIES_MAX; i++) {
		(void)snprintf(build_id, sizeof(build_id), "%016x", 100 + i);
		ck_assert_int_eq(kt_layout_dir_get("layouts", build_id, &back),
				 i < KT_LAYOUT_DIR_ENTRIES_MAX - 2);
	}
	ck_assert(kt_layout_dir_get("layouts", "0000000000000001", &back));
	ck_assert(kt_layout_dir_get("layouts", "0000000000000002", &back));
}
END_TEST

/* Writes the entry with @start again and again, until the pipe has no other end any more. */
static pid_t start_writer(int pipe_ends[2], uint64_t start)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	struct kt_layout_entry entry = full_entry();
	struct pollfd end = { .fd = pipe_ends[0] };
	entry.facts.start = start;
	(void)close(pipe_ends[1]);
	while (!poll(&end, 1, 0))
		if (!kt_layout_dir_put("layouts", &entry))
			_exit(1);
	_exit(0);
}

START_TEST(two_writers_leave_one_whole_entry)
{
	struct kt_layout_entry entry = full_entry();
	struct kt_layout_entry back;
	unsigned seen[2] = { 0 };
	int pipe_ends[2];

	entry.facts.start = 0;
	ck_assert(kt_layout_dir_put("layouts", &entry));
	ck_assert_int_eq(pipe(pipe_ends), 0);
	pid_t writers[2] = { start_writer(pipe_ends, 0), start_writer(pipe_ends, 8) };
	/* At any time there is an entry, and it is one of the two. */
	while (seen[0] < READS || seen[1] < READS) {
		ck_assert(kt_layout_dir_get("layouts", BUILD_ID, &back));
		ck_assert(back.facts.start == 0 || back.facts.start == 8);
		seen[back.facts.start / 8]++;
		entry.facts.start = back.facts.start;
		expect_equal(&entry, &back);
	}
	(void)close(pipe_ends[1]);
	for (size_t i = 0; i < 2; i++) {
		int status;
		ck_assert_int_eq(waitpid(writers[i], &status, 0), writers[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(unlink("layouts/" BUILD_ID), 0);
	ck_assert_int_eq(rmdir("layouts"), 0); /* nothing else is left */
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("layout_file");
	TCase *text = tcase_create("text");
	TCase *files = tcase_create("files");

	tcase_add_test(text, the_text_is_as_documented);
	tcase_add_test(text, what_is_printed_is_parsed);
	tcase_add_test(text, the_versions_of_the_table_can_be_kept);
	tcase_add_loop_test(text, every_number_is_checked, 0,
			    (int)(sizeof(forgeries) / sizeof(forgeries[0])));
	tcase_add_test(text, too_many_size_classes_are_refused);
	tcase_add_test(text, damage_is_noticed);
	suite_add_tcase(suite, text);
	tcase_add_checked_fixture(files, enter, leave);
	tcase_add_test(files, an_incomplete_entry_is_not_written);
	tcase_add_test(files, files_are_read_and_written);
	tcase_add_test(files, standard_output_is_written_to);
	tcase_add_test(files, the_cache_keeps_an_entry);
	tcase_add_test(files, a_corrupt_entry_is_ignored_and_rewritten);
	tcase_add_test(files, what_others_could_have_written_is_not_read);
	tcase_add_test(files, an_entry_of_no_regular_file_is_replaced);
	if (!geteuid())
		tcase_add_test(files, other_users_files_are_left_alone);
	tcase_add_test(files, without_a_place_there_is_no_cache);
	tcase_add_test(files, a_failed_write_leaves_the_old_entry);
	tcase_add_test(files, the_oldest_entries_go);
	tcase_add_test(files, two_writers_leave_one_whole_entry);
	suite_add_tcase(suite, files);
	return suite;
}

KT_UNIT_MAIN
