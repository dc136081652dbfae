/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/system/hostile.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "report/exit_code.h"
#include "tests/unit.h"
#include "vmm/accel/tsc.h"
#include "vmm/image/image.h"
#include "vmm/kernel/kernel.h"
#include "vmm/qemu/qemu_info.h"

enum {
	TICK_MS = 10,
	STATUS_MAX_BYTES = 16384,
	LARGE_WORKERS = 15,
	LARGE_ARGUMENTS = 60,
	LARGE_WORD_BYTES = 1000,
};

/* A run that goes. */
struct course {
	struct hostile_run *run;
	struct kt_session session;
	uv_loop_t loop;
	uv_timer_t tick;
	uv_check_t turn;
	uint64_t ticked_ns;
	uint64_t turn_began_cpu_ns;
	size_t event_count; /* in this turn */
	size_t alive_count; /* guests now */
	struct kt_buf line;
};

void hostile_init(struct hostile_run *run)
{
	(void)signal(SIGPIPE, SIG_IGN); /* as ktstr-top does */
	*run = (struct hostile_run){ .scenarios = KT_SCENARIO_SET_INIT };
	run->scenarios.scenarios = calloc(HOSTILE_MAX_GUESTS, sizeof(*run->scenarios.scenarios));
	ck_assert_ptr_nonnull(run->scenarios.scenarios);
	run->scenarios.cap = HOSTILE_MAX_GUESTS;
}

static void add(struct hostile_run *run, const char *scenario, struct kt_image *image)
{
	size_t at = run->scenarios.count;
	struct kt_runner_image *made = &run->images[at];

	ck_assert_uint_lt(at, HOSTILE_MAX_GUESTS);
	KT_OK(kt_scenario_parse(scenario, strlen(scenario), "f", &run->scenarios.scenarios[at]));
	run->scenarios.count++;
	made->fd = -1;
	KT_OK(kt_image_finish(image, &made->fd, &made->bytes));
}

/* A scenario called @name, up to its workers. */
static void put_head(const char *name, unsigned timeout_s, struct kt_buf *out)
{
	kt_buf_printf(out,
		      "{ \"schema\": 1, \"name\": \"%s\", \"guest\": { \"timeout_s\": %u },\n"
		      "\"probes\": [ { \"name\": \"p\", \"target\": \"w\", \"snapshots\": 2,\n"
		      "\"interval_ms\": 5, \"timeout_ms\": 600000 } ],\n"
		      "\"checks\": [ { \"exit_code\": { \"probe\": \"p\", \"equals\": 0 } } ],\n"
		      "\"workers\": [ { \"name\": \"w\", \"ready\": \"marker\",\n"
		      "\"command\": [ \"ktstr-jemalloc-alloc-worker\", \"1048576\" ] }",
		      name, timeout_s);
}

static void add_hostile(struct hostile_run *run, const char *word, const struct kt_buf *scenario)
{
	kt_autoimage struct kt_image *image = NULL;

	KT_OK(kt_image_create(&image));
	KT_OK(kt_image_add_program(image, HOSTILE_INIT, "/init", 0755));
	KT_OK(kt_image_add_bytes(image, "/hostile", word, strlen(word), 0644));
	add(run, kt_buf_text(scenario), image);
}

void hostile_add(struct hostile_run *run, const char *word, unsigned timeout_s)
{
	kt_autobuf struct kt_buf scenario = KT_BUF_INIT;

	put_head(word, timeout_s, &scenario);
	kt_buf_puts(&scenario, " ] }");
	add_hostile(run, word, &scenario);
}

void hostile_add_large(struct hostile_run *run, const char *word, unsigned timeout_s)
{
	kt_autobuf struct kt_buf scenario = KT_BUF_INIT;

	put_head(word, timeout_s, &scenario);
	for (int i = 0; i < LARGE_WORKERS; i++) {
		kt_buf_printf(&scenario, ", { \"name\": \"w%d\", \"command\": [ \"x\"", i);
		for (int j = 0; j < LARGE_ARGUMENTS; j++)
			kt_buf_printf(&scenario, ", \"%0*d\"", LARGE_WORD_BYTES, j);
		kt_buf_puts(&scenario, " ] }");
	}
	kt_buf_puts(&scenario, " ] }");
	add_hostile(run, word, &scenario);
}

