/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen_program: a program with a screen, for tests in a terminal.  Shows "ready", its size and the
 * last key; dies in the ways that the keys name.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tui/terminal/screen.h"

enum {
	OUT_OF_HANGS_MS = 60000
}; /* whoever started us may be gone */

struct program {
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_timer_t limit;
	struct kt_screen *screen;
	struct kt_canvas canvas;
	uint32_t key;
	int status;
};

static void quit(struct program *program, int status)
{
	program->status = status;
	kt_screen_close(program->screen);
	program->screen = NULL;
	uv_stop(&program->loop);
}

static void paint(void *ctx)
{
	struct program *program = ctx;
	unsigned columns = 0;
	unsigned rows = 0;

	kt_screen_size(program->screen, &columns, &rows);
	struct kt_error *err = kt_canvas_resize(&program->canvas, columns, rows);
	if (err)
		abort();
	(void)kt_canvas_printf(&program->canvas, 0, 0, columns, KT_ROLE_BANNER,
			       "ready %ux%u key %x", columns, rows, program->key);
	kt_screen_show(program->screen, &program->canvas);
}

/* Not a signal that somebody sends, but one of the processor. */
static void fault(void)
{
	volatile char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
}

static void on_key(void *ctx, uint32_t key)
{
	static const struct {
		char key;
		int number;
	} deaths[] = { { 'S', SIGSEGV }, { 'B', SIGBUS }, { 'F', SIGFPE }, { 'I', SIGILL } };
	struct program *program = ctx;

	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
		if (key == (uint32_t)deaths[i].key)
			(void)raise(deaths[i].number);
	program->key = key;
	if (key == 'A')
		abort();
	if (key == 'N')
		fault();
	if (key == 'E')
		exit(3);
	if (key == 'W')
		(void)fputs("a warning\n", stderr);
	if (key == 'q')
		quit(program, 0);
	else if (key == 'z' - 'a' + 1)
		kt_screen_suspend(program->screen);
	else
		paint(program);
}

static void on_lost(void *ctx)
{
	quit(ctx, 4);
}

static void on_signal(uv_signal_t *handle, int number)
{
	quit(handle->data, 128 + number);
}

static void on_limit(uv_timer_t *timer)
{
	quit(timer->data, 5);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static int run(struct program *program)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	static const struct kt_screen_handler handler = {
		.on_key = on_key,
		.on_resize = paint,
		.on_lost = on_lost,
	};
	struct kt_screen_config config = {
		.loop = &program->loop,
		.theme = kt_themes,
		.has_color = true,
		.has_mouse = true,
	};

	(void)uv_loop_init(&program->loop);
	for (unsigned i = 0; i < 3; i++) {
		(void)uv_signal_init(&program->loop, &program->signals[i]);
		program->signals[i].data = program;
		(void)uv_signal_start(&program->signals[i], on_signal, numbers[i]);
	}
	(void)uv_timer_init(&program->loop, &program->limit);
	program->limit.data = program;
	(void)uv_timer_start(&program->limit, on_limit, OUT_OF_HANGS_MS, 0);
	struct kt_error *err = kt_screen_open(&config, &handler, program, &program->screen);
	if (err) {
		(void)fprintf(stderr, "%s\n", kt_error_message(err));
		kt_error_destroy(err);
		program->status = 6;
	} else {
		paint(program);
		(void)uv_run(&program->loop, UV_RUN_DEFAULT);
	}
	uv_walk(&program->loop, close_handle, NULL);
	(void)uv_run(&program->loop, UV_RUN_DEFAULT);
	kt_canvas_deinit(&program->canvas);
	return uv_loop_close(&program->loop) ? 7 : program->status;
}

int main(void)
{
	static struct program program;

	(void)setlocale(LC_ALL, "");
	return run(&program);
}
