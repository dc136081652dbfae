/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/image/elf_needs.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	/* The kernel reads this much of a script to find its "#!" line (BINPRM_BUF_SIZE). */
	KT_SCRIPT_HEAD_BYTES = 256,
	KT_ELF_TEXT_MAX_BYTES = 16 * 1024 * 1024,
	KT_ELF_DYNAMIC_MAX_BYTES = 1024 * 1024,
};

struct reader {
	const char *path;
	Elf *elf;
	size_t segment_count;
	Elf_Data *strings; /* borrowed from elf */
};

KT_DEFINE_CLEANUP(Elf *, elf_end);

static struct kt_error *damaged(const struct reader *reader, const char *what)
{
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: damaged ELF file: %s", reader->path,
			       what);
}

/* The first segment of @type; false when there is none. */
static bool find_segment(const struct reader *reader, uint32_t type, GElf_Phdr *ret)
{
	for (size_t i = 0; i < reader->segment_count; i++) {
		if (gelf_getphdr(reader->elf, (int)i, ret) && ret->p_type == type)
			return true;
	}
	return false;
}

/* The file offset of the loaded address @address, which must have @size bytes in the file. */
static bool file_offset(const struct reader *reader, uint64_t address, uint64_t size, uint64_t *ret)
{
	for (size_t i = 0; i < reader->segment_count; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(reader->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
			continue;
		uint64_t within = address - segment.p_vaddr;
		if (size > segment.p_filesz - within)
			return false;
		*ret = segment.p_offset + within;
		return true;
	}
	return false;
}

/* A copy of the string at @offset of the dynamic string table. */
static struct kt_error *copy_string(const struct reader *reader, uint64_t offset, char **ret)
{
	const Elf_Data *strings = reader->strings;

	if (!strings || offset >= strings->d_size ||
	    !memchr((const char *)strings->d_buf + offset, '\0', strings->d_size - offset))
		return damaged(reader, "a name outside of the string table");
	char *copy = strdup((const char *)strings->d_buf + offset);
	if (!copy)
		return kt_error_no_memory();
	free(*ret);
	*ret = copy;
	return NULL;
}

static struct kt_error *read_interpreter(const struct reader *reader, struct kt_elf_needs *needs)
{
	GElf_Phdr segment;

	if (!find_segment(reader, PT_INTERP, &segment))
		return NULL;
	Elf_Data *data = NULL;
	if (segment.p_filesz && segment.p_filesz <= KT_ELF_TEXT_MAX_BYTES)
		data = elf_getdata_rawchunk(reader->elf, (int64_t)segment.p_offset,
					    segment.p_filesz, ELF_T_BYTE);
	if (!data || !memchr(data->d_buf, '\0', data->d_size))
		return damaged(reader, "no name in PT_INTERP");
	needs->interpreter = strdup(data->d_buf);
	return needs->interpreter ? NULL : kt_error_no_memory();
}

/* Finds the string table that the dynamic section @dynamic names. */
static struct kt_error *read_strings(struct reader *reader, Elf_Data *dynamic, size_t count)
{
	uint64_t address = 0, size = 0, offset = 0;

	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(dynamic, (int)i, &entry) || entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB)
			address = entry.d_un.d_ptr;
		else if (entry.d_tag == DT_STRSZ)
			size = entry.d_un.d_val;
	}
	if (!size)
		return NULL; /* a static-pie without names */
	if (size <= KT_ELF_TEXT_MAX_BYTES && file_offset(reader, address, size, &offset))
		reader->strings =
			elf_getdata_rawchunk(reader->elf, (int64_t)offset, size, ELF_T_BYTE);
	return reader->strings ? NULL : damaged(reader, "no dynamic string table");
}

static struct kt_error *read_entry(const struct reader *reader, const GElf_Dyn *entry,
				   struct kt_elf_needs *needs)
{
	kt_autofree char *name = NULL;

	switch (entry->d_tag) {
	case DT_RPATH:
		return copy_string(reader, entry->d_un.d_val, &needs->rpath);
	case DT_RUNPATH:
		return copy_string(reader, entry->d_un.d_val, &needs->runpath);
	case DT_NEEDED:
		KT_TRY(copy_string(reader, entry->d_un.d_val, &name));
		kt_arguments_add(&needs->needed, name);
		return kt_arguments_error(&needs->needed);
	default:
		return NULL;
	}
}

