/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loaded objects and their TLS blocks: what the resolver finds in memory against what the dynamic
 * linker says of this very process, and memory made by somebody who wishes us ill.
 */
#include "tests/unit.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "probe/memory/cached.h"
#include "probe/resolve/loaded.h"
#include "probe/resolve/maps.h"
#include "probe/resolve/module.h"
#include "probe/resolve/tls_base.h"

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/kt-module-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command.data), 0);
}

static void list_self(struct kt_modules *ret)
{
	kt_autoclose int proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct kt_memory memory = kt_memory_of_process(getpid());

	ck_assert_int_ge(proc_fd, 0);
	KT_OK(kt_modules_list(proc_fd, &memory, "the test", ret));
}

struct comparison {
	struct kt_modules modules;
	size_t found_count;
	size_t tls_count;
	size_t static_count;
};

static const struct kt_module *find_by_bias(const struct kt_modules *modules, uint64_t bias)
{
	for (size_t i = 0; i < modules->count; i++)
		if (modules->list[i].bias == bias)
			return &modules->list[i];
	return NULL;
}

/* The address of this thread's block as the resolver would find it. */
static uint64_t block_address(const struct kt_tls_base *base)
{
	struct kt_memory memory = kt_memory_of_process(getpid());
	struct kt_tls_place place;
	uint64_t address = 0;

	KT_OK(kt_tls_base_place(base, 0, 24, &place));
	ck_assert_int_eq(kt_tls_place_address(&place, &memory,
					      (uint64_t)(uintptr_t)__builtin_thread_pointer(),
					      &address),
			 KT_TLS_FOUND);
	return address;
}

static int compare(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct comparison *comparison = ctx;
	struct kt_memory memory = kt_memory_of_process(getpid());
	const struct kt_module *module = find_by_bias(&comparison->modules, info->dlpi_addr);
	struct kt_tls_base base;

	ck_assert_uint_ge(size, sizeof(*info));
	if (strstr(info->dlpi_name, "vdso")) {
		ck_assert_ptr_null(module);
		return 0;
	}
	ck_assert_msg(module, "%s", info->dlpi_name);
	comparison->found_count++;
	if (!module->is_executable)
		ck_assert_str_eq(module->path, info->dlpi_name);
	if (!info->dlpi_tls_data)
		return 0;
	struct kt_error *err = kt_tls_base_find(module, &memory, &base);
	if (err) { /* nobody within the object uses its block through a word */
		ck_assert_msg(strstr(kt_error_message(err), "no relocation"), "%s",
			      kt_error_message(err));
		kt_error_destroy(err);
		return 0;
	}
	comparison->tls_count++;
	comparison->static_count += base.access == KT_TLS_TP_OFFSET;
	ck_assert_uint_eq(block_address(&base), (uint64_t)(uintptr_t)info->dlpi_tls_data);
	return 0;
}

static void compare_self(struct comparison *comparison)
{
	*comparison = (struct comparison){ 0 };
	list_self(&comparison->modules);
	ck_assert(comparison->modules.list[0].is_executable);
	(void)dl_iterate_phdr(compare, comparison);
	ck_assert_uint_eq(comparison->found_count, comparison->modules.count);
}

static _Thread_local volatile int own = 42;

START_TEST(this_process)
{
	struct comparison comparison;

	own++;
	compare_self(&comparison);
	ck_assert_str_eq(comparison.modules.found_by, "link-map");
	/* the program, and the C library with its initial-exec words */
	ck_assert_uint_ge(comparison.tls_count, 2);
	ck_assert_uint_ge(comparison.static_count, 2);
	kt_modules_deinit(&comparison.modules);
}
END_TEST

#if defined(__aarch64__)
#define TRADITIONAL "-mtls-dialect=trad "
#define DESCRIPTORS "-mtls-dialect=desc "
#else
#define TRADITIONAL "" /* what compilers do by themselves; clang knows no other way */
#define DESCRIPTORS "-mtls-dialect=gnu2 "
#endif

