/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/elf_image.h"

#include <dwarf.h>
#include <string.h>

#include "probe/resolve/elf_file.h"

enum {
	TSD_BYTES = 2632,
	ALLOCATED_AT = 824,
	DEALLOCATED_AT = 840,
};

static void append_u16(struct kt_buf *out, size_t value)
{
	kt_buf_putc(out, (char)value);
	kt_buf_putc(out, (char)(value >> 8));
}

static void append_u32(struct kt_buf *out, size_t value)
{
	append_u16(out, value);
	append_u16(out, value >> 16);
}

static Elf64_Ehdr make_header(size_t segment_count, size_t section_count, size_t sections_at)
{
	return (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = (Elf64_Half)kt_elf_own_machine(),
		.e_version = EV_CURRENT,
		.e_phoff = segment_count ? sizeof(Elf64_Ehdr) : 0,
		.e_shoff = sections_at,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)segment_count,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)section_count,
		.e_shstrndx = (Elf64_Half)(section_count - 1),
	};
}

/* Appends @bytes to @body, which lies at @body_at in the file, for @header. */
static void add_body(Elf64_Shdr *header, const void *bytes, size_t len, size_t body_at,
		     struct kt_buf *body)
{
	while ((body_at + body->len) % 8)
		kt_buf_putc(body, 0);
	header->sh_offset = body_at + body->len;
	header->sh_size = len;
	kt_buf_append(body, bytes, len);
}

/* Strings one after the other; returns where the new one is. */
static size_t add_string(struct kt_buf *strings, const char *text)
{
	size_t at = strings->len;

	kt_buf_append(strings, text, strlen(text) + 1);
	return at;
}

static Elf64_Phdr make_segment(uint32_t type, const Elf64_Shdr *section)
{
	return (Elf64_Phdr){
		.p_type = type,
		.p_flags = PF_R,
		.p_offset = section->sh_offset,
		.p_vaddr = section->sh_offset,
		.p_filesz = section->sh_size,
		.p_memsz = section->sh_size,
		.p_align = 8,
	};
}

void elf_image_make(const struct elf_section *sections, size_t count, struct kt_buf *out)
{
	Elf64_Shdr headers[ELF_SECTIONS_MAX + 2] = { 0 };
	Elf64_Phdr segments[ELF_SECTIONS_MAX];
	kt_autobuf struct kt_buf names = KT_BUF_INIT;
	kt_autobuf struct kt_buf body = KT_BUF_INIT;
	size_t segment_count = 0;
	size_t segment_at = 0;

	kt_buf_putc(&names, 0);
	for (size_t i = 0; i < count; i++) {
		segment_count += sections[i].segment != 0;
		headers[i + 1] = (Elf64_Shdr){
			.sh_name = (Elf64_Word)add_string(&names, sections[i].name),
			.sh_type = sections[i].type,
			.sh_link = sections[i].link,
			.sh_addralign = 1,
			.sh_entsize = sections[i].type == SHT_STRTAB ? 0 : sizeof(Elf64_Sym),
		};
	}
	headers[count + 1].sh_type = SHT_STRTAB;
	headers[count + 1].sh_name = (Elf64_Word)add_string(&names, ".shstrtab");

	size_t headers_at = sizeof(Elf64_Ehdr) + segment_count * sizeof(Elf64_Phdr);
	size_t body_at = headers_at + (count + 2) * sizeof(headers[0]);
	add_body(&headers[count + 1], names.data, names.len, body_at, &body);
	for (size_t i = 0; i < count; i++) {
		add_body(&headers[i + 1], sections[i].bytes, sections[i].len, body_at, &body);
		if (sections[i].segment)
			segments[segment_at++] = make_segment(sections[i].segment, &headers[i + 1]);
	}

	Elf64_Ehdr header = make_header(segment_count, count + 2, headers_at);
	kt_buf_append(out, &header, sizeof(header));
	kt_buf_append(out, segments, segment_count * sizeof(segments[0]));
	kt_buf_append(out, headers, (count + 2) * sizeof(headers[0]));
	kt_buf_append(out, body.data, body.len);
}

