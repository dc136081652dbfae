/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/layout_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "probe/resolve/dwarf.h"

#define HEADING "ktstr-top layout 1"
#define NOTHING "-" /* the value of what is not known */

enum {
	SOURCES_ALL = KT_SOURCE_TLS_IMAGE | KT_SOURCE_CTL | KT_SOURCE_TABLE | KT_SOURCE_DWARF,
	NUMBER_TEXT_MAX = 21, /* 2^64 - 1 and a NUL */
	/* Beyond any jemalloc's: a tsd_s has a few KiB, an arena_s some ten, a huge page 1 GiB. */
	TSD_BYTES_MAX = 1 << 20,
	TLS_BLOCK_BYTES_MAX = 1 << 30,
	ARENA_BYTES_MAX = 1 << 24,
	PAGE_BYTES_MIN = 1 << 12,
	PAGE_BYTES_MAX = 1 << 30,
};

/* A text being read, line by line. */
struct reader {
	const char *at;
	const char *end;
	unsigned line;
};

/* A value within the text: neither terminated nor checked. */
struct value {
	const char *text;
	size_t len;
};

static struct kt_error *reader_fail(const struct reader *reader, const char *what)
{
	return kt_error_create(KT_ERROR_USAGE, 0, "line %u: %s", reader->line, what);
}

/* The rest of the next line, which must begin with "@key ". */
static struct kt_error *take_line(struct reader *reader, const char *key, struct value *ret)
{
	size_t key_len = strlen(key);
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

	reader->line++;
	if (!newline)
		return reader_fail(reader, "the text ends too early");
	size_t len = (size_t)(newline - reader->at);
	if (len <= key_len || memcmp(reader->at, key, key_len) || reader->at[key_len] != ' ')
		return kt_error_create(KT_ERROR_USAGE, 0, "line %u: expected '%s'", reader->line,
				       key);
	*ret = (struct value){ .text = reader->at + key_len + 1, .len = len - key_len - 1 };
	reader->at = newline + 1;
	return NULL;
}

/* Cuts the next word, up to @separator or the end, off @value; false at the end. */
static bool take_word(struct value *value, char separator, struct value *ret)
{
	if (!value->text)
		return false;
	const char *end = memchr(value->text, separator, value->len);
	size_t len = end ? (size_t)(end - value->text) : value->len;
	*ret = (struct value){ .text = value->text, .len = len };
	value->text = end ? end + 1 : NULL;
	value->len -= end ? len + 1 : len;
	return true;
}

static bool is_nothing(const struct value *value)
{
	return value->len == 1 && *value->text == *NOTHING;
}

static bool parse_number(const struct value *word, uint64_t *ret)
{
	char text[NUMBER_TEXT_MAX];

	if (word->len >= sizeof(text) || memchr(word->text, '\0', word->len))
		return false;
	memcpy(text, word->text, word->len);
	text[word->len] = '\0';
	return kt_text_parse_u64(text, ret);
}

/* The next number of @value, at most @max. */
static struct kt_error *take_number(const struct reader *reader, struct value *value, uint64_t max,
				    uint64_t *ret)
{
	struct value word;
	uint64_t number;

	if (!take_word(value, ' ', &word) || !parse_number(&word, &number))
		return reader_fail(reader, "expected a number");
	if (number > max)
		return reader_fail(reader, "a number is too large");
	*ret = number;
	return NULL;
}

static struct kt_error *take_u32(const struct reader *reader, struct value *value, uint32_t *ret)
{
	uint64_t number;

	KT_TRY(take_number(reader, value, UINT32_MAX, &number));
	*ret = (uint32_t)number;
	return NULL;
}

static struct kt_error *expect_end(const struct reader *reader, const struct value *value)
{
	return value->text ? reader_fail(reader, "there is more than expected") : NULL;
}

/* A line with one number and nothing else. */
static struct kt_error *take_number_line(struct reader *reader, const char *key, uint64_t *ret)
{
	struct value value;

