/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/probe_targets.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "probe/read/proc_text.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/elf_file.h"
#include "probe/resolve/maps.h"
#include "tests/fuzz/elf_image.h"

/* What a reader promised is not so: a finding like a crash. */
static void demand(bool is_so)
{
	if (!is_so)
		__builtin_trap();
}

/* A copy of the exact size, so that a sanitizer sees each byte read beyond it. */
static char *copy_exactly(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);

	demand(copy);
	memcpy(copy, bytes, len);
	return copy;
}

static void read_offsets(const struct kt_elf *file)
{
	struct kt_counter_offsets offsets;
	struct kt_error *err = kt_dwarf_read_offsets(file, "fuzz", &offsets);

	if (!err)
		demand(offsets.allocated < offsets.deallocated &&
		       offsets.deallocated - offsets.allocated < KT_COUNTER_SPAN_MAX_BYTES);
	kt_error_destroy(err);
}

static void read_build_id(const struct kt_elf *file)
{
	kt_autobuf struct kt_buf id = KT_BUF_INIT;

	if (kt_elf_build_id(file, &id))
		demand(id.len && id.len % 2 == 0 && strspn(id.data, "0123456789abcdef") == id.len);
}

static void read_debuglink(const struct kt_elf *file)
{
	struct kt_debuglink link;

	if (kt_elf_debuglink(file, &link))
		demand(link.name[0] && !strchr(link.name, '/'));
}

/* Opens the @len bytes at @image as an ELF file; false if they are none. */
static bool open_image(char *image, size_t len, struct kt_elf *ret)
{
	struct kt_error *err = kt_elf_open_memory(image, len, "fuzz", ret);
	bool is_open = !err;

	kt_error_destroy(err);
	return is_open;
}

void fuzz_read_elf(const char *bytes, size_t len)
{
	kt_autofree char *image = copy_exactly(bytes, len);
	kt_autoelf struct kt_elf file = { .fd = -1 };
	struct kt_tls_symbol symbol;
	size_t debug_bytes;

	if (!open_image(image, len, &file))
		return;
	if (kt_elf_tls_symbol(&file, &symbol))
		demand(kt_elf_is_native(&file) && symbol.name);
	read_build_id(&file);
	read_debuglink(&file);
	const char *debug = kt_elf_debug_info_image(&file, &debug_bytes);
	demand(!debug || (debug >= image && debug_bytes <= (size_t)(image + len - debug)));
	if (kt_elf_has_debug_info(&file))
		read_offsets(&file);
}

void fuzz_read_dwarf(const char *bytes, size_t len)
{
	struct dwarf_pieces pieces = dwarf_pieces_split(bytes, len);
	kt_autobuf struct kt_buf whole = KT_BUF_INIT;
	kt_autoelf struct kt_elf file = { .fd = -1 };

	dwarf_pieces_frame(&pieces, &whole);
	kt_autofree char *image = copy_exactly(whole.data, whole.len);
	demand(open_image(image, whole.len, &file));
	read_offsets(&file);
}

/* An ELF file with one section around the @len bytes. */
static void frame(const char *name, uint32_t type, const char *bytes, size_t len,
		  struct kt_buf *out)
{
	const struct elf_section section = { name, type, 0, bytes, len, 0 };

	elf_image_make(&section, 1, out);
}

void fuzz_read_note(const char *bytes, size_t len)
{
	kt_autobuf struct kt_buf whole = KT_BUF_INIT;
	kt_autoelf struct kt_elf file = { .fd = -1 };

	frame(".note", SHT_NOTE, bytes, len, &whole);
	demand(open_image(whole.data, whole.len, &file));
	read_build_id(&file);
}

void fuzz_seed_note(struct kt_buf *out)
{
	static const unsigned char id[] = { 0x01, 0x23, 0xff, 0x80, 0x5a };

	kt_buf_append(out, "\4\0\0\0\4\0\0\0\1\0\0\0abc\0wxyz", 20);
	elf_image_build_id(id, sizeof(id), out);
}

void fuzz_read_debuglink(const char *bytes, size_t len)
{
	kt_autobuf struct kt_buf whole = KT_BUF_INIT;
	kt_autoelf struct kt_elf file = { .fd = -1 };

	frame(".gnu_debuglink", SHT_PROGBITS, bytes, len, &whole);
	demand(open_image(whole.data, whole.len, &file));
	read_debuglink(&file);
}

void fuzz_read_maps(const char *bytes, size_t len)
{
	kt_autofree char *line = strndup(bytes, len);
	struct kt_mapping map;

	demand(line);
	size_t line_len = strlen(line);
	if (kt_mapping_parse(line, &map))
		demand(map.path > line && map.path[0] == '/' && strlen(map.path) < line_len);
}

void fuzz_read_stat(const char *bytes, size_t len)
{
	kt_autofree char *text = copy_exactly(bytes, len);
	struct kt_stat_text stat;
	uint64_t first;
	uint64_t second;

	kt_stat_parse(text, len, &stat);
	demand(kt_text_is_utf8(stat.comm, strnlen(stat.comm, sizeof(stat.comm))) &&
	       !stat.comm[KT_COMM_BYTES - 1]);
	(void)kt_schedstat_parse(text, len, &first, &second);
	(void)kt_switches_parse(text, len, &first, &second);
}