void hostile_add_sound(struct hostile_run *run)
{
	kt_autobuf struct kt_buf scenario = KT_BUF_INIT;
	kt_autoimage struct kt_image *image = NULL;
	char name[32];

	(void)snprintf(name, sizeof(name), "sound-%zu", run->scenarios.count);
	put_head(name, 240, &scenario);
	kt_buf_puts(&scenario, " ] }");
	KT_OK(kt_image_create(&image));
	KT_OK(kt_image_add_program(image, SOUND_INIT, "/init", 0755));
	KT_OK(kt_image_add_program(image, SOUND_PROBE, "/bin/ktstr-jemalloc-probe", 0755));
	KT_OK(kt_image_add_program(image, SOUND_WORKER, "/bin/ktstr-jemalloc-alloc-worker", 0755));
	add(run, kt_buf_text(&scenario), image);
}

/* ---- what happens ---- */

static struct hostile_end *end_of(struct hostile_run *run, const char *name)
{
	for (size_t i = 0; name && i < run->scenarios.count; i++)
		if (!strcmp(run->scenarios.scenarios[i]->name, name))
			return &run->ends[i];
	return NULL;
}

/* What goes to files and terminals is clean, whatever guests say. */
static void expect_clean(const struct kt_buf *line)
{
	ck_assert(kt_text_is_utf8(kt_buf_text(line), line->len));
	ck_assert_uint_gt(line->len, 0);
	for (size_t i = 0; i + 1 < line->len; i++)
		ck_assert_msg((unsigned char)line->data[i] >= ' ' && line->data[i] != '\x7f',
			      "byte %d in: %s", line->data[i], line->data);
}

static void count_alive(struct course *course, enum kt_guest_state state)
{
	course->alive_count += state == KT_GUEST_STARTING;
	course->alive_count -= state == KT_GUEST_STOPPED;
	if (course->alive_count > course->run->most_alive)
		course->run->most_alive = course->alive_count;
}

static struct kt_error *sink(void *ctx, const struct kt_run *model, const struct kt_event *event)
{
	struct course *course = ctx;
	struct hostile_end *end = end_of(course->run, event->scenario);

	(void)model;
	course->event_count++;
	if (event->type == KT_EVENT_GUEST_STATE)
		count_alive(course, event->guest_state.state);
	kt_buf_reset(&course->line);
	kt_event_encode(event, &course->line);
	expect_clean(&course->line);
	if (event->type == KT_EVENT_NOTE)
		kt_buf_printf(&course->run->notes, "%s: %s\n",
			      event->scenario ? event->scenario : "", event->note.text);
	if (course->run->watched && event->type == KT_EVENT_GUEST_STATE &&
	    event->guest_state.state == KT_GUEST_KERNEL)
		KT_OK(kt_file_read(course->run->watched, STATUS_MAX_BYTES,
				   &course->run->watched_text));
	if (!end)
		return NULL;
	end->event_bytes += course->line.len;
	end->console_count += event->type == KT_EVENT_CONSOLE;
	end->snapshot_count += event->type == KT_EVENT_SNAPSHOT;
	if (event->type == KT_EVENT_SCENARIO_END) {
		end->result = event->scenario_end.verdict;
		(void)snprintf(end->reason, sizeof(end->reason), "%s",
			       event->scenario_end.reason ? event->scenario_end.reason : "");
	}
	return NULL;
}

static void on_tick(uv_timer_t *tick)
{
	struct course *course = tick->data;
	uint64_t now_ns = kt_clock_mono_ns();
	uint64_t gap_ns = now_ns - course->ticked_ns;

	if (gap_ns > course->run->gap_ns)
		course->run->gap_ns = gap_ns;
	course->ticked_ns = now_ns;
}

