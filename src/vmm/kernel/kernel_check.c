/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/kernel/kernel_check.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vmm/kernel/kernel_config.h"

enum {
	KT_SEGMENTS_MAX = 64,
	KT_NOTES_MAX_BYTES = 1024 * 1024,
	KT_SCAN_BYTES = 1024 * 1024,
	KT_SCAN_OVERLAP_BYTES = 256, /* longer than any needle with the version behind it */
	KT_VERSION_MAX_BYTES = 128,
	/* Physical 32-bit entry for PVH (xen/include/public/elfnote.h). */
	KT_XEN_ELFNOTE_PHYS32_ENTRY = 18,
};

/* A text that is in the kernel exactly when the thing is built in. */
static const struct needle {
	const char *text;
	size_t len;	    /* counts a final NUL if that is needed */
	const char *option; /* of the kernel's configuration; NULL: none */
	const char *missing;
} needles[] = {
	{ "Linux version ", 14, NULL, "an ELF file, but not a Linux kernel" },
	{ "Initramfs unpacking failed", 26, "CONFIG_BLK_DEV_INITRD",
	  "kernel without initramfs support" },
	{ "virtio-pci", 11, "CONFIG_VIRTIO_PCI", "kernel without built-in virtio-pci" },
	{ "virtio-ports", 13, "CONFIG_VIRTIO_CONSOLE", "kernel without built-in virtio-console" },
};

enum {
	KT_NEEDLE_BANNER = 0,
	KT_NEEDLE_COUNT = sizeof(needles) / sizeof(needles[0]),
};

struct scan {
	int fd;
	const char *name;
	uint64_t file_bytes;
	Elf64_Phdr segments[KT_SEGMENTS_MAX];
	size_t segment_count;
	bool found[KT_NEEDLE_COUNT];
	char version[KT_VERSION_MAX_BYTES];
};

static struct kt_error *refuse(const struct scan *scan, const char *why)
{
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: %s", scan->name, why);
}

/* Reads exactly @len bytes at @offset. */
static struct kt_error *read_at(const struct scan *scan, uint64_t offset, void *out, size_t len)
{
	char *at = out;

	if (offset > scan->file_bytes || len > scan->file_bytes - offset)
		return refuse(scan, "truncated: it ends early");
	while (len) {
		ssize_t got = pread(scan->fd, at, len, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s: read", scan->name);
		if (!got)
			return refuse(scan, "truncated: it ends early");
		at += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return NULL;
}

static struct kt_error *read_headers(struct scan *scan)
{
	Elf64_Ehdr header = { 0 };

	if (scan->file_bytes < sizeof(header))
		return refuse(scan, "not a kernel image");
	KT_TRY(read_at(scan, 0, &header, sizeof(header)));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG))
		return refuse(scan, "not a kernel image");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_X86_64)
		return refuse(scan, "an ELF file of another architecture than x86_64");
	if (header.e_phentsize != sizeof(Elf64_Phdr) || !header.e_phnum ||
	    header.e_phnum > KT_SEGMENTS_MAX)
		return refuse(scan, "an ELF file, but not a Linux kernel");
	scan->segment_count = header.e_phnum;
	KT_TRY(read_at(scan, header.e_phoff, scan->segments, header.e_phnum * sizeof(Elf64_Phdr)));
	for (size_t i = 0; i < scan->segment_count; i++) {
		const Elf64_Phdr *segment = &scan->segments[i];
		if (segment->p_offset > scan->file_bytes ||
		    segment->p_filesz > scan->file_bytes - segment->p_offset)
			return refuse(scan, "truncated: it ends early");
	}
	return NULL;
}

/* Names and contents of notes are padded to four bytes each. */
static bool has_pvh_note(const unsigned char *notes, size_t len)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		memcpy(&note, notes, sizeof(note));
		uint64_t name_bytes = ((uint64_t)note.n_namesz + 3) & ~3ULL;
		uint64_t all = sizeof(note) + name_bytes + (((uint64_t)note.n_descsz + 3) & ~3ULL);
		if (all > len)
			return false;
		if (note.n_type == KT_XEN_ELFNOTE_PHYS32_ENTRY && note.n_namesz == 4 &&
		    !memcmp(notes + sizeof(note), "Xen", 4))
			return true;
		notes += all;
		len -= all;
	}
	return false;
}

