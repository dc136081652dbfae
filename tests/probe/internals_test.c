/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the extras need, against what the allocator says of itself. */
#include "tests/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/resolve/internals.h"
#include "tests/probe/loaded.h"

#define BUILD KT_CC " -g -O1 -D_GNU_SOURCE -I" KT_JEMALLOC_DIR "/include -o t " KT_STATS_SOURCE " "
#define LIBS  " " KT_JEMALLOC_DIR "/lib/libjemalloc.a -lpthread -lm -ldl"

enum {
	ALLOCATED = 824, /* in tsd_s of 5.3.0 */
	DEALLOCATED = 840,
	TSD_BYTES = 2632,
	THREADS_MAX = 16,
	SIZES_MAX = 256,
};

struct facts {
	uint64_t tcache_bytes;
	uint64_t active;
	uint64_t page;
	uint64_t sizes[SIZES_MAX];
	size_t size_count;
};

static const struct {
	const char *command;
	const char *object;
	size_t threads;
	bool has_debug;	  /* debug information and symbols are looked at */
	bool has_size;	  /* sizeof(tsd_s) is known */
	bool has_symbols; /* without debug information */
} builds[] = {
	{ BUILD "-fPIE -pie" LIBS, "/t", THREADS_MAX, true, true, false },
	{ BUILD "-fPIE -pie" LIBS, "/t", THREADS_MAX, false, true, true },
	{ BUILD "-fPIE -pie -s" LIBS, "/t", THREADS_MAX, false, true, false },
	{ BUILD "-static -s" LIBS, "/t", THREADS_MAX, false, false, false },
	{ BUILD "-static -s" LIBS, "/t", 1, false, false, false },
	{ BUILD "-no-pie -s" LIBS, "/t", 2, false, true, false },
	{ BUILD "-l:libjemalloc.so.2 -lpthread", "/libjemalloc.so.2", THREADS_MAX, false, true,
	  false },
};

enum {
	BUILD_COUNT = sizeof(builds) / sizeof(builds[0])
};

static char dir[64];

static void shell(const char *command)
{
	int status = system(command);
	ck_assert_msg(!status, "%s", command);
}

static void read_facts(struct facts *facts)
{
	char name[64];
	uint64_t value;

	memset(facts, 0, sizeof(*facts));
	FILE *file = fopen("facts", "re");
	ck_assert_ptr_nonnull(file);
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2) {
		if (!strcmp(name, "size") && facts->size_count < SIZES_MAX)
			facts->sizes[facts->size_count++] = value;
		else if (!strcmp(name, "tcache_bytes"))
			facts->tcache_bytes = value;
		else if (!strcmp(name, "active"))
			facts->active = value;
		else if (!strcmp(name, "page"))
			facts->page = value;
	}
	(void)fclose(file);
	ck_assert_uint_gt(facts->tcache_bytes, 0);
	ck_assert_uint_gt(facts->active, 0);
	ck_assert_uint_gt(facts->size_count, 100);
}

/* A target, and what a request says of it. */
struct setup {
	struct target target;
	struct facts facts;
	struct kt_module module;
	struct kt_memory memory;
	uint64_t tps[THREADS_MAX];
	struct kt_tls_place tsd;
	struct kt_tsd_facts tsd_facts;
	int fd;
	struct kt_elf file;
	struct kt_internals_request request;
};

static void open_setup(struct setup *setup, size_t index)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;

	memset(setup, 0, sizeof(*setup));
	strcpy(dir, "/tmp/kt-internals-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	shell(builds[index].command);
	kt_buf_printf(&path, "%s/t", dir);
	target_start(&setup->target, path.data, builds[index].threads, "facts");
	read_facts(&setup->facts);
	setup->memory = kt_memory_of_process(setup->target.pid);
	loaded_module(setup->target.pid, builds[index].object, &setup->module);
	loaded_thread_pointers(&setup->target, setup->tps);
	setup->tsd = (struct kt_tls_place){
		.access = KT_TLS_TP_OFFSET,
		.tp_offset = (int64_t)(setup->target.truths[0].address - ALLOCATED - setup->tps[0]),
	};
	setup->tsd_facts = (struct kt_tsd_facts){
		.has_offsets = true,
		.allocated = ALLOCATED,
		.deallocated = DEALLOCATED,
		.has_size = builds[index].has_size,
		.size_bytes = builds[index].has_size ? TSD_BYTES : 0,
	};
	setup->fd = open("t", O_RDONLY | O_CLOEXEC);
	KT_OK(kt_elf_open(setup->fd, "t", &setup->file));
	setup->request = (struct kt_internals_request){
		.facts = &setup->tsd_facts,
		.debug = builds[index].has_debug ? &setup->file : NULL,
		.symbols = builds[index].has_debug || builds[index].has_symbols ? &setup->file
										: NULL,
		.module = &setup->module,
		.memory = &setup->memory,
		.tsd = &setup->tsd,
		.thread_pointers = setup->tps,
		.thread_pointer_count = setup->target.truth_count,
	};
}

