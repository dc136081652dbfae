/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tui/frame.h"
#include "tui/terminal/screen.h"

/* Three threads that allocate 1, 2 and 3 KiB a second, "one" the least, for @seconds. */
static void run_for(struct model *model, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		for (size_t j = 0; j < model->thread_count; j++)
			model->threads[j].allocated_bytes.value += 1024ULL * model->threads[j].tid;
		model_snapshot(model, "s", 0);
	}
}

static void begin(struct model *model)
{
	model_init(model, MODEL_SERIES_BYTES);
	model_scenario(model, "s");
	model_state(model, "s", KT_GUEST_STARTING);
	model_probe(model, "s", 0);
	model_add(model, 1, "one", 0, 0);
	model_add(model, 2, "two", 0, 0);
	model_add(model, 3, "three", 0, 0);
}

/* The line of the frame that the cursor is on.  Owner: static. */
static const char *cursor_line(struct frame *frame, const struct kt_dashboard_input *input)
{
	static char line[512];
	const char *at = strstr(frame_text(frame, input), "\n>");

	ck_assert_ptr_nonnull(at);
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	return line;
}

static void cursor_is_on(struct frame *frame, const struct kt_dashboard_input *input,
			 const char *name)
{
	const char *line = cursor_line(frame, input);

	ck_assert_msg(strstr(line, name), "the cursor is not on %s: %s", name, line);
}

static size_t line_of(struct frame *frame, const struct kt_dashboard_input *input, const char *text)
{
	const char *painted = frame_text(frame, input);
	const char *found = strstr(painted, text);
	size_t line = 0;

	ck_assert_msg(found, "no '%s' in\n%s", text, painted);
	for (; painted < found; painted++)
		line += *painted == '\n';
	return line;
}