	KT_TRY(take_line(reader, key, &value));
	KT_TRY(take_number(reader, &value, UINT64_MAX, ret));
	return expect_end(reader, &value);
}

/* A line with a text that fits into @cap bytes with its NUL; "-" gives "". */
static struct kt_error *take_text_line(struct reader *reader, const char *key, char *ret,
				       size_t cap)
{
	struct value value;

	KT_TRY(take_line(reader, key, &value));
	if (is_nothing(&value))
		value.len = 0;
	if (value.len >= cap || memchr(value.text, '\0', value.len))
		return reader_fail(reader, "the text is too long, or contains a NUL");
	memcpy(ret, value.text, value.len);
	ret[value.len] = '\0';
	return NULL;
}

static struct kt_error *take_sources(struct reader *reader, uint32_t *ret)
{
	struct value value;
	struct value word;
	uint32_t sources = 0;

	KT_TRY(take_line(reader, "sources", &value));
	while (take_word(&value, '+', &word)) {
		uint32_t source = kt_source_parse(word.text, word.len);
		if (!source || sources & source)
			return reader_fail(reader, "no such source, or one twice");
		sources |= source;
	}
	*ret = sources;
	return NULL;
}

static struct kt_error *take_facts(struct reader *reader, struct kt_tsd_facts *facts)
{
	KT_TRY(take_text_line(reader, "version", facts->version, sizeof(facts->version)));
	KT_TRY(take_sources(reader, &facts->sources));
	KT_TRY(take_number_line(reader, "start", &facts->start));
	KT_TRY(take_number_line(reader, "size", &facts->size_bytes));
	KT_TRY(take_number_line(reader, "allocated", &facts->allocated));
	KT_TRY(take_number_line(reader, "deallocated", &facts->deallocated));
	facts->has_start = true;
	facts->has_offsets = true;
	facts->has_size = facts->size_bytes != 0;
	return NULL;
}

static struct kt_error *take_tcache(struct reader *reader, struct kt_internals *internals)
{
	struct value value;

	KT_TRY(take_line(reader, "tcache", &value));
	if (is_nothing(&value))
		return NULL;
	internals->has_tcache = true;
	KT_TRY(take_u32(reader, &value, &internals->bins_offset));
	KT_TRY(take_u32(reader, &value, &internals->bin_stride_bytes));
	KT_TRY(take_u32(reader, &value, &internals->stack_head_offset));
	KT_TRY(take_u32(reader, &value, &internals->low_bits_empty_offset));
	while (value.text) {
		if (internals->bin_count == KT_TCACHE_BINS_MAX)
			return reader_fail(reader, "too many size classes");
		KT_TRY(take_u32(reader, &value,
				&internals->size_class_bytes[internals->bin_count]));
		internals->bin_count++;
	}
	return NULL;
}

static struct kt_error *take_arenas(struct reader *reader, struct kt_internals *internals)
{
	struct value value;

	KT_TRY(take_line(reader, "arenas", &value));
	if (is_nothing(&value))
		return NULL;
	internals->has_arenas = true;
	KT_TRY(take_number(reader, &value, UINT64_MAX, &internals->arenas_vaddr));
	KT_TRY(take_u32(reader, &value, &internals->nactive_offset));
	KT_TRY(take_u32(reader, &value, &internals->page_bytes));
	return expect_end(reader, &value);
}

/* The last line: the hash of all bytes before it.  It tells a torn or damaged file. */
static struct kt_error *take_hash(struct reader *reader, const char *text)
{
	struct kt_hash hash = { 0 };
	char expected[KT_HASH_TEXT_SIZE];
	char said[KT_HASH_TEXT_SIZE];

	kt_hash_update(&hash, text, (size_t)(reader->at - text));
	kt_hash_text(&hash, expected);
	KT_TRY(take_text_line(reader, "hash", said, sizeof(said)));
	if (strcmp(said, expected))
		return reader_fail(reader, "the content does not have this hash: it is damaged");
	if (reader->at != reader->end)
		return reader_fail(reader, "there is more behind the hash");
	return NULL;
}

