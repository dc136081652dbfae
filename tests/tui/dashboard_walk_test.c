/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys, sizes, clicks, time and events in any order: nothing of it ends the program, and no frame has a
 * control character.  KT_WALK_STEPS=100000 walks on.
 */
#include <stdlib.h>

#include "tests/random.h"
#include "tests/tui/frame.h"
#include "tui/terminal/screen.h"

enum {
	DEFAULT_STEPS = 20000,
	MAX_SNAPSHOTS = 400, /* then the run begins anew */
};

struct walk {
	struct model model;
	struct frame frame;
	struct kt_dashboard_input input;
	uint64_t random;
	uint32_t next_tid;
	uint32_t run;
};

static uint64_t pick(struct walk *walk, uint64_t count)
{
	return kt_random_next(&walk->random) % count;
}

static void begin(struct walk *walk)
{
	static const struct kt_dashboard_options options[] = {
		{ 0 },
		{ .is_ascii = true, .graph = "ascii", .theme = "mono", .units = "bytes" },
		{ .graph = "braille", .sort = "name", .view = "checks" },
		{ .speed = 16, .columns = "state,name,graph" },
	};
	size_t at = pick(walk, sizeof(options) / sizeof(options[0]));

	model_init(&walk->model, pick(walk, 2) ? 32 << 10 : MODEL_SERIES_BYTES);
	frame_init(&walk->frame, &options[at], 80, 24);
	walk->run = 0;
	if (pick(walk, 4) == 0)
		return;
	model_scenario(&walk->model, "s");
	model_probe(&walk->model, "s", 0);
}

static void end(struct walk *walk)
{
	frame_deinit(&walk->frame);
	model_deinit(&walk->model);
}

static void change_threads(struct walk *walk)
{
	static const char *const names[] = { "worker", "\xff\x1b[31m", "",
					     "\xf0\x9f\x98\x80\xe2\x82",
					     "a name that is much longer than those of threads" };
	struct model *model = &walk->model;
	size_t count = model->thread_count;

	if (count < MODEL_MAX_THREADS && pick(walk, 3) == 0) {
		model_add(model, 1 + walk->next_tid++ % 40, names[pick(walk, 5)],
			  kt_random_next(&walk->random), pick(walk, 100));
		struct kt_thread *thread = &model->threads[count];
		thread->start_time_jiffies.known = pick(walk, 8) != 0;
		thread->start_time_jiffies.value = 5000 + walk->next_tid;
		if (pick(walk, 5) == 0) {
			thread->allocated_bytes.known = thread->deallocated_bytes.known = false;
			thread->error = thread->error_kind = "unreadable";
		}
	} else if (count && pick(walk, 4) == 0) {
		model_remove(model, model->threads[pick(walk, count)].tid);
	} else if (count) {
		model->threads[pick(walk, count)].allocated_bytes.value += pick(walk, 1 << 20);
	}
}

/* Two threads with one tid and no start time are one: a probe tells no such thing. */
static bool has_twins(const struct model *model)
{
	for (size_t i = 0; i < model->thread_count; i++)
		for (size_t j = 0; j < i; j++)
			if (model->threads[i].tid == model->threads[j].tid)
				return true;
	return false;
}

static void happen(struct walk *walk)
{
	struct model *model = &walk->model;

	if (!model->run.scenario_count) {
		model_scenario(model, "s");
		model_probe(model, "s", 0);
		return;
	}
	switch (pick(walk, 12)) {
	case 0:
		model_verdict(model, "s", pick(walk, KT_VERDICT_COUNT));
		return;
	case 1:
		if (model->run.scenarios[0]->state_count < KT_RUN_MAX_STATES)
			model_state(model, "s", pick(walk, KT_GUEST_STATE_COUNT - 2));
		return;
	case 2:
		model_probe_end(model, "s", walk->run);
		model_probe(model, "s", ++walk->run);
		return;
	default:
		change_threads(walk);
		if (!has_twins(model))
			model_snapshot(model, "s", walk->run);
	}
}

static void resize(struct walk *walk)
{
	static const unsigned sizes[][2] = { { 1, 1 },	  { 20, 4 },   { 40, 10 },   { 80, 24 },
					     { 132, 43 }, { 200, 60 }, { 500, 200 }, { 2, 50 },
					     { 300, 2 },  { 7, 7 } };
	size_t at = pick(walk, sizeof(sizes) / sizeof(sizes[0]) + 4);
	unsigned columns = 1 + (unsigned)pick(walk, 150);
	unsigned rows = 1 + (unsigned)pick(walk, 50);

	if (at < sizeof(sizes) / sizeof(sizes[0])) {
		columns = sizes[at][0];
		rows = sizes[at][1];
	}
	KT_OK(kt_canvas_resize(&walk->frame.canvas, columns, rows));
}