void elf_image_build_id(const void *id, size_t len, struct kt_buf *out)
{
	append_u32(out, sizeof("GNU"));
	append_u32(out, len);
	append_u32(out, NT_GNU_BUILD_ID);
	kt_buf_append(out, "GNU", sizeof("GNU"));
	kt_buf_append(out, id, len);
}

/* .symtab's strings, .gnu_debuglink with its checksum. */
#define STRINGS "\0je_tsd_tls\0mallctl"
#define LINK	"t.debug\0\x12\x34\x56\x78"

void elf_image_seed(struct kt_buf *out)
{
	static const unsigned char id[] = { 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5 };
	const Elf64_Sym symbols[] = {
		{ 0 },
		{ .st_name = 1,
		  .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_TLS),
		  .st_shndx = 2,
		  .st_size = TSD_BYTES },
		{ .st_name = 12, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 2 },
	};
	kt_autobuf struct kt_buf note = KT_BUF_INIT;
	kt_autobuf struct kt_buf debug = KT_BUF_INIT;

	elf_image_build_id(id, sizeof(id), &note);
	dwarf_pieces_seed(&debug);
	struct dwarf_pieces dwarf = dwarf_pieces_split(debug.data, debug.len);
	const struct elf_section sections[] = {
		{ ".note.gnu.build-id", SHT_NOTE, 0, note.data, note.len, PT_NOTE },
		{ ".tdata", SHT_PROGBITS, 0, "\1\0\0\0\0\0\0\0", 8, PT_TLS },
		{ ".symtab", SHT_SYMTAB, 5, symbols, sizeof(symbols), 0 },
		{ ".dynsym", SHT_DYNSYM, 5, symbols, sizeof(symbols), 0 },
		{ ".strtab", SHT_STRTAB, 0, STRINGS, sizeof(STRINGS), 0 },
		{ ".gnu_debuglink", SHT_PROGBITS, 0, LINK, sizeof(LINK) - 1, 0 },
		{ ".debug_abbrev", SHT_PROGBITS, 0, dwarf.abbrev, dwarf.abbrev_len, 0 },
		{ ".debug_str", SHT_PROGBITS, 0, dwarf.str, dwarf.str_len, 0 },
		{ ".debug_line_str", SHT_PROGBITS, 0, dwarf.line_str, dwarf.line_str_len, 0 },
		{ ".debug_info", SHT_PROGBITS, 0, dwarf.info, dwarf.info_len, 0 },
	};
	elf_image_make(sections, sizeof(sections) / sizeof(sections[0]), out);
}

/* Cuts a piece of @wanted bytes, at most all that is left. */
static const char *cut(const char **at, size_t *left, size_t wanted, size_t *ret_len)
{
	const char *piece = *at;

	*ret_len = wanted < *left ? wanted : *left;
	*at += *ret_len;
	*left -= *ret_len;
	return piece;
}

static size_t cut_u16(const char **at, size_t *left)
{
	size_t len;
	const unsigned char *bytes = (const unsigned char *)cut(at, left, 2, &len);

	return len == 2 ? (size_t)bytes[0] | (size_t)bytes[1] << 8 : 0;
}

struct dwarf_pieces dwarf_pieces_split(const char *bytes, size_t len)
{
	struct dwarf_pieces pieces;
	size_t abbrev_len = cut_u16(&bytes, &len);
	size_t str_len = cut_u16(&bytes, &len);
	size_t line_str_len = cut_u16(&bytes, &len);

	pieces.abbrev = cut(&bytes, &len, abbrev_len, &pieces.abbrev_len);
	pieces.str = cut(&bytes, &len, str_len, &pieces.str_len);
	pieces.line_str = cut(&bytes, &len, line_str_len, &pieces.line_str_len);
	pieces.info = bytes;
	pieces.info_len = len;
	return pieces;
}