static const struct {
	const char *options;
	const char *found_by;
	enum kt_tls_access access;
} dialects[] = {
	{ TRADITIONAL "-ftls-model=global-dynamic", "dtpmod64", KT_TLS_DTV },
	{ TRADITIONAL "-ftls-model=local-dynamic", "dtpmod64", KT_TLS_DTV },
	{ TRADITIONAL "-fvisibility=hidden", "dtpmod64", KT_TLS_DTV },
	{ DESCRIPTORS, "tlsdesc", KT_TLS_TP_OFFSET },
	{ DESCRIPTORS "-DLARGE=65536", "tlsdesc", KT_TLS_DTV },
	{ "-ftls-model=initial-exec", "tpoff64", KT_TLS_TP_OFFSET },
	{ "-ftls-model=initial-exec -fvisibility=hidden", "tpoff64", KT_TLS_TP_OFFSET },
};

static bool has_descriptors(void)
{
	return !system(KT_CC " " DESCRIPTORS "-x c -c /dev/null -o /dev/null 2>/dev/null");
}

static void build_library(size_t dialect)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	kt_buf_printf(&command,
		      "cat >d.c <<'EOT'\n"
		      "#ifndef LARGE\n#define LARGE 32\n#endif\n"
		      "_Thread_local int before = 7; _Thread_local char block[LARGE];\n"
		      "_Thread_local long after = 9;\n"
		      "__attribute__((visibility(\"default\"))) void *touch(void);\n"
		      "void *touch(void) { before++; block[3]++; return &after; }\nEOT\n"
		      "%s -shared -fPIC -O1 %s -Wl,--no-as-needed -o libd.so d.c",
		      KT_CC, dialects[dialect].options);
	ck_assert_int_eq(system(command.data), 0);
}

/* An object that was opened later, in every dialect of its words. */
START_TEST(opened_later)
{
	struct comparison comparison;
	struct kt_memory memory = kt_memory_of_process(getpid());
	struct kt_tls_base base = { 0 };

	if (!strcmp(dialects[_i].found_by, "tlsdesc") && !has_descriptors())
		return;
	build_library((size_t)_i);
	void *library = dlopen("./libd.so", RTLD_NOW);
	ck_assert_msg(library, "%s", dlerror());
	void *(*touch)(void) = (void *(*)(void))dlsym(library, "touch");
	uint64_t after = (uint64_t)(uintptr_t)touch();
	compare_self(&comparison);
	struct link_map *map = library;
	const struct kt_module *module = find_by_bias(&comparison.modules, map->l_addr);
	ck_assert_ptr_nonnull(module);
	KT_OK(kt_tls_base_find(module, &memory, &base));
	ck_assert_str_eq(base.found_by, dialects[_i].found_by);
	ck_assert_int_eq(base.access, dialects[_i].access);
	bool has_target = false;
	for (size_t i = 0; i < base.target_count; i++)
		has_target = has_target || block_address(&base) + base.targets[i] == after;
	/* local-dynamic code adds the variables' offsets itself */
	ck_assert(has_target || strstr(dialects[_i].options, "hidden") ||
		  strstr(dialects[_i].options, "local"));
	kt_modules_deinit(&comparison.modules);
}
END_TEST

/* Another namespace has objects of its own, the same files as ours among them. */
START_TEST(other_namespace)
{
	struct comparison comparison = { 0 };
	size_t c_library_count = 0;

	build_library(0);
	void *library = dlmopen(LM_ID_NEWLM, "./libd.so", RTLD_NOW);
	if (!library)
		return; /* sanitizers' libraries cannot be loaded twice */
	list_self(&comparison.modules);
	struct link_map *map = library;
	ck_assert_ptr_nonnull(find_by_bias(&comparison.modules, map->l_addr));
	for (size_t i = 0; i < comparison.modules.count; i++)
		c_library_count += strstr(comparison.modules.list[i].path, "/libc.so") != NULL;
	ck_assert_uint_eq(c_library_count, 2);
	kt_modules_deinit(&comparison.modules);
}
END_TEST

