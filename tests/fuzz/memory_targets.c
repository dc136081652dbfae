/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/memory_targets.h"

#include <elf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "probe/read/btf.h"
#include "probe/resolve/ctl_table.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/layout_file.h"
#include "probe/resolve/link_map.h"
#include "probe/resolve/loaded.h"
#include "probe/resolve/tls_base.h"
#include "probe/resolve/tls_image.h"

#define FUZZ_BASE    UINT64_C(0x7f0000000000)
#define LAYOUT_HASH  "hash "
#define BTF_FUNCTION "bpf_iter_task"

/* What a reader promised is not so: a finding like a crash. */
static void demand(bool is_so)
{
	if (!is_so)
		__builtin_trap();
}

/* The bytes that a process would have at FUZZ_BASE, of their exact size. */
struct image {
	char *bytes;
	size_t len;
};

static size_t read_image(const struct kt_memory *memory, uint64_t address, void *buffer,
			 size_t bytes)
{
	const struct image *image = memory->ctx;
	uint64_t at = address - FUZZ_BASE;

	if (address < FUZZ_BASE || at >= image->len) {
		errno = EFAULT;
		return 0;
	}
	size_t left = image->len - (size_t)at;
	size_t got = bytes < left ? bytes : left;
	memcpy(buffer, image->bytes + at, got);
	return got;
}

static struct image copy_image(const char *bytes, size_t len)
{
	struct image image = { .bytes = malloc(len ? len : 1), .len = len };

	demand(image.bytes);
	memcpy(image.bytes, bytes, len);
	return image;
}

static bool count_linked(void *ctx, const struct kt_linked *linked)
{
	size_t *count = ctx;

	demand(strlen(linked->name) < KT_LINK_NAME_MAX && ++*count <= KT_MODULES_MAX);
	return true;
}

static void read_tls_base(const struct kt_module *module, const struct kt_memory *memory)
{
	struct kt_tls_base base = { 0 };
	struct kt_tls_place place;
	struct kt_error *err = kt_tls_base_find(module, memory, &base);

	if (!err)
		err = kt_tls_base_place(&base, 824, 24, &place);
	demand(base.target_count <= sizeof(base.targets) / sizeof(base.targets[0]));
	for (size_t i = 1; i < base.target_count; i++)
		demand(base.targets[i - 1] < base.targets[i]);
	kt_error_destroy(err);
}

static void read_ctl_table(const struct kt_module *module, const struct kt_memory *memory)
{
	struct kt_ctl_offsets offsets = { 0 };
	enum kt_ctl_status status;
	struct kt_error *err = kt_ctl_offsets_find(module, memory, &offsets, &status);

	demand(!err);
	if (status == KT_CTL_FOUND)
		demand(offsets.allocated % 8 == 0 && offsets.allocated < offsets.deallocated &&
		       offsets.deallocated - offsets.allocated < KT_COUNTER_SPAN_MAX_BYTES);
}

static void read_module(struct kt_module *module, const struct kt_memory *memory)
{
	size_t linked_count = 0;

	demand(module->segment_count <= KT_MODULE_HEADERS_MAX &&
	       strnlen(module->build_id, sizeof(module->build_id)) < sizeof(module->build_id));
	module->path = (char *)"fuzz";
	(void)kt_link_map_visit(module, memory, count_linked, &linked_count);
	read_tls_base(module, memory);
	read_ctl_table(module, memory);
	(void)kt_loaded_end(module);
}

void fuzz_read_loaded(const char *bytes, size_t len)
{
	struct image image = copy_image(bytes, len);
	const struct kt_memory memory = { .read = read_image, .ctx = &image };
	const struct kt_loaded_headers headers = { FUZZ_BASE + sizeof(Elf64_Ehdr), 6 };
	struct kt_module module;

	if (kt_loaded_read(&memory, FUZZ_BASE, &module))
		read_module(&module, &memory);
	if (kt_loaded_read_executable(&memory, &headers, &module))
		read_module(&module, &memory);
	free(image.bytes);
}

