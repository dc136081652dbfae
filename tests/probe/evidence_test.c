/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of offsets and the gate: on bytes made here, and on running targets. */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "probe/resolve/ctl_table.h"
#include "probe/resolve/gate.h"
#include "probe/resolve/tls_image.h"
#include "tests/probe/loaded.h"

/* ---- the initial image ---- */

enum {
	IMAGE_BYTES = 2632,
	PAIRS_AT = 432,
	PAIRS_END = PAIRS_AT + 24 * 16,
	COUNTERS_AT = PAIRS_END + 8,
};

static void make_image(uint64_t image[IMAGE_BYTES / 8], uint64_t state)
{
	memset(image, 0, IMAGE_BYTES);
	for (size_t i = PAIRS_AT; i < PAIRS_END; i += 16)
		image[i / 8] = 1;
	image[PAIRS_END / 8] = state;
}

static bool find_image(const uint64_t *image, size_t bytes, struct kt_tls_image *ret)
{
	return kt_tls_image_find((const unsigned char *)image, bytes, IMAGE_BYTES, ret);
}

START_TEST(image_of_thread_data)
{
	uint64_t image[IMAGE_BYTES / 8];
	struct kt_tls_image found;

	for (uint64_t state = 0; state < 9; state++) {
		make_image(image, state);
		ck_assert_int_eq(find_image(image, IMAGE_BYTES, &found), state == 5 || state == 6);
	}
	make_image(image, 6);
	/* All that is behind the state may be left out of the file. */
	for (size_t bytes = PAIRS_END + 8; bytes <= IMAGE_BYTES; bytes++) {
		memset(&found, 0, sizeof(found));
		ck_assert(find_image(image, bytes, &found));
		ck_assert_uint_eq(found.allocated_at, COUNTERS_AT);
		ck_assert_uint_eq(found.deallocated_at, COUNTERS_AT + 16);
	}
	for (size_t bytes = 0; bytes < PAIRS_END + 8; bytes++)
		ck_assert(!find_image(image, bytes, &found));
}
END_TEST

START_TEST(image_that_is_none)
{
	uint64_t image[IMAGE_BYTES / 8];
	struct kt_tls_image found;

	/* Every word decides: the pairs, the one before them, the counters. */
	for (size_t i = PAIRS_AT / 8; i < COUNTERS_AT / 8 + 4; i++) {
		make_image(image, 6);
		image[i] ^= 1 << 3;
		ck_assert_msg(!find_image(image, IMAGE_BYTES, &found), "word %zu", i);
	}
	make_image(image, 6);
	image[PAIRS_AT / 8 - 2] = 1;
	ck_assert(!find_image(image, IMAGE_BYTES, &found));
	make_image(image, 6);
	image[PAIRS_AT / 8 - 1] = 1;
	ck_assert(find_image(image, IMAGE_BYTES, &found));
	/* The block ends before the counters do. */
	ck_assert(kt_tls_image_find((const unsigned char *)image, COUNTERS_AT, COUNTERS_AT + 32,
				    &found));
	ck_assert(!kt_tls_image_find((const unsigned char *)image, COUNTERS_AT, COUNTERS_AT + 31,
				     &found));
	/* Twice is no answer. */
	uint64_t two[2 * IMAGE_BYTES / 8];
	make_image(two, 6);
	make_image(two + IMAGE_BYTES / 8, 6);
	ck_assert(!kt_tls_image_find((const unsigned char *)two, sizeof(two), sizeof(two), &found));
}
END_TEST

/* ---- code ---- */

#define NOT_DECODED INT64_MIN

struct code {
	const char *what;
	const char *bytes; /* hex */
	int64_t offset;
};