struct counted_maps {
	const struct kt_modules *modules;
	size_t known_count;
};

static bool count_map(void *ctx, const struct kt_mapping *map)
{
	struct counted_maps *counted = ctx;

	for (size_t i = 0; i < counted->modules->count; i++)
		counted->known_count += counted->modules->list[i].base == map->start;
	return false;
}

/* The maps lead to the same objects as the list. */
START_TEST(maps_agree)
{
	kt_autoclose int proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct kt_modules modules;
	struct counted_maps counted = { .modules = &modules };

	list_self(&modules);
	KT_OK(kt_maps_visit(proc_fd, count_map, &counted));
	ck_assert_uint_eq(counted.known_count, modules.count);
	kt_modules_deinit(&modules);
}
END_TEST

enum {
	IMAGE_BASE = 0x10000,
	IMAGE_BYTES = 8192,
	DYNAMIC_AT = 1024,
	DEBUG_AT = 2048,
	MAPS_AT = 2560,
	RELOCATIONS_AT = 4096,
	SYMBOLS_AT = 5120,
	WORDS_AT = 6144,
	SEGMENT_COUNT = 5,
};

/* An object in memory of our own making; everything lies within one piece of memory. */
struct fake {
	unsigned char bytes[IMAGE_BYTES];
	size_t readable; /* bytes from the start */
	size_t calls;
};

struct fake_ctx {
	struct fake *fake;
};

static size_t read_fake(const struct kt_memory *memory, uint64_t address, void *buffer,
			size_t bytes)
{
	const struct fake_ctx *ctx = memory->ctx;
	struct fake *fake = ctx->fake;

	fake->calls++;
	if (address < IMAGE_BASE || address >= IMAGE_BASE + fake->readable)
		return 0;
	size_t left = IMAGE_BASE + fake->readable - address;
	memcpy(buffer, fake->bytes + (address - IMAGE_BASE), left < bytes ? left : bytes);
	return left < bytes ? left : bytes;
}

static Elf64_Ehdr *header_of(struct fake *fake)
{
	return (Elf64_Ehdr *)fake->bytes;
}

static Elf64_Phdr *segments_of(struct fake *fake)
{
	return (Elf64_Phdr *)(fake->bytes + sizeof(Elf64_Ehdr));
}

static uint64_t *words_at(struct fake *fake, size_t offset)
{
	return (uint64_t *)(fake->bytes + offset);
}

/* A good one: a program with thread-local data, a dynamic section and an empty list. */
static void make_good(struct fake *fake)
{
	static const char interpreter[] = "/lib/ld.so";

	*fake = (struct fake){ .readable = IMAGE_BYTES };
	*header_of(fake) = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_entry = 0x100,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = SEGMENT_COUNT,
	};
	Elf64_Phdr *segments = segments_of(fake);
	segments[0] = (Elf64_Phdr){ .p_type = PT_PHDR, .p_vaddr = sizeof(Elf64_Ehdr) };
	segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_filesz = IMAGE_BYTES,
		.p_memsz = IMAGE_BYTES,
	};
	segments[2] = (Elf64_Phdr){
		.p_type = PT_DYNAMIC,
		.p_vaddr = DYNAMIC_AT,
		.p_memsz = 512,
	};
	segments[3] = (Elf64_Phdr){ .p_type = PT_TLS, .p_memsz = 4096, .p_align = 64 };
	segments[4] = (Elf64_Phdr){
		.p_type = PT_INTERP,
		.p_vaddr = 512,
		.p_filesz = sizeof(interpreter),
		.p_memsz = sizeof(interpreter),
	};
	memcpy(fake->bytes + 512, interpreter, sizeof(interpreter));
	uint64_t *dynamic = words_at(fake, DYNAMIC_AT);
	dynamic[0] = DT_DEBUG;
	dynamic[1] = IMAGE_BASE + DEBUG_AT;
	uint64_t *debug = words_at(fake, DEBUG_AT);
	debug[0] = 2; /* version */
	debug[1] = IMAGE_BASE + MAPS_AT;
	/* one entry: the program */
	uint64_t *map = words_at(fake, MAPS_AT);
	map[0] = IMAGE_BASE;
	map[1] = IMAGE_BASE + 400; /* an empty name */
	map[2] = IMAGE_BASE + DYNAMIC_AT;
}