/* What an object in memory consists of. */
struct loaded_seed {
	Elf64_Ehdr header;
	Elf64_Phdr segments[6];
	struct {
		Elf64_Nhdr header;
		char name[4];
		unsigned char id[20];
	} note;
	Elf64_Dyn dynamic[9];
	struct {
		uint64_t version, map, brk, state, base, next;
	} debug;
	struct {
		uint64_t addr, name, ld, next, previous;
	} maps[2];
	Elf64_Sym symbols[2];
	Elf64_Rela relocations[3];
	Elf64_Rela descriptor;
	uint64_t offset_word;
	uint64_t module_words[2];
	uint64_t descriptor_words[2];
	uint64_t nodes[4][5];
	char names[4][16];
	unsigned char code[4][16];
	char path[16];
	uint64_t tls[8];
};

#define AT(member)	(FUZZ_BASE + offsetof(struct loaded_seed, member))
#define OFFSET(member)	offsetof(struct loaded_seed, member)
#define SEED_TLS_BYTES	2632
#define SEED_TLS_OFFSET (UINT64_C(0) - SEED_TLS_BYTES)

static void seed_headers(struct loaded_seed *seed)
{
	const Elf64_Xword whole = sizeof(*seed);

	seed->header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = OFFSET(segments),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 6,
	};
	seed->segments[0] = (Elf64_Phdr){ .p_type = PT_PHDR, .p_vaddr = OFFSET(segments) };
	seed->segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = whole, .p_memsz = whole
	};
	seed->segments[2] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_filesz = whole, .p_memsz = whole
	};
	seed->segments[3] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
					  .p_vaddr = OFFSET(dynamic),
					  .p_memsz = sizeof(seed->dynamic) };
	seed->segments[4] = (Elf64_Phdr){ .p_type = PT_TLS,
					  .p_vaddr = OFFSET(tls),
					  .p_filesz = sizeof(seed->tls),
					  .p_memsz = SEED_TLS_BYTES,
					  .p_align = 16 };
	seed->segments[5] = (Elf64_Phdr){ .p_type = PT_NOTE,
					  .p_vaddr = OFFSET(note),
					  .p_filesz = sizeof(seed->note),
					  .p_memsz = sizeof(seed->note),
					  .p_align = 4 };
	seed->note.header = (Elf64_Nhdr){ 4, sizeof(seed->note.id), NT_GNU_BUILD_ID };
	memcpy(seed->note.name, "GNU", 4);
}

static void seed_dynamic(struct loaded_seed *seed)
{
	const Elf64_Dyn entries[] = {
		{ DT_DEBUG, { AT(debug) } },
		{ DT_RELA, { AT(relocations) } },
		{ DT_RELASZ, { sizeof(seed->relocations) } },
		{ DT_RELACOUNT, { 1 } },
		{ DT_JMPREL, { AT(descriptor) } },
		{ DT_PLTRELSZ, { sizeof(seed->descriptor) } },
		{ DT_SYMTAB, { AT(symbols) } },
	};

	memcpy(seed->dynamic, entries, sizeof(entries));
	seed->debug.version = 2;
	seed->debug.map = AT(maps);
	seed->maps[0].addr = FUZZ_BASE;
	seed->maps[0].name = AT(path);
	seed->maps[0].ld = AT(dynamic);
	seed->maps[0].next = AT(maps[1]);
	memcpy(seed->path, "/lib/fuzz.so", 13);
	seed->relocations[1] =
		(Elf64_Rela){ OFFSET(offset_word), ELF64_R_INFO(0, R_X86_64_TPOFF64), 0 };
	seed->relocations[2] =
		(Elf64_Rela){ OFFSET(module_words), ELF64_R_INFO(1, R_X86_64_DTPMOD64), 0 };
	seed->descriptor =
		(Elf64_Rela){ OFFSET(descriptor_words), ELF64_R_INFO(0, R_X86_64_TLSDESC), 8 };
	seed->symbols[1] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_LOCAL, STT_TLS),
					.st_shndx = 1,
					.st_value = 16 };
	seed->offset_word = SEED_TLS_OFFSET;
	seed->module_words[0] = 2;
	seed->descriptor_words[0] = 1;
	seed->descriptor_words[1] = SEED_TLS_OFFSET + 8;
}