static const struct code codes[] = {
	{ "gcc -O2: mov, or, jne, add",
	  "4889c8 be01000000 4c0b4c2408 7524 4881c738030000 48897c24f8", 824 },
	{ "gcc -O2: load", "4889c8 41bb01000000 4c0b4c2408 7525 488b9738030000", 824 },
	{ "endbr64, push, sub", "f30f1efa 55 4154 4883ec18 488d8748030000 c3", 840 },
	{ "lea with a short displacement", "488d4710 c3", 16 },
	{ "add of 128 is sub of -128", "4883ef80 c3", 128 },
	{ "a copy of rdi", "4889fb 31ff 488d8338030000", 824 },
	{ "a copy to a high register", "4989fc 4d8d842438030000 4983c408", 824 },
	{ "a copy, then add", "4889f8 480538030000", 824 },
	{ "a copy of a copy", "4889fb 4889d8 4805e8030000", 1000 },
	{ "movq to a vector register", "f30f7e8738030000", 824 },
	{ "vmovq", "c5fa7e8738030000", 824 },
	{ "movsd", "f20f108738030000", 824 },
	{ "vmovsd", "c5fb108738030000", 824 },
	{ "the stack protector", "64488b042528000000 4889442408 31c0 488d8738030000", 824 },
	{ "behind a forward branch", "4d85c9 7406 b801000000 c3 488d8738030000 c3", 824 },
	{ "behind a forward jump", "eb02 0000 488d8738030000 c3", 824 },
	{ "behind a branch of four bytes", "0f8402000000 0f0b 488d8738030000 c3", 824 },
	{ "the same on both ways", "7408 488d8738030000 c3 488d9738030000 c3", 824 },

	{ "nothing", "", NOT_DECODED },
	{ "a return", "c3 488d8738030000", NOT_DECODED },
	{ "a call", "e800000000 488d8738030000", NOT_DECODED },
	{ "an indirect call", "ffd0 488d8738030000", NOT_DECODED },
	{ "an indirect jump", "ffe0 488d8738030000", NOT_DECODED },
	{ "a way back", "90 ebfd 488d8738030000", NOT_DECODED },
	{ "rdi is lost", "31ff 488d8738030000", NOT_DECODED },
	{ "rdi is lost to a pop", "5f 488d8738030000", NOT_DECODED },
	{ "rdi is lost to a load", "488b3e 488d8738030000", NOT_DECODED },
	{ "rdi is lost to a condition", "480f44fe 488d8738030000", NOT_DECODED },
	{ "rdi is lost to a half", "89f7 488d8738030000", NOT_DECODED },
	{ "a copy of half of it", "89fb 31ff 488d8338030000", NOT_DECODED },
	{ "bh is lost", "4889fb 31ff b701 488d8338030000", NOT_DECODED },
	{ "an exchange", "4897 488d8738030000", NOT_DECODED },
	{ "an exchange that looks like nop", "4c89c7 4990 488d8738030000", NOT_DECODED },
	{ "a string instruction", "48a5 488d8738030000", NOT_DECODED },
	{ "a system call", "0f05 488d8738030000", NOT_DECODED },
	{ "different on both ways", "7408 488d8738030000 c3 488d9740030000 c3", NOT_DECODED },
	{ "the state is looked at first (debug)", "0fb68730030000 3c06 7708 488d8738030000",
	  NOT_DECODED },
	{ "the state is compared first (debug)", "80bf3003000000 7508 488d8738030000",
	  NOT_DECODED },
	{ "half a word", "8b8738030000 c3", NOT_DECODED },
	{ "a store", "4889b738030000 c3", NOT_DECODED },
	{ "an index", "488d843738030000 c3", NOT_DECODED },
	{ "rdi is the index", "488d843e38030000 c3", NOT_DECODED },
	{ "another segment", "64488b8738030000 c3", NOT_DECODED },
	{ "gcc -O0: spilled", "55 4889e5 48897df8 488b45f8 480538030000", NOT_DECODED },
	{ "cut off", "488d87380300", NOT_DECODED },
};

static size_t parse_hex(const char *text, unsigned char *out, size_t cap)
{
	size_t count = 0;

	for (; *text; text += *text == ' ' ? 1 : 2) {
		unsigned value;
		if (*text == ' ')
			continue;
		ck_assert_int_eq(sscanf(text, "%2x", &value), 1);
		ck_assert_uint_lt(count, cap);
		out[count++] = (unsigned char)value;
	}
	return count;
}