/* What this thread has computed so far: other processes do not count. */
static uint64_t cpu_ns(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
	return (uint64_t)now.tv_sec * KT_NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static void on_turn(uv_check_t *turn)
{
	struct course *course = turn->data;
	uint64_t now_ns = cpu_ns();
	uint64_t spent_ns = now_ns - course->turn_began_cpu_ns;

	if (spent_ns > course->run->turn_cpu_ns)
		course->run->turn_cpu_ns = spent_ns;
	course->turn_began_cpu_ns = now_ns;
	if (course->event_count > course->run->turn_events)
		course->run->turn_events = course->event_count;
	course->event_count = 0;
}

static void on_done(void *ctx)
{
	struct course *course = ctx;

	uv_close((uv_handle_t *)&course->tick, NULL);
	uv_close((uv_handle_t *)&course->turn, NULL);
}

static uint64_t peak_bytes(void)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	uint64_t kib = 0;

	KT_OK(kt_file_read("/proc/self/status", STATUS_MAX_BYTES, &text));
	const char *line = strstr(kt_buf_text(&text), "VmHWM:");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line, "VmHWM: %" SCNu64, &kib), 1);
	return kib << 10;
}

static void begin(struct course *course)
{
	ck_assert_int_eq(uv_loop_init(&course->loop), 0);
	(void)uv_timer_init(&course->loop, &course->tick);
	(void)uv_check_init(&course->loop, &course->turn);
	course->tick.data = course;
	course->turn.data = course;
	course->ticked_ns = kt_clock_mono_ns();
	course->turn_began_cpu_ns = cpu_ns();
	(void)uv_timer_start(&course->tick, on_tick, TICK_MS, TICK_MS);
	(void)uv_check_start(&course->turn, on_turn);
	kt_session_init(&course->session, &course->run->scenarios, sink, course);
}

static void finish(struct course *course)
{
	struct hostile_run *run = course->run;

	KT_OK(KT_TAKE(course->session.error));
	run->exit_code = kt_exit_code_of_run(&course->session.run);
	run->peak_bytes = peak_bytes();
	ck_assert_int_eq(uv_loop_close(&course->loop), 0);
	kt_session_deinit(&course->session);
	kt_buf_deinit(&course->line);
}

void hostile_go(struct hostile_run *run)
{
	__attribute__((cleanup(kt_qemu_info_deinit))) struct kt_qemu_info qemu = { 0 };
	__attribute__((cleanup(kt_kernel_deinit))) struct kt_kernel kernel = { .elf_fd = -1 };
	struct course course = { .run = run };
	struct kt_engine *engine;
	struct kt_engine_options options = { .jobs = HOSTILE_MAX_GUESTS, .memory_mib = UINT64_MAX };

	KT_OK(kt_qemu_info_find(&qemu));
	KT_OK(kt_kernel_find(NULL, &kernel));
	for (size_t i = 0; i < run->scenarios.count; i++)
		run->images[i].kernel_fd = kernel.elf_fd;
	begin(&course);
	struct kt_runner_shared shared = {
		.loop = &course.loop,
		.session = &course.session,
		.programs = { .setpriv = qemu.setpriv_path, .qemu = qemu.path },
		.tcg_multi_thread = qemu.tcg_multi_thread,
		.tsc_khz = kt_tsc_measure("/proc/cpuinfo").khz,
		.is_live = run->is_live,
		.groups = run->groups,
	};
	KT_OK(kt_engine_create(&shared, run->images, &options, on_done, &course, &engine));
	course.turn_began_cpu_ns = cpu_ns(); /* what was prepared is no turn */
	kt_engine_start(engine);
	ck_assert_int_eq(uv_run(&course.loop, UV_RUN_DEFAULT), 0);
	kt_engine_destroy(engine);
	finish(&course);
}

void hostile_deinit(struct hostile_run *run)
{
	for (size_t i = 0; i < run->scenarios.count; i++)
		(void)close(run->images[i].fd);
	kt_scenario_set_deinit(&run->scenarios);
	kt_buf_deinit(&run->notes);
	kt_buf_deinit(&run->watched_text);
}
