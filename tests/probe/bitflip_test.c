/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits that are not what they were: in the memory of a running target wherever the resolver looks, in
 * files that it reads.  The probe says exactly what is true, or refuses; it never says anything else,
 * never crashes, and stops nobody.  The same bits on every machine, so that a failure can be repeated; others with
 * another number in KT_BITFLIP_SEED.
 */
#include "tests/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "probe/resolve/dwarf.h"
#include "probe/resolve/loaded.h"
#include "tests/probe/harness.h"
#include "tests/probe/loaded.h"
#include "tests/random.h"

#define BUILD KT_CC " -g -O1 -D_GNU_SOURCE -I" KT_JEMALLOC_DIR "/include -o t " KT_TARGET_SOURCE " "
#define LIBS  " " KT_JEMALLOC_DIR "/lib/libjemalloc.a -lpthread -lm -ldl"

enum {
	THREADS = 3,
	FLIPS = 250,	   /* of a running target, each with a run of the probe */
	FILE_FLIPS = 3000, /* of a file, each with a run of all readers of files */
	AREAS_MAX = 64,
	CODE_BYTES = 64,
	NODE_BYTES = 40,
	FILE_MAX_BYTES = 64 << 20,
};

static char dir[64];
static uint64_t state;

static uint64_t next_random(void)
{
	return kt_random_next(&state);
}

static void shell(const char *command)
{
	ck_assert_msg(!system(command), "%s", command);
}

static void enter(void)
{
	strcpy(dir, "/tmp/kt-bitflip-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
	state = KT_RANDOM_SEED;
	if (getenv("KT_BITFLIP_SEED"))
		state ^= strtoull(getenv("KT_BITFLIP_SEED"), NULL, 0);
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

/* Where a bit may change. */
struct area {
	const char *name;
	uint64_t start;
	size_t bytes;
};

struct areas {
	struct area list[AREAS_MAX];
	size_t count;
};

static void add_area(struct areas *areas, const char *name, uint64_t start, size_t bytes)
{
	if (bytes && areas->count < AREAS_MAX)
		areas->list[areas->count++] = (struct area){ name, start, bytes };
}

/* Adds what points at the name that ends at @name: its node in the table, and the node's code. */
static void add_nodes(struct areas *areas, const char *memory, size_t bytes, uint64_t base,
		      uint64_t name)
{
	for (size_t at = 8; at + NODE_BYTES <= bytes; at += 8) {
		uint64_t words[4];
		memcpy(words, memory + at, sizeof(words));
		if (words[0] != name)
			continue;
		add_area(areas, "node", base + at - 8, NODE_BYTES);
		add_area(areas, "code", words[3], CODE_BYTES);
	}
}

/* Adds jemalloc's names of the counters in the loaded object, and what leads from them. */
static void add_ctl_table(struct areas *areas, const struct kt_module *module, int mem_fd)
{
	static const char *const names[] = { "allocated", "allocatedp", "deallocated",
					     "deallocatedp" };
	size_t bytes = kt_loaded_end(module) - module->base;
	kt_autofree char *memory = calloc(1, bytes);

	ck_assert_ptr_nonnull(memory);
	/* Pages between segments cannot be read; they stay zero. */
	for (size_t at = 0; at < bytes; at += 4096)
		(void)pread(mem_fd, memory + at, bytes - at < 4096 ? bytes - at : 4096,
			    (off_t)(module->base + at));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]) + 1;
		const char *hit = memory;
		while ((hit = memmem(hit, (size_t)(memory + bytes - hit), names[i], len))) {
			uint64_t address = module->base + (uint64_t)(hit - memory);
			add_area(areas, "name", address, len);
			add_nodes(areas, memory, bytes, module->base, address);
			hit++;
		}
	}
}

static void add_module(struct areas *areas, const struct kt_module *module, int mem_fd)
{
	add_area(areas, "header", module->base, sizeof(Elf64_Ehdr));
	add_area(areas, "segments", module->base + module->header.e_phoff,
		 module->header.e_phnum * sizeof(Elf64_Phdr));
	for (size_t i = 0; i < module->segment_count; i++) {
		const Elf64_Phdr *segment = &module->segments[i];
		uint64_t start = module->bias + segment->p_vaddr;
		switch (segment->p_type) {
		case PT_TLS:
			add_area(areas, "TLS image", start, segment->p_filesz);
			break;
		case PT_DYNAMIC:
			add_area(areas, "dynamic section", start, segment->p_memsz);
			break;
		case PT_NOTE:
			add_area(areas, "notes", start, segment->p_filesz);
			break;
		case PT_GNU_RELRO:
			add_area(areas, "relocated data", start, segment->p_memsz);
			break;
		case PT_LOAD:
			add_area(areas, "segment", start, segment->p_filesz);
			break;
		default:
			break;
		}
	}
	add_ctl_table(areas, module, mem_fd);
}