START_TEST(code_of_control_functions)
{
	const struct code *code = &codes[_i];
	int64_t offset = NOT_DECODED;
	unsigned char bytes[64];
	size_t count = parse_hex(code->bytes, bytes, sizeof(bytes));

	bool is_decoded = kt_ctl_decode(bytes, count, &offset);
	ck_assert_msg(is_decoded == (code->offset != NOT_DECODED) && offset == code->offset,
		      "%s: %d, %ld", code->what, is_decoded, (long)offset);
}
END_TEST

/* ---- running targets ---- */

#define BUILD KT_CC " -g -O1 -D_GNU_SOURCE -I" KT_JEMALLOC_DIR "/include -o t " KT_TARGET_SOURCE " "
#define LIBS  " " KT_JEMALLOC_DIR "/lib/libjemalloc.a -lpthread -lm -ldl"

enum {
	THREADS_MAX = 100,
	TSD_BYTES = 2632,
	ALLOCATED = 824,
	DEALLOCATED = 840,
};

static const struct {
	const char *command;
	const char *object; /* the end of its path */
} builds[] = {
	{ BUILD "-fPIE -pie" LIBS, "/t" },
	{ BUILD "-fPIE -pie -s" LIBS, "/t" },
	{ BUILD "-no-pie -s" LIBS, "/t" },
	{ BUILD "-static -s" LIBS, "/t" },
	{ BUILD "-static-pie -fPIE -s" LIBS, "/t" },
	/* texts, code and read-only tables in one segment */
	{ BUILD "-static -s -Wl,-z,noseparate-code" LIBS, "/t" },
	{ BUILD "-l:libjemalloc.so.2 -lpthread", "/libjemalloc.so.2" },
};

static char dir[64];

static void shell(const char *command)
{
	int status = system(command);
	ck_assert_msg(!status, "%s", command);
}

static void start_build(size_t index, size_t threads, struct target *target)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	strcpy(dir, "/tmp/kt-evidence-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	shell(builds[index].command);
	kt_buf_printf(&path, "%s/t", dir);
	target_start(target, path.data, threads, "park");
}

static void stop_build(struct target *target)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	target_stop(target);
	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

/* What the object's own files say, against the addresses that its threads told. */
START_TEST(sources_of_a_target)
{
	struct kt_tls_image image;
	struct kt_ctl_offsets offsets;
	enum kt_ctl_status status;
	struct kt_module module;
	struct target target;

	start_build((size_t)_i, 2, &target);
	struct kt_memory memory = kt_memory_of_process(target.pid);
	loaded_module(target.pid, builds[_i].object, &module);
	KT_OK(kt_ctl_offsets_find(&module, &memory, &offsets, &status));
	ck_assert_int_eq(status, KT_CTL_FOUND);
	ck_assert_uint_eq(offsets.allocated, ALLOCATED);
	ck_assert_uint_eq(offsets.deallocated, DEALLOCATED);
	ck_assert(offsets.is_confirmed);

	bool has_tls = false;
	for (size_t i = 0; i < module.segment_count; i++) {
		const Elf64_Phdr *segment = &module.segments[i];
		unsigned char bytes[8192];
		if (segment->p_type != PT_TLS)
			continue;
		has_tls = true;
		ck_assert_uint_le(segment->p_filesz, sizeof(bytes));
		ck_assert(kt_memory_read(&memory, module.bias + segment->p_vaddr, bytes,
					 segment->p_filesz));
		ck_assert(kt_tls_image_find(bytes, segment->p_filesz, segment->p_memsz, &image));
		ck_assert_uint_eq(image.deallocated_at, image.allocated_at + 16);
		ck_assert_uint_ge(image.allocated_at, ALLOCATED);
	}
	ck_assert(has_tls);
	stop_build(&target);
}
END_TEST

