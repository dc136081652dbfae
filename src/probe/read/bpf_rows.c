/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/bpf_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "probe/read/bpf_owners.h"
#include "probe/read/remote.h"
#include "probe/read/tcache.h"
#include "probe/read/threads.h"

enum {
	OFFSETS_MAX_BYTES = 4096,
	DEFAULT_TICKS_PER_SEC = 100,
	/* include/linux/sched.h */
	TASK_REPORT = 0x7f,
	TASK_REPORT_IDLE = 0x80,
	TASK_IDLE = 0x402,
	TASK_RTLOCK_WAIT = 0x1000,
	TASK_FROZEN = 0x8000,
	TASK_UNINTERRUPTIBLE = 2,
};

/* The offset of the clock that counts from the boot (time_namespaces(7)); 0 without namespaces. */
static int64_t read_boot_offset_ns(void)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err =
		kt_file_read("/proc/self/timens_offsets", OFFSETS_MAX_BYTES, &text);
	int64_t sec;
	int64_t nsec;
	int64_t offset_ns;

	const char *line = err ? NULL : strstr(kt_buf_text(&text), "boottime");
	if (!line || sscanf(line, "boottime %" SCNd64 " %" SCNd64, &sec, &nsec) != 2 ||
	    __builtin_mul_overflow(sec, (int64_t)KT_NS_PER_SEC, &offset_ns) ||
	    __builtin_add_overflow(offset_ns, nsec, &offset_ns))
		return 0;
	return offset_ns;
}

struct kt_bpf_clock kt_bpf_clock_read(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return (struct kt_bpf_clock){
		.boot_offset_ns = read_boot_offset_ns(),
		.tick_ns = KT_NS_PER_SEC / (uint64_t)(ticks > 0 ? ticks : DEFAULT_TICKS_PER_SEC),
	};
}

uint64_t kt_bpf_start_ticks(const struct kt_bpf_clock *clock, const struct kt_bpf_record *record)
{
	return (record->start_ns + (uint64_t)clock->boot_offset_ns) / clock->tick_ns;
}

static void fail_arithmetic(struct kt_row *row, enum kt_tls_lookup lookup)
{
	kt_row_fail(row, KT_ROW_TLS_ARITHMETIC, KT_CAUSE_ARITHMETIC, 0);
	row->arithmetic_text = kt_tls_lookup_text(lookup);
}

static void fail_copy(const struct kt_read_config *config, const struct kt_bpf_record *record,
		      struct kt_row *row)
{
	const struct kt_tls_place *place = &config->place;
	uint64_t address = record->address;

	if (place->access == KT_TLS_TP_OFFSET) {
		enum kt_tls_lookup lookup = kt_tls_place_address(place, NULL, record->tp, &address);
		if (lookup != KT_TLS_FOUND) {
			fail_arithmetic(row, lookup);
			return;
		}
	}
	kt_row_fail_errno(row, KT_ROW_BPF_COPY, EFAULT, address);
}

void kt_bpf_row_fill(const struct kt_read_config *config, const struct kt_bpf_record *record,
		     struct kt_row *row)
{
	if (kt_bpf_record_is_ending(record)) {
		kt_row_fail(row, KT_ROW_BPF_COPY, KT_CAUSE_ENDED, 0);
		return;
	}
	switch ((enum kt_bpf_status)record->status) {
	case KT_BPF_COPIED:
		kt_remote_take(row, record->counters, config->place.span_bytes);
		return;
	case KT_BPF_NO_BLOCK:
		row->state = KT_ROW_SKIPPED;
		row->cause = KT_CAUSE_NO_BLOCK;
		return;
	case KT_BPF_VECTOR_UNREADABLE:
		fail_arithmetic(row, KT_TLS_UNREADABLE);
		return;
	case KT_BPF_ADDRESS_OVERFLOW:
		fail_arithmetic(row, KT_TLS_OVERFLOW);
		return;
	case KT_BPF_EMPTY:
	case KT_BPF_COPY_FAILED:
		break;
	}
	fail_copy(config, record, row);
}

char kt_bpf_state_letter(uint32_t state, uint32_t exit_state)
{
	/* task_state_index() and task_index_to_char() of include/linux/sched.h */
	static const char letters[] = "RSDTtXZPI";
	uint32_t reported = (state | exit_state) & TASK_REPORT;

	if ((state & TASK_IDLE) == TASK_IDLE)
		reported = TASK_REPORT_IDLE;
	if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		reported = TASK_UNINTERRUPTIBLE;
	return letters[reported ? 32 - __builtin_clz(reported) : 0];
}