/* Turns the bit @bit of the byte at @address over. */
static void flip(int mem_fd, uint64_t address, unsigned bit)
{
	unsigned char byte;

	ck_assert_int_eq(pread(mem_fd, &byte, 1, (off_t)address), 1);
	byte ^= (unsigned char)(1 << bit);
	ck_assert_int_eq(pwrite(mem_fd, &byte, 1, (off_t)address), 1);
}

/* The truth, or a refusal in one line. */
static void expect_truth_or_refusal(const struct target *target, const char *options)
{
	struct outcome outcome;

	probe_run(target->pid, options, &outcome);
	if (outcome.exit_code) {
		ck_assert_msg(outcome.exit_code == 1, "exit %d: %s", outcome.exit_code,
			      kt_buf_text(&outcome.err));
		ck_assert_uint_eq(outcome.out.len, 0);
		ck_assert_msg(strstr(kt_buf_text(&outcome.err), "fatal"), "%s",
			      kt_buf_text(&outcome.err));
	} else {
		expect_exact(&outcome, 0, target);
	}
	outcome_deinit(&outcome);
	expect_not_stopped(target->pid);
}

static void flip_memory(const struct target *target, const struct areas *areas, int mem_fd)
{
	for (int i = 0; i < FLIPS; i++) {
		const struct area *area = &areas->list[next_random() % areas->count];
		uint64_t address = area->start + next_random() % area->bytes;
		unsigned bit = (unsigned)(next_random() % 8);
		unsigned char byte;

		if (pread(mem_fd, &byte, 1, (off_t)address) != 1)
			continue;
		(void)fprintf(stderr, "# flip %d: bit %u of byte %" PRIu64 " in %s\n", i, bit,
			      address - area->start, area->name);
		flip(mem_fd, address, bit);
		expect_truth_or_refusal(target, "--json --no-cache");
		flip(mem_fd, address, bit);
	}
}

/* How a target is made, and the object in it that has the jemalloc. */
static const struct {
	const char *command;
	const char *object;
} targets[] = {
	{ BUILD LIBS, "/t" },
	{ BUILD "-static" LIBS " && strip t", "/t" },
	{ BUILD "-no-pie" LIBS " && strip t", "/t" },
	{ BUILD "-l:libjemalloc.so.2 -lpthread", "/libjemalloc.so.2" },
};

START_TEST(memory_of_a_target)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	struct areas areas = { 0 };
	struct kt_module module;
	struct target target;
	struct outcome outcome;
	char mem_path[32];

	shell(targets[_i].command);
	kt_buf_printf(&path, "%s/t", dir);
	target_start(&target, path.data, THREADS, "park");
	probe_run(target.pid, "--json --no-cache", &outcome);
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);

	(void)snprintf(mem_path, sizeof(mem_path), "/proc/%d/mem", target.pid);
	kt_autoclose int mem_fd = open(mem_path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(mem_fd, 0);
	loaded_module(target.pid, targets[_i].object, &module);
	add_module(&areas, &module, mem_fd);
	ck_assert_uint_ge(areas.count, 12);
	flip_memory(&target, &areas, mem_fd);
	/* All bits are back. */
	probe_run(target.pid, "--json --no-cache", &outcome);
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);
	target_stop(&target);
}
END_TEST

static void read_file(const char *path, struct kt_buf *bytes)
{
	KT_OK(kt_file_read(path, FILE_MAX_BYTES, bytes));
	ck_assert_uint_gt(bytes->len, 0);
}

static void write_file(const char *path, const struct kt_buf *bytes)
{
	KT_OK(kt_file_replace(path, bytes->data, bytes->len, 0700));
}

/* Any place of a file, but every second time near its start or its end: headers are there. */
static size_t random_place(const struct kt_buf *bytes)
{
	size_t hot = bytes->len < 4096 ? bytes->len : 4096;

	switch (next_random() % 4) {
	case 0:
		return next_random() % hot;
	case 1:
		return bytes->len - 1 - next_random() % hot;
	default:
		return next_random() % bytes->len;
	}
}

static void flip_file(struct kt_buf *bytes, size_t place, unsigned bit)
{
	bytes->data[place] ^= (char)(1 << bit);
}