static void write_auxv(uint64_t header_count)
{
	const uint64_t auxv[] = { AT_PHDR,  IMAGE_BASE + sizeof(Elf64_Ehdr),
				  AT_PHNUM, header_count,
				  AT_ENTRY, IMAGE_BASE + 0x100,
				  AT_NULL,  0 };

	KT_OK(kt_file_replace("auxv", auxv, sizeof(auxv), 0600));
	KT_OK(kt_file_replace("maps", "", 0, 0600));
}

static struct kt_error *list_fake(struct fake *fake, struct kt_modules *ret)
{
	struct fake_ctx ctx = { fake };
	struct kt_memory memory = { .read = read_fake, .ctx = &ctx };
	kt_autoclose int fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return kt_modules_list(fd, &memory, "prog", ret);
}

static void expect_count(struct fake *fake, size_t count)
{
	struct kt_modules modules;

	KT_OK(list_fake(fake, &modules));
	ck_assert_uint_eq(modules.count, count);
	ck_assert_str_eq(modules.list[0].path, "prog");
	ck_assert_uint_eq(modules.list[0].bias, IMAGE_BASE);
	kt_modules_deinit(&modules);
}

START_TEST(list_without_end)
{
	struct fake fake;

	make_good(&fake);
	write_auxv(SEGMENT_COUNT);
	expect_count(&fake, 1);
	/* The second entry is followed by itself; it is where no object is. */
	uint64_t *map = words_at(&fake, MAPS_AT);
	map[3] = IMAGE_BASE + MAPS_AT + 64;
	map[8] = IMAGE_BASE + 0x1000;
	map[11] = IMAGE_BASE + MAPS_AT + 64;
	expect_count(&fake, 1);
	/* It is the program again, under another dynamic section; and the namespaces go round. */
	map[8] = IMAGE_BASE;
	map[9] = UINT64_MAX; /* a name that is not there */
	words_at(&fake, DEBUG_AT)[5] = IMAGE_BASE + DEBUG_AT;
	expect_count(&fake, 1);
	/* Few reads: the blocks are remembered. */
	ck_assert_uint_lt(fake.calls, 100000);
}
END_TEST

START_TEST(headers_that_lie)
{
	struct kt_modules modules;
	struct fake fake;

	make_good(&fake);
	write_auxv(UINT64_MAX);
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "ELF headers of prog");
	write_auxv(SEGMENT_COUNT);
	segments_of(&fake)[3].p_vaddr = UINT64_MAX - 100;
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "ELF headers of prog");
	make_good(&fake);
	segments_of(&fake)[0].p_vaddr += 4096; /* another bias than the entry point has */
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "ELF headers of prog");
	make_good(&fake);
	segments_of(&fake)[1].p_type = PT_NULL; /* nothing is loaded */
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "ELF headers of prog");
	make_good(&fake);
	header_of(&fake)->e_ident[EI_CLASS] = ELFCLASS32;
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "ELF headers of prog");
	make_good(&fake);
	header_of(&fake)->e_entry = 7;
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "auxiliary vector");
	KT_OK(kt_file_replace("auxv", "", 0, 0600));
	KT_FAILS(list_fake(&fake, &modules), KT_ERROR_PROBE, "auxiliary vector");
}
END_TEST

/* Wherever the memory ends, there is an error or a shorter list. */
START_TEST(memory_that_ends)
{
	struct fake fake;

	write_auxv(SEGMENT_COUNT);
	for (size_t readable = 0; readable < IMAGE_BYTES; readable += 4) {
		struct kt_modules modules;
		make_good(&fake);
		fake.readable = readable;
		struct kt_error *err = list_fake(&fake, &modules);
		ck_assert_int_eq(err != NULL,
				 readable <
					 sizeof(Elf64_Ehdr) + SEGMENT_COUNT * sizeof(Elf64_Phdr));
		if (!err)
			kt_modules_deinit(&modules);
		kt_error_destroy(err);
	}
}
END_TEST