static void close_setup(struct setup *setup)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	target_stop(&setup->target);
	kt_elf_close(&setup->file);
	(void)close(setup->fd);
	kt_buf_printf(&command, "rm -rf '%s'", dir);
	shell(command.data);
}

/* Bytes in the cache of the thread whose tsd_s is at @tsd, as cache_bin.h counts them. */
static uint64_t cached_bytes(const struct kt_memory *memory, const struct kt_internals *internals,
			     uint64_t tsd)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < internals->bin_count; i++) {
		uint64_t bin = tsd + internals->bins_offset + i * internals->bin_stride_bytes;
		uint64_t head;
		uint16_t empty;
		ck_assert(kt_memory_read_u64(memory, bin + internals->stack_head_offset, &head));
		ck_assert(kt_memory_read(memory, bin + internals->low_bits_empty_offset, &empty,
					 sizeof(empty)));
		bytes += (uint64_t)((uint16_t)(empty - (uint16_t)head) / 8) *
			 internals->size_class_bytes[i];
	}
	return bytes;
}

static void expect_true(const struct setup *setup, const struct kt_internals *internals)
{
	const struct facts *facts = &setup->facts;
	uint64_t cached = 0;
	uint64_t active;
	size_t arena_count;

	ck_assert(internals->has_tcache);
	ck_assert_uint_gt(internals->bin_count, 41);
	ck_assert_uint_le(internals->bin_count, facts->size_count);
	for (size_t i = 0; i < internals->bin_count; i++)
		ck_assert_uint_eq(internals->size_class_bytes[i], facts->sizes[i]);
	for (size_t i = 0; i < setup->target.truth_count; i++)
		cached += cached_bytes(&setup->memory, internals,
				       setup->target.truths[i].address - ALLOCATED);
	ck_assert_uint_eq(cached, facts->tcache_bytes);

	ck_assert(internals->has_arenas);
	ck_assert_uint_eq(internals->page_bytes, facts->page);
	ck_assert(kt_internals_active_bytes(&setup->memory, internals, setup->module.bias, &active,
					    &arena_count));
	ck_assert_uint_eq(active, facts->active);
	ck_assert_uint_ge(arena_count, 1);
}

START_TEST(against_the_allocator)
{
	struct kt_internals internals;
	struct setup setup;

	open_setup(&setup, (size_t)_i);
	KT_OK(kt_internals_find(&setup.request, &internals));
	expect_true(&setup, &internals);
	close_setup(&setup);
}
END_TEST

/* A file alone: debug information is believed, a table is not. */
START_TEST(file_without_process)
{
	struct kt_internals internals;
	struct setup setup;

	open_setup(&setup, 0);
	struct kt_internals_request request = {
		.facts = &setup.tsd_facts,
		.debug = &setup.file,
		.symbols = &setup.file,
	};
	KT_OK(kt_internals_find(&request, &internals));
	expect_true(&setup, &internals);
	request.debug = NULL;
	KT_OK(kt_internals_find(&request, &internals));
	ck_assert(!internals.has_tcache && !internals.has_arenas);
	close_setup(&setup);
}
END_TEST

/* What live threads deny, or what nobody can tell, is not set. */
START_TEST(nothing_for_sure)
{
	struct kt_internals internals;
	uint64_t bytes = 7;
	size_t count = 7;
	struct setup setup;

	open_setup(&setup, 2);
	/* Another place for tsd_s: nothing fits there. */
	setup.tsd.tp_offset += 8;
	KT_OK(kt_internals_find(&setup.request, &internals));
	ck_assert(!internals.has_tcache && !internals.has_arenas);
	setup.tsd.tp_offset -= 8;
	/* No threads. */
	setup.request.thread_pointer_count = 0;
	KT_OK(kt_internals_find(&setup.request, &internals));
	ck_assert(!internals.has_tcache && !internals.has_arenas);
	setup.request.thread_pointer_count = setup.target.truth_count;
	/* Another version. */
	setup.tsd_facts.allocated = 928;
	setup.tsd_facts.deallocated = 944;
	KT_OK(kt_internals_find(&setup.request, &internals));
	ck_assert(!internals.has_tcache && !internals.has_arenas);
	setup.tsd_facts.allocated = ALLOCATED;
	setup.tsd_facts.deallocated = DEALLOCATED;
	setup.tsd_facts.size_bytes = TSD_BYTES + 8;
	KT_OK(kt_internals_find(&setup.request, &internals));
	ck_assert(!internals.has_tcache && !internals.has_arenas);
	ck_assert(!kt_internals_active_bytes(&setup.memory, &internals, setup.module.bias, &bytes,
					     &count));
	ck_assert_uint_eq(bytes, 7);
	ck_assert_uint_eq(count, 7);
	close_setup(&setup);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("internals");
	TCase *tests = tcase_create("internals");

	tcase_add_loop_test(tests, against_the_allocator, 0, BUILD_COUNT);
	tcase_add_test(tests, file_without_process);
	tcase_add_test(tests, nothing_for_sure);
	suite_add_tcase(suite, tests);
	return suite;
}

KT_UNIT_MAIN