static struct kt_error *check_pvh(const struct scan *scan)
{
	for (size_t i = 0; i < scan->segment_count; i++) {
		const Elf64_Phdr *segment = &scan->segments[i];
		if (segment->p_type != PT_NOTE || !segment->p_filesz ||
		    segment->p_filesz > KT_NOTES_MAX_BYTES)
			continue;
		kt_autofree unsigned char *notes = malloc(segment->p_filesz);
		if (!notes)
			return kt_error_no_memory();
		KT_TRY(read_at(scan, segment->p_offset, notes, segment->p_filesz));
		if (has_pvh_note(notes, segment->p_filesz))
			return NULL;
	}
	return refuse(scan, "kernel without a PVH entry point (CONFIG_PVH)");
}

/* The word behind the banner's beginning; the rest of the banner may be in the next chunk. */
static void take_version(struct scan *scan, const char *at, size_t len)
{
	size_t end = 0;

	while (end < len && end < sizeof(scan->version) - 1 && at[end] > ' ' && at[end] < 0x7f)
		end++;
	/* The other such text is a format: "Linux version %s ...". */
	if (!end || at[0] < '0' || at[0] > '9')
		return;
	memcpy(scan->version, at, end);
	scan->version[end] = '\0';
	scan->found[KT_NEEDLE_BANNER] = true;
}

/* What starts in the overlap is left to the next chunk, which has it whole. */
static void look_for(struct scan *scan, size_t which, const char *chunk, size_t len)
{
	const struct needle *needle = &needles[which];
	const char *at = chunk;

	while (!scan->found[which] &&
	       (at = memmem(at, len - (size_t)(at - chunk), needle->text, needle->len)) &&
	       at - chunk < KT_SCAN_BYTES) {
		at += needle->len;
		if (which == KT_NEEDLE_BANNER)
			take_version(scan, at, len - (size_t)(at - chunk));
		else
			scan->found[which] = true;
	}
}

static bool all_found(const struct scan *scan)
{
	for (size_t i = 0; i < KT_NEEDLE_COUNT; i++) {
		if (!scan->found[i])
			return false;
	}
	return true;
}

static struct kt_error *scan_segment(struct scan *scan, const Elf64_Phdr *segment, char *chunk)
{
	for (uint64_t done = 0; done < segment->p_filesz && !all_found(scan);
	     done += KT_SCAN_BYTES) {
		uint64_t left = segment->p_filesz - done;
		size_t len = KT_SCAN_BYTES + KT_SCAN_OVERLAP_BYTES;
		if (left < len)
			len = left;
		KT_TRY(read_at(scan, segment->p_offset + done, chunk, len));
		for (size_t i = 0; i < KT_NEEDLE_COUNT; i++)
			look_for(scan, i, chunk, len);
	}
	return NULL;
}

static struct kt_error *scan_kernel(struct scan *scan)
{
	kt_autofree char *chunk = malloc(KT_SCAN_BYTES + KT_SCAN_OVERLAP_BYTES);

	if (!chunk)
		return kt_error_no_memory();
	for (size_t i = 0; i < scan->segment_count; i++) {
		if (scan->segments[i].p_type == PT_LOAD)
			KT_TRY(scan_segment(scan, &scan->segments[i], chunk));
	}
	return NULL;
}

/*
 * What the scan missed may still be there, should a text have changed: a kernel that carries
 * its configuration has the last word, and its value goes into the reason.
 */
static struct kt_error *check_missing(const struct scan *scan, const struct needle *needle)
{
	kt_autofree char *value = NULL;

	if (!needle->option)
		return refuse(scan, needle->missing);
	KT_TRY(kt_kernel_config_value(scan->fd, scan->file_bytes, needle->option, &value));
	if (value && !strcmp(value, "y"))
		return NULL;
	if (value)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s: %s (its configuration says %s=%s)", scan->name,
				       needle->missing, needle->option, value);
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: %s (%s=y)", scan->name,
			       needle->missing, needle->option);
}

static struct kt_error *check_features(struct scan *scan)
{
	KT_TRY(scan_kernel(scan));
	for (size_t i = 0; i < KT_NEEDLE_COUNT; i++) {
		if (!scan->found[i])
			KT_TRY(check_missing(scan, &needles[i]));
	}
	return NULL;
}

struct kt_error *kt_kernel_check(int fd, const char *name, char **ret_version)
{
	kt_autofree struct scan *scan = calloc(1, sizeof(*scan));
	struct stat st;

	if (!scan)
		return kt_error_no_memory();
	scan->fd = fd;
	scan->name = name;
	if (fstat(fd, &st))
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "%s", name);
	scan->file_bytes = (uint64_t)st.st_size;
	KT_TRY(read_headers(scan));
	KT_TRY(check_features(scan));
	KT_TRY(check_pvh(scan));
	char *version = strdup(scan->version);
	if (!version)
		return kt_error_no_memory();
	*ret_version = version;
	return NULL;
}
