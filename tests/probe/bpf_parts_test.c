/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the BPF engine that need no kernel: its reading of BTF, and of what it finds. */
#include "tests/unit.h"

#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "probe/read/bpf_rows.h"
#include "probe/read/bpf_task.h"

START_TEST(state_letters)
{
	ck_assert_int_eq(kt_bpf_state_letter(0, 0), 'R');
	ck_assert_int_eq(kt_bpf_state_letter(1, 0), 'S');
	ck_assert_int_eq(kt_bpf_state_letter(0x2001, 0), 'S'); /* freezable */
	ck_assert_int_eq(kt_bpf_state_letter(2, 0), 'D');
	ck_assert_int_eq(kt_bpf_state_letter(0x102, 0), 'D'); /* killable */
	ck_assert_int_eq(kt_bpf_state_letter(4, 0), 'T');
	ck_assert_int_eq(kt_bpf_state_letter(8, 0), 't');
	ck_assert_int_eq(kt_bpf_state_letter(0, 0x10), 'X');
	ck_assert_int_eq(kt_bpf_state_letter(0, 0x20), 'Z');
	ck_assert_int_eq(kt_bpf_state_letter(0x40, 0), 'P');
	ck_assert_int_eq(kt_bpf_state_letter(0x402, 0), 'I');
}
END_TEST

/* As cputime_adjust() of the kernel divides. */
START_TEST(divided_time)
{
	struct kt_bpf_record record = { .run_ns = 1000, .utime_ns = 3, .stime_ns = 1 };
	uint64_t utime_ns;
	uint64_t stime_ns;

	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 750);
	ck_assert_uint_eq(stime_ns, 250);
	/* The share of the system falls: what was shown does not go back. */
	record.run_ns = 1100;
	record.utime_ns = 30;
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 850);
	ck_assert_uint_eq(stime_ns, 250);
	/* Others were shown more by the kernel. */
	record.prev_utime_ns = 900;
	record.prev_stime_ns = 300;
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 900);
	ck_assert_uint_eq(stime_ns, 300);
	record = (struct kt_bpf_record){ .run_ns = 500, .stime_ns = 9 };
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(stime_ns, 500);
	record = (struct kt_bpf_record){ .run_ns = 500 };
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(utime_ns, 500);
	record = (struct kt_bpf_record){ .run_ns = UINT64_MAX,
					 .utime_ns = UINT64_MAX,
					 .stime_ns = UINT64_MAX };
	kt_bpf_divide_time(&record, &utime_ns, &stime_ns);
	ck_assert_uint_eq(stime_ns, UINT64_MAX / 2);
}
END_TEST

/* A small BTF under construction. */
struct builder {
	struct kt_buf types;
	struct kt_buf strings;
	uint32_t count;
};

static uint32_t add_string(struct builder *builder, const char *text)
{
	if (!builder->strings.len)
		kt_buf_putc(&builder->strings, '\0');
	uint32_t at = (uint32_t)builder->strings.len;
	kt_buf_append(&builder->strings, text, strlen(text) + 1);
	return *text ? at : 0;
}

static void add_words(struct builder *builder, const uint32_t *words, size_t count)
{
	kt_buf_append(&builder->types, words, count * sizeof(*words));
}

static uint32_t add_type(struct builder *builder, const char *name, uint32_t kind, uint32_t count,
			 uint32_t size_or_type)
{
	uint32_t words[] = { add_string(builder, name), kind << 24 | count, size_or_type };

	add_words(builder, words, 3);
	return ++builder->count;
}

static uint32_t add_int(struct builder *builder, const char *name, uint32_t bytes)
{
	uint32_t id = add_type(builder, name, BTF_KIND_INT, 0, bytes);

	add_words(builder, (uint32_t[]){ bytes * 8 }, 1);
	return id;
}

static void add_member(struct builder *builder, const char *name, uint32_t type, uint32_t bit)
{
	add_words(builder, (uint32_t[]){ add_string(builder, name), type, bit }, 3);
}