static void seed_ctl_table(struct loaded_seed *seed)
{
	static const char names[4][16] = { "allocated", "allocatedp", "deallocated",
					   "deallocatedp" };
	/* mov 0x338(%rdi),%rax; lea 0x338(%rdi),%rax; the same for 0x348; ret */
	static const unsigned char code[4][16] = {
		{ 0x48, 0x8b, 0x87, 0x38, 3, 0, 0, 0xc3 },
		{ 0x48, 0x8d, 0x87, 0x38, 3, 0, 0, 0xc3 },
		{ 0x48, 0x8b, 0x87, 0x48, 3, 0, 0, 0xc3 },
		{ 0x48, 0x8d, 0x87, 0x48, 3, 0, 0, 0xc3 },
	};

	memcpy(seed->names, names, sizeof(names));
	memcpy(seed->code, code, sizeof(code));
	for (size_t i = 0; i < 4; i++) {
		seed->nodes[i][0] = 1;
		seed->nodes[i][1] = AT(names) + i * sizeof(names[0]);
		seed->nodes[i][4] = AT(code) + i * sizeof(code[0]);
	}
}

void fuzz_seed_loaded(struct kt_buf *out)
{
	struct loaded_seed seed;

	memset(&seed, 0, sizeof(seed));
	seed_headers(&seed);
	seed_dynamic(&seed);
	seed_ctl_table(&seed);
	kt_buf_append(out, &seed, sizeof(seed));
}

void fuzz_read_code(const char *bytes, size_t len)
{
	struct image image = copy_image(bytes, len);
	int64_t offset;

	(void)kt_ctl_decode((const unsigned char *)image.bytes, len, &offset);
	free(image.bytes);
}

void fuzz_read_tls_image(const char *bytes, size_t len)
{
	struct image image = copy_image(bytes, len);
	const uint64_t memsz = len + 64;
	struct kt_tls_image found;

	if (kt_tls_image_find((const unsigned char *)image.bytes, len, memsz, &found))
		demand(found.allocated_at < found.deallocated_at && found.deallocated_at < memsz);
	free(image.bytes);
}

void fuzz_seed_tls_image(struct kt_buf *out)
{
	const uint64_t pair[2] = { 1, 0 };
	const uint64_t tail[6] = { 6 };

	for (int i = 0; i < 24; i++)
		kt_buf_append(out, pair, sizeof(pair));
	kt_buf_append(out, tail, sizeof(tail));
}

void fuzz_read_btf(const char *bytes, size_t len)
{
	static const char *const paths[] = { "pid", "thread.fsbase", "se.sum_exec_runtime" };
	struct image image = copy_image(bytes, len);
	struct kt_btf_member member;
	struct kt_btf btf = { 0 };
	struct kt_error *err = kt_btf_parse(image.bytes, len, BTF_FUNCTION, &btf);

	if (!err) {
		uint32_t task = kt_btf_pointee(&btf, kt_btf_parameter(&btf, 1));
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
			(void)kt_btf_find_member(&btf, task, paths[i], &member);
		kt_btf_deinit(&btf);
	}
	kt_error_destroy(err);
	free(image.bytes);
}

static void append_type(struct kt_buf *types, uint32_t name, uint32_t info, uint32_t size)
{
	const struct btf_type type = { .name_off = name, .info = info, { .size = size } };

	kt_buf_append(types, &type, sizeof(type));
}

static void append_words(struct kt_buf *types, const uint32_t *words, size_t count)
{
	kt_buf_append(types, words, count * sizeof(words[0]));
}

#define KIND(kind, count) ((uint32_t)(kind) << 24 | (count))