/* An object that only mentions the names has no table. */
START_TEST(names_without_a_table)
{
	struct kt_ctl_offsets offsets;
	enum kt_ctl_status status;
	struct kt_module module;
	struct target target;

	start_build(sizeof(builds) / sizeof(builds[0]) - 1, 1, &target);
	struct kt_memory memory = kt_memory_of_process(target.pid);
	loaded_module(target.pid, "/t", &module);
	KT_OK(kt_ctl_offsets_find(&module, &memory, &offsets, &status));
	ck_assert_int_eq(status, KT_CTL_NO_NODES);
	loaded_module(target.pid, "/libc.so.6", &module);
	KT_OK(kt_ctl_offsets_find(&module, &memory, &offsets, &status));
	ck_assert_int_eq(status, KT_CTL_NO_NAMES);
	stop_build(&target);
}
END_TEST

/* Where tsd_s begins for the target's threads: by the address that the first one told. */
static struct kt_gate_question right_question(const struct target *target, const uint64_t *tps)
{
	return (struct kt_gate_question){
		.tsd = { .access = KT_TLS_TP_OFFSET,
			 .tp_offset = (int64_t)(target->truths[0].address - ALLOCATED - tps[0]) },
		.allocated = ALLOCATED,
		.deallocated = DEALLOCATED,
	};
}

/* Of all offsets within tsd_s, only the right one passes: with one thread, and with many. */
static void expect_one_offset_passes(const char *path, size_t threads)
{
	uint64_t tps[THREADS_MAX];
	struct target target;

	target_start(&target, path, threads, "park");
	loaded_thread_pointers(&target, tps);
	struct kt_memory memory = kt_memory_of_process(target.pid);
	struct kt_gate_question question = right_question(&target, tps);
	for (uint64_t at = 0; at + 24 <= TSD_BYTES; at += 8) {
		question.allocated = at;
		question.deallocated = at + 16;
		struct kt_gate_answer answer = kt_gate_judge(&question, &memory, tps, threads);
		ck_assert_msg((answer.verdict == KT_GATE_OK) == (at == ALLOCATED), "%lu: %s",
			      (unsigned long)at, kt_gate_word(answer.verdict));
		if (at != ALLOCATED)
			continue;
		ck_assert_uint_eq(answer.judged_count, threads);
		ck_assert_uint_eq(answer.witness_count, threads);
		ck_assert_uint_eq(answer.active_count, threads);
	}
	target_stop(&target);
}

START_TEST(gate_over_all_offsets)
{
	expect_one_offset_passes(KT_TARGET, 1);
	expect_one_offset_passes(KT_TARGET, THREADS_MAX);
}
END_TEST

/* Likewise for the start of tsd_s. */
START_TEST(gate_over_all_places)
{
	uint64_t tps[3];
	struct target target;

	target_start(&target, KT_TARGET, 3, "park");
	loaded_thread_pointers(&target, tps);
	struct kt_memory memory = kt_memory_of_process(target.pid);
	struct kt_gate_question question = right_question(&target, tps);
	int64_t right = question.tsd.tp_offset;
	for (int64_t shift = -1024; shift <= 1024; shift += 8) {
		question.tsd.tp_offset = right + shift;
		struct kt_gate_answer answer = kt_gate_judge(&question, &memory, tps, 3);
		ck_assert_msg((answer.verdict == KT_GATE_OK) == !shift, "%ld: %s", (long)shift,
			      kt_gate_word(answer.verdict));
	}
	target_stop(&target);
}
END_TEST

/* ---- the gate on words made here ---- */

struct words {
	uint64_t tsd[128];
	size_t reads;	     /* so far */
	size_t change_at;    /* the read before which the thread goes on */
	uint64_t next_event; /* what it sets then */
};

enum {
	FAKE_ALLOCATED = 64,
	FAKE_ADDRESS = 1 << 20,
	FAKE_STRIDE = 4096,
	FAKE_THREADS_MAX = 16,
};

struct fake {
	struct words threads[FAKE_THREADS_MAX];
};

