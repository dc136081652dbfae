/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen on a pseudo-terminal of the test's own: one process, one loop, no waiting by time. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/tui/emulator.h"
#include "tests/unit.h"
#include "tui/terminal/screen.h"

enum {
	MAX_TURNS = 100000, /* of a loop that does not wait: a test that gets there has failed */
	FRAME_LIMIT_BYTES = 3000,
};

struct bed {
	struct emulator emulator;
	uv_loop_t loop;
	uv_signal_t signals[3];
	struct kt_screen *screen;
	struct kt_canvas canvas;
	struct kt_buf keys;
	unsigned key_count;
	unsigned resize_count;
	unsigned lost_count;
	unsigned click_row;
	unsigned click_column;
};

static void on_key(void *ctx, uint32_t key)
{
	struct bed *bed = ctx;

	bed->key_count++;
	if (bed->key_count < 100)
		kt_buf_printf(&bed->keys, "%x ", key);
}

static void on_click(void *ctx, unsigned row, unsigned column)
{
	struct bed *bed = ctx;

	bed->click_row = row;
	bed->click_column = column;
}

static void on_resize(void *ctx)
{
	((struct bed *)ctx)->resize_count++;
}

static void on_lost(void *ctx)
{
	((struct bed *)ctx)->lost_count++;
}

static const struct kt_screen_handler handler = {
	.on_key = on_key,
	.on_click = on_click,
	.on_resize = on_resize,
	.on_lost = on_lost,
};

static void on_signal(uv_signal_t *handle, int number)
{
	(void)handle;
	(void)number;
}

static struct kt_screen_config config_of(struct bed *bed)
{
	return (struct kt_screen_config){
		.loop = &bed->loop,
		.theme = kt_themes,
		.has_color = true,
		.device = bed->emulator.device,
	};
}

static void prepare(struct bed *bed, const char *term, int columns, int rows)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	*bed = (struct bed){ 0 };
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
	ck_assert_int_eq(term ? setenv("TERM", term, 1) : unsetenv("TERM"), 0);
	(void)unsetenv("ESCDELAY");
	emulator_open(&bed->emulator, columns, rows);
	ck_assert_int_eq(uv_loop_init(&bed->loop), 0);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(uv_signal_init(&bed->loop, &bed->signals[i]), 0);
		ck_assert_int_eq(uv_signal_start(&bed->signals[i], on_signal, numbers[i]), 0);
		uv_unref((uv_handle_t *)&bed->signals[i]);
	}
}

static void start(struct bed *bed, int columns, int rows)
{
	prepare(bed, "xterm-256color", columns, rows);
	struct kt_screen_config config = config_of(bed);
	KT_OK(kt_screen_open(&config, &handler, bed, &bed->screen));
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void finish(struct bed *bed)
{
	kt_screen_close(bed->screen);
	uv_walk(&bed->loop, close_handle, NULL);
	(void)uv_run(&bed->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&bed->loop), 0);
	(void)emulator_take(&bed->emulator);
	if (bed->emulator.master >= 0)
		emulator_check_restored(&bed->emulator);
	emulator_close(&bed->emulator);
	kt_canvas_deinit(&bed->canvas);
	kt_buf_deinit(&bed->keys);
}

/* One turn of both sides. */
static void turn(struct bed *bed)
{
	(void)uv_run(&bed->loop, UV_RUN_NOWAIT);
	(void)emulator_take(&bed->emulator);
}

static void expect_keys(struct bed *bed, const char *keys)
{
	/* Until the last one is there; a lone Escape needs its time. */
	while (strcmp(kt_buf_text(&bed->keys), keys) != 0 && bed->keys.len < strlen(keys))
		ck_assert(uv_run(&bed->loop, UV_RUN_ONCE));
	ck_assert_str_eq(kt_buf_text(&bed->keys), keys);
	kt_buf_reset(&bed->keys);
}

/* A canvas of the terminal's size with @text in row 0. */
static void show(struct bed *bed, const char *text)
{
	unsigned columns = 0;
	unsigned rows = 0;

	kt_screen_size(bed->screen, &columns, &rows);
	KT_OK(kt_canvas_resize(&bed->canvas, columns, rows));
	(void)kt_canvas_put(&bed->canvas, 0, 0, columns, KT_ROLE_NORMAL, text);
	kt_screen_show(bed->screen, &bed->canvas);
	(void)emulator_take(&bed->emulator);
}

