/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trust rule, on threads of our own making: what the sources say is put into a candidate by hand,
 * and the threads obey jemalloc's rules or break them.
 */
#include "tests/unit.h"

#include <string.h>

#include "probe/resolve/activity.h"
#include "probe/resolve/size_table.h"
#include "probe/resolve/trust.h"

enum {
	BLOCK_BYTES = 8192,
	THREADS = 8,
	IMAGE_AT = 0x1000, /* of the TLS image, in the object's memory */
	TSD_AT = 1024,	   /* of tsd_s in the block, unless a test says otherwise */
	ALLOCATED = 824,   /* of 5.3.0 */
	DEALLOCATED = 840,
	TSD_BYTES = 2632,
	OLD_BYTES = 6216, /* of 5.2 */
};

#define THREADS_AT 0x100000ULL /* the first block; thread pointers lie behind theirs */

struct process {
	unsigned char image[BLOCK_BYTES];
	unsigned char blocks[THREADS][BLOCK_BYTES];
};

static struct process process;
static struct kt_module module;
static struct kt_candidate candidate;
static uint64_t tps[THREADS];
static struct kt_memory memory;

static size_t read_range(uint64_t start, const void *bytes, size_t size, uint64_t address,
			 void *buffer, size_t wanted)
{
	if (address < start || address - start >= size)
		return 0;
	uint64_t skip = address - start;
	size_t count = size - skip < wanted ? size - skip : wanted;
	memcpy(buffer, (const char *)bytes + skip, count);
	return count;
}

static size_t read_process(const struct kt_memory *self, uint64_t address, void *buffer,
			   size_t bytes)
{
	const struct process *from = self->ctx;
	size_t got = read_range(IMAGE_AT, from->image, sizeof(from->image), address, buffer, bytes);

	return got ? got
		   : read_range(THREADS_AT, from->blocks, sizeof(from->blocks), address, buffer,
				bytes);
}

/* A process whose object has a block of @tls_bytes bytes, and nothing known of it. */
static void begin(uint64_t tls_bytes)
{
	process = (struct process){ 0 };
	memory = (struct kt_memory){ .read = read_process, .ctx = &process };
	module = (struct kt_module){ .segment_count = 1 };
	module.segments[0] = (Elf64_Phdr){
		.p_type = PT_TLS,
		.p_vaddr = IMAGE_AT,
		.p_filesz = tls_bytes,
		.p_memsz = tls_bytes,
	};
	ck_assert(kt_candidate_init(&module, &candidate));
	candidate.image_bytes = tls_bytes - 8; /* of no measured size */
	candidate.has_base = true;
	candidate.base = (struct kt_tls_base){ .tp_offset = -BLOCK_BYTES };
	for (size_t i = 0; i < THREADS; i++)
		tps[i] = THREADS_AT + (i + 1) * BLOCK_BYTES;
}

static void put(size_t thread, size_t at, uint64_t value)
{
	memcpy(process.blocks[thread] + at, &value, sizeof(value));
}

/* Threads of 5.3.0 that have allocated, their tsd_s at @start. */
static void fill_threads(size_t start)
{
	for (size_t i = 0; i < THREADS; i++) {
		put(i, start + 8, 100 * i);
		put(i, start + 16, 5000 + i);
		put(i, start + 24, 50 * i);
		put(i, start + 32, 7000 + i);
		put(i, start + ALLOCATED, 1000 + 100 * i);
		put(i, start + ALLOCATED + 8, 5000 + i);
		put(i, start + DEALLOCATED, 900 + 50 * i);
		put(i, start + DEALLOCATED + 8, 7000 + i);
	}
}

static void say_image(uint64_t start)
{
	candidate.has_image = true;
	candidate.image = (struct kt_tls_image){ start + ALLOCATED, start + DEALLOCATED };
}

static void say_ctl(uint64_t allocated, uint64_t deallocated)
{
	candidate.has_ctl = true;
	candidate.ctl =
		(struct kt_ctl_offsets){ .allocated = allocated, .deallocated = deallocated };
}

static void say_symbol(uint64_t value, uint64_t size)
{
	candidate.has_symbol = true;
	candidate.symbol =
		(struct kt_tls_symbol){ .name = "tsd_tls", .value = value, .size = size };
}