static size_t read_fake(const struct kt_memory *memory, uint64_t address, void *buffer,
			size_t bytes)
{
	struct fake *fake = (struct fake *)(uintptr_t)memory->ctx;
	size_t index = (address - FAKE_ADDRESS) / FAKE_STRIDE;

	if (address < FAKE_ADDRESS || index >= FAKE_THREADS_MAX)
		return 0;
	struct words *words = &fake->threads[index];
	if (words->change_at && ++words->reads == words->change_at)
		words->tsd[2] = words->tsd[FAKE_ALLOCATED / 8 + 1] = words->next_event;
	ck_assert_uint_le(bytes, sizeof(words->tsd));
	memcpy(buffer, words->tsd, bytes);
	return bytes;
}

/* A thread that has allocated 5000 bytes and freed 3000. */
static const struct words sane = {
	.tsd = { [1] = 4096,
		 [2] = 8192,
		 [3] = 0,
		 [4] = 4096,
		 [7] = 6,
		 [8] = 5000,
		 [9] = 8192,
		 [10] = 3000,
		 [11] = 4096 },
};

static struct kt_gate_answer judge_fake(struct fake *fake, size_t count)
{
	struct kt_memory memory = { .read = read_fake, .ctx = fake };
	struct kt_gate_question question = {
		.tsd = { .access = KT_TLS_TP_OFFSET, .tp_offset = -64 },
		.allocated = FAKE_ALLOCATED,
		.deallocated = FAKE_ALLOCATED + 16,
	};
	uint64_t tps[FAKE_THREADS_MAX] = { 0 };

	for (size_t i = 0; i < count; i++)
		tps[i] = FAKE_ADDRESS + i * FAKE_STRIDE + 64;
	return kt_gate_judge(&question, &memory, tps, count);
}

static enum kt_gate_verdict judge_one(const struct words *words)
{
	struct fake fake = { .threads = { *words } };

	return judge_fake(&fake, 1).verdict;
}

START_TEST(gate_rules)
{
	static const struct {
		size_t word;
		uint64_t value;
		enum kt_gate_verdict verdict;
	} rules[] = {
		{ 1, 5000, KT_GATE_OK },	 { 1, 5001, KT_GATE_FAILED },
		{ 2, 8193, KT_GATE_FAILED },	 { 3, 3000, KT_GATE_OK },
		{ 3, 3001, KT_GATE_FAILED },	 { 4, 4095, KT_GATE_FAILED },
		{ 7, 1 << 16, KT_GATE_FAILED },	 { 7, 7, KT_GATE_FAILED },
		{ 8, 4095, KT_GATE_FAILED },	 { 8, 8192, KT_GATE_OK },
		{ 8, 8193, KT_GATE_FAILED },	 { 9, 0, KT_GATE_INCONCLUSIVE },
		{ 9, 1, KT_GATE_FAILED },	 { 10, 4097, KT_GATE_FAILED },
		{ 11, 0, KT_GATE_INCONCLUSIVE }, { 11, 1, KT_GATE_FAILED },
	};

	ck_assert_int_eq(judge_one(&sane), KT_GATE_OK);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct words words = sane;
		words.tsd[rules[i].word] = rules[i].value;
		ck_assert_msg(judge_one(&words) == rules[i].verdict, "rule %zu", i);
	}
	struct words words = sane;
	words.tsd[9] = words.tsd[11] = 0;
	ck_assert_int_eq(judge_one(&words), KT_GATE_INCONCLUSIVE);
	/* A thread that never allocated, and memory of something else. */
	memset(&words, 0, sizeof(words));
	words.tsd[7] = 6;
	ck_assert_int_eq(judge_one(&words), KT_GATE_INCONCLUSIVE);
	words.tsd[7] = 0;
	ck_assert_int_eq(judge_one(&words), KT_GATE_FAILED);
}
END_TEST