void kt_bpf_divide_time(struct kt_bpf_record *record, uint64_t *ret_utime_ns,
			uint64_t *ret_stime_ns)
{
	uint64_t run_ns = record->run_ns;
	uint64_t prev_utime_ns = record->shown_utime_ns;
	uint64_t prev_stime_ns = record->shown_stime_ns;
	uint64_t stime_ns = record->stime_ns;

	/* What others were shown by the kernel, if that was later. */
	if (record->prev_utime_ns + record->prev_stime_ns > prev_utime_ns + prev_stime_ns) {
		prev_utime_ns = record->prev_utime_ns;
		prev_stime_ns = record->prev_stime_ns;
	}
	*ret_utime_ns = prev_utime_ns;
	*ret_stime_ns = prev_stime_ns;
	if (prev_utime_ns + prev_stime_ns >= run_ns)
		return;
	if (stime_ns && !record->utime_ns)
		stime_ns = run_ns;
	else if (stime_ns)
		stime_ns = (uint64_t)((unsigned __int128)stime_ns * run_ns /
				      ((unsigned __int128)stime_ns + record->utime_ns));
	if (stime_ns < prev_stime_ns)
		stime_ns = prev_stime_ns;
	if (run_ns - stime_ns < prev_utime_ns)
		stime_ns = run_ns - prev_utime_ns;
	*ret_utime_ns = run_ns - stime_ns;
	*ret_stime_ns = stime_ns;
	record->shown_utime_ns = *ret_utime_ns;
	record->shown_stime_ns = *ret_stime_ns;
}

static void fill_sched(const struct kt_bpf_task *task, const struct kt_bpf_record *record,
		       struct kt_extras *ret)
{
	if (!kt_bpf_task_has(task, KT_TASK_RUN) || !kt_bpf_task_has(task, KT_TASK_RUN_DELAY))
		return;
	ret->known |= KT_EXTRA_SCHED;
	ret->run_ns = record->run_ns;
	ret->run_delay_ns = record->run_delay_ns;
	ret->voluntary_switches = record->voluntary;
	ret->involuntary_switches = record->involuntary;
}

static void fill_cpu(const struct kt_bpf_task *task, const struct kt_bpf_clock *clock,
		     struct kt_bpf_record *record, struct kt_extras *ret)
{
	static const enum kt_task_member needed[] = {
		KT_TASK_CPU,   KT_TASK_EXIT_STATE, KT_TASK_RUN,	       KT_TASK_UTIME,
		KT_TASK_STIME, KT_TASK_PREV_UTIME, KT_TASK_PREV_STIME,
	};
	uint64_t utime_ns;
	uint64_t stime_ns;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!kt_bpf_task_has(task, needed[i]))
			return;
	/* On a processor without ticks (nohz_full) the kernel keeps a part of the times elsewhere. */
	if (kt_bpf_task_has(task, KT_TASK_VTIME_STATE) && record->vtime_state)
		return;
	kt_bpf_divide_time(record, &utime_ns, &stime_ns);
	ret->known |= KT_EXTRA_CPU;
	ret->state = kt_bpf_state_letter(record->state, record->exit_state);
	ret->cpu = (int32_t)record->cpu;
	/* Finer than a tick they would be guesses: /proc rounds down too. */
	ret->utime_ns = utime_ns / clock->tick_ns * clock->tick_ns;
	ret->stime_ns = stime_ns / clock->tick_ns * clock->tick_ns;
}

static void fill_cache(const struct kt_read_config *config, const struct kt_bpf_record *record,
		       struct kt_extras *ret)
{
	const char *bins = (const char *)record + kt_bpf_cache_offset(&config->place);

	if (record->has_cache && kt_tcache_count(config->internals, bins, &ret->tcache_bytes))
		ret->known |= KT_EXTRA_TCACHE;
}

void kt_bpf_extras_fill(const struct kt_read_config *config, const struct kt_bpf_task *task,
			const struct kt_bpf_clock *clock, struct kt_bpf_record *record,
			const struct kt_row *row, struct kt_extras *ret)
{
	*ret = (struct kt_extras){ 0 };
	if (kt_bpf_record_is_ending(record))
		return;
	if (config->extras & KT_EXTRA_SCHED)
		fill_sched(task, record, ret);
	if (config->extras & KT_EXTRA_CPU)
		fill_cpu(task, clock, record, ret);
	if (row->state == KT_ROW_OK && config->extras & KT_EXTRA_TCACHE)
		fill_cache(config, record, ret);
}