START_TEST(takes_and_gives_back)
{
	struct bed bed;
	int flags[3];

	for (int fd = 0; fd < 3; fd++)
		flags[fd] = fcntl(fd, F_GETFL);
	start(&bed, 80, 24);
	show(&bed, "h\u00e9llo \u4e2d|");
	ck_assert(bed.emulator.is_alternate);
	ck_assert(!bed.emulator.is_cursor_visible);
	ck_assert_str_eq(emulator_row(&bed.emulator, 0), "h\u00e9llo \u4e2d|");
	ck_assert_int_eq(bed.emulator.mouse, VTERM_PROP_MOUSE_NONE);
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFL), flags[fd]);
	finish(&bed);
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFL), flags[fd]);
}
END_TEST

START_TEST(keys)
{
	static const VTermKey special[] = { VTERM_KEY_UP,     VTERM_KEY_DOWN,	  VTERM_KEY_LEFT,
					    VTERM_KEY_RIGHT,  VTERM_KEY_HOME,	  VTERM_KEY_END,
					    VTERM_KEY_PAGEUP, VTERM_KEY_DEL,	  VTERM_KEY_ENTER,
					    VTERM_KEY_TAB,    VTERM_KEY_BACKSPACE };
	struct bed bed;

	start(&bed, 80, 24);
	turn(&bed);
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		emulator_key(&bed.emulator, special[i]);
	expect_keys(&bed, "110000 110001 110002 110003 110006 110007 110004 110008 a 9 7f ");
	emulator_char(&bed.emulator, 'q');
	emulator_char(&bed.emulator, 0xe9);
	emulator_char(&bed.emulator, 0x4e2d);
	expect_keys(&bed, "71 e9 4e2d ");
	emulator_key(&bed.emulator, VTERM_KEY_ESCAPE);
	expect_keys(&bed, "1b ");
	/* Ctrl-Z, Ctrl-S and Ctrl-Q are keys. */
	ck_assert_int_eq(write(bed.emulator.master, "\032\023\021", 3), 3);
	expect_keys(&bed, "1a 13 11 ");
	finish(&bed);
}
END_TEST

START_TEST(paste)
{
	char text[4096];
	struct bed bed;

	memset(text, 'x', sizeof(text));
	start(&bed, 80, 24);
	for (size_t sent = 0; bed.key_count < sizeof(text);) {
		ssize_t len = write(bed.emulator.master, text + sent, sizeof(text) - sent);
		sent += len > 0 ? (size_t)len : 0;
		ck_assert(uv_run(&bed.loop, UV_RUN_ONCE));
	}
	ck_assert_uint_eq(bed.key_count, sizeof(text));
	finish(&bed);
}
END_TEST

START_TEST(mouse)
{
	struct bed bed;

	start(&bed, 80, 24);
	kt_screen_set_mouse(bed.screen, true);
	turn(&bed);
	ck_assert_int_eq(bed.emulator.mouse, VTERM_PROP_MOUSE_CLICK);
	vterm_mouse_move(bed.emulator.vterm, 7, 40, VTERM_MOD_NONE);
	vterm_mouse_button(bed.emulator.vterm, 1, true, VTERM_MOD_NONE);
	vterm_mouse_button(bed.emulator.vterm, 1, false, VTERM_MOD_NONE);
	vterm_mouse_button(bed.emulator.vterm, 4, true, VTERM_MOD_NONE);
	vterm_mouse_button(bed.emulator.vterm, 5, true, VTERM_MOD_NONE);
	emulator_send(&bed.emulator);
	expect_keys(&bed, "11000a 11000b ");
	ck_assert_uint_eq(bed.click_row, 7);
	ck_assert_uint_eq(bed.click_column, 40);
	kt_screen_set_mouse(bed.screen, false);
	turn(&bed);
	ck_assert_int_eq(bed.emulator.mouse, VTERM_PROP_MOUSE_NONE);
	kt_screen_set_mouse(bed.screen, true); /* and closed with it on */
	finish(&bed);
}
END_TEST

START_TEST(resize_storm)
{
	static const int sizes[][2] = { { 1, 1 },  { 200, 60 }, { 20, 4 },    { 1, 24 },
					{ 80, 1 }, { 2, 2 },	{ 500, 200 }, { 80, 24 } };
	struct bed bed;

	start(&bed, 80, 24);
	for (unsigned i = 0; i < 200; i++) {
		emulator_resize(&bed.emulator, sizes[i % 8][0], sizes[i % 8][1]);
		ck_assert_int_eq(raise(SIGWINCH), 0);
		for (unsigned before = bed.resize_count; before == bed.resize_count;)
			ck_assert(uv_run(&bed.loop, UV_RUN_ONCE));
		show(&bed, "0123456789");
		/* What does not fit into the line at once. */
		for (unsigned n = 0; n < 10; n++)
			turn(&bed);
	}
	unsigned columns = 0;
	unsigned rows = 0;
	kt_screen_size(bed.screen, &columns, &rows);
	ck_assert_uint_eq(columns, 80);
	ck_assert_uint_eq(rows, 24);
	ck_assert_str_eq(emulator_row(&bed.emulator, 0), "0123456789");
	/* A signal without another size is none. */
	unsigned before = bed.resize_count;
	ck_assert_int_eq(raise(SIGWINCH), 0);
	turn(&bed);
	ck_assert_uint_eq(bed.resize_count, before);
	finish(&bed);
}
END_TEST

