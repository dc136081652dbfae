/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/elf_file.h"

#include <string.h>

#include "base/text.h"

/* In order of preference; jemalloc's default, --with-jemalloc-prefix=je_, Rust's build. */
static const char *const symbol_names[] = { "tsd_tls", "je_tsd_tls", "_rjem_je_tsd_tls" };

enum {
	NAME_COUNT = sizeof(symbol_names) / sizeof(symbol_names[0])
};

unsigned kt_elf_own_machine(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#else
#error "the probe knows the thread pointer of x86_64 and aarch64 only"
#endif
}

const char *kt_elf_machine_name(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_AARCH64:
		return "aarch64";
	case EM_386:
		return "i386";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390";
	default:
		return "unknown";
	}
}

/* Takes over @file->elf, which libelf made, or did not. */
static struct kt_error *open_handle(struct kt_elf *file, const char *name, struct kt_elf *ret)
{
	if (!file->elf)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: %s", name, elf_errmsg(-1));
	if (elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &file->header)) {
		kt_elf_close(file);
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: not an ELF file", name);
	}
	*ret = *file;
	return NULL;
}

struct kt_error *kt_elf_open(int fd, const char *name, struct kt_elf *ret)
{
	struct kt_elf file = { .fd = fd };

	if (elf_version(EV_CURRENT) == EV_NONE)
		return kt_error_create(KT_ERROR_INTERNAL, 0, "libelf is too old");
	file.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	return open_handle(&file, name, ret);
}

struct kt_error *kt_elf_open_memory(void *image, size_t bytes, const char *name, struct kt_elf *ret)
{
	struct kt_elf file = { .fd = -1 };

	if (elf_version(EV_CURRENT) == EV_NONE)
		return kt_error_create(KT_ERROR_INTERNAL, 0, "libelf is too old");
	file.elf = elf_memory(image, bytes);
	return open_handle(&file, name, ret);
}

void kt_elf_close(struct kt_elf *file)
{
	if (file->elf)
		(void)elf_end(file->elf);
	*file = (struct kt_elf){ .fd = -1 };
}

bool kt_elf_is_native(const struct kt_elf *file)
{
	return file->header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       file->header.e_ident[EI_DATA] == ELFDATA2LSB &&
	       file->header.e_machine == kt_elf_own_machine();
}

/* The first section of this type, or, if @name is not NULL, of this name. */
static Elf_Scn *find_section(const struct kt_elf *file, unsigned type, const char *name,
			     GElf_Shdr *ret_header)
{
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names))
		return NULL;
	for (Elf_Scn *section = elf_nextscn(file->elf, NULL); section;
	     section = elf_nextscn(file->elf, section)) {
		if (!gelf_getshdr(section, ret_header))
			continue;
		if (!name && ret_header->sh_type == type)
			return section;
		const char *found = name ? elf_strptr(file->elf, names, ret_header->sh_name) : NULL;
		if (found && !strcmp(found, name))
			return section;
	}
	return NULL;
}

struct symbol_table {
	const Elf64_Sym *symbols;
	size_t count;
	size_t strings; /* section index */
};

static bool open_table(const struct kt_elf *file, unsigned type, struct symbol_table *ret)
{
	GElf_Shdr header;
	Elf_Scn *section = kt_elf_is_native(file) ? find_section(file, type, NULL, &header) : NULL;
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;

	if (!data || !data->d_buf)
		return false;
	*ret = (struct symbol_table){
		.symbols = data->d_buf,
		.count = data->d_size / sizeof(Elf64_Sym),
		.strings = header.sh_link,
	};
	return true;
}

/* Index into @names (of @name_count) of the symbol's name, or @name_count. */
static size_t match_name(const struct kt_elf *file, const struct symbol_table *table,
			 const Elf64_Sym *symbol, const char *const *names, size_t name_count)
{
	const char *name = elf_strptr(file->elf, table->strings, symbol->st_name);
	size_t i = 0;

	while (i < name_count && !(name && !strcmp(name, names[i])))
		i++;
	return i;
}

static bool find_symbol(const struct kt_elf *file, unsigned type, const char *table_name,
			struct kt_tls_symbol *ret)
{
	struct symbol_table table;
	size_t best = NAME_COUNT;