static struct kt_error *read_dynamic(struct reader *reader, struct kt_elf_needs *needs)
{
	GElf_Phdr segment;

	if (!find_segment(reader, PT_DYNAMIC, &segment) || !segment.p_filesz)
		return NULL;
	Elf_Data *dynamic = NULL;
	if (segment.p_filesz <= KT_ELF_DYNAMIC_MAX_BYTES)
		dynamic = elf_getdata_rawchunk(reader->elf, (int64_t)segment.p_offset,
					       segment.p_filesz, ELF_T_DYN);
	size_t entry_bytes = gelf_fsize(reader->elf, ELF_T_DYN, 1, EV_CURRENT);
	if (!dynamic || !entry_bytes)
		return damaged(reader, "no dynamic section where PT_DYNAMIC points");
	size_t count = segment.p_filesz / entry_bytes;

	KT_TRY(read_strings(reader, dynamic, count));
	for (size_t i = 0; i < count; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(dynamic, (int)i, &entry) || entry.d_tag == DT_NULL)
			break;
		KT_TRY(read_entry(reader, &entry, needs));
	}
	if (needs->runpath) {
		free(needs->rpath);
		needs->rpath = NULL;
	}
	return NULL;
}

static struct kt_error *read_elf(const char *path, int fd, struct kt_elf_needs *needs)
{
	(void)elf_version(EV_CURRENT);
	Elf *elf KT_CLEANUP(elf_end) = elf_begin(fd, ELF_C_READ, NULL);
	struct reader reader = { .path = path, .elf = elf };
	GElf_Ehdr header;
	GElf_Phdr tls;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) ||
	    elf_getphdrnum(elf, &reader.segment_count))
		return damaged(&reader, "no header");
	needs->elf_class = gelf_getclass(elf);
	needs->machine = header.e_machine;
	needs->tls_bytes = find_segment(&reader, PT_TLS, &tls) ? tls.p_memsz : 0;
	KT_TRY(read_interpreter(&reader, needs));
	return read_dynamic(&reader, needs);
}

/* "#! interpreter [argument]", of which the kernel takes the rest of the line as one argument. */
static struct kt_error *read_script(const char *path, const char *head, struct kt_elf_needs *needs)
{
	size_t line = strcspn(head, "\n");
	const char *word = head + 2 + strspn(head + 2, " \t");
	size_t len = strcspn(word, " \t\n");

	if (word + len > head + line || !len)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: no interpreter in its first line", path);
	needs->interpreter = strndup(word, len);
	const char *argument = word + len + strspn(word + len, " \t");
	size_t argument_len = strcspn(argument, " \t\n");
	if (argument_len)
		needs->script_argument = strndup(argument, argument_len);
	if (!needs->interpreter || (argument_len && !needs->script_argument))
		return kt_error_no_memory();
	return NULL;
}

struct kt_error *kt_elf_needs_read(const char *path, struct kt_elf_needs *ret)
{
	kt_autoneeds struct kt_elf_needs needs = { .kind = KT_FILE_DATA };
	/* Not blocking: the path may be a FIFO that nobody writes to. */
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char head[KT_SCRIPT_HEAD_BYTES + 1] = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: not a regular file", path);
	ssize_t got = pread(fd, head, KT_SCRIPT_HEAD_BYTES, 0);
	if (got < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s: read", path);
	if (got >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) {
		needs.kind = KT_FILE_ELF;
		KT_TRY(read_elf(path, fd, &needs));
	} else if (got >= 2 && !memcmp(head, "#!", 2)) {
		needs.kind = KT_FILE_SCRIPT;
		KT_TRY(read_script(path, head, &needs));
	}
	*ret = needs;
	needs = (struct kt_elf_needs){ 0 };
	return NULL;
}

void kt_elf_needs_deinit(struct kt_elf_needs *needs)
{
	free(needs->interpreter);
	free(needs->script_argument);
	free(needs->rpath);
	free(needs->runpath);
	kt_arguments_deinit(&needs->needed);
	*needs = (struct kt_elf_needs){ 0 };
}