START_TEST(gate_of_running_threads)
{
	struct fake fake = { .threads = { sane } };
	struct words *first = &fake.threads[0];

	/* Between the addition and the new threshold; it goes on before the third look. */
	first->tsd[8] = 9000;
	first->change_at = 3;
	first->next_event = 16384;
	ck_assert_int_eq(judge_fake(&fake, 1).verdict, KT_GATE_OK);
	/* It goes on later only, when it gets the processor again. */
	*first = sane;
	first->tsd[8] = 9000;
	first->change_at = 10;
	first->next_event = 16384;
	ck_assert_int_eq(judge_fake(&fake, 1).verdict, KT_GATE_OK);
	/* One of sixteen does not matter, three do. */
	for (size_t i = 0; i < FAKE_THREADS_MAX; i++)
		fake.threads[i] = sane;
	first->tsd[1] = 9999;
	struct kt_gate_answer answer = judge_fake(&fake, FAKE_THREADS_MAX);
	ck_assert_int_eq(answer.verdict, KT_GATE_OK);
	ck_assert_uint_eq(answer.judged_count, FAKE_THREADS_MAX);
	ck_assert_uint_eq(answer.witness_count, FAKE_THREADS_MAX - 1);
	fake.threads[1].tsd[1] = fake.threads[2].tsd[1] = 9999;
	ck_assert_int_eq(judge_fake(&fake, FAKE_THREADS_MAX).verdict, KT_GATE_FAILED);
	/* Without a witness even one does. */
	for (size_t i = 0; i < FAKE_THREADS_MAX; i++)
		fake.threads[i].tsd[9] = fake.threads[i].tsd[11] = 0;
	fake.threads[1].tsd[1] = fake.threads[2].tsd[1] = 0;
	ck_assert_int_eq(judge_fake(&fake, FAKE_THREADS_MAX).verdict, KT_GATE_FAILED);
}
END_TEST

START_TEST(gate_without_judgement)
{
	struct fake fake = { .threads = { sane } };
	struct kt_memory memory = { .read = read_fake, .ctx = &fake };
	struct kt_gate_question question = { .tsd = { .access = KT_TLS_TP_OFFSET } };
	uint64_t tp = FAKE_ADDRESS;

	ck_assert_int_eq(judge_fake(&fake, 0).verdict, KT_GATE_NOT_RUN);
	/* Memory that is not there. */
	tp = 16;
	question.allocated = FAKE_ALLOCATED;
	question.deallocated = FAKE_ALLOCATED + 16;
	ck_assert_int_eq(kt_gate_judge(&question, &memory, &tp, 1).verdict, KT_GATE_FAILED);
	/* Before 5.3 there are no events. */
	tp = FAKE_ADDRESS;
	question.allocated = 16;
	question.deallocated = 24;
	ck_assert_int_eq(kt_gate_judge(&question, &memory, &tp, 1).verdict, KT_GATE_NOT_RUN);
	/* Offsets that cannot be. */
	static const uint64_t pairs[][2] = {
		{ 40, 56 },
		{ 65, 81 },
		{ 64, 64 },
		{ 80, 64 },
		{ 64, 81 },
		{ 64, UINT64_MAX - 7 },
		{ UINT64_MAX - 7, 8 },
		{ 64, 1 << 20 },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		question.allocated = pairs[i][0];
		question.deallocated = pairs[i][1];
		ck_assert_msg(kt_gate_judge(&question, &memory, &tp, 1).verdict == KT_GATE_FAILED,
			      "pair %zu", i);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("evidence");
	TCase *tests = tcase_create("evidence");

	tcase_add_test(tests, image_of_thread_data);
	tcase_add_test(tests, image_that_is_none);
	tcase_add_loop_test(tests, code_of_control_functions, 0,
			    (int)(sizeof(codes) / sizeof(codes[0])));
	tcase_add_loop_test(tests, sources_of_a_target, 0,
			    (int)(sizeof(builds) / sizeof(builds[0])));
	tcase_add_test(tests, names_without_a_table);
	tcase_add_test(tests, gate_over_all_offsets);
	tcase_add_test(tests, gate_over_all_places);
	tcase_add_test(tests, gate_rules);
	tcase_add_test(tests, gate_of_running_threads);
	tcase_add_test(tests, gate_without_judgement);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
