/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/file_module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/resolve/loaded.h"

enum {
	HEADERS_MAX = 256
};

/* Copies what the segment has of the file at @address; 0 if that is not in it. */
static size_t read_segment(const struct kt_file_module *file, const GElf_Phdr *segment,
			   uint64_t address, void *buffer, size_t bytes)
{
	uint64_t skip = address - segment->p_vaddr;
	uint64_t at;

	if (segment->p_type != PT_LOAD || address < segment->p_vaddr || skip >= segment->p_filesz ||
	    __builtin_add_overflow(segment->p_offset, skip, &at) || at >= file->image_bytes)
		return 0;
	uint64_t left = segment->p_filesz - skip;
	if (left > file->image_bytes - at)
		left = file->image_bytes - at;
	if (left > bytes)
		left = bytes;
	memcpy(buffer, file->image + at, left);
	return left;
}

static size_t read_file(const struct kt_memory *memory, uint64_t address, void *buffer,
			size_t bytes)
{
	const struct kt_file_module *file = memory->ctx;
	size_t count;

	if (elf_getphdrnum(file->file.elf, &count))
		return 0;
	for (size_t i = 0; i < count && i < HEADERS_MAX; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(file->file.elf, (int)i, &segment))
			continue;
		size_t got = read_segment(file, &segment, address, buffer, bytes);
		if (got)
			return got;
	}
	return 0;
}

struct kt_memory kt_file_module_memory(const struct kt_file_module *file)
{
	return (struct kt_memory){ .read = read_file, .ctx = file };
}

/* The address at which the ELF header would be; false if no segment has it. */
static bool find_base(const struct kt_file_module *file, uint64_t *ret)
{
	size_t count;

	if (elf_getphdrnum(file->file.elf, &count))
		return false;
	for (size_t i = 0; i < count && i < HEADERS_MAX; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(file->file.elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    segment.p_offset)
			continue;
		*ret = segment.p_vaddr;
		return true;
	}
	return false;
}

static struct kt_error *read_headers(struct kt_file_module *file, const char *path)
{
	struct kt_memory memory = kt_file_module_memory(file);
	uint64_t base;

	if (!kt_elf_is_native(&file->file))
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "%s is a file for %s, and this probe reads 64-bit files for "
				       "%s only",
				       path, kt_elf_machine_name(file->file.header.e_machine),
				       kt_elf_machine_name(kt_elf_own_machine()));
	file->image = (const unsigned char *)elf_rawfile(file->file.elf, &file->image_bytes);
	if (!file->image || !find_base(file, &base) ||
	    !kt_loaded_read(&memory, base, &file->module))
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: its program headers are damaged",
				       path);
	file->module.is_executable = file->module.header.e_type == ET_EXEC ||
				     kt_module_segment(&file->module, PT_INTERP);
	file->module.path = strdup(path);
	return file->module.path ? NULL : kt_error_no_memory();
}

struct kt_error *kt_file_module_open(const char *path, struct kt_file_module *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*ret = (struct kt_file_module){ .file = { .fd = -1 } };
	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s", path);
	struct kt_error *err = kt_elf_open(fd, path, &ret->file);
	if (err) {
		(void)close(fd);
		return err;
	}
	err = read_headers(ret, path);
	if (err)
		kt_file_module_close(ret);
	return err;
}

void kt_file_module_close(struct kt_file_module *file)
{
	int fd = file->file.fd;

	free(file->module.path);
	kt_elf_close(&file->file);
	if (fd >= 0)
		(void)close(fd);
	*file = (struct kt_file_module){ .file = { .fd = -1 } };
}