/* The debug file beside a program, without which it would be refused, or known anyway. */
START_TEST(debug_files)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	struct target target;

	shell(BUILD LIBS " && objcopy --only-keep-debug t t.debug && strip t && "
			 "objcopy --add-gnu-debuglink=t.debug t");
	read_file("t.debug", &bytes);
	kt_buf_printf(&path, "%s/t", dir);
	target_start(&target, path.data, THREADS, "park");
	for (int i = 0; i < FLIPS / 5; i++) {
		size_t place = random_place(&bytes);
		unsigned bit = (unsigned)(next_random() % 8);
		flip_file(&bytes, place, bit);
		write_file("t.debug", &bytes);
		flip_file(&bytes, place, bit);
		expect_truth_or_refusal(&target, "--json --no-cache");
	}
	target_stop(&target);
}
END_TEST

/* The file of a running program, replaced by one with other bits. */
START_TEST(replaced_programs)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	struct target target;

	shell(BUILD LIBS);
	read_file("t", &bytes);
	kt_buf_printf(&path, "%s/t", dir);
	target_start(&target, path.data, THREADS, "park");
	for (int i = 0; i < FLIPS / 10; i++) {
		size_t place = random_place(&bytes);
		unsigned bit = (unsigned)(next_random() % 8);
		flip_file(&bytes, place, bit);
		write_file("t", &bytes);
		flip_file(&bytes, place, bit);
		expect_truth_or_refusal(&target, "--json --no-cache");
	}
	target_stop(&target);
}
END_TEST

/* A kept layout with another bit is as good as none. */
START_TEST(kept_layouts)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	struct target target;
	struct outcome outcome;

	shell(BUILD LIBS);
	kt_buf_printf(&path, "%s/t", dir);
	target_start(&target, path.data, THREADS, "park");
	probe_run(target.pid, "--json", &outcome);
	expect_exact(&outcome, 0, &target);
	outcome_deinit(&outcome);
	shell("find . -path './ktstr-top/*' -type f >list && test $(wc -l <list) = 1 && "
	      "ln -s \"$(cat list)\" entry");
	read_file("entry", &bytes);
	for (int i = 0; i < FLIPS / 5; i++) {
		size_t place = next_random() % bytes.len;
		unsigned bit = (unsigned)(next_random() % 8);
		flip_file(&bytes, place, bit);
		write_file("entry", &bytes);
		flip_file(&bytes, place, bit);
		probe_run(target.pid, "--json", &outcome);
		expect_exact(&outcome, 0, &target);
		outcome_deinit(&outcome);
	}
	target_stop(&target);
}
END_TEST

/* All that is read of a file, for what is left of its sense. */
static void read_all(struct kt_buf *bytes)
{
	kt_autoelf struct kt_elf file = { .fd = -1 };
	kt_autobuf struct kt_buf build_id = KT_BUF_INIT;
	struct kt_counter_offsets offsets = { 0 };
	struct kt_tls_symbol symbol;
	struct kt_debuglink link;

	struct kt_error *err = kt_elf_open_memory(bytes->data, bytes->len, "flipped", &file);
	if (!err) {
		(void)kt_elf_tls_symbol(&file, &symbol);
		(void)kt_elf_build_id(&file, &build_id);
		(void)kt_elf_debuglink(&file, &link);
		err = kt_dwarf_counter_offsets(&file, "flipped", &offsets);
		if (!err)
			KT_OK(kt_counter_offsets_check(offsets.allocated, offsets.deallocated));
	}
	kt_error_destroy(err);
}

START_TEST(readers_of_files)
{
	kt_autobuf struct kt_buf bytes = KT_BUF_INIT;
	kt_autoelf struct kt_elf file = { .fd = -1 };
	struct kt_counter_offsets offsets;

	/* The library's unit alone, so that more bits count. */
	shell("ar p '" KT_JEMALLOC_DIR "/lib/libjemalloc.a' tsd.o >tsd.o && " KT_CC
	      " -no-pie -static -nostdlib -Wl,-e,0,--unresolved-symbols=ignore-all -o tsd tsd.o");
	read_file("tsd", &bytes);
	for (int i = 0; i < FILE_FLIPS; i++) {
		size_t place = random_place(&bytes);
		unsigned bit = (unsigned)(next_random() % 8);
		flip_file(&bytes, place, bit);
		read_all(&bytes);
		flip_file(&bytes, place, bit);
	}
	KT_OK(kt_elf_open_memory(bytes.data, bytes.len, "tsd", &file));
	KT_OK(kt_dwarf_counter_offsets(&file, "tsd", &offsets));
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("bitflip");
	TCase *tests = tcase_create("bitflip");

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_loop_test(tests, memory_of_a_target, 0, sizeof(targets) / sizeof(targets[0]));
	tcase_add_test(tests, debug_files);
	tcase_add_test(tests, replaced_programs);
	tcase_add_test(tests, kept_layouts);
	tcase_add_test(tests, readers_of_files);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
