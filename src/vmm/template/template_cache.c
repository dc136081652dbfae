/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/template/template_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/hash.h"

#define LINE_FORMAT                                                                    \
	"ktstr-template 1 key %s nodes %u of %" PRIu32 " MiB state %" PRIu64 " bytes " \
	"clock %" PRIu64 " kHz hash %s\n"
#define LINE_BYTES  512
#define BLOCK_BYTES (64 * 1024)
/* Far more than the state of any machine that we build. */
#define STATE_MAX_BYTES (64ULL << 20)
/* A guest takes the rate it was told; further off than this its clock would be wrong. */
#define CLOCK_MAX_PPM 100

/* The line, as numbers. */
struct line {
	uint64_t state_bytes;
	uint64_t tsc_khz;
	char hash[KT_HASH_TEXT_SIZE];
};

/* From one file to another, with what is found on the way hashed. */
struct copy {
	int from;
	int to;
	struct kt_hash hash;
	char block[BLOCK_BYTES];
};

static void line_render(const struct kt_template_label *label, const struct line *line,
			char text[LINE_BYTES])
{
	memset(text, 0, LINE_BYTES);
	(void)snprintf(text, LINE_BYTES, LINE_FORMAT, label->key, label->node_count,
		       label->node_mib, line->state_bytes, line->tsc_khz, line->hash);
}

static bool line_parse(const struct kt_template_label *label, const char text[LINE_BYTES],
		       struct line *ret)
{
	char expected[LINE_BYTES];
	struct line line = { 0 };

	if (sscanf(text,
		   "ktstr-template 1 key %*32s nodes %*u of %*u MiB state %" SCNu64
		   " bytes clock %" SCNu64 " kHz hash %32s",
		   &line.state_bytes, &line.tsc_khz, line.hash) != 3)
		return false;
	line_render(label, &line, expected);
	*ret = line;
	return !memcmp(text, expected, LINE_BYTES) && line.state_bytes <= STATE_MAX_BYTES;
}

static bool is_same_clock(uint64_t a_khz, uint64_t b_khz)
{
	uint64_t difference = a_khz > b_khz ? a_khz - b_khz : b_khz - a_khz;

	return difference * 1000000 <= a_khz * CLOCK_MAX_PPM;
}