	if (!open_table(file, type, &table))
		return false;
	/* The cheap test of the type comes first: few symbols are thread-local. */
	for (size_t i = 0; i < table.count; i++) {
		const Elf64_Sym *symbol = &table.symbols[i];
		if (ELF64_ST_TYPE(symbol->st_info) != STT_TLS || symbol->st_shndx == SHN_UNDEF)
			continue;
		size_t match = match_name(file, &table, symbol, symbol_names, best);
		if (match >= best)
			continue;
		best = match;
		*ret = (struct kt_tls_symbol){
			.name = symbol_names[match],
			.value = symbol->st_value,
			.size = symbol->st_size,
			.table = table_name,
		};
	}
	return best < NAME_COUNT;
}

bool kt_elf_tls_symbol(const struct kt_elf *file, struct kt_tls_symbol *ret)
{
	return find_symbol(file, SHT_SYMTAB, ".symtab", ret) ||
	       find_symbol(file, SHT_DYNSYM, ".dynsym", ret);
}

bool kt_elf_data_symbol(const struct kt_elf *file, const char *const *names, size_t count,
			uint64_t bytes, uint64_t *ret)
{
	struct symbol_table table;

	if (!open_table(file, SHT_SYMTAB, &table))
		return false;
	for (size_t i = 0; i < table.count; i++) {
		const Elf64_Sym *symbol = &table.symbols[i];
		if (symbol->st_size != bytes || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT ||
		    symbol->st_shndx == SHN_UNDEF ||
		    match_name(file, &table, symbol, names, count) == count)
			continue;
		*ret = symbol->st_value;
		return true;
	}
	return false;
}

/* The GNU build-id within one note section or segment. */
static bool find_build_id_note(Elf_Data *data, struct kt_buf *out)
{
	GElf_Nhdr note;
	size_t name_at;
	size_t id_at;
	size_t next = 0;

	while (data && (next = gelf_getnote(data, next, &note, &name_at, &id_at)) > 0) {
		const unsigned char *bytes = data->d_buf;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
		    memcmp(bytes + name_at, "GNU", sizeof("GNU")) != 0 || !note.n_descsz)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			kt_buf_printf(out, "%02x", bytes[id_at + i]);
		return true;
	}
	return false;
}

bool kt_elf_build_id(const struct kt_elf *file, struct kt_buf *out)
{
	for (Elf_Scn *section = elf_nextscn(file->elf, NULL); section;
	     section = elf_nextscn(file->elf, section)) {
		GElf_Shdr header;
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
		    find_build_id_note(elf_getdata(section, NULL), out))
			return true;
	}
	return false;
}

bool kt_elf_debuglink(const struct kt_elf *file, struct kt_debuglink *ret)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(file, SHT_NULL, ".gnu_debuglink", &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	if (!data || !data->d_buf)
		return false;
	size_t len = strnlen(data->d_buf, data->d_size);
	size_t crc_at = (len + 1 + 3) / 4 * 4;
	if (!len || len >= sizeof(ret->name) || crc_at + 4 > data->d_size ||
	    memchr(data->d_buf, '/', len) || !kt_text_is_utf8(data->d_buf, len))
		return false;
	memcpy(ret->name, data->d_buf, len + 1);
	const unsigned char *crc = (const unsigned char *)data->d_buf + crc_at;
	ret->crc = (uint32_t)crc[0] | (uint32_t)crc[1] << 8 | (uint32_t)crc[2] << 16 |
		   (uint32_t)crc[3] << 24;
	return true;
}

bool kt_elf_has_debug_info(const struct kt_elf *file)
{
	static const char *const names[] = { ".debug_info", ".zdebug_info" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		GElf_Shdr header;
		if (find_section(file, SHT_NULL, names[i], &header))
			return header.sh_type != SHT_NOBITS && header.sh_size > 0;
	}
	return false;
}

const void *kt_elf_debug_info_image(const struct kt_elf *file, size_t *ret_bytes)
{
	size_t file_bytes;
	const char *image = elf_rawfile(file->elf, &file_bytes);
	GElf_Shdr header;

	if (!image || !find_section(file, SHT_PROGBITS, ".debug_info", &header) ||
	    header.sh_offset > file_bytes || header.sh_size > file_bytes - header.sh_offset)
		return NULL;
	*ret_bytes = header.sh_size;
	return image + header.sh_offset;
}
