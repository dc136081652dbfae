/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * corpus_tool unpack TARGET FILE DIR: writes the target's seed, and each input in FILE if there
 * is such a file, as files into DIR, as libFuzzer wants them.
 * corpus_tool pack DIR: prints the files in DIR as lines of hexadecimal digits, the smallest first,
 * as many as KEPT_MAX_BYTES hold.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/targets.h"

enum {
	INPUT_MAX_BYTES = 1 << 20,
	KEPT_MAX_BYTES = 40 << 10, /* of inputs, for one target */
};

static struct kt_error *write_input(const char *dir, size_t index, const struct kt_buf *bytes)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	kt_buf_printf(&path, "%s/kept-%zu", dir, index);
	KT_TRY(kt_buf_error(&path));
	kt_autofclose FILE *file = fopen(path.data, "we");
	if (!file || fwrite(kt_buf_text(bytes), 1, bytes->len, file) != bytes->len || fflush(file))
		return kt_error_create(KT_ERROR_IO, errno, "%s", path.data);
	return NULL;
}

static struct kt_error *unpack(const char *name, const char *path, const char *dir)
{
	const struct fuzz_target *target = fuzz_targets;
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	kt_autofclose FILE *file = fopen(path, "re");
	bool is_more = file;

	while (target->name && strcmp(target->name, name) != 0)
		target++;
	if (!target->name)
		return kt_error_create(KT_ERROR_USAGE, 0, "no target %s", name);
	fuzz_target_seed(target, &bytes);
	for (size_t index = 0;; index++) {
		KT_TRY(write_input(dir, index, &bytes));
		if (is_more)
			KT_TRY(corpus_next(file, &bytes, &is_more));
		if (!is_more)
			return NULL;
	}
}

static void print_input(const struct kt_buf *bytes)
{
	for (size_t i = 0; i < bytes->len; i++)
		(void)printf("%02x", (unsigned char)bytes->data[i]);
	(void)printf("\n");
}

/* The inputs in a directory. */
struct inputs {
	struct kt_buf *list;
	size_t count;
};

static int compare_inputs(const void *left, const void *right)
{
	const struct kt_buf *a = left;
	const struct kt_buf *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(kt_buf_text(a), kt_buf_text(b), a->len);
}

static struct kt_error *read_inputs(const char *dir, struct dirent **entries, size_t count,
				    struct inputs *ret)
{
	ret->list = calloc(count, sizeof(*ret->list));
	if (!ret->list)
		return kt_error_no_memory();
	for (size_t i = 0; i < count; i++) {
		kt_autobuf struct kt_buf path = KT_BUF_INIT;
		kt_buf_printf(&path, "%s/%s", dir, entries[i]->d_name);
		KT_TRY(kt_buf_error(&path));
		if (entries[i]->d_name[0] != '.')
			KT_TRY(kt_file_read(path.data, INPUT_MAX_BYTES, &ret->list[ret->count++]));
	}
	return NULL;
}

static struct kt_error *pack(const char *dir)
{
	struct dirent **entries;
	struct inputs inputs = { 0 };
	size_t total_bytes = 0;
	int count = scandir(dir, &entries, NULL, alphasort);

	if (count < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s", dir);
	struct kt_error *err = read_inputs(dir, entries, (size_t)count, &inputs);
	if (!err)
		qsort(inputs.list, inputs.count, sizeof(*inputs.list), compare_inputs);
	for (size_t i = 0; i < inputs.count; i++) {
		total_bytes += inputs.list[i].len;
		if (!err && total_bytes <= KEPT_MAX_BYTES)
			print_input(&inputs.list[i]);
		kt_buf_deinit(&inputs.list[i]);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(inputs.list);
	return err;
}

int main(int argc, char **argv)
{
	kt_autoerr struct kt_error *err = NULL;

	if (argc == 5 && !strcmp(argv[1], "unpack"))
		err = unpack(argv[2], argv[3], argv[4]);
	else if (argc == 3 && !strcmp(argv[1], "pack"))
		err = pack(argv[2]);
	else
		err = kt_error_create(KT_ERROR_USAGE, 0, "unpack TARGET FILE DIR | pack DIR");
	if (err)
		(void)fprintf(stderr, "corpus_tool: %s\n", kt_error_message(err));
	return err ? 1 : 0;
}