START_TEST(threads_are_shown_with_rates_and_the_cost_of_looking)
{
	struct model model;
	struct frame frame;

	begin(&model);
	model.extras.duration_ns = KT_KNOWN(1200000);
	model.extras.stopped_threads = KT_KNOWN(0);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 132, 24);
	frame_has(&frame, &input, "ktstr-top  guests");
	frame_has(&frame, &input, "LIVE 0:03.000");
	frame_has(&frame, &input, "[1 Threads 3]");
	frame_has(&frame, &input, "snapshot 2, guest ");
	frame_has(&frame, &input, "spread 1.2ms  missed 0  stopped 0");
	frame_has(&frame, &input, "3.0KiB/s");
	frame_has(&frame, &input, "FLOW");
	frame_has(&frame, &input, "q quit  ? help");
	/* The busiest first. */
	ck_assert_uint_lt(line_of(&frame, &input, " three"), line_of(&frame, &input, " two"));
	ck_assert_uint_lt(line_of(&frame, &input, " two"), line_of(&frame, &input, " one"));
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(without_anything_it_says_why)
{
	struct model model;
	struct frame frame;

	model_init(&model, MODEL_SERIES_BYTES);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 80, 24);
	frame_has(&frame, &input, "nothing has begun yet");
	model_scenario(&model, "s");
	model_state(&model, "s", KT_GUEST_KERNEL);
	frame_has(&frame, &input, "no snapshot yet; s: kernel");
	input.has_ended = true;
	frame_has(&frame, &input, "no snapshot was taken");
	frame_has(&frame, &input, "ENDED");
	input.problem = "the probe could not be started";
	frame_has(&frame, &input, "! the probe could not be started");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(the_cursor_follows_its_row)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 80, 24);
	cursor_is_on(&frame, &input, "three");
	/* Until it is moved it stays at the top, whoever is there. */
	frame_press(&frame, &input, ">>,,");
	ck_assert_uint_eq(frame_press(&frame, &input, "j"), KT_NEED_FRAME);
	cursor_is_on(&frame, &input, "two");
	(void)kt_dashboard_tick(frame.dashboard, &input, 4 * MODEL_S);
	model_set(&model, 2, 1 << 30);
	model_snapshot(&model, "s", 0);
	input.now_ns = model.now_ns;
	cursor_is_on(&frame, &input, "two");
	ck_assert_uint_lt(line_of(&frame, &input, " two"), line_of(&frame, &input, " three"));
	/* The other two do nothing now: they stand in the order of their tids. */
	frame_press(&frame, &input, "G");
	cursor_is_on(&frame, &input, "three");
	frame_press(&frame, &input, "g");
	cursor_is_on(&frame, &input, "two");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(the_order_is_frozen_while_the_cursor_moves)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 80, 24);
	frame_press(&frame, &input, "j");
	ck_assert(kt_dashboard_needs_ticks(frame.dashboard, &input));
	model_set(&model, 1, 1 << 30);
	model_add(&model, 9, "new", 1, 1);
	model_snapshot(&model, "s", 0);
	input.now_ns = model.now_ns;
	ck_assert_uint_lt(line_of(&frame, &input, " three"), line_of(&frame, &input, " two"));
	ck_assert_uint_lt(line_of(&frame, &input, " two"), line_of(&frame, &input, " one"));
	ck_assert_uint_lt(line_of(&frame, &input, " one"), line_of(&frame, &input, " new"));
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, 2 * MODEL_S), 0);
	ck_assert_uint_lt(line_of(&frame, &input, " three"), line_of(&frame, &input, " one"));
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, 2 * MODEL_S), KT_NEED_FRAME);
	ck_assert_uint_lt(line_of(&frame, &input, " one"), line_of(&frame, &input, " three"));
	cursor_is_on(&frame, &input, "two");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(a_pause_holds_the_screen_and_counts_what_is_new)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 80, 24);
	frame_press(&frame, &input, "<Space>");
	frame_has(&frame, &input, "PAUSED at 0:03.000 (+0 new)");
	run_for(&model, 17);
	input.now_ns = model.now_ns;
	frame_has(&frame, &input, "PAUSED at 0:03.000 (+17 new)");
	frame_has(&frame, &input, "snapshot 2,");
	frame_press(&frame, &input, "z");
	frame_has(&frame, &input, "LIVE 0:20.000");
	frame_has(&frame, &input, "snapshot 19,");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(stepping_back_moves_everything)
{
	struct model model;
	struct frame frame;

	begin(&model);
	model_verdict(&model, "s", KT_VERDICT_HOLDING);
	run_for(&model, 5);
	model_verdict(&model, "s", KT_VERDICT_FAIL);
	run_for(&model, 5);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	frame_press(&frame, &input, "2");
	frame_has(&frame, &input, "FAIL");
	frame_press(&frame, &input, "1[");
	frame_has(&frame, &input, "BACK IN TIME 0:09.000 of 0:10.000");
	frame_has(&frame, &input, "snapshot 8,");
	frame_press(&frame, &input, "[[[[[");
	frame_has(&frame, &input, "BACK IN TIME 0:04.000");
	frame_press(&frame, &input, "2");
	frame_has(&frame, &input, "HOLDS");
	frame_lacks(&frame, &input, "FAIL");
	frame_press(&frame, &input, "1{");
	frame_has(&frame, &input, "BACK IN TIME 0:01.000");
	frame_press(&frame, &input, "[");
	frame_has(&frame, &input, "there is nothing before");
	frame_press(&frame, &input, "]");
	frame_has(&frame, &input, "BACK IN TIME 0:02.000");
	frame_press(&frame, &input, "}");
	frame_has(&frame, &input, "LIVE 0:10.000");
	frame_press(&frame, &input, "(");
	frame_has(&frame, &input, "BACK IN TIME 0:01.000");
	frame_press(&frame, &input, "<End>");
	frame_has(&frame, &input, "LIVE");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(one_goes_to_a_time_that_is_typed)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 10);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	frame_press(&frame, &input, "t");
	frame_has(&frame, &input, "go to time: _");
	frame_press(&frame, &input, "50%<Enter>");
	frame_has(&frame, &input, "BACK IN TIME 0:05.000 of 0:10.000");
	frame_press(&frame, &input, "tsoon<Enter>");
	frame_has(&frame, &input, "a time is 12.5, 1:02.5");
	frame_press(&frame, &input, "<Esc>tend<Enter>");
	frame_has(&frame, &input, "LIVE");
	ck_assert_uint_eq(kt_dashboard_moment_ns(frame.dashboard, &input), model.now_ns);
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(a_recording_is_played)
{
	struct model model;
	struct frame frame;
	struct kt_dashboard_options options = { .speed = 4 };

	begin(&model);
	run_for(&model, 10);
	struct kt_dashboard_input input = model_input(&model);
	input.is_live = false;
	input.has_ended = true;
	frame_init(&frame, &options, 100, 24);
	frame_has(&frame, &input, "PLAYING x4 0:00.000 of 0:10.000");
	ck_assert(kt_dashboard_needs_ticks(frame.dashboard, &input));
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, MODEL_S), KT_NEED_FRAME);
	frame_has(&frame, &input, "PLAYING x4 0:04.000 of 0:10.000");
	frame_press(&frame, &input, "-");
	(void)kt_dashboard_tick(frame.dashboard, &input, MODEL_S);
	frame_has(&frame, &input, "PLAYING x2 0:06.000 of 0:10.000");
	frame_press(&frame, &input, "p");
	frame_has(&frame, &input, "BACK IN TIME 0:06.000");
	frame_press(&frame, &input, "p");
	(void)kt_dashboard_tick(frame.dashboard, &input, 10 * MODEL_S);
	frame_has(&frame, &input, "REPLAY ENDED 0:10.000");
	ck_assert(!kt_dashboard_needs_ticks(frame.dashboard, &input));
	frame_press(&frame, &input, "p");
	frame_has(&frame, &input, "PLAYING x2 0:01.000");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(a_recording_that_comes_in_is_waited_for)
{
	struct model model;
	struct frame frame;
	struct kt_dashboard_options options = { .at_ns = 8 * MODEL_S, .is_at_set = true };

	begin(&model);
	run_for(&model, 2);
	struct kt_dashboard_input input = model_input(&model);
	input.is_live = false;
	input.loaded_permille = 345;
	frame_init(&frame, &options, 100, 24);
	frame_has(&frame, &input, "BACK IN TIME 0:08.000");
	frame_has(&frame, &input, "loading 34 %");
	run_for(&model, 8);
	input.now_ns = model.now_ns;
	input.loaded_permille = 1000;
	frame_has(&frame, &input, "BACK IN TIME 0:08.000 of 0:10.000");
	frame_has(&frame, &input, "snapshot 7,");
	frame_press(&frame, &input, "l");
	frame_has(&frame, &input, "REPLAY ENDED 0:10.000");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(what_is_old_is_stale)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	frame_lacks(&frame, &input, "stale");
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, 1), 0);
	input.now_ns += 2900 * MODEL_MS;
	/* The clock alone. */
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, 1), KT_NEED_FRAME);
	frame_lacks(&frame, &input, "stale");
	input.now_ns += 300 * MODEL_MS;
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, 1), KT_NEED_FRAME);
	frame_has(&frame, &input, "stale 3.2 s");
	ck_assert_uint_eq(kt_dashboard_tick(frame.dashboard, &input, 1), 0);
	/* What is held is not expected to be new. */
	frame_press(&frame, &input, "z");
	frame_lacks(&frame, &input, "stale");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(rows_are_filtered_and_searched)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	frame_press(&frame, &input, "fTHR");
	frame_has(&frame, &input, "[1 Threads 1 of 3]");
	frame_lacks(&frame, &input, " two");
	frame_press(&frame, &input, "<Esc>");
	frame_has(&frame, &input, " two");
	frame_press(&frame, &input, "fnothing<Enter>");
	frame_has(&frame, &input, "no thread contains \"nothing\"");
	frame_press(&frame, &input, "<Esc>/o");
	cursor_is_on(&frame, &input, "two");
	frame_press(&frame, &input, "<Enter>n");
	cursor_is_on(&frame, &input, "one");
	frame_has(&frame, &input, "\n*");
	frame_press(&frame, &input, "n");
	cursor_is_on(&frame, &input, "two");
	frame_press(&frame, &input, "N");
	cursor_is_on(&frame, &input, "one");
	frame_press(&frame, &input, "/zebra<Enter>");
	frame_has(&frame, &input, "not found");
	cursor_is_on(&frame, &input, "one");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(the_help_has_every_key_and_is_searched)
{
	struct model model;
	struct frame frame;

	begin(&model);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 132, 70);
	frame_press(&frame, &input, "?");
	for (const struct kt_key_binding *binding = kt_key_table; binding->action; binding++)
		frame_has(&frame, &input, binding->help);
	frame_press(&frame, &input, "/colours<Enter>");
	cursor_is_on(&frame, &input, "Change the colours");
	frame_press(&frame, &input, "?");
	frame_lacks(&frame, &input, "Change the colours");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(a_page_is_opened_and_left)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	frame_press(&frame, &input, "j<Enter>");
	frame_has(&frame, &input, "> page]");
	frame_has(&frame, &input, "two");
	/* The thread goes; its page stays. */
	model_remove(&model, 2);
	run_for(&model, 6);
	input.now_ns = model.now_ns;
	frame_has(&frame, &input, "> page]");
	frame_has(&frame, &input, "two");
	frame_has(&frame, &input, "not there at this time");
	frame_press(&frame, &input, "<Esc>");
	frame_lacks(&frame, &input, "> page]");
	frame_press(&frame, &input, "2<Enter>3<Enter>");
	frame_has(&frame, &input, "> page]");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(what_the_owner_has_to_do_is_told)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 1);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	ck_assert_uint_eq(frame_press(&frame, &input, "q"), KT_NEED_QUIT);
	ck_assert(frame_press(&frame, &input, "<C-l>") & KT_NEED_REDRAW);
	ck_assert(frame_press(&frame, &input, "<C-z>") & KT_NEED_SUSPEND);
	ck_assert(frame_press(&frame, &input, "m") & KT_NEED_MOUSE);
	ck_assert(kt_dashboard_has_mouse(frame.dashboard));
	const struct kt_theme *theme = kt_dashboard_theme(frame.dashboard);
	ck_assert(frame_press(&frame, &input, "T") & KT_NEED_THEME);
	ck_assert_ptr_ne(kt_dashboard_theme(frame.dashboard), theme);
	frame_press(&frame, &input, "s");
	frame_has(&frame, &input, "save as: ktstr-top-1.ktr_");
	ck_assert(frame_press(&frame, &input, "<BS><BS><BS>x<Enter>") & KT_NEED_SAVE);
	ck_assert_str_eq(kt_dashboard_save_path(frame.dashboard), "ktstr-top-1.x");
	frame_press(&frame, &input, "s");
	frame_has(&frame, &input, "save as: ktstr-top-2.ktr_");
	ck_assert_uint_eq(frame_press(&frame, &input, "q"), KT_NEED_FRAME);
	ck_assert(frame_press(&frame, &input, "<C-l>") & KT_NEED_REDRAW);
	frame_press(&frame, &input, "<Esc>!");
	frame_has(&frame, &input, "ktstr-top --batch --check s.json");
	frame_press(&frame, &input, "!");
	frame_lacks(&frame, &input, "ktstr-top --batch --check s.json");
	kt_dashboard_say(frame.dashboard, "saved as x");
	frame_has(&frame, &input, "saved as x");
	ck_assert(kt_dashboard_tick(frame.dashboard, &input, 5 * MODEL_S) & KT_NEED_FRAME);
	frame_lacks(&frame, &input, "saved as x");
	ck_assert_uint_eq(frame_press(&frame, &input, "@"), 0);
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(preferences_are_what_was_chosen)
{
	struct model model;
	struct frame frame;
	struct kt_dashboard_options options = { .columns = "tid,flow,name", .sort = "name" };

	begin(&model);
	run_for(&model, 1);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, &options, 100, 24);
	struct kt_dashboard_options kept = kt_dashboard_preferences(frame.dashboard);
	ck_assert_str_eq(kept.columns, "tid,flow,name");
	ck_assert_str_eq(kept.sort, "name");
	ck_assert_str_eq(kept.view, "threads");
	ck_assert_str_eq(kept.units, "iec");
	ck_assert(frame_press(&frame, &input, ">uu3W") & KT_NEED_PREFERENCES);
	kept = kt_dashboard_preferences(frame.dashboard);
	ck_assert_str_eq(kept.sort, "tid");
	ck_assert_str_eq(kept.view, "guests");
	ck_assert_str_eq(kept.units, "bytes");
	frame_press(&frame, &input, "c");
	frame_has(&frame, &input, "columns: tid,flow,name_");
	frame_press(&frame, &input, ",usage<Enter>");
	frame_has(&frame, &input, "there is no column 'usage'");
	frame_press(&frame, &input, "<BS><BS><BS><BS><BS>state<Enter>");
	kept = kt_dashboard_preferences(frame.dashboard);
	ck_assert_str_eq(kept.columns, "tid,flow,name,state");
	ck_assert_str_eq(kept.view, "threads");

	/* They make the same dashboard again. */
	struct kt_dashboard *again;
	KT_OK(kt_dashboard_create(&kept, &again));
	ck_assert_str_eq(kt_dashboard_preferences(again).columns, kept.columns);
	ck_assert_str_eq(kt_dashboard_preferences(again).units, kept.units);
	kt_dashboard_destroy(again);
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(words_that_do_not_exist_are_refused)
{
	static const struct {
		struct kt_dashboard_options options;
		const char *text;
	} cases[] = {
		{ { .theme = "pink" }, "no theme 'pink'; the themes are " },
		{ { .graph = "round" }, "the styles are block, braille, ascii" },
		{ { .units = "stone" }, "the units are iec, si, bytes" },
		{ { .columns = "usage" }, "no column 'usage'" },
		{ { .sort = "graph" }, "nothing is sorted by 'graph'" },
		{ { .view = "help" }, "the views are threads, checks, guests" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kt_dashboard *dashboard = NULL;

		KT_FAILS(kt_dashboard_create(&cases[i].options, &dashboard), KT_ERROR_USAGE,
			 cases[i].text);
		ck_assert_ptr_null(dashboard);
	}
}
END_TEST

START_TEST(clicks_select_and_open)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	unsigned row = (unsigned)line_of(&frame, &input, " two");
	ck_assert(kt_dashboard_click(frame.dashboard, &input, row, 5) & KT_NEED_FRAME);
	cursor_is_on(&frame, &input, "two");
	(void)kt_dashboard_click(frame.dashboard, &input, row, 5);
	frame_has(&frame, &input, "> page]");
	row = (unsigned)line_of(&frame, &input, "2 Checks");
	const char *tab = strstr(frame_text(&frame, &input), "2 Checks");
	unsigned column = 0;
	while (tab[-1 - (int)column] != '\n')
		column++;
	ck_assert(kt_dashboard_click(frame.dashboard, &input, row, column) & KT_NEED_FRAME);
	frame_has(&frame, &input, "[2 Checks");
	ck_assert_uint_eq(kt_dashboard_click(frame.dashboard, &input, 4000, 4000), 0);
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(several_guests_are_told_apart)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 2);
	model_scenario(&model, "other");
	model_probe(&model, "other", 0);
	model_snapshot(&model, "other", 0);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 200, 24);
	frame_has(&frame, &input, "GUEST");
	frame_has(&frame, &input, "[1 Threads 6]");
	frame_has(&frame, &input, "snapshot 0 of other");
	frame_press(&frame, &input, "fother<Enter>");
	frame_has(&frame, &input, "[1 Threads 3 of 6]");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(the_smallest_screens_have_the_verdict_and_the_counts)
{
	struct model model;
	struct frame frame;

	begin(&model);
	run_for(&model, 3);
	model_verdict(&model, "s", KT_VERDICT_FAIL);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 20, 4);
	frame_has(&frame, &input, "1 FAIL");
	frame_has(&frame, &input, "threads 3");
	frame_has(&frame, &input, "LIVE");
	frame_has(&frame, &input, "1 of 1 running");
	KT_OK(kt_canvas_resize(&frame.canvas, 20, 1));
	frame_has(&frame, &input, "1 FAIL");
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(hostile_names_stay_in_their_cells)
{
	struct model model;
	struct frame frame;

	begin(&model);
	model_thread(&model, 2)->comm = "\x1b[2J\xff\xfe\x80\x9b!\n";
	run_for(&model, 3);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&frame, NULL, 100, 24);
	size_t lines = line_of(&frame, &input, "q quit");
	ck_assert_uint_eq(lines, 23);
	ck_assert_ptr_null(strchr(frame_text(&frame, &input), '\x1b'));
	ck_assert_ptr_null(strstr(frame_text(&frame, &input), "\xc2\x9b"));
	frame_deinit(&frame);
	model_deinit(&model);
}
END_TEST