/* Every row has numbers, all of which change from one frame to the next. */
static void fill(struct kt_canvas *canvas, unsigned frame)
{
	kt_canvas_clear(canvas);
	for (unsigned row = 0; row < canvas->rows; row++) {
		unsigned long number = (frame * 7919UL + row * 104729UL) * 2654435761UL;
		(void)kt_canvas_printf(canvas, row, 0, canvas->columns,
				       row % 2 ? KT_ROLE_NORMAL : KT_ROLE_ACTIVE,
				       "%5u thread-%02u %12lu %12lu %9lu %+9ld", row, row,
				       number % 1000000000000UL, number / 3 % 1000000000000UL,
				       number % 1000000007UL, (long)(number % 100000007UL));
	}
}

/* How many bytes a frame costs on average, of a terminal of this size. */
static size_t bytes_per_frame(struct bed *bed, unsigned frames)
{
	unsigned columns = 0;
	unsigned rows = 0;

	kt_screen_size(bed->screen, &columns, &rows);
	KT_OK(kt_canvas_resize(&bed->canvas, columns, rows));
	fill(&bed->canvas, 0);
	kt_screen_show(bed->screen, &bed->canvas);
	turn(bed);
	size_t before = bed->emulator.byte_count;
	for (unsigned frame = 1; frame <= frames; frame++) {
		fill(&bed->canvas, frame);
		kt_screen_show(bed->screen, &bed->canvas);
		turn(bed);
	}
	return (bed->emulator.byte_count - before) / frames;
}

START_TEST(frame_bytes)
{
	struct bed bed;

	start(&bed, 80, 24);
	size_t cost = bytes_per_frame(&bed, 50);
	printf("# %zu bytes per frame\n", cost);
	ck_assert_uint_gt(cost, 24 * 30); /* everything did change */
	ck_assert_uint_lt(cost, FRAME_LIMIT_BYTES);
	/* Nothing changed: nothing is sent. */
	size_t before = bed.emulator.byte_count;
	kt_screen_show(bed.screen, &bed.canvas);
	turn(&bed);
	ck_assert_uint_eq(bed.emulator.byte_count, before);
	kt_screen_redraw(bed.screen);
	kt_screen_show(bed.screen, &bed.canvas);
	turn(&bed);
	ck_assert_uint_gt(bed.emulator.byte_count, before + 24 * 50);
	finish(&bed);
}
END_TEST

/* Nobody reads: the loop goes on, and what is shown then is the last frame. */
START_TEST(slow_terminal)
{
	struct bed bed;
	unsigned turns = 0;

	start(&bed, 200, 60);
	KT_OK(kt_canvas_resize(&bed.canvas, 200, 60));
	for (unsigned frame = 0; frame < 200; frame++) {
		fill(&bed.canvas, frame);
		kt_screen_redraw(bed.screen);
		kt_screen_show(bed.screen, &bed.canvas);
		(void)uv_run(&bed.loop, UV_RUN_NOWAIT);
	}
	size_t before = bed.emulator.byte_count;
	show(&bed, "the last one");
	while (strcmp(emulator_row(&bed.emulator, 0), "the last one") != 0 && turns++ < MAX_TURNS)
		turn(&bed);
	ck_assert_str_eq(emulator_row(&bed.emulator, 0), "the last one");
	/* 200 whole frames would have been a megabyte or more. */
	ck_assert_uint_lt(bed.emulator.byte_count - before, 400000);
	finish(&bed);
}
END_TEST