static void press(struct walk *walk)
{
	static const uint32_t others[] = { 0,	      1,       127,	      0x9b,
					   0x301,     0x1f600, KT_KEY_DELETE, KT_KEY_NONE,
					   UINT32_MAX };
	size_t binding_count = 0;
	uint32_t key;

	while (kt_key_table[binding_count].action)
		binding_count++;
	switch (pick(walk, 8)) {
	case 0:
		key = others[pick(walk, sizeof(others) / sizeof(others[0]))];
		break;
	case 1:
		key = (uint32_t)(' ' + pick(walk, 95));
		break;
	default:
		key = kt_key_table[pick(walk, binding_count)].keys[pick(walk, 2)];
	}
	(void)kt_dashboard_key(walk->frame.dashboard, &walk->input, key);
}

static void look(struct walk *walk)
{
	const char *text = frame_text(&walk->frame, &walk->input);
	unsigned rows = 0;
	unsigned control_count = 0;

	/* An assertion per character would take longer than the walk. */
	for (; *text; text++) {
		rows += *text == '\n';
		control_count += *text != '\n' && ((unsigned char)*text < ' ' || *text == 0x7f);
	}
	ck_assert_uint_eq(control_count, 0);
	ck_assert_uint_eq(rows, walk->frame.canvas.rows);
}

static void step(struct walk *walk)
{
	walk->input.run = &walk->model.run;
	walk->input.now_ns = walk->model.now_ns + pick(walk, 2) * pick(walk, 5 * MODEL_S);
	switch (pick(walk, 16)) {
	case 0:
		resize(walk);
		break;
	case 1:
	case 2:
		happen(walk);
		break;
	case 3:
		(void)kt_dashboard_tick(walk->frame.dashboard, &walk->input,
					pick(walk, 5 * MODEL_S));
		break;
	case 4:
		(void)kt_dashboard_click(walk->frame.dashboard, &walk->input,
					 (unsigned)pick(walk, 60), (unsigned)pick(walk, 200));
		break;
	case 5:
		walk->input.problem = pick(walk, 2) ? "something is wrong" : NULL;
		walk->input.has_ended = pick(walk, 4) == 0;
		walk->input.is_live = pick(walk, 2);
		walk->input.loaded_permille = pick(walk, 2) ? 1000 : (unsigned)pick(walk, 1001);
		break;
	default:
		press(walk);
	}
	/* What was painted is older than the events, now and then. */
	if (pick(walk, 4))
		look(walk);
}

START_TEST(nothing_that_one_does_ends_it)
{
	const char *steps_text = getenv("KT_WALK_STEPS");
	unsigned long steps = steps_text ? strtoul(steps_text, NULL, 10) : DEFAULT_STEPS;
	struct walk walk = { .random = KT_RANDOM_SEED };

	ck_assert_uint_gt(steps, 0);
	begin(&walk);
	walk.input = model_input(&walk.model);
	for (unsigned long i = 0; i < steps; i++) {
		if (walk.model.next_index > MAX_SNAPSHOTS || pick(&walk, 2000) == 0) {
			end(&walk);
			begin(&walk);
		}
		step(&walk);
	}
	end(&walk);
}
END_TEST

START_TEST(every_size_is_painted_in_every_view)
{
	static const char *const keys[] = { "1", "2", "3", "?", "1<Enter>", "/x", "!" };
	struct model model;
	struct frame frame;

	model_init(&model, MODEL_SERIES_BYTES);
	model_scenario(&model, "s");
	model_probe(&model, "s", 0);
	for (uint32_t tid = 1; tid <= MODEL_MAX_THREADS; tid++)
		model_add(&model, tid, "thread", tid, tid);
	for (unsigned i = 0; i < 5; i++)
		model_snapshot(&model, "s", 0);
	struct kt_dashboard_input input = model_input(&model);
	input.problem = "something is wrong";
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		frame_init(&frame, NULL, 80, 24);
		frame_press(&frame, &input, keys[i]);
		for (unsigned rows = 1; rows <= 40; rows += rows < 12 ? 1 : 7)
			for (unsigned columns = 1; columns <= 200;
			     columns += columns < 24 ? 1 : 13) {
				KT_OK(kt_canvas_resize(&frame.canvas, columns, rows));
				(void)frame_text(&frame, &input);
			}
		frame_deinit(&frame);
	}
	model_deinit(&model);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("dashboard_walk");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, nothing_that_one_does_ends_it);
	tcase_add_test(tcase, every_size_is_painted_in_every_view);
	return suite;
}

KT_UNIT_MAIN
