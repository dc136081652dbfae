/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/model_target.h"

#include <string.h>

#include "base/cleanup.h"
#include "run/moment.h"
#include "run/run.h"

enum {
	TIMES = 5, /* each snapshot is taken in so often, so that there is something to thin */
	SERIES_BYTES = 8192,
};

static void encode_snapshot(const struct kt_snapshot *snapshot, struct kt_buf *out)
{
	const struct kt_event event = {
		.type = KT_EVENT_SNAPSHOT,
		.scenario = "s",
		.snapshot = { .probe = "p", .snapshot = *snapshot },
	};

	kt_event_encode(&event, out);
}

/* The same line with a blank before it is JSON all the same, but none that is read in one pass. */
static void decode_both_ways(const char *line, size_t len, const struct kt_event *event)
{
	kt_autobuf struct kt_buf other_line = KT_BUF_INIT;
	kt_autobuf struct kt_buf first = KT_BUF_INIT;
	kt_autobuf struct kt_buf second = KT_BUF_INIT;
	kt_autoevent struct kt_event other = { 0 };

	kt_buf_putc(&other_line, ' ');
	kt_buf_append(&other_line, line, len);
	struct kt_error *err = kt_event_decode(other_line.data, other_line.len, &other);
	if (err || other.type != event->type)
		__builtin_trap();
	kt_event_encode(event, &first);
	kt_event_encode(&other, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		__builtin_trap();
}

/* Takes the snapshot in again and again, each time as the next one. */
static void apply_snapshots(struct kt_run *run, struct kt_event *event)
{
	for (unsigned i = 0; i < TIMES; i++) {
		struct kt_error *err = kt_run_apply(run, event);
		if (err) {
			kt_error_destroy(err);
			return;
		}
		event->snapshot.index++;
		event->snapshot.snapshot.elapsed_since_start_ns += 1000;
	}
}

static void take_line(struct kt_run *run, const char *line, size_t len)
{
	kt_autoevent struct kt_event event = { 0 };
	struct kt_error *err = kt_event_decode(line, len, &event);

	if (err) {
		kt_error_destroy(err);
		return;
	}
	decode_both_ways(line, len, &event);
	if (event.type == KT_EVENT_SNAPSHOT)
		apply_snapshots(run, &event);
	else
		kt_error_destroy(kt_run_apply(run, &event));
}

/* Everything kept can be read, and the last frame is the snapshot that was kept beside it. */
static void read_back(const struct kt_run_probe_run *run)
{
	kt_autoframe struct kt_series_frame frame = { 0 };
	kt_autobuf struct kt_buf kept = KT_BUF_INIT;
	kt_autobuf struct kt_buf read = KT_BUF_INIT;
	size_t count = run->series ? kt_series_stats(run->series).frame_count : 0;

	if (run->snapshot_count - run->kept_from > 1 || !count != !run->snapshot_count)
		__builtin_trap();
	for (size_t place = 0; place < count; place++) {
		struct kt_error *err = kt_series_read(run->series, place, &frame);
		if (err)
			__builtin_trap();
	}
	if (!count)
		return;
	encode_snapshot(&run->snapshots[0].snapshot, &kept);
	encode_snapshot(&frame.snapshot, &read);
	if (frame.index != run->kept_from || kept.len != read.len ||
	    memcmp(kept.data, read.data, kept.len) != 0)
		__builtin_trap();
}

static void look(const struct kt_run_scenario *scenario, uint64_t mono_ns)
{
	bool is_whole;
	size_t len;
	const char *text = kt_moment_console(scenario, mono_ns, &len, &is_whole);

	if (len && text[len - 1] != '\n')
		__builtin_trap();
	(void)kt_moment_guest(scenario, mono_ns);
	for (size_t i = 0; i < scenario->worker_count; i++)
		(void)kt_moment_worker(&scenario->workers[i], mono_ns);
	for (size_t i = 0; i < scenario->check_count; i++) {
		if (!kt_moment_check(&scenario->checks[i], mono_ns)->check)
			__builtin_trap();
	}
	for (size_t i = 0; i < scenario->probe_count; i++) {
		const struct kt_run_probe *probe = &scenario->probes[i];

		(void)kt_moment_probe_run(probe, mono_ns);
		for (size_t r = 0; r < probe->run_count; r++)
			read_back(&probe->runs[r]);
	}
}

void fuzz_read_model(const char *bytes, size_t len)
{
	kt_autorun struct kt_run run = KT_RUN_INIT;

	kt_run_configure(&run, &(struct kt_run_limits){
				       .latest_only = true,
				       .series_bytes = SERIES_BYTES,
			       });
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t line_len = end ? (size_t)(end - bytes) : len;

		take_line(&run, bytes, line_len);
		line_len += end != NULL;
		bytes += line_len;
		len -= line_len;
	}
	for (size_t i = 0; i < run.scenario_count; i++)
		look(run.scenarios[i], run.last_mono_ns / 2);
}