void fuzz_seed_btf(struct kt_buf *out)
{
	/*                             1    6    10     17      24          36   */
	static const char strings[] = "\0long\0pid\0thread\0fsbase\0task_struct\0" BTF_FUNCTION;
	static const uint32_t integer[] = { 64 };
	static const uint32_t thread[] = { 17, 1, 0 };
	static const uint32_t unnamed[] = { 10, 3, 64 };
	static const uint32_t task[] = { 6, 1, 0, 0, 4, 64 };
	static const uint32_t parameters[] = { 0, 1, 0, 7 };
	kt_autobuf struct kt_buf types = KT_BUF_INIT;
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(header),
				     .str_len = sizeof(strings) };

	append_type(&types, 1, KIND(BTF_KIND_INT, 0), 8); /* 1 */
	append_words(&types, integer, 1);
	append_type(&types, 10, KIND(BTF_KIND_STRUCT, 1), 8); /* 2 */
	append_words(&types, thread, 3);
	append_type(&types, 10, KIND(BTF_KIND_TYPEDEF, 0), 2); /* 3 */
	append_type(&types, 0, KIND(BTF_KIND_STRUCT, 1), 16);  /* 4: unnamed, holds "thread" */
	append_words(&types, unnamed, 3);
	append_type(&types, 24, KIND(BTF_KIND_STRUCT, 2), 32); /* 5 */
	append_words(&types, task, 6);
	append_type(&types, 0, KIND(BTF_KIND_CONST, 0), 5);	 /* 6 */
	append_type(&types, 0, KIND(BTF_KIND_PTR, 0), 6);	 /* 7 */
	append_type(&types, 0, KIND(BTF_KIND_FUNC_PROTO, 2), 1); /* 8 */
	append_words(&types, parameters, 4);
	append_type(&types, 36, KIND(BTF_KIND_FUNC, 0), 8); /* 9 */
	header.type_len = (uint32_t)types.len;
	header.str_off = (uint32_t)types.len;
	kt_buf_append(out, &header, sizeof(header));
	kt_buf_append(out, types.data, types.len);
	kt_buf_append(out, strings, sizeof(strings));
}

/* An entry that is accepted is printed, and read again, as the same. */
static void read_entry(const char *text, size_t len)
{
	struct kt_layout_entry entry = { 0 };
	struct kt_layout_entry again = { 0 };
	kt_autobuf struct kt_buf first = KT_BUF_INIT;
	kt_autobuf struct kt_buf second = KT_BUF_INIT;
	struct kt_error *err = kt_layout_entry_parse(text, len, &entry);

	if (!err) {
		demand(!kt_layout_entry_print(&entry, &first));
		demand(!kt_layout_entry_parse(first.data, first.len, &again));
		demand(!kt_layout_entry_print(&again, &second));
		demand(!strcmp(first.data, second.data));
	}
	kt_error_destroy(err);
}

void fuzz_read_layout(const char *bytes, size_t len)
{
	kt_autobuf struct kt_buf hashed = KT_BUF_INIT;
	struct image image = copy_image(bytes, len);
	struct kt_hash hash = { 0 };
	char text[KT_HASH_TEXT_SIZE];

	read_entry(image.bytes, len);
	kt_hash_update(&hash, bytes, len);
	kt_hash_text(&hash, text);
	kt_buf_append(&hashed, bytes, len);
	kt_buf_printf(&hashed, LAYOUT_HASH "%s\n", text);
	read_entry(hashed.data, hashed.len);
	free(image.bytes);
}

void fuzz_seed_layout(struct kt_buf *out)
{
	const struct kt_layout_entry entry = {
		.build_id = "0123456789abcdef0123456789abcdef01234567",
		.facts = { .has_start = true,
			   .has_offsets = true,
			   .has_size = true,
			   .start = 64,
			   .size_bytes = 2632,
			   .allocated = 824,
			   .deallocated = 840,
			   .sources = KT_SOURCE_CTL | KT_SOURCE_TLS_IMAGE,
			   .version = "5.3.0" },
		.internals = { .has_tcache = true,
			       .has_arenas = true,
			       .bins_offset = 880,
			       .bin_stride_bytes = 24,
			       .bin_count = 2,
			       .stack_head_offset = 0,
			       .low_bits_empty_offset = 20,
			       .size_class_bytes = { 8, 16 },
			       .arenas_vaddr = 0x1000,
			       .nactive_offset = 64,
			       .page_bytes = 4096 },
	};
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	demand(!kt_layout_entry_print(&entry, &text));
	char *hash = strstr(text.data, "\n" LAYOUT_HASH);
	demand(hash);
	kt_buf_append(out, text.data, (size_t)(hash + 1 - text.data));
}