static bool is_zero(const char *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

/* One block at @at of its region; blocks of zeros are neither written nor hashed. */
static struct kt_error *copy_block(struct copy *copy, off_t from, off_t to, off_t at, size_t len)
{
	uint64_t place = (uint64_t)at;
	size_t done = 0;

	while (done < len) {
		ssize_t got =
			pread(copy->from, copy->block + done, len - done, from + at + (off_t)done);
		if (got < 0)
			return kt_error_create(KT_ERROR_IO, errno, "read a template");
		if (!got)
			return kt_error_create(KT_ERROR_IO, 0, "a template ends early");
		done += (size_t)got;
	}
	if (is_zero(copy->block, len))
		return NULL;
	kt_hash_update(&copy->hash, &place, sizeof(place));
	kt_hash_update(&copy->hash, copy->block, len);
	for (done = 0; done < len;) {
		ssize_t put =
			pwrite(copy->to, copy->block + done, len - done, to + at + (off_t)done);
		if (put < 0)
			return kt_error_create(KT_ERROR_IO, errno, "write a template");
		done += (size_t)put;
	}
	return NULL;
}

/* @len bytes at @from of the one file to @to of the other, without the holes. */
static struct kt_error *copy_region(struct copy *copy, off_t from, off_t to, off_t len)
{
	off_t at = 0;

	while (at < len) {
		off_t data = lseek(copy->from, from + at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return NULL; /* only holes from here on */
		if (data < 0)
			return kt_error_create(KT_ERROR_IO, errno, "read a template");
		data -= from;
		if (data >= len)
			return NULL;
		if (data > at)
			at = data / BLOCK_BYTES * BLOCK_BYTES;
		size_t part = len - at < BLOCK_BYTES ? (size_t)(len - at) : BLOCK_BYTES;
		KT_TRY(copy_block(copy, from, to, at, part));
		at += (off_t)part;
	}
	return NULL;
}

static off_t node_bytes(const struct kt_template_label *label)
{
	return (off_t)label->node_mib << 20;
}

static char *path_of(const struct kt_template_label *label)
{
	char *path;

	return asprintf(&path, "%s/%s", label->dir, label->key) < 0 ? NULL : path;
}

/* A regular file of ours of the size that its line says. */
static bool is_ours(int fd, uint64_t size)
{
	struct stat info;

	return !fstat(fd, &info) && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
	       (uint64_t)info.st_size == size;
}

static uint64_t file_bytes(const struct kt_template_label *label, uint64_t state_bytes)
{
	return LINE_BYTES + label->node_count * (uint64_t)node_bytes(label) + state_bytes;
}

/* Reads nodes and state of the file @fd into @template and tells the hash of that. */
static struct kt_error *read_content(const struct kt_template_label *label, int fd,
				     uint64_t state_bytes, struct kt_template *template,
				     char hash[KT_HASH_TEXT_SIZE])
{
	kt_autofree struct copy *copy = calloc(1, sizeof(*copy));
	off_t at = LINE_BYTES;

	if (!copy)
		return kt_error_no_memory();
	copy->from = fd;
	for (unsigned i = 0; i < label->node_count; i++, at += node_bytes(label)) {
		copy->to = template->memory_fds[i];
		KT_TRY(copy_region(copy, at, 0, node_bytes(label)));
	}
	copy->to = template->state_fd;
	KT_TRY(copy_region(copy, at, 0, (off_t)state_bytes));
	if (ftruncate(template->state_fd, (off_t)state_bytes))
		return kt_error_create(KT_ERROR_IO, errno, "memory for a template");
	kt_hash_text(&copy->hash, hash);
	return NULL;
}

struct kt_error *kt_template_cache_load(const struct kt_template_label *label,
					struct kt_template *ret, bool *ret_found)
{
	struct kt_template template = KT_TEMPLATE_INIT;
	kt_autofree char *path = path_of(label);
	char text[LINE_BYTES];
	char hash[KT_HASH_TEXT_SIZE] = "";
	struct line line;

	*ret_found = false;
	if (!path)
		return kt_error_no_memory();
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL; /* none, or none that may be read: one is made */
	bool is_good = pread(fd, text, sizeof(text), 0) == (ssize_t)sizeof(text) &&
		       line_parse(label, text, &line) &&
		       is_ours(fd, file_bytes(label, line.state_bytes)) &&
		       is_same_clock(label->tsc_khz, line.tsc_khz);
	struct kt_error *err = NULL;
	if (is_good)
		err = kt_template_create_files(label->node_count, label->node_mib, &template);
	if (is_good && !err)
		err = read_content(label, fd, line.state_bytes, &template, hash);
	if (is_good && !err && !strcmp(hash, line.hash))
		err = kt_template_seal(&template);
	else
		is_good = false;
	if (err || !is_good) {
		kt_template_deinit(&template);
		(void)unlink(path);
		return err;
	}
	(void)futimens(fd, NULL); /* used now: the oldest go first */
	*ret = template;
	*ret_found = true;
	return NULL;
}

static struct kt_error *write_content(const struct kt_template_label *label,
				      const struct kt_template *template, int fd)
{
	kt_autofree struct copy *copy = calloc(1, sizeof(*copy));
	struct line line = { .state_bytes = template->state_bytes, .tsc_khz = label->tsc_khz };
	char text[LINE_BYTES];
	off_t at = LINE_BYTES;

	if (!copy)
		return kt_error_no_memory();
	if (ftruncate(fd, (off_t)file_bytes(label, line.state_bytes)))
		return kt_error_create(KT_ERROR_IO, errno, "write a template");
	copy->to = fd;
	for (unsigned i = 0; i < template->memory_count; i++, at += node_bytes(label)) {
		copy->from = template->memory_fds[i];
		KT_TRY(copy_region(copy, 0, at, node_bytes(label)));
	}
	copy->from = template->state_fd;
	KT_TRY(copy_region(copy, 0, at, (off_t)line.state_bytes));
	kt_hash_text(&copy->hash, line.hash);
	line_render(label, &line, text);
	if (pwrite(fd, text, sizeof(text), 0) != (ssize_t)sizeof(text))
		return kt_error_create(KT_ERROR_IO, errno, "write a template");
	return NULL;
}

struct kt_error *kt_template_cache_store(const struct kt_template_label *label,
					 const struct kt_template *template)
{
	kt_autofree char *path = path_of(label);
	kt_autofree char *part = NULL;

	if (!path || asprintf(&part, "%s" KT_TEMPLATE_PART ".XXXXXX", path) < 0)
		return kt_error_no_memory();
	kt_autoclose int fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s", part);
	struct kt_error *err = write_content(label, template, fd);
	if (!err && rename(part, path))
		err = kt_error_create(KT_ERROR_IO, errno, "%s", path);
	if (err)
		(void)unlink(part);
	return err;
}