void dwarf_pieces_frame(const struct dwarf_pieces *pieces, struct kt_buf *out)
{
	const struct elf_section sections[] = {
		{ ".debug_abbrev", SHT_PROGBITS, 0, pieces->abbrev, pieces->abbrev_len, 0 },
		{ ".debug_str", SHT_PROGBITS, 0, pieces->str, pieces->str_len, 0 },
		{ ".debug_line_str", SHT_PROGBITS, 0, pieces->line_str, pieces->line_str_len, 0 },
		{ ".debug_info", SHT_PROGBITS, 0, pieces->info, pieces->info_len, 0 },
	};

	elf_image_make(sections, sizeof(sections) / sizeof(sections[0]), out);
}

/* Unit, structure and member; then a unit and members of other forms, as DWARF 5 has them. */
#define ABBREV                                         \
	"\x01\x11\x01\x03\x0e\x00\x00"                 \
	"\x02\x13\x01\x03\x08\x0b\x0b\x01\x13\x00\x00" \
	"\x03\x0d\x00\x03\x0e\x38\x05\x00\x00"         \
	"\x04\x11\x01\x03\x1f\x10\x17\x00\x00"         \
	"\x05\x0d\x00\x03\x0e\x38\x21\xb8\x06\x00\x00" \
	"\x06\x0d\x00\x03\x0e\x38\x0f\x00\x00"         \
	"\x07\x24\x00\x03\x08\x0b\x0b\x3e\x0b\x00\x00" \
	"\x00"

#define TSD_PREFIX "cant_access_tsd_items_directly_use_a_getter_or_setter_"

static void close_unit(struct kt_buf *unit, struct kt_buf *info)
{
	append_u32(info, unit->len);
	kt_buf_append(info, unit->data, unit->len);
}

/* Version 4: a unit of another name, with a base type and a structure that is not wanted. */
static void add_other_unit(size_t name, struct kt_buf *info)
{
	kt_autobuf struct kt_buf unit = KT_BUF_INIT;

	append_u16(&unit, 4);
	append_u32(&unit, 0);
	kt_buf_putc(&unit, 8);
	kt_buf_putc(&unit, 1);
	append_u32(&unit, name);
	kt_buf_append(&unit, "\x07long\0\x08\x05", 8);
	kt_buf_append(&unit, "\x02other\0\x08\x25\0\0\0\0\0", 14);
	close_unit(&unit, info);
}

/* Version 5: tsd.c, its name in .debug_line_str. */
static void add_tsd_unit(size_t allocated, size_t deallocated, struct kt_buf *info)
{
	kt_autobuf struct kt_buf unit = KT_BUF_INIT;

	append_u16(&unit, 5);
	kt_buf_putc(&unit, DW_UT_compile);
	kt_buf_putc(&unit, 8);
	append_u32(&unit, 0);
	kt_buf_putc(&unit, 4);
	append_u32(&unit, 0);
	append_u32(&unit, 0);
	kt_buf_append(&unit, "\x02tsd_s\0\x08\x2e\0\0\0", 12);
	kt_buf_putc(&unit, 5);
	append_u32(&unit, allocated);
	kt_buf_putc(&unit, 6);
	append_u32(&unit, deallocated);
	kt_buf_append(&unit, "\xc8\x06\0\0", 4);
	close_unit(&unit, info);
}

void dwarf_pieces_seed(struct kt_buf *out)
{
	kt_autobuf struct kt_buf strings = KT_BUF_INIT;
	kt_autobuf struct kt_buf info = KT_BUF_INIT;
	static const char line_str[] = "src/tsd.c";

	size_t other = add_string(&strings, "other.c");
	size_t allocated = add_string(&strings, TSD_PREFIX "thread_allocated");
	size_t deallocated = add_string(&strings, TSD_PREFIX "thread_deallocated");
	add_other_unit(other, &info);
	add_tsd_unit(allocated, deallocated, &info);
	append_u16(out, sizeof(ABBREV) - 1);
	append_u16(out, strings.len);
	append_u16(out, sizeof(line_str));
	kt_buf_append(out, ABBREV, sizeof(ABBREV) - 1);
	kt_buf_append(out, strings.data, strings.len);
	kt_buf_append(out, line_str, sizeof(line_str));
	kt_buf_append(out, info.data, info.len);
}