static void say_dwarf(uint64_t allocated, uint64_t deallocated)
{
	candidate.has_dwarf = true;
	candidate.dwarf =
		(struct kt_counter_offsets){ .allocated = allocated, .deallocated = deallocated };
}

static void expect_missing(size_t thread_count)
{
	kt_trust_judge(&candidate, &memory, tps, thread_count);
	ck_assert_int_eq(candidate.proof, KT_PROOF_MISSING);
}

static void expect_given(size_t thread_count, uint32_t sources, uint64_t start,
			 enum kt_gate_verdict verdict)
{
	kt_trust_judge(&candidate, &memory, tps, thread_count);
	ck_assert_int_eq(candidate.proof, KT_PROOF_GIVEN);
	ck_assert_uint_eq(candidate.facts.sources, sources);
	ck_assert_uint_eq(candidate.facts.start, start);
	ck_assert_int_eq(candidate.gate.verdict, verdict);
}

/* The image tells the counters' place; threads tell which version's start it is. */
START_TEST(image_and_gate)
{
	begin(TSD_AT + TSD_BYTES + 999);
	say_image(TSD_AT);
	fill_threads(TSD_AT);
	expect_missing(0);
	expect_given(1, KT_SOURCE_TLS_IMAGE, TSD_AT, KT_GATE_OK);
	expect_given(THREADS, KT_SOURCE_TLS_IMAGE, TSD_AT, KT_GATE_OK);
	ck_assert_uint_eq(candidate.facts.allocated, ALLOCATED);
	ck_assert_uint_eq(candidate.facts.deallocated, DEALLOCATED);
	ck_assert_str_eq(candidate.facts.version, "5.3.0");
	ck_assert_uint_eq(candidate.facts.size_bytes, TSD_BYTES);
	ck_assert_int_eq(kt_activity_of(&candidate, &memory, tps, THREADS), KT_ACTIVITY_COUNTED);
	/* Threads that have events nowhere prove nothing. */
	memset(process.blocks, 0, sizeof(process.blocks));
	expect_missing(THREADS);
}
END_TEST

START_TEST(two_sources)
{
	begin(TSD_AT + TSD_BYTES + 999);
	say_image(TSD_AT);
	say_ctl(ALLOCATED, DEALLOCATED);
	expect_given(0, KT_SOURCE_TLS_IMAGE | KT_SOURCE_CTL, TSD_AT, KT_GATE_NOT_RUN);
	/* threads of a debug build, and then memory of something else */
	fill_threads(TSD_AT);
	for (size_t i = 0; i < THREADS; i++) {
		put(i, TSD_AT + ALLOCATED + 8, 0);
		put(i, TSD_AT + DEALLOCATED + 8, 0);
	}
	expect_given(THREADS, KT_SOURCE_TLS_IMAGE | KT_SOURCE_CTL, TSD_AT, KT_GATE_INCONCLUSIVE);
	memset(process.blocks, 0, sizeof(process.blocks));
	kt_trust_judge(&candidate, &memory, tps, THREADS);
	ck_assert_int_eq(candidate.proof, KT_PROOF_DENIED);
	/* sources that contradict each other */
	say_ctl(ALLOCATED, ALLOCATED + 8);
	fill_threads(TSD_AT);
	expect_missing(THREADS);
	say_ctl(ALLOCATED + 4000, DEALLOCATED + 4000); /* a start before the block */
	expect_missing(0);
	candidate.has_ctl = false;
	say_dwarf(ALLOCATED, DEALLOCATED);
	expect_given(0, KT_SOURCE_TLS_IMAGE | KT_SOURCE_DWARF, TSD_AT, KT_GATE_NOT_RUN);
}
END_TEST

/* A block that has the size of a tsd_s is one, whatever else there is. */
START_TEST(size_of_block)
{
	begin(TSD_BYTES);
	expect_missing(0);
	fill_threads(0);
	expect_given(THREADS, KT_SOURCE_TABLE, 0, KT_GATE_OK);
	say_image(0);
	expect_given(0, KT_SOURCE_TLS_IMAGE | KT_SOURCE_TABLE, 0, KT_GATE_NOT_RUN);
	/* the initialised part of a larger block */
	begin(TSD_BYTES + 512);
	candidate.image_bytes = TSD_BYTES;
	say_image(0);
	expect_given(0, KT_SOURCE_TLS_IMAGE | KT_SOURCE_TABLE, 0, KT_GATE_NOT_RUN);
	/* a size that means nothing here: the image lies elsewhere */
	say_image(256);
	expect_missing(0);
}
END_TEST

