/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vmm/elf_make.h"

#include <elf.h>
#include <string.h>

enum {
	/* One loaded segment maps the whole file here. */
	LOAD_ADDRESS = 0x400000,
};

static Elf64_Ehdr header_of(uint16_t machine, uint16_t segments)
{
	return (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = machine ? machine : EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = segments,
	};
}

static Elf64_Phdr segment_of(uint32_t type, uint64_t offset, uint64_t bytes)
{
	return (Elf64_Phdr){
		.p_type = type,
		.p_offset = offset,
		.p_vaddr = LOAD_ADDRESS + offset,
		.p_paddr = LOAD_ADDRESS + offset,
		.p_filesz = bytes,
		.p_memsz = bytes,
		.p_align = 8,
	};
}

/* Adds @text to the string table and an entry that points to it to the dynamic section. */
static void add_text(struct kt_buf *dynamic, struct kt_buf *strings, int64_t tag, const char *text)
{
	Elf64_Dyn entry = { .d_tag = tag, .d_un.d_val = strings->len };

	if (!text)
		return;
	kt_buf_append(dynamic, &entry, sizeof(entry));
	kt_buf_append(strings, text, strlen(text) + 1);
}

static void add_number(struct kt_buf *dynamic, int64_t tag, uint64_t value)
{
	Elf64_Dyn entry = { .d_tag = tag, .d_un.d_val = value };

	kt_buf_append(dynamic, &entry, sizeof(entry));
}

void elf_make_program(const struct elf_program *program, struct kt_buf *out)
{
	struct kt_buf dynamic = KT_BUF_INIT, strings = KT_BUF_INIT;
	const char *interpreter = program->interpreter ? program->interpreter : "";
	uint16_t segments = program->interpreter ? 3 : 2;
	size_t strings_at = sizeof(Elf64_Ehdr) + segments * sizeof(Elf64_Phdr);

	kt_buf_putc(&strings, '\0');
	for (size_t i = 0; program->needed[i]; i++)
		add_text(&dynamic, &strings, DT_NEEDED, program->needed[i]);
	add_text(&dynamic, &strings, DT_RPATH, program->rpath);
	add_text(&dynamic, &strings, DT_RUNPATH, program->runpath);
	add_number(&dynamic, DT_STRTAB, LOAD_ADDRESS + strings_at);
	add_number(&dynamic, DT_STRSZ, strings.len);
	add_number(&dynamic, DT_NULL, 0);

	size_t interpreter_at = strings_at + strings.len;
	size_t interpreter_bytes = strlen(interpreter) + 1;
	size_t dynamic_at = (interpreter_at + interpreter_bytes + 7) & ~(size_t)7;
	const Elf64_Ehdr header = header_of(program->machine, segments);
	const Elf64_Phdr table[] = {
		segment_of(PT_LOAD, 0, dynamic_at + dynamic.len),
		segment_of(PT_DYNAMIC, dynamic_at, dynamic.len),
		segment_of(PT_INTERP, interpreter_at, interpreter_bytes),
	};
	size_t start = out->len;
	kt_buf_append(out, &header, sizeof(header));
	kt_buf_append(out, table, segments * sizeof(table[0]));
	kt_buf_append(out, strings.data, strings.len);
	kt_buf_append(out, interpreter, interpreter_bytes);
	while (out->len - start < dynamic_at)
		kt_buf_putc(out, '\0');
	kt_buf_append(out, dynamic.data, dynamic.len);
	kt_buf_deinit(&dynamic);
	kt_buf_deinit(&strings);
}

static void add_kernel_texts(const struct elf_kernel *kernel, struct kt_buf *texts)
{
	static const char format[] = "Linux version %s (%s)";

	for (size_t i = 0; i < kernel->padding; i++)
		kt_buf_putc(texts, 'a' + (char)(i * 7 % 23));
	kt_buf_append(texts, format, sizeof(format));
	if (kernel->initramfs)
		kt_buf_append(texts, "Initramfs unpacking failed: %s\n", 32);
	if (kernel->virtio_pci)
		kt_buf_append(texts, "virtio-pci", 11);
	kt_buf_append(texts, "virtio-pci-module", 18);
	if (kernel->virtio_console)
		kt_buf_append(texts, "virtio-ports", 13);
	if (kernel->banner)
		kt_buf_append(texts, kernel->banner, strlen(kernel->banner) + 1);
	if (kernel->config) {
		kt_buf_puts(texts, "IKCFG_ST");
		kt_buf_append(texts, kernel->config->data, kernel->config->len);
		kt_buf_puts(texts, "IKCFG_ED");
	}
}

void elf_make_kernel(const struct elf_kernel *kernel, struct kt_buf *out)
{
	/* Names and descriptions of notes are padded to four bytes. */
	const struct {
		Elf64_Nhdr other;
		char other_name[8];
		uint32_t other_value;
		Elf64_Nhdr pvh;
		char pvh_name[4];
		uint64_t pvh_entry;
	} __attribute__((packed)) notes = {
		.other = { 6, 4, 18 }, /* right type, wrong name */
		.other_name = "Linux",
		.pvh = { 4, 8, kernel->pvh ? 18 : 17 },
		.pvh_name = "Xen",
		.pvh_entry = 0x1000,
	};
	struct kt_buf texts = KT_BUF_INIT;

	add_kernel_texts(kernel, &texts);
	size_t notes_at = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
	const Elf64_Ehdr header = header_of(kernel->machine, 2);
	const Elf64_Phdr table[] = {
		segment_of(PT_LOAD, notes_at + sizeof(notes), texts.len),
		segment_of(PT_NOTE, notes_at, sizeof(notes)),
	};
	kt_buf_append(out, &header, sizeof(header));
	kt_buf_append(out, table, sizeof(table));
	kt_buf_append(out, &notes, sizeof(notes));
	kt_buf_append(out, texts.data, texts.len);
	kt_buf_deinit(&texts);
}