/* Told once, and then nothing turns the loop any more. */
START_TEST(terminal_goes_away)
{
	struct bed bed;
	unsigned turns = 0;

	start(&bed, 80, 24);
	turn(&bed);
	(void)close(bed.emulator.master);
	bed.emulator.master = -1;
	while (!bed.lost_count && turns++ < 10)
		(void)uv_run(&bed.loop, UV_RUN_ONCE);
	ck_assert_uint_eq(bed.lost_count, 1);
	show(&bed, "nobody sees this");
	kt_screen_suspend(bed.screen);
	for (turns = 0; turns < 100; turns++)
		(void)uv_run(&bed.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(bed.lost_count, 1);
	ck_assert_uint_eq(bed.key_count, 0);
	ck_assert_int_eq(uv_backend_timeout(&bed.loop), -1);
	finish(&bed);
}
END_TEST

static const struct {
	const char *term;
	const char *part;
} bad_terms[] = {
	{ NULL, "TERM is not set" },
	{ "", "TERM is not set" },
	{ "dumb", "'dumb' (TERM) cannot place the cursor" },
	{ "no-such-terminal", "'no-such-terminal' (TERM) are unknown" },
};

START_TEST(unfit_terminal)
{
	struct bed bed;

	prepare(&bed, bad_terms[_i].term, 80, 24);
	struct kt_screen_config config = config_of(&bed);
	struct kt_error *err = kt_screen_open(&config, &handler, &bed, &bed.screen);
	ck_assert_ptr_nonnull(err);
	ck_assert_int_eq(kt_error_class(err), KT_ERROR_ENVIRONMENT);
	ck_assert_ptr_nonnull(strstr(kt_error_message(err), bad_terms[_i].part));
	ck_assert_ptr_nonnull(strstr(kt_error_message(err), "--batch"));
	kt_error_destroy(err);
	ck_assert_ptr_null(bed.screen);
	finish(&bed);
	ck_assert_uint_eq(bed.emulator.byte_count, 0);
}
END_TEST

START_TEST(no_terminal)
{
	struct bed bed;

	prepare(&bed, "xterm", 80, 24);
	struct kt_screen_config config = config_of(&bed);
	config.device = "/dev/null";
	KT_FAILS(kt_screen_open(&config, &handler, &bed, &bed.screen), KT_ERROR_ENVIRONMENT,
		 "/dev/null is no terminal; --batch");
	config.device = "/nonexistent/tty";
	KT_FAILS(kt_screen_open(&config, &handler, &bed, &bed.screen), KT_ERROR_ENVIRONMENT,
		 "--batch");
	/* The output goes elsewhere. */
	config.device = NULL;
	int saved = dup(STDOUT_FILENO);
	int null = open("/dev/null", O_WRONLY);
	(void)dup2(null, STDOUT_FILENO);
	struct kt_error *err = kt_screen_open(&config, &handler, &bed, &bed.screen);
	(void)dup2(saved, STDOUT_FILENO);
	ck_assert_ptr_nonnull(err);
	ck_assert_ptr_nonnull(strstr(kt_error_message(err), "--batch"));
	kt_error_destroy(err);
	(void)close(saved);
	(void)close(null);
	finish(&bed);
}
END_TEST

/* Other terminals, and a locale without UTF-8: what cannot be shown is '?', nothing shifts. */
START_TEST(old_terminal)
{
	struct bed bed;

	prepare(&bed, "vt220", 80, 24);
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C"));
	ck_assert(!kt_screen_is_utf8());
	struct kt_screen_config config = config_of(&bed);
	KT_OK(kt_screen_open(&config, &handler, &bed, &bed.screen));
	kt_screen_set_theme(bed.screen, kt_theme_find("mono"));
	show(&bed, "\u00e9 \u4e2d|");
	ck_assert_str_eq(emulator_row(&bed.emulator, 0), "? ??|");
	finish(&bed);
}
END_TEST

START_TEST(themes)
{
	struct bed bed;
	VTermScreenCell cell;

	start(&bed, 80, 24);
	show(&bed, "x");
	(void)kt_canvas_put(&bed.canvas, 3, 0, 9, KT_ROLE_BAD, "failed");
	kt_screen_show(bed.screen, &bed.canvas);
	turn(&bed);
	(void)vterm_screen_get_cell(bed.emulator.screen, (VTermPos){ .row = 3 }, &cell);
	ck_assert(cell.attrs.reverse && cell.attrs.bold);
	ck_assert(!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
	kt_screen_set_theme(bed.screen, kt_theme_find("mono"));
	kt_screen_show(bed.screen, &bed.canvas);
	turn(&bed);
	(void)vterm_screen_get_cell(bed.emulator.screen, (VTermPos){ .row = 3 }, &cell);
	ck_assert(cell.attrs.reverse && cell.attrs.bold);
	ck_assert(VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
	finish(&bed);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("screen");
	TCase *tc = tcase_create("screen");

	tcase_add_test(tc, takes_and_gives_back);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, paste);
	tcase_add_test(tc, mouse);
	tcase_add_test(tc, resize_storm);
	tcase_add_test(tc, frame_bytes);
	tcase_add_test(tc, slow_terminal);
	tcase_add_test(tc, terminal_goes_away);
	tcase_add_loop_test(tc, unfit_terminal, 0, sizeof(bad_terms) / sizeof(bad_terms[0]));
	tcase_add_test(tc, no_terminal);
	tcase_add_test(tc, old_terminal);
	tcase_add_test(tc, themes);
	suite_add_tcase(s, tc);
	return s;
}

KT_UNIT_MAIN
