/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/local_state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* The steps of an ending, each this long after the one before. */
#define KT_LOCAL_PATIENCE_MS 1000
/* So many steps after SIGKILL a probe is given up: it sleeps in the kernel. */
#define KT_LOCAL_MAX_STEPS 5
/* How long pipes may stay open once the probe is gone. */
#define KT_LOCAL_GRACE_MS 500

struct kt_error *kt_local_create(const struct kt_local_config *config, kt_local_done_fn on_done,
				 void *ctx, struct kt_local **ret)
{
	struct kt_local *local = calloc(1, sizeof(*local));

	if (!local)
		return kt_error_no_memory();
	local->config = *config;
	local->on_done = on_done;
	local->ctx = ctx;
	kt_tail_init(&local->said, KT_LOCAL_TAIL_BYTES);
	*ret = local;
	return NULL;
}

void kt_local_destroy(struct kt_local *local)
{
	if (!local)
		return;
	kt_event_lines_deinit(&local->lines);
	kt_event_batch_deinit(&local->batch);
	kt_tail_deinit(&local->said);
	kt_buf_deinit(&local->problem);
	free(local);
}

static void on_closed(uv_handle_t *handle)
{
	struct kt_local *local = handle->data;

	if (--local->open_handles)
		return;
	kt_local_tell_end(local);
	local->on_done(local->ctx, local->problem.len ? kt_buf_text(&local->problem) : NULL);
}

static void close_all(struct kt_local *local)
{
	local->is_closing = true;
	local->is_open[LOCAL_STDOUT] = false;
	local->is_open[LOCAL_STDERR] = false;
	uv_close((uv_handle_t *)&local->pipes[LOCAL_STDOUT], on_closed);
	uv_close((uv_handle_t *)&local->pipes[LOCAL_STDERR], on_closed);
	uv_close((uv_handle_t *)&local->timer, on_closed);
	uv_close((uv_handle_t *)&local->process, on_closed);
}

static void close_if_over(struct kt_local *local)
{
	if (local->is_gone && !local->is_decoding && !local->is_closing &&
	    !local->is_open[LOCAL_STDOUT] && !local->is_open[LOCAL_STDERR])
		close_all(local);
}

/* Whether somebody else holds the pipes of a probe that is gone; what is on its way is waited for. */
static bool is_held_open(const struct kt_local *local)
{
	return local->is_gone && !local->is_decoding && !local->is_paused;
}

static void on_timer(uv_timer_t *timer);