/* struct task { pid_t pid; struct { char comm[16]; }; const struct thread thread; ... } */
static void build(struct builder *builder)
{
	enum {
		HAS_BIT_FIELDS = 1u << 31
	};

	*builder = (struct builder){ 0 };
	/* So many that the index has several marks. */
	for (int i = 0; i < 200; i++)
		(void)add_int(builder, "filler", 4);
	uint32_t word = add_int(builder, "int", 4);
	uint32_t wide = add_int(builder, "u64", 8);
	uint32_t byte = add_int(builder, "char", 1);
	uint32_t pid = add_type(builder, "pid_t", BTF_KIND_TYPEDEF, 0, word);
	uint32_t name = add_type(builder, "", BTF_KIND_ARRAY, 0, 0);
	add_words(builder, (uint32_t[]){ byte, word, 16 }, 3);
	uint32_t unnamed = add_type(builder, "", BTF_KIND_STRUCT, 1, 16);
	add_member(builder, "comm", name, 0);
	uint32_t thread = add_type(builder, "thread", BTF_KIND_STRUCT, 2, 16);
	add_member(builder, "other", wide, 0);
	add_member(builder, "fsbase", wide, 64);
	uint32_t steady = add_type(builder, "", BTF_KIND_CONST, 0, thread);
	uint32_t task = add_type(builder, "task", BTF_KIND_STRUCT, 5, 64);
	add_member(builder, "pid", pid, 0);
	add_member(builder, "", unnamed, 64);
	add_member(builder, "thread", steady, 192);
	add_member(builder, "odd", word, 325);
	add_member(builder, "last", wide, 448);
	uint32_t bits = add_type(builder, "bits", BTF_KIND_STRUCT, 1, 4);
	((uint32_t *)(void *)(builder->types.data + builder->types.len))[-2] |= HAS_BIT_FIELDS;
	add_member(builder, "field", word, 3u << 24);
	uint32_t pointer = add_type(builder, "", BTF_KIND_PTR, 0, task);
	uint32_t prototype = add_type(builder, "", BTF_KIND_FUNC_PROTO, 2, 0);
	add_words(builder, (uint32_t[]){ 0, bits, 0, pointer }, 4);
	(void)add_type(builder, "iterate", BTF_KIND_FUNC, 0, prototype);
}

/* The bytes of the whole, exactly as many as there are; the caller frees them. */
static char *finish(struct builder *builder, size_t *ret_size)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = (uint32_t)builder->types.len,
		.str_off = (uint32_t)builder->types.len,
		.str_len = (uint32_t)builder->strings.len,
	};

	*ret_size = sizeof(header) + builder->types.len + builder->strings.len;
	char *bytes = malloc(*ret_size);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), builder->types.data, builder->types.len);
	memcpy(bytes + sizeof(header) + builder->types.len, builder->strings.data,
	       builder->strings.len);
	kt_buf_deinit(&builder->types);
	kt_buf_deinit(&builder->strings);
	return bytes;
}

static const char *const paths[] = {
	"pid",	  "comm",	   "thread.fsbase", "last",    "odd",
	"nobody", "thread.nobody", "pid.fsbase",    "thread.", "field"
};

START_TEST(members)
{
	struct builder builder;
	struct kt_btf btf;
	struct kt_btf_member member;
	size_t size;

	build(&builder);
	char *bytes = finish(&builder, &size);
	KT_OK(kt_btf_parse(bytes, size, "iterate", &btf));
	uint32_t task = kt_btf_pointee(&btf, kt_btf_parameter(&btf, 1));
	ck_assert(kt_btf_find_member(&btf, task, "pid", &member));
	ck_assert_uint_eq(member.offset_bytes, 0);
	ck_assert_uint_eq(member.size_bytes, 4);
	ck_assert(kt_btf_find_member(&btf, task, "comm", &member));
	ck_assert_uint_eq(member.offset_bytes, 8);
	ck_assert_uint_eq(member.size_bytes, 16);
	ck_assert(kt_btf_find_member(&btf, task, "thread.fsbase", &member));
	ck_assert_uint_eq(member.offset_bytes, 32);
	ck_assert_uint_eq(member.size_bytes, 8);
	ck_assert(kt_btf_find_member(&btf, task, "last", &member));
	ck_assert_uint_eq(member.offset_bytes, 56);
	for (size_t i = 4; i < sizeof(paths) / sizeof(paths[0]); i++)
		ck_assert_msg(!kt_btf_find_member(&btf, task, paths[i], &member), "%s", paths[i]);
	/* A bit field, however it lies. */
	uint32_t bits = kt_btf_parameter(&btf, 0);
	ck_assert(!kt_btf_find_member(&btf, bits, "field", &member));
	ck_assert_uint_eq(kt_btf_parameter(&btf, 2), 0);
	ck_assert_uint_eq(kt_btf_pointee(&btf, task), 0);
	kt_btf_deinit(&btf);
	KT_OK(kt_btf_parse(bytes, size, "nothing", &btf));
	ck_assert_uint_eq(kt_btf_parameter(&btf, 1), 0);
	kt_btf_deinit(&btf);
	free(bytes);
}
END_TEST

