/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/engine/told.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit.h"

#define DEADLINE_MS 60000

static struct kt_error *sink(void *ctx, const struct kt_run *run, const struct kt_event *event)
{
	struct told *told = ctx;

	(void)run;
	kt_event_encode(event, &told->lines);
	told->type_counts[event->type]++;
	kt_buf_printf(&told->types, "%s ", kt_event_type_name(event->type));
	if (told->on_event)
		told->on_event(told->ctx, event);
	return NULL;
}

static void on_deadline(uv_timer_t *timer)
{
	const struct told *told = timer->data;

	ck_abort_msg("no end in time; so far: %s", kt_buf_text(&told->types));
}

void told_init(struct told *told, const char *scenario_text)
{
	*told = (struct told){ .scenarios = KT_SCENARIO_SET_INIT };
	if (scenario_text) {
		told->scenarios.scenarios = calloc(1, sizeof(*told->scenarios.scenarios));
		told->scenarios.count = 1;
		KT_OK(kt_scenario_parse(scenario_text, strlen(scenario_text), "f",
					told->scenarios.scenarios));
	}
	kt_session_init(&told->session, &told->scenarios, sink, told);
	ck_assert_int_eq(uv_loop_init(&told->loop), 0);
	(void)uv_timer_init(&told->loop, &told->deadline);
	told->deadline.data = told;
	(void)uv_timer_start(&told->deadline, on_deadline, DEADLINE_MS, 0);
	uv_unref((uv_handle_t *)&told->deadline);
}

void told_begin(struct told *told, const char *scenario)
{
	struct kt_check_title titles[8];
	size_t count = told->scenarios.count ? told->scenarios.scenarios[0]->check_count : 0;
	struct kt_event events[] = {
		{ .type = KT_EVENT_RUN_START,
		  .run_start = { .tool_version = "1",
				 .jobs = 1,
				 .scenarios = &scenario,
				 .scenario_count = scenario != NULL } },
		{ .type = KT_EVENT_SCENARIO_START,
		  .scenario = scenario,
		  .scenario_start = { .file = "f",
				      .topology = "1n1l1c1t",
				      .checks = titles,
				      .check_count = count } },
	};

	ck_assert_uint_le(count, 8);
	if (count)
		kt_checks_titles(told->scenarios.scenarios[0], titles);
	kt_session_emit(&told->session, &events[0]);
	if (scenario)
		kt_session_emit(&told->session, &events[1]);
	ck_assert_ptr_null(told->session.error);
}

void told_run(struct told *told)
{
	ck_assert_int_eq(uv_run(&told->loop, UV_RUN_DEFAULT), 0);
}

void told_deinit(struct told *told)
{
	uv_close((uv_handle_t *)&told->deadline, NULL);
	(void)uv_run(&told->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&told->loop), 0);
	kt_session_deinit(&told->session);
	kt_scenario_set_deinit(&told->scenarios);
	kt_buf_deinit(&told->lines);
	kt_buf_deinit(&told->types);
}

static void dump_run(const struct kt_run_scenario *scenario, const struct kt_run_probe *probe,
		     size_t index, struct kt_buf *out)
{
	const struct kt_run_probe_run *run = &probe->runs[index];
	struct kt_event event = { .type = KT_EVENT_SNAPSHOT, .scenario = scenario->name };

	kt_buf_printf(out, "%s %zu of %u: %zu\n", probe->name, index, run->target_pid,
		      run->snapshot_count);
	for (size_t i = run->kept_from; i < run->snapshot_count; i++) {
		const struct kt_run_snapshot *kept = &run->snapshots[i - run->kept_from];
		event.host_mono_ns = kept->host_mono_ns;
		event.snapshot = (struct kt_event_snapshot){
			.probe = probe->name,
			.run = (uint32_t)index,
			.index = (uint32_t)i,
			.target_pid = run->target_pid,
			.snapshot = kept->snapshot,
		};
		kt_event_encode(&event, out);
	}
	if (!run->ended)
		return;
	event = (struct kt_event){ .type = KT_EVENT_PROBE_END, .probe_end = run->end };
	kt_event_encode(&event, out);
}

static void dump_scenario(const struct kt_run_scenario *scenario, struct kt_buf *out)
{
	struct kt_event event = { .scenario = scenario->name };

	for (size_t i = 0; i < scenario->probe_count; i++)
		for (size_t j = 0; j < scenario->probes[i].run_count; j++)
			dump_run(scenario, &scenario->probes[i], j, out);
	for (size_t i = 0; i < scenario->check_count; i++) {
		event.type = KT_EVENT_CHECK;
		event.check = scenario->checks[i].check;
		kt_event_encode(&event, out);
	}
	for (size_t i = 0; i < scenario->state_count; i++) {
		event.type = KT_EVENT_GUEST_STATE;
		event.host_mono_ns = scenario->states[i].host_mono_ns;
		event.guest_state = scenario->states[i].state;
		kt_event_encode(&event, out);
	}
}

void told_dump(const struct kt_run *run, struct kt_buf *out)
{
	kt_buf_printf(out, "%llu events until %llu, %zu notes\n",
		      (unsigned long long)run->event_count, (unsigned long long)run->last_mono_ns,
		      run->note_count);
	for (size_t i = 0; i < run->scenario_count; i++)
		dump_scenario(run->scenarios[i], out);
}

void told_write_file(const char *text, size_t len, char path[64])
{
	(void)snprintf(path, 64, "/tmp/ktstr-engine-test-XXXXXX");
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	KT_OK(kt_file_write_fd(fd, path, text, len));
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	ck_assert_int_eq(close(fd), 0);
}