bool kt_layout_build_id_is_valid(const char *build_id)
{
	size_t len = strspn(build_id, "0123456789abcdef");

	return !build_id[len] && len >= KT_LAYOUT_BUILD_ID_MIN &&
	       len < sizeof(((struct kt_layout_entry *)NULL)->build_id);
}

static bool is_version(const char *version)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ._+-() ";

	return !version[strspn(version, allowed)] && strcmp(version, NOTHING);
}

static bool are_facts_sound(const struct kt_tsd_facts *facts)
{
	uint64_t end = facts->has_size ? facts->size_bytes : TSD_BYTES_MAX;
	kt_autoerr struct kt_error *err =
		kt_counter_offsets_check(facts->allocated, facts->deallocated);

	return !err && facts->has_start && facts->has_offsets && facts->sources &&
	       !(facts->sources & ~(uint32_t)SOURCES_ALL) && !(facts->start % 8) &&
	       facts->start <= TLS_BLOCK_BYTES_MAX && end <= TSD_BYTES_MAX &&
	       facts->deallocated <= TSD_BYTES_MAX && facts->deallocated + 8 <= end;
}

static bool is_tcache_sound(const struct kt_internals *internals, uint64_t tsd_bytes)
{
	uint64_t stride = internals->bin_stride_bytes;

	if (!internals->bin_count || internals->bin_count > KT_TCACHE_BINS_MAX ||
	    stride > TSD_BYTES_MAX || stride % 8 || internals->bins_offset % 8 ||
	    internals->bins_offset + stride * internals->bin_count > tsd_bytes)
		return false;
	if (internals->stack_head_offset % 8 || internals->low_bits_empty_offset % 2 ||
	    (uint64_t)internals->stack_head_offset + 8 > stride ||
	    (uint64_t)internals->low_bits_empty_offset + 2 > stride)
		return false;
	for (uint32_t i = 0; i < internals->bin_count; i++)
		if (internals->size_class_bytes[i] <= (i ? internals->size_class_bytes[i - 1] : 0))
			return false;
	return true;
}

static bool are_arenas_sound(const struct kt_internals *internals)
{
	uint32_t page = internals->page_bytes;

	return internals->arenas_vaddr && !(internals->arenas_vaddr % 8) &&
	       !(internals->nactive_offset % 8) && internals->nactive_offset < ARENA_BYTES_MAX &&
	       page >= PAGE_BYTES_MIN && page <= PAGE_BYTES_MAX && !(page & (page - 1));
}

/* What must hold of any entry, whoever made it. */
static struct kt_error *check(const struct kt_layout_entry *entry)
{
	const struct kt_tsd_facts *facts = &entry->facts;
	uint64_t tsd_bytes = facts->has_size ? facts->size_bytes : TSD_BYTES_MAX;
	const char *wrong = NULL;

	if (!kt_layout_build_id_is_valid(entry->build_id))
		wrong = "the build-id is not 16 to 128 lower-case hex digits";
	else if (!is_version(facts->version))
		wrong = "the version contains other than letters, digits, blanks and ._+-()";
	else if (!are_facts_sound(facts))
		wrong = "the counters cannot be where it says";
	else if (entry->internals.has_tcache && !is_tcache_sound(&entry->internals, tsd_bytes))
		wrong = "the thread cache cannot be where it says";
	else if (entry->internals.has_arenas && !are_arenas_sound(&entry->internals))
		wrong = "the arenas cannot be where it says";
	return wrong ? kt_error_create(KT_ERROR_USAGE, 0, "%s", wrong) : NULL;
}

static void print_facts(const struct kt_tsd_facts *facts, struct kt_buf *out)
{
	kt_buf_printf(out, "version %s\nsources ", *facts->version ? facts->version : NOTHING);
	kt_sources_print(facts->sources, out);
	kt_buf_printf(out,
		      "\nstart %" PRIu64 "\nsize %" PRIu64 "\nallocated %" PRIu64
		      "\ndeallocated %" PRIu64 "\n",
		      facts->start, facts->has_size ? facts->size_bytes : 0, facts->allocated,
		      facts->deallocated);
}