/* All that the engine does with BTF; true if it was taken for BTF. */
static bool use(const char *bytes, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct kt_btf_member member;
	struct kt_btf btf;

	/* A copy of just this size, so that a sanitizer sees every byte that is read behind it. */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, size);
	struct kt_error *err = kt_btf_parse(copy, size, "iterate", &btf);
	bool is_btf = !err;
	if (err)
		ck_assert_int_eq(kt_error_class(err), KT_ERROR_PROTOCOL);
	kt_error_destroy(err);
	for (uint32_t p = 0; is_btf && p < 2; p++) {
		uint32_t type = kt_btf_parameter(&btf, p);
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
			if (kt_btf_find_member(&btf, type, paths[i], &member) ||
			    kt_btf_find_member(&btf, kt_btf_pointee(&btf, type), paths[i], &member))
				ck_assert_uint_gt(member.size_bytes, 0);
	}
	if (is_btf)
		kt_btf_deinit(&btf);
	free(copy);
	return is_btf;
}

START_TEST(damaged_btf)
{
	struct builder builder;
	size_t size;

	build(&builder);
	char *bytes = finish(&builder, &size);
	ck_assert(use(bytes, size));
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_msg(!use(bytes, cut), "%zu of %zu bytes", cut, size);
	for (size_t at = 0; at < size; at++)
		for (int bit = 0; bit < 8; bit++) {
			bytes[at] = (char)(bytes[at] ^ 1 << bit);
			(void)use(bytes, size);
			bytes[at] = (char)(bytes[at] ^ 1 << bit);
		}
	ck_assert(use(bytes, size));
	free(bytes);
}
END_TEST

/* Structures in one another, each with many unnamed ones: the search gives up. */
START_TEST(endless_btf)
{
	enum {
		LEVELS = 8,
		MEMBERS = 1000
	};
	struct builder builder = { 0 };
	struct kt_btf_member member;
	struct kt_btf btf;
	size_t size;

	for (uint32_t level = 1; level <= LEVELS; level++) {
		(void)add_type(&builder, "", BTF_KIND_STRUCT, MEMBERS, 8);
		/* Each is in itself: so is the last. */
		for (int i = 0; i < MEMBERS; i++)
			add_member(&builder, "", level < LEVELS ? level + 1 : 1, 0);
	}
	uint32_t loop = add_type(&builder, "loop", BTF_KIND_TYPEDEF, 0, LEVELS + 1);
	char *bytes = finish(&builder, &size);
	KT_OK(kt_btf_parse(bytes, size, "iterate", &btf));
	ck_assert(!kt_btf_find_member(&btf, 1, "pid", &member));
	ck_assert(!kt_btf_find_member(&btf, loop, "pid", &member));
	ck_assert_uint_eq(kt_btf_pointee(&btf, loop), 0);
	kt_btf_deinit(&btf);
	free(bytes);
}
END_TEST

/* The running kernel's, if it has one. */
START_TEST(own_kernel)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";
	struct kt_bpf_task task;
	struct kt_btf btf;

	if (access(path, R_OK)) {
		KT_FAILS(kt_btf_open(path, KT_BPF_ITERATOR, &btf), KT_ERROR_IO, path);
		return;
	}
	KT_OK(kt_btf_open(path, KT_BPF_ITERATOR, &btf));
#if !defined(__x86_64__)
	KT_FAILS(kt_bpf_task_find(&btf, &task), KT_ERROR_PROBE, "fsbase");
	kt_btf_deinit(&btf);
	return;
#endif
	KT_OK(kt_bpf_task_find(&btf, &task));
	ck_assert_uint_gt(btf.type_count, 10000);
	ck_assert_uint_eq(task.attach_id, btf.function);
	for (size_t i = 0; i < KT_TASK_ESSENTIAL_COUNT; i++)
		ck_assert_uint_gt(task.members[i].size_bytes, 0);
	ck_assert_uint_eq(task.members[KT_TASK_TGID].offset_bytes,
			  task.members[KT_TASK_TID].offset_bytes + 4);
	kt_btf_deinit(&btf);
	KT_OK(kt_btf_open(path, "kt_no_such_function", &btf));
	KT_FAILS(kt_bpf_task_find(&btf, &task), KT_ERROR_PROBE, "no BPF iterator");
	kt_btf_deinit(&btf);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("bpf_parts");
	TCase *tests = tcase_create("bpf_parts");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, members);
	tcase_add_test(tests, damaged_btf);
	tcase_add_test(tests, endless_btf);
	tcase_add_test(tests, own_kernel);
	tcase_add_test(tests, state_letters);
	tcase_add_test(tests, divided_time);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