/* Whatever the sources say: threads that disobey refuse. */
START_TEST(gate_denies)
{
	begin(TSD_BYTES);
	say_image(0);
	say_ctl(ALLOCATED, DEALLOCATED);
	fill_threads(0);
	for (size_t i = 0; i < THREADS; i++)
		put(i, ALLOCATED + 8, 4711); /* neither 0 nor the next event */
	kt_trust_judge(&candidate, &memory, tps, THREADS);
	ck_assert_int_eq(candidate.proof, KT_PROOF_DENIED);
	ck_assert_int_eq(candidate.gate.verdict, KT_GATE_FAILED);
}
END_TEST

START_TEST(symbol_decides)
{
	begin(TSD_AT + TSD_BYTES);
	say_symbol(TSD_AT, TSD_BYTES);
	expect_missing(0);
	say_dwarf(ALLOCATED, DEALLOCATED);
	expect_given(0, KT_SOURCE_TABLE | KT_SOURCE_DWARF, TSD_AT, KT_GATE_NOT_RUN);
	say_dwarf(ALLOCATED + 8, DEALLOCATED + 8);
	expect_missing(0);
	/* a symbol that does not fit, or is too small for its members */
	say_dwarf(ALLOCATED, DEALLOCATED);
	say_ctl(ALLOCATED, DEALLOCATED);
	say_symbol(TSD_AT + 8, TSD_BYTES);
	expect_missing(0);
	say_symbol(UINT64_MAX - 7, TSD_BYTES);
	expect_missing(0);
	say_symbol(0, DEALLOCATED);
	expect_missing(0);
	say_symbol(0, DEALLOCATED + 8);
	expect_given(0, KT_SOURCE_CTL | KT_SOURCE_DWARF, 0, KT_GATE_NOT_RUN);
}
END_TEST

/* Of several variables, the gate tells which one is tsd_s; of one, nobody need tell. */
START_TEST(relocation_targets)
{
	begin(TSD_AT + TSD_BYTES + 999);
	say_ctl(ALLOCATED, DEALLOCATED);
	fill_threads(TSD_AT);
	candidate.base.targets[0] = 16;
	candidate.base.targets[1] = TSD_AT;
	candidate.base.target_count = 2;
	expect_missing(0);
	expect_given(THREADS, KT_SOURCE_CTL, TSD_AT, KT_GATE_OK);
	say_dwarf(ALLOCATED, DEALLOCATED);
	expect_missing(0);
	candidate.base.targets[0] = TSD_AT;
	candidate.base.target_count = 1;
	expect_given(0, KT_SOURCE_CTL | KT_SOURCE_DWARF, TSD_AT, KT_GATE_NOT_RUN);
}
END_TEST

static struct kt_layout_entry make_entry(uint64_t start, uint64_t allocated)
{
	return (struct kt_layout_entry){
		.facts = {
			.has_start = true,
			.has_offsets = true,
			.has_size = true,
			.start = start,
			.allocated = allocated,
			.deallocated = allocated + 16,
			.size_bytes = TSD_BYTES,
			.sources = KT_SOURCE_CTL | KT_SOURCE_DWARF,
			.version = "5.3.0",
		},
	};
}

START_TEST(recorded_before)
{
	struct kt_layout_entry entry = make_entry(TSD_AT, ALLOCATED);
	const uint32_t recorded = KT_SOURCE_CTL | KT_SOURCE_DWARF;

	begin(TSD_AT + TSD_BYTES + 999);
	candidate.entry = &entry;
	expect_missing(0);
	fill_threads(TSD_AT);
	expect_given(THREADS, recorded, TSD_AT, KT_GATE_OK);
	ck_assert(candidate.is_by_entry);
	say_image(TSD_AT);
	expect_given(0, recorded | KT_SOURCE_TLS_IMAGE, TSD_AT, KT_GATE_NOT_RUN);
	/* One that is wrong is passed over. */
	entry = make_entry(TSD_AT + 64, ALLOCATED);
	expect_given(THREADS, KT_SOURCE_TLS_IMAGE, TSD_AT, KT_GATE_OK);
	ck_assert(!candidate.is_by_entry);
	entry = make_entry(UINT64_MAX - 1023, ALLOCATED);
	expect_given(THREADS, KT_SOURCE_TLS_IMAGE, TSD_AT, KT_GATE_OK);
}
END_TEST