START_TEST(the_same_keys_paint_the_same_frame)
{
	struct model model;
	struct frame one, other;

	begin(&model);
	run_for(&model, 20);
	struct kt_dashboard_input input = model_input(&model);
	frame_init(&one, NULL, 100, 30);
	frame_init(&other, NULL, 100, 30);
	frame_press(&one, &input, "[[[j");
	(void)frame_text(&other, &input);
	frame_press(&other, &input, "[");
	(void)frame_text(&other, &input);
	frame_press(&other, &input, "[[j");
	ck_assert_str_eq(frame_text(&one, &input), frame_text(&other, &input));
	frame_deinit(&one);
	frame_deinit(&other);
	model_deinit(&model);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("dashboard");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, threads_are_shown_with_rates_and_the_cost_of_looking);
	tcase_add_test(tcase, without_anything_it_says_why);
	tcase_add_test(tcase, the_cursor_follows_its_row);
	tcase_add_test(tcase, the_order_is_frozen_while_the_cursor_moves);
	tcase_add_test(tcase, a_pause_holds_the_screen_and_counts_what_is_new);
	tcase_add_test(tcase, stepping_back_moves_everything);
	tcase_add_test(tcase, one_goes_to_a_time_that_is_typed);
	tcase_add_test(tcase, a_recording_is_played);
	tcase_add_test(tcase, a_recording_that_comes_in_is_waited_for);
	tcase_add_test(tcase, what_is_old_is_stale);
	tcase_add_test(tcase, rows_are_filtered_and_searched);
	tcase_add_test(tcase, the_help_has_every_key_and_is_searched);
	tcase_add_test(tcase, a_page_is_opened_and_left);
	tcase_add_test(tcase, what_the_owner_has_to_do_is_told);
	tcase_add_test(tcase, preferences_are_what_was_chosen);
	tcase_add_test(tcase, words_that_do_not_exist_are_refused);
	tcase_add_test(tcase, clicks_select_and_open);
	tcase_add_test(tcase, several_guests_are_told_apart);
	tcase_add_test(tcase, the_smallest_screens_have_the_verdict_and_the_counts);
	tcase_add_test(tcase, hostile_names_stay_in_their_cells);
	tcase_add_test(tcase, the_same_keys_paint_the_same_frame);
	return suite;
}

KT_UNIT_MAIN