static struct kt_error *find_base(struct fake *fake, struct kt_tls_base *ret)
{
	struct fake_ctx ctx = { fake };
	struct kt_memory memory = { .read = read_fake, .ctx = &ctx };
	struct kt_module module;

	ck_assert(kt_loaded_read(&memory, IMAGE_BASE, &module));
	char path[] = "lib";
	module.path = path;
	return kt_tls_base_find(&module, &memory, ret);
}

#if defined(__aarch64__)
#define WORD_OFFSET	R_AARCH64_TLS_TPREL
#define WORD_MODULE	R_AARCH64_TLS_DTPMOD
#define WORD_DESCRIPTOR R_AARCH64_TLSDESC
#define BLOCK_AT	8192
#else
#define WORD_OFFSET	R_X86_64_TPOFF64
#define WORD_MODULE	R_X86_64_DTPMOD64
#define WORD_DESCRIPTOR R_X86_64_TLSDESC
#define BLOCK_AT	(-8192)
#endif

struct fake_word {
	uint64_t type;
	uint64_t symbol;
	int64_t addend;
	uint64_t words[2];
};

static void put_words(struct fake *fake, const struct fake_word *words, size_t count)
{
	make_good(fake);
	uint64_t *dynamic = words_at(fake, DYNAMIC_AT);
	const uint64_t entries[] = { DT_RELA,	RELOCATIONS_AT,
				     DT_RELASZ, count * sizeof(Elf64_Rela),
				     DT_SYMTAB, IMAGE_BASE + SYMBOLS_AT,
				     DT_NULL,	0 };
	memcpy(dynamic, entries, sizeof(entries));
	Elf64_Sym *symbols = (Elf64_Sym *)(fake->bytes + SYMBOLS_AT);
	symbols[1] = (Elf64_Sym){ .st_info = STT_TLS, .st_shndx = SHN_UNDEF };
	symbols[2] = (Elf64_Sym){ .st_info = STT_TLS, .st_shndx = 5, .st_value = 128 };
	Elf64_Rela *relocations = (Elf64_Rela *)(fake->bytes + RELOCATIONS_AT);
	for (size_t i = 0; i < count; i++) {
		relocations[i] = (Elf64_Rela){
			.r_offset = WORDS_AT + i * 16,
			.r_info = ELF64_R_INFO(words[i].symbol, words[i].type),
			.r_addend = words[i].addend,
		};
		memcpy(words_at(fake, WORDS_AT + i * 16), words[i].words, 16);
	}
}