static void print_internals(const struct kt_internals *internals, struct kt_buf *out)
{
	if (internals->has_tcache) {
		kt_buf_printf(out, "tcache %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32,
			      internals->bins_offset, internals->bin_stride_bytes,
			      internals->stack_head_offset, internals->low_bits_empty_offset);
		for (uint32_t i = 0; i < internals->bin_count; i++)
			kt_buf_printf(out, " %" PRIu32, internals->size_class_bytes[i]);
		kt_buf_putc(out, '\n');
	} else {
		kt_buf_puts(out, "tcache " NOTHING "\n");
	}
	if (internals->has_arenas)
		kt_buf_printf(out, "arenas %" PRIu64 " %" PRIu32 " %" PRIu32 "\n",
			      internals->arenas_vaddr, internals->nactive_offset,
			      internals->page_bytes);
	else
		kt_buf_puts(out, "arenas " NOTHING "\n");
}

struct kt_error *kt_layout_entry_print(const struct kt_layout_entry *entry, struct kt_buf *out)
{
	struct kt_hash hash = { 0 };
	char hash_text[KT_HASH_TEXT_SIZE];
	size_t start = out->len;

	KT_TRY(check(entry));
	kt_buf_printf(out, "%s\nbuild-id %s\n", HEADING, entry->build_id);
	print_facts(&entry->facts, out);
	print_internals(&entry->internals, out);
	KT_TRY(kt_buf_error(out));
	kt_hash_update(&hash, out->data + start, out->len - start);
	kt_hash_text(&hash, hash_text);
	kt_buf_printf(out, "hash %s\n", hash_text);
	return kt_buf_error(out);
}

struct kt_error *kt_layout_entry_parse(const char *text, size_t len, struct kt_layout_entry *ret)
{
	static const char heading[] = HEADING "\n";
	struct reader reader = { .at = text, .end = text + len };
	struct kt_layout_entry entry = { 0 };

	if (len > KT_LAYOUT_FILE_MAX_BYTES || len < strlen(heading) ||
	    memcmp(text, heading, strlen(heading)))
		return kt_error_create(KT_ERROR_USAGE, 0, "not a layout file ('%s')", HEADING);
	reader.at += strlen(heading);
	reader.line++;
	KT_TRY(take_text_line(&reader, "build-id", entry.build_id, sizeof(entry.build_id)));
	KT_TRY(take_facts(&reader, &entry.facts));
	KT_TRY(take_tcache(&reader, &entry.internals));
	KT_TRY(take_arenas(&reader, &entry.internals));
	KT_TRY(take_hash(&reader, text));
	KT_TRY(check(&entry));
	*ret = entry;
	return NULL;
}

struct kt_error *kt_layout_file_read(const char *path, struct kt_layout_entry *ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct stat st;
	/* O_NONBLOCK: a FIFO without a writer is no wait. */
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st))
		return kt_error_create(KT_ERROR_IO, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return kt_error_create(KT_ERROR_IO, 0, "%s: not a regular file", path);
	KT_TRY(kt_file_read_fd(fd, path, KT_LAYOUT_FILE_MAX_BYTES, &text));
	return kt_error_wrap(kt_layout_entry_parse(kt_buf_text(&text), text.len, ret), "%s", path);
}

/* /dev/stdout, also where that is a file: it is written to, not replaced. */
static bool is_stdout(const char *path)
{
	struct stat named;
	struct stat ours;

	return !stat(path, &named) && !fstat(STDOUT_FILENO, &ours) && named.st_dev == ours.st_dev &&
	       named.st_ino == ours.st_ino;
}

struct kt_error *kt_layout_file_write(const char *path, const struct kt_layout_entry *entry)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	KT_TRY(kt_error_wrap(kt_layout_entry_print(entry, &text), "%s", path));
	if (is_stdout(path))
		return kt_file_write_fd(STDOUT_FILENO, path, text.data, text.len);
	return kt_file_replace(path, text.data, text.len, 0644);
}
