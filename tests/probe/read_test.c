/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and the reading engine, on this very process and on dead threads. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/read/batch.h"
#include "probe/read/engine.h"
#include "probe/read/proc_text.h"
#include "probe/read/robust.h"

static void parse_stat(const char *text, struct kt_stat_text *stat)
{
	kt_stat_parse(text, strlen(text), stat);
}

#define BEFORE_START " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"

START_TEST(stat_lines)
{
	struct kt_stat_text row;

	parse_stat("77 (a)b(c))" BEFORE_START " 987654321 5 6", &row);
	ck_assert(row.has_start_time);
	ck_assert_uint_eq(row.start_time_jiffies, 987654321);
	ck_assert_str_eq(row.comm, "a)b(c)");
	parse_stat("77 (  two words )" BEFORE_START " 18446744073709551615", &row);
	ck_assert_uint_eq(row.start_time_jiffies, UINT64_MAX);
	ck_assert_str_eq(row.comm, "two words");
	parse_stat("77 (a\\nb\\\\c)" BEFORE_START " 1", &row);
	ck_assert_str_eq(row.comm, "a\nb\\c");
	parse_stat("77 (\xff\xfe)" BEFORE_START " 1", &row);
	ck_assert_str_eq(row.comm, "");
	ck_assert(row.has_start_time);
}
END_TEST

START_TEST(stat_lines_without_start_time)
{
	static const char *const texts[] = {
		"",
		"77 no parenthesis S 1 2",
		"77 (x)",
		"77 (x)" BEFORE_START,
		"77 (x)" BEFORE_START " 12a 3",
		"77 (x)" BEFORE_START " 18446744073709551616 3",
		"77 (x)" BEFORE_START " 123456789012345678901234567890 3",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct kt_stat_text row;
		parse_stat(texts[i], &row);
		ck_assert_msg(!row.has_start_time, "%s", texts[i]);
	}
}
END_TEST

START_TEST(tokens_and_texts)
{
	static const char *const tokens[] = {
		"ptrace_seize",	    "ptrace_interrupt", "waitpid",  "get_regset",
		"process_vm_readv", "tls_arithmetic",	"bpf_copy",
	};
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_row row = { .tid = 4242 };

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		ck_assert_str_eq(kt_row_error_token((enum kt_row_error)i), tokens[i]);
	kt_row_fail_errno(&row, KT_ROW_PTRACE_SEIZE, EPERM, 0);
	kt_row_describe(&row, &text);
	ck_assert_ptr_nonnull(strstr(text.data, "PTRACE_SEIZE"));
	ck_assert_ptr_nonnull(strstr(text.data, "4242"));
	ck_assert_ptr_nonnull(strstr(text.data, "Operation not permitted"));
	ck_assert_ptr_nonnull(strstr(text.data, "cap_sys_ptrace"));
	kt_buf_reset(&text);
	kt_row_fail_errno(&row, KT_ROW_PTRACE_SEIZE, ESRCH, 0);
	kt_row_describe(&row, &text);
	ck_assert_ptr_nonnull(strstr(text.data, "No such process"));
	ck_assert_ptr_null(strstr(text.data, "cap_sys_ptrace"));
	kt_buf_reset(&text);
	kt_row_fail_errno(&row, KT_ROW_PROCESS_VM_READV, EFAULT, 0xabc0);
	kt_row_describe(&row, &text);
	ck_assert_ptr_nonnull(strstr(text.data, "0xabc0"));
	kt_buf_reset(&text);
	kt_row_fail_errno(&row, KT_ROW_GET_REGSET, EIO, 0);
	kt_row_describe(&row, &text);
	ck_assert_ptr_nonnull(strstr(text.data, " NT_"));
}
END_TEST

START_TEST(rows_are_sorted_and_trimmed)
{
	struct kt_sweep sweep = { 0 };

	for (pid_t tid = 100; tid > 0; tid--)
		ck_assert(kt_sweep_add(&sweep, tid));
	kt_sweep_sort(&sweep);
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(sweep.rows[i].tid, (pid_t)i + 1);
	sweep.rows[3].state = KT_ROW_OK;
	sweep.rows[70].state = KT_ROW_OK;
	kt_sweep_trim(&sweep, 50);
	ck_assert_uint_eq(sweep.count, 1);
	ck_assert_int_eq(sweep.rows[0].tid, 4);
	kt_sweep_deinit(&sweep);
}
END_TEST