/* A loop that was busy has an old idea of the time. */
static void start_timer(struct kt_local *local, uint64_t ms)
{
	uv_update_time(local->config.loop);
	(void)uv_timer_start(&local->timer, on_timer, ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct kt_local *local = timer->data;

	local->step_count += local->is_killed;
	if (is_held_open(local) || local->step_count >= KT_LOCAL_MAX_STEPS) {
		local->is_open[LOCAL_STDOUT] = false;
		local->is_open[LOCAL_STDERR] = false;
		local->is_gone = true;
		close_if_over(local);
	} else if (!local->is_gone && !local->is_killed) {
		local->is_killed = true;
		(void)uv_process_kill(&local->process, SIGKILL);
	}
	if (!local->is_closing)
		start_timer(local, KT_LOCAL_PATIENCE_MS);
}

void kt_local_give_up(struct kt_local *local, const char *why)
{
	if (!local->problem.len)
		kt_buf_puts(&local->problem, why);
	local->is_deaf = true;
	kt_event_lines_deinit(&local->lines);
	if (local->is_gone)
		return;
	local->is_killed = true;
	(void)uv_process_kill(&local->process, SIGKILL);
	start_timer(local, KT_LOCAL_PATIENCE_MS);
}

/* Lines: from the pipe to the pool, and from there into the session. */

static void on_alloc(uv_handle_t *pipe, size_t suggested, uv_buf_t *ret)
{
	struct kt_local *local = pipe->data;

	(void)suggested;
	*ret = uv_buf_init(local->read_bytes, sizeof(local->read_bytes));
}

static void on_read(uv_stream_t *pipe, ssize_t got, const uv_buf_t *buffer);

static void decode(uv_work_t *work)
{
	struct kt_local *local = work->data;

	kt_event_batch_decode(&local->batch);
}

static void decode_more(struct kt_local *local);

static void on_decoded(uv_work_t *work, int status)
{
	struct kt_local *local = work->data;

	(void)status; /* nobody cancels it */
	local->is_decoding = false;
	if (!local->is_deaf)
		kt_local_take_batch(local);
	kt_event_batch_deinit(&local->batch);
	decode_more(local);
	close_if_over(local);
}

/*
 * One batch is decoded while the lines of the next arrive.  With a line of that here, nothing more
 * is read: the probe waits for us, and leaves out the snapshots that it misses.
 */
static void decode_more(struct kt_local *local)
{
	uv_stream_t *pipe = (uv_stream_t *)&local->pipes[LOCAL_STDOUT];

	if (!local->is_decoding && local->lines.whole_bytes) {
		kt_autoerr struct kt_error *err =
			kt_event_lines_take(&local->lines, false, &local->batch);
		local->work.data = local;
		if (!err && !uv_queue_work(local->config.loop, &local->work, decode, on_decoded))
			local->is_decoding = true;
		if (err)
			kt_local_give_up(local, kt_error_message(err));
	}
	bool is_full = local->is_decoding && local->lines.whole_bytes;
	if (!local->is_open[LOCAL_STDOUT] || is_full == local->is_paused)
		return;
	local->is_paused = is_full;
	if (is_full)
		(void)uv_read_stop(pipe);
	else
		(void)uv_read_start(pipe, on_alloc, on_read);
}

static void take_stdout(struct kt_local *local, const char *bytes, size_t len)
{
	if (local->is_deaf)
		return;
	kt_event_lines_feed(&local->lines, bytes, len);
	if (kt_event_lines_is_overlong(&local->lines))
		kt_local_give_up(local, "the probe writes a line without end");
	decode_more(local);
}

static void on_read(uv_stream_t *pipe, ssize_t got, const uv_buf_t *buffer)
{
	struct kt_local *local = pipe->data;
	int which = (int)((uv_pipe_t *)pipe - local->pipes);

	if (got > 0 && which == LOCAL_STDOUT)
		take_stdout(local, buffer->base, (size_t)got);
	else if (got > 0)
		kt_tail_append(&local->said, buffer->base, (size_t)got);
	if (got >= 0)
		return;
	local->is_open[which] = false;
	(void)uv_read_stop(pipe);
	close_if_over(local);
}

/* The process. */

static void on_exit_of_probe(uv_process_t *process, int64_t exit_status, int signal)
{
	struct kt_local *local = process->data;

	local->is_gone = true;
	local->exit_code = (struct kt_opt_u64){ !signal, (uint64_t)exit_status };
	local->signal = (struct kt_opt_u64){ signal != 0, (uint64_t)signal };
	if (local->is_closing)
		return;
	start_timer(local, KT_LOCAL_GRACE_MS);
	close_if_over(local);
}

struct words {
	char pid[16];
	char snapshots[16];
	char interval[16];
	char *argv[16];
};

static void make_argv(const struct kt_local_config *config, struct words *words)
{
	char **at = words->argv;

	(void)snprintf(words->pid, sizeof(words->pid), "%u", config->pid);
	(void)snprintf(words->snapshots, sizeof(words->snapshots), "%u", config->snapshots);
	(void)snprintf(words->interval, sizeof(words->interval), "%u", config->interval_ms);
	*at++ = (char *)config->probe;
	*at++ = (char *)"--pid";
	*at++ = words->pid;
	*at++ = (char *)"--stream";
	if (config->snapshots != 1) { /* one has no interval */
		*at++ = (char *)"--snapshots";
		*at++ = words->snapshots;
		*at++ = (char *)"--interval-ms";
		*at++ = words->interval;
	}
	if (config->with) {
		*at++ = (char *)"--with";
		*at++ = (char *)config->with;
	}
	if (config->engine) {
		*at++ = (char *)"--engine";
		*at++ = (char *)config->engine;
	}
	*at = NULL;
}

static int spawn_probe(struct kt_local *local)
{
	const uv_stdio_flags pipe = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
	struct words words;
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = pipe, .data.stream = (uv_stream_t *)&local->pipes[LOCAL_STDOUT] },
		{ .flags = pipe, .data.stream = (uv_stream_t *)&local->pipes[LOCAL_STDERR] },
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_of_probe,
		.file = local->config.probe,
		.args = words.argv,
		/*
		 * A session of its own: the terminal's Ctrl-C is ours to act on.  It does not
		 * outlive us, for it watches its stdout.
		 */
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = sizeof(stdio) / sizeof(*stdio),
		.stdio = stdio,
	};

	make_argv(&local->config, &words);
	return uv_spawn(local->config.loop, &local->process, &options);
}

static void init_handles(struct kt_local *local)
{
	uv_loop_t *loop = local->config.loop;

	for (int i = 0; i < LOCAL_PIPE_COUNT; i++) {
		(void)uv_pipe_init(loop, &local->pipes[i], 0);
		local->pipes[i].data = local;
	}
	(void)uv_timer_init(loop, &local->timer);
	local->timer.data = local;
	local->process.data = local;
	local->open_handles = LOCAL_PIPE_COUNT + 2;
}

void kt_local_start(struct kt_local *local)
{
	local->is_started = true;
	local->started_ns = kt_clock_mono_ns();
	init_handles(local);
	int status = spawn_probe(local);
	if (status) {
		local->is_gone = true;
		kt_buf_printf(&local->problem, "%s cannot be started: %s", local->config.probe,
			      uv_strerror(status));
		close_all(local);
		return;
	}
	for (int i = 0; i < LOCAL_PIPE_COUNT; i++) {
		local->is_open[i] = true;
		(void)uv_read_start((uv_stream_t *)&local->pipes[i], on_alloc, on_read);
	}
}

void kt_local_stop(struct kt_local *local)
{
	if (!local->is_started || local->is_stopping)
		return;
	local->is_stopping = true;
	if (local->is_gone)
		return;
	(void)uv_process_kill(&local->process, SIGINT);
	start_timer(local, KT_LOCAL_PATIENCE_MS);
}