/* Before 5.3 the threads cannot tell: it takes two sources. */
START_TEST(before_events)
{
	begin(OLD_BYTES);
	expect_missing(THREADS);
	ck_assert(candidate.facts.has_offsets); /* what the table alone says */
	say_ctl(16, 24);
	expect_given(THREADS, KT_SOURCE_TABLE | KT_SOURCE_CTL, 0, KT_GATE_NOT_RUN);
	ck_assert_str_eq(candidate.facts.version, "5.2.0-5.2.1");
	say_ctl(8, 16);
	expect_missing(THREADS);
}
END_TEST

/* Threads that have used a jemalloc that does not count. */
START_TEST(not_counted)
{
	begin(OLD_BYTES);
	process.image[0] = 5; /* tsd_state_uninitialized */
	for (size_t i = 0; i < THREADS; i++)
		process.blocks[i][0] = 5;
	expect_missing(THREADS);
	ck_assert_int_eq(kt_activity_of(&candidate, &memory, tps, THREADS), KT_ACTIVITY_NONE);
	process.blocks[3][0] = 0; /* tsd_state_nominal */
	ck_assert_int_eq(kt_activity_of(&candidate, &memory, tps, THREADS),
			 KT_ACTIVITY_NOT_COUNTED);
	put(5, 24, 8); /* a thread may free before it allocates */
	ck_assert_int_eq(kt_activity_of(&candidate, &memory, tps, THREADS), KT_ACTIVITY_COUNTED);
	/* Memory that is not there tells nothing. */
	tps[5] = UINT64_MAX - 64;
	tps[3] = 64;
	ck_assert_int_eq(kt_activity_of(&candidate, &memory, tps, THREADS), KT_ACTIVITY_NONE);
}
END_TEST

/* Each measured version is found at its place, by its threads alone. */
START_TEST(every_version)
{
	for (const struct kt_size_row *row = kt_size_table; row->version; row++) {
		if (!row->has_events)
			continue;
		begin(64 + row->size_bytes);
		candidate.has_image = true;
		candidate.image =
			(struct kt_tls_image){ 64 + row->allocated, 64 + row->deallocated };
		put(0, 64 + 16, 4096);
		put(0, 64 + 32, 8192);
		put(0, 64 + row->allocated, 100);
		put(0, 64 + row->allocated + 8, 4096);
		put(0, 64 + row->deallocated, 50);
		put(0, 64 + row->deallocated + 8, 8192);
		expect_given(1, KT_SOURCE_TLS_IMAGE, 64, KT_GATE_OK);
		ck_assert_uint_eq(candidate.facts.allocated, row->allocated);
	}
}
END_TEST

START_TEST(too_small)
{
	begin(TSD_BYTES);
	module.segments[0].p_memsz = kt_size_table_smallest() - 1;
	module.segments[0].p_filesz = 0;
	ck_assert(!kt_candidate_init(&module, &candidate));
	module.segments[0].p_memsz = TSD_BYTES;
	module.segments[0].p_filesz = TSD_BYTES + 1;
	ck_assert(!kt_candidate_init(&module, &candidate));
	module.segments[0].p_type = PT_NULL;
	ck_assert(!kt_candidate_init(&module, &candidate));
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("trust");
	TCase *tests = tcase_create("trust");

	tcase_add_test(tests, image_and_gate);
	tcase_add_test(tests, two_sources);
	tcase_add_test(tests, size_of_block);
	tcase_add_test(tests, gate_denies);
	tcase_add_test(tests, symbol_decides);
	tcase_add_test(tests, relocation_targets);
	tcase_add_test(tests, recorded_before);
	tcase_add_test(tests, before_events);
	tcase_add_test(tests, not_counted);
	tcase_add_test(tests, every_version);
	tcase_add_test(tests, too_small);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