START_TEST(extras_go_with_their_rows)
{
	struct kt_sweep sweep = { 0 };

	for (pid_t tid = 5; tid > 0; tid--)
		ck_assert(kt_sweep_add(&sweep, tid));
	ck_assert(kt_sweep_want_extras(&sweep));
	for (pid_t tid = 1000; tid > 5; tid--)
		ck_assert(kt_sweep_add(&sweep, tid));
	for (size_t i = 0; i < sweep.count; i++) {
		ck_assert_uint_eq(sweep.extras[i].known, 0);
		sweep.extras[i].run_ns = (uint64_t)sweep.rows[i].tid * 3;
		sweep.rows[i].state = sweep.rows[i].tid % 2 ? KT_ROW_OK : KT_ROW_PENDING;
	}
	kt_sweep_sort(&sweep);
	kt_sweep_trim(&sweep, sweep.count);
	ck_assert_uint_eq(sweep.count, 500);
	for (size_t i = 0; i < sweep.count; i++) {
		ck_assert_int_eq(sweep.rows[i].tid, (pid_t)i * 2 + 1);
		ck_assert_uint_eq(sweep.extras[i].run_ns, (uint64_t)sweep.rows[i].tid * 3);
	}
	kt_sweep_deinit(&sweep);
}
END_TEST

START_TEST(a_reset_sweep_is_new_and_keeps_its_room)
{
	struct kt_sweep sweep = { 0 };

	ck_assert(kt_sweep_want_extras(&sweep));
	for (pid_t tid = 1; tid < 100; tid++)
		ck_assert(kt_sweep_add(&sweep, tid));
	sweep.extras[0].known = KT_EXTRA_CPU;
	sweep.read_calls = 7;
	sweep.is_target_gone = true;
	const struct kt_row *rows = sweep.rows;
	size_t cap = sweep.cap;
	kt_sweep_reset(&sweep);
	ck_assert_uint_eq(sweep.count, 0);
	ck_assert_uint_eq(sweep.read_calls, 0);
	ck_assert(!sweep.is_target_gone);
	for (pid_t tid = 1; tid < 100; tid++)
		ck_assert(kt_sweep_add(&sweep, tid));
	ck_assert_ptr_eq(sweep.rows, rows);
	ck_assert_uint_eq(sweep.cap, cap);
	ck_assert_uint_eq(sweep.extras[0].known, 0);
	kt_sweep_deinit(&sweep);
}
END_TEST

/* Records of three pieces from our own memory, of which some have a hole. */
START_TEST(batches_go_on_behind_holes)
{
	enum {
		PAGE = 4096,
		RECORDS = 20,
		RECORD_BYTES = 8 + 16 + 4
	};
	static struct kt_batch batch;
	static char bytes[RECORDS * RECORD_BYTES];
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(munmap(pages + PAGE, PAGE), 0);
	for (size_t i = 0; i < PAGE; i++)
		pages[i] = (char)(i % 251);
	kt_batch_init(&batch, getpid(), bytes, sizeof(bytes));
	for (size_t i = 0; i < RECORDS; i++) {
		ck_assert(kt_batch_has_room(&batch, 3, RECORD_BYTES));
		/* 0, 7, 14: the first piece is not mapped; 3, 10, 17: the second is cut. */
		const char *first = i % 7 ? pages + i * 64 : pages + PAGE;
		const char *second = i % 7 == 3 ? pages + PAGE - 5 : pages + i * 64 + 8;
		kt_batch_begin_record(&batch);
		kt_batch_add(&batch, (uint64_t)(uintptr_t)first, 8);
		kt_batch_add(&batch, (uint64_t)(uintptr_t)second, 16);
		kt_batch_add(&batch, (uint64_t)(uintptr_t)(pages + i * 64 + 24), 4);
	}
	ck_assert(!kt_batch_has_room(&batch, 1, 1));
	(void)kt_batch_read(&batch);
	for (size_t i = 0; i < RECORDS; i++) {
		const struct kt_batch_record *record = &batch.records[i];
		ck_assert_int_eq(kt_batch_is_whole(&batch, i), i % 7 != 0 && i % 7 != 3);
		if (kt_batch_is_whole(&batch, i)) {
			ck_assert_mem_eq(kt_batch_bytes(&batch, i), pages + i * 64, RECORD_BYTES);
			continue;
		}
		ck_assert_int_eq(record->os_errno, EFAULT);
		ck_assert_uint_le(record->got, i % 7 ? 8 + 5 : 0);
	}
	ck_assert_int_eq(munmap(pages, PAGE), 0);
}
END_TEST

START_TEST(batches_of_a_process_that_is_gone)
{
	static struct kt_batch batch;
	char bytes[64];
	pid_t child = fork();

	if (!child)
		_exit(0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	kt_batch_init(&batch, child, bytes, sizeof(bytes));
	for (size_t i = 0; i < 8; i++) {
		kt_batch_begin_record(&batch);
		kt_batch_add(&batch, (uint64_t)(uintptr_t)bytes, 8);
	}
	ck_assert_uint_eq(kt_batch_read(&batch), 1);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_uint_eq(batch.records[i].got, 0);
		ck_assert_int_eq(batch.records[i].os_errno, ESRCH);
	}
}
END_TEST