START_TEST(words)
{
	struct kt_tls_base base;
	struct fake fake;

	/* an import, a symbol of its own, a plain address, a word not written yet */
	const struct fake_word mixed[] = {
		{ WORD_OFFSET, 1, 0, { 4711, 0 } },
		{ WORD_OFFSET, 2, 8, { (uint64_t)BLOCK_AT + 128 + 8, 0 } },
		{ WORD_OFFSET + 1000, 0, 0, { 4711, 0 } },
		{ WORD_OFFSET, 0, 16, { 0, 0 } },
	};
	put_words(&fake, mixed, 4);
	KT_OK(find_base(&fake, &base));
	ck_assert_int_eq(base.access, KT_TLS_TP_OFFSET);
	ck_assert_int_eq(base.tp_offset, BLOCK_AT);
	ck_assert_uint_eq(base.target_count, 1);
	ck_assert_uint_eq(base.targets[0], 136);

	/* words for local symbols count before those that another object may replace */
	const struct fake_word local[] = {
		{ WORD_OFFSET, 2, 0, { (uint64_t)BLOCK_AT - 999, 0 } },
		{ WORD_MODULE, 0, 0, { 3, 64 } },
		{ WORD_MODULE, 0, 0, { 3, 32 } },
		{ WORD_MODULE, 0, 0, { 3, 32 } },
		{ WORD_MODULE, 0, 0, { 3, 1 << 20 } }, /* outside of the block */
	};
	put_words(&fake, local, 5);
	KT_OK(find_base(&fake, &base));
	ck_assert_int_eq(base.access, KT_TLS_DTV);
	ck_assert_uint_eq(base.module, 3);
	ck_assert_uint_eq(base.target_count, 2);
	ck_assert_uint_eq(base.targets[0], 32);
	ck_assert_uint_eq(base.targets[1], 64);

	/* a descriptor not resolved yet, one by module, and one by distance, which is the best */
	const struct fake_word descriptors[] = {
		{ WORD_DESCRIPTOR, 0, 0, { IMAGE_BASE + 16, IMAGE_BASE + 32 } },
		{ WORD_DESCRIPTOR, 0, 8, { 0x7f0000001000, IMAGE_BASE + WORDS_AT + 64 } },
		{ WORD_DESCRIPTOR, 0, 8, { 0x7f0000001000, (uint64_t)BLOCK_AT + 8 } },
	};
	put_words(&fake, descriptors, 3);
	words_at(&fake, WORDS_AT + 64)[0] = 7;
	words_at(&fake, WORDS_AT + 64)[1] = 8;
	KT_OK(find_base(&fake, &base));
	ck_assert_str_eq(base.found_by, "tlsdesc");
	ck_assert_int_eq(base.tp_offset, BLOCK_AT);
	put_words(&fake, descriptors, 1);
	KT_FAILS(find_base(&fake, &base), KT_ERROR_PROBE, "no relocation");
}
END_TEST

START_TEST(words_that_lie)
{
	struct kt_tls_base base;
	struct fake fake;
	const struct fake_word contradiction[] = {
		{ WORD_OFFSET, 0, 0, { (uint64_t)BLOCK_AT, 0 } },
		{ WORD_OFFSET, 0, 0, { (uint64_t)BLOCK_AT - 64, 0 } },
	};

	put_words(&fake, contradiction, 2);
	KT_FAILS(find_base(&fake, &base), KT_ERROR_PROBE, "contradict");
	/* sizes that nothing backs */
	words_at(&fake, DYNAMIC_AT)[3] = UINT64_MAX;
	KT_FAILS(find_base(&fake, &base), KT_ERROR_PROBE, "contradict");
	words_at(&fake, DYNAMIC_AT)[1] = UINT64_MAX - 5;
	KT_FAILS(find_base(&fake, &base), KT_ERROR_PROBE, "no relocation");
	segments_of(&fake)[2].p_type = PT_NULL;
	KT_FAILS(find_base(&fake, &base), KT_ERROR_PROBE, "dynamic section");
	segments_of(&fake)[3].p_type = PT_NULL;
	KT_FAILS(find_base(&fake, &base), KT_ERROR_PROBE, "no thread-local data");
}
END_TEST

START_TEST(place_overflow)
{
	struct kt_tls_base base = { .tp_offset = INT64_MAX - 4 };
	struct kt_tls_place place;

	KT_FAILS(kt_tls_base_place(&base, 8, 24, &place), KT_ERROR_PROBE, "overflow");
	KT_FAILS(kt_tls_base_place(&base, UINT64_MAX, 24, &place), KT_ERROR_PROBE, "overflow");
	KT_OK(kt_tls_base_place(&base, 4, 24, &place));
	ck_assert_int_eq(place.tp_offset, INT64_MAX);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("module");
	TCase *tests = tcase_create("module");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, this_process);
	tcase_add_loop_test(tests, opened_later, 0, sizeof(dialects) / sizeof(dialects[0]));
	tcase_add_test(tests, other_namespace);
	tcase_add_test(tests, maps_agree);
	tcase_add_test(tests, list_without_end);
	tcase_add_test(tests, headers_that_lie);
	tcase_add_test(tests, memory_that_ends);
	tcase_add_test(tests, words);
	tcase_add_test(tests, words_that_lie);
	tcase_add_test(tests, place_overflow);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