/* The thread pointer's own first words take the place of the counters. */
static const struct kt_tls_place at_tp = { .access = KT_TLS_TP_OFFSET, .span_bytes = 24 };

/* Sweeps a forked child with the readv engine. */
static void sweep_child(struct kt_tls_place place, sig_atomic_t stop_value, struct kt_sweep *sweep)
{
	volatile sig_atomic_t stop = stop_value;
	char path[64];
	int ready[2];
	char byte;
	void *engine;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		(void)write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)snprintf(path, sizeof(path), "/proc/%d/task", child);
	kt_autoclose int task_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct kt_read_config config = {
		.pid = child,
		.task_fd = task_fd,
		.is_same_pid_ns = true,
		.place = place,
		.stop = &stop,
	};
	KT_OK(kt_readv_engine.create(&config, &engine));
	KT_OK(kt_readv_engine.sweep(engine, sweep));
	kt_readv_engine.destroy(engine);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(stop_before_the_pass)
{
	struct kt_sweep sweep = { 0 };

	sweep_child(at_tp, 1, &sweep);
	ck_assert(sweep.is_interrupted);
	ck_assert_uint_eq(sweep.count, 0);
	kt_sweep_deinit(&sweep);
}
END_TEST

/* The first word at the thread pointer is the thread pointer itself (x86_64). */
START_TEST(thread_pointer_without_stop)
{
	struct kt_sweep sweep = { 0 };
	uint64_t expected = (uint64_t)(uintptr_t)__builtin_thread_pointer();

	sweep_child(at_tp, 0, &sweep);
	ck_assert(!sweep.is_interrupted);
	ck_assert_uint_eq(sweep.count, 1);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_OK);
	ck_assert(sweep.rows[0].has_start_time);
#if defined(__x86_64__)
	ck_assert_uint_eq(sweep.rows[0].allocated_bytes, expected);
	ck_assert_uint_eq(sweep.stop_count, 0);
#else
	(void)expected;
#endif
	kt_sweep_deinit(&sweep);
}
END_TEST

START_TEST(arithmetic_failure_is_a_row)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_sweep sweep = { 0 };

	struct kt_tls_place place = { .tp_offset = INT64_MIN, .span_bytes = 24 };

	sweep_child(place, 0, &sweep);
	ck_assert_uint_eq(sweep.count, 1);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_FAILED);
	ck_assert_int_eq(sweep.rows[0].error, KT_ROW_TLS_ARITHMETIC);
	kt_row_describe(&sweep.rows[0], &text);
	ck_assert_ptr_nonnull(strstr(text.data, "below the size of the TLS image"));
	kt_sweep_deinit(&sweep);
}
END_TEST

START_TEST(unmapped_counters_are_a_row)
{
	struct kt_sweep sweep = { 0 };

	/* 4096 TiB above: no user memory is there. */
	struct kt_tls_place place = { .tp_offset = 1LL << 52, .span_bytes = 24 };

	sweep_child(place, 0, &sweep);
	ck_assert_uint_eq(sweep.count, 1);
	ck_assert_int_eq(sweep.rows[0].state, KT_ROW_FAILED);
	ck_assert_int_eq(sweep.rows[0].error, KT_ROW_PROCESS_VM_READV);
	ck_assert_int_eq(sweep.rows[0].os_errno, EFAULT);
	ck_assert_uint_gt(sweep.rows[0].address, 1ULL << 52);
	kt_sweep_deinit(&sweep);
}
END_TEST

START_TEST(dead_thread_has_no_list)
{
	uint64_t head = 7;
	pid_t child = fork();

	if (!child)
		_exit(0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(kt_robust_head(child, &head), ESRCH);
	ck_assert_uint_eq(head, 7);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("read");
	TCase *tests = tcase_create("read");

	tcase_add_test(tests, stat_lines);
	tcase_add_test(tests, stat_lines_without_start_time);
	tcase_add_test(tests, tokens_and_texts);
	tcase_add_test(tests, rows_are_sorted_and_trimmed);
	tcase_add_test(tests, extras_go_with_their_rows);
	tcase_add_test(tests, a_reset_sweep_is_new_and_keeps_its_room);
	tcase_add_test(tests, batches_go_on_behind_holes);
	tcase_add_test(tests, batches_of_a_process_that_is_gone);
	tcase_add_test(tests, stop_before_the_pass);
	tcase_add_test(tests, thread_pointer_without_stop);
	tcase_add_test(tests, arithmetic_failure_is_a_row);
	tcase_add_test(tests, unmapped_counters_are_a_row);
	tcase_add_test(tests, dead_thread_has_no_list);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
