/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/event_lines.h"

#define PIECE_BYTES (1UL << 20)
/* How much may be read ahead of the loop. */
#define AHEAD_BYTES (4UL << 20)
/* The first line names the scenarios, at most KT_RUN_MAX_SCENARIOS. */
#define FIRST_LINE_MAX_BYTES (4UL << 20)
/* How long one slice of taking in keeps the loop. */
#define SLICE_NS (8 * KT_NS_PER_MS)

enum {
	SLOT_COUNT = 4, /* batches on their way */
};

enum slot_state {
	SLOT_FREE,
	SLOT_DECODING,
	SLOT_READY,
};

/* A batch on its way from the file to the session. */
struct slot {
	struct kt_replay *replay;
	uv_work_t work;
	enum slot_state state;
	struct kt_event_batch batch;
	size_t bytes;
	size_t taken; /* of its events */
};

struct kt_replay {
	uv_loop_t *loop;
	struct kt_session *session;
	kt_replay_done_fn on_done;
	void *ctx;
	char *name;
	int fd;
	struct kt_replay_state state;
	struct kt_buf problem;
	uint64_t line_count; /* taken in, or looked at */

	uv_work_t reading;
	bool is_reading;
	bool is_at_end;	 /* of the file, or nothing more of it is wanted */
	bool is_stopped; /* what is on its way is dropped */
	char *piece;
	size_t piece_bytes;
	int read_errno;
	struct kt_event_lines lines;

	struct slot slots[SLOT_COUNT]; /* a ring */
	unsigned first;		       /* the oldest in it */
	unsigned used;
	size_t ahead_bytes; /* in them */
	uv_idle_t idle;	    /* there is something to take in */
};

KT_DEFINE_CLEANUP(struct kt_replay *, kt_replay_destroy);

/* Opening. */

static struct kt_error *usage(const struct kt_replay *replay, int os_errno, const char *what)
{
	return kt_error_create(KT_ERROR_USAGE, os_errno, "%s%s%s", replay->name, *what ? ": " : "",
			       what);
}

static struct kt_error *open_file(struct kt_replay *replay)
{
	struct stat st;

	/* A FIFO without a writer must not keep us; regular files do not mind. */
	replay->fd = open(replay->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (replay->fd < 0 || fstat(replay->fd, &st))
		return usage(replay, errno, "");
	if (!S_ISREG(st.st_mode))
		return usage(replay, 0,
			     S_ISDIR(st.st_mode) ? "this is a directory, not a run file"
						 : "a run file must be a regular file");
	if (!st.st_size)
		return usage(replay, 0, "the run file is empty");
	replay->state.file_bytes = (uint64_t)st.st_size;
	return NULL;
}

/* Reads on until the first line is whole, or the file ends. */
static struct kt_error *read_first_line(const struct kt_replay *replay, struct kt_buf *out)
{
	while (!memchr(kt_buf_text(out), '\n', out->len)) {
		if (out->len >= FIRST_LINE_MAX_BYTES)
			return usage(replay, 0,
				     "this is not a run file: its first line has no end");
		if (!kt_buf_reserve(out, PIECE_BYTES))
			return kt_error_no_memory();
		ssize_t got = pread(replay->fd, out->data + out->len, PIECE_BYTES, (off_t)out->len);
		if (got < 0)
			return usage(replay, errno, "");
		if (!got)
			break;
		out->len += (size_t)got;
	}
	return NULL;
}

static struct kt_error *check_first_line(const struct kt_replay *replay)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoevent struct kt_event event = { 0 };

	KT_TRY(read_first_line(replay, &text));
	const char *newline = memchr(kt_buf_text(&text), '\n', text.len);
	size_t len = newline ? (size_t)(newline - text.data) : text.len;
	kt_autoerr struct kt_error *err = kt_event_decode(kt_buf_text(&text), len, &event);
	if (err && kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return KT_TAKE(err);
	if (err)
		return kt_error_create(KT_ERROR_USAGE, 0, "%s:1: %s", replay->name,
				       kt_error_message(err));
	if (event.type != KT_EVENT_RUN_START)
		return kt_error_create(
			KT_ERROR_USAGE, 0,
			"%s:1: this is not a run file: it starts with %s, not run_start",
			replay->name, kt_event_type_name(event.type));
	return NULL;
}

struct kt_error *kt_replay_create(uv_loop_t *loop, struct kt_session *session, const char *path,
				  kt_replay_done_fn on_done, void *ctx, struct kt_replay **ret)
{
	KT_CLEANUP(kt_replay_destroy) struct kt_replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return kt_error_no_memory();
	replay->loop = loop;
	replay->session = session;
	replay->on_done = on_done;
	replay->ctx = ctx;
	replay->fd = -1;
	replay->name = strdup(path);
	replay->piece = malloc(PIECE_BYTES);
	if (!replay->name || !replay->piece)
		return kt_error_no_memory();
	KT_TRY(open_file(replay));
	KT_TRY(check_first_line(replay));
	*ret = KT_TAKE(replay);
	return NULL;
}

void kt_replay_destroy(struct kt_replay *replay)
{
	if (!replay)
		return;
	if (replay->fd >= 0)
		(void)close(replay->fd);
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		kt_event_batch_deinit(&replay->slots[i].batch);
	kt_event_lines_deinit(&replay->lines);
	kt_buf_deinit(&replay->problem);
	free(replay->piece);
	free(replay->name);
	free(replay);
}

struct kt_replay_state kt_replay_state(const struct kt_replay *replay)
{
	return replay->state;
}

/* The end. */

static void on_idle(uv_idle_t *idle);
static void read_more(struct kt_replay *replay);

static void on_closed(uv_handle_t *idle)
{
	struct kt_replay *replay = idle->data;

	replay->state.is_done = true;
	if (replay->problem.len)
		replay->state.problem = kt_buf_text(&replay->problem);
	replay->on_done(replay->ctx);
}

static bool is_decoding(const struct kt_replay *replay)
{
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		if (replay->slots[i].state == SLOT_DECODING)
			return true;
	return false;
}

/* Goes on with whatever can go on: reading, taking in, or the end. */
static void go_on(struct kt_replay *replay)
{
	read_more(replay);
	bool is_ready = replay->used && replay->slots[replay->first].state == SLOT_READY;
	if (is_ready && !replay->is_stopped) {
		(void)uv_idle_start(&replay->idle, on_idle);
		return;
	}
	(void)uv_idle_stop(&replay->idle);
	bool is_over = replay->is_stopped || (replay->is_at_end && !replay->used);
	if (is_over && !replay->is_reading && !is_decoding(replay) &&
	    !uv_is_closing((uv_handle_t *)&replay->idle))
		uv_close((uv_handle_t *)&replay->idle, on_closed);
}

static void stop(struct kt_replay *replay)
{
	replay->is_stopped = true;
	replay->is_at_end = true;
}

/* Nothing behind line @line is looked at (0: this is about the file). */
static void stop_at(struct kt_replay *replay, uint64_t line, const char *why)
{
	if (replay->is_stopped)
		return;
	kt_buf_printf(&replay->problem, "%s:", replay->name);
	if (line)
		kt_buf_printf(&replay->problem, "%llu:", (unsigned long long)line);
	kt_buf_printf(&replay->problem, " %s", why);
	stop(replay);
}

/* From the file to batches. */

static void decode(uv_work_t *work)
{
	struct slot *slot = work->data;

	kt_event_batch_decode(&slot->batch);
}

static void on_decoded(uv_work_t *work, int status)
{
	struct slot *slot = work->data;

	(void)status; /* nobody cancels it */
	slot->state = SLOT_READY;
	go_on(slot->replay);
}

/* Sends the whole lines that are there to the pool. */
static struct kt_error *decode_more(struct kt_replay *replay)
{
	struct slot *slot = &replay->slots[(replay->first + replay->used) % SLOT_COUNT];

	*slot = (struct slot){ .replay = replay };
	KT_TRY(kt_event_lines_take(&replay->lines, replay->is_at_end, &slot->batch));
	if (!slot->batch.text.len)
		return NULL;
	slot->bytes = slot->batch.text.len;
	slot->state = SLOT_DECODING;
	slot->work.data = slot;
	replay->used++;
	replay->ahead_bytes += slot->bytes;
	(void)uv_queue_work(replay->loop, &slot->work, decode, on_decoded);
	return NULL;
}

static void read_piece(uv_work_t *work)
{
	struct kt_replay *replay = work->data;
	ssize_t got;

	do {
		got = read(replay->fd, replay->piece, PIECE_BYTES);
	} while (got < 0 && errno == EINTR);
	replay->read_errno = got < 0 ? errno : 0;
	replay->piece_bytes = got < 0 ? 0 : (size_t)got;
}

static void on_piece(uv_work_t *work, int status)
{
	struct kt_replay *replay = work->data;
	kt_autoerr struct kt_error *err = NULL;

	(void)status; /* nobody cancels it */
	replay->is_reading = false;
	if (!replay->is_stopped) {
		if (replay->read_errno)
			stop_at(replay, 0, strerror(replay->read_errno));
		kt_event_lines_feed(&replay->lines, replay->piece, replay->piece_bytes);
		replay->is_at_end |= !replay->piece_bytes;
		err = decode_more(replay);
		if (err)
			stop_at(replay, 0, kt_error_message(err));
	}
	go_on(replay);
}

static void read_more(struct kt_replay *replay)
{
	if (replay->is_reading || replay->is_at_end || replay->used == SLOT_COUNT ||
	    replay->ahead_bytes >= AHEAD_BYTES)
		return;
	if (kt_event_lines_is_overlong(&replay->lines)) {
		/* What stands before it may still be on its way: that is taken in first. */
		if (!replay->used)
			stop_at(replay, replay->line_count + 1, "the line is too long");
		return;
	}
	replay->reading.data = replay;
	replay->is_reading = true;
	(void)uv_queue_work(replay->loop, &replay->reading, read_piece, on_piece);
}

/* From batches into the session. */

static void take_event(struct kt_replay *replay, const struct kt_event *event)
{
	struct kt_session *session = replay->session;

	replay->line_count++;
	if (event->type == KT_EVENT_NONE)
		return;
	kt_session_replay(session, event);
	if (!session->error) {
		replay->state.event_count++;
		return;
	}
	kt_autoerr struct kt_error *err = KT_TAKE(session->error);
	stop_at(replay, replay->line_count, kt_error_message(err));
}

/* All events of the oldest batch were taken in. */
static void end_batch(struct kt_replay *replay, struct slot *slot)
{
	if (slot->batch.error && slot->batch.is_error_cut) {
		replay->state.was_cut = true;
		stop(replay);
	} else if (slot->batch.error) {
		stop_at(replay, replay->line_count + 1, kt_error_message(slot->batch.error));
	} else {
		replay->state.read_bytes += slot->bytes;
	}
	kt_event_batch_deinit(&slot->batch);
	slot->state = SLOT_FREE;
	replay->ahead_bytes -= slot->bytes;
	replay->first = (replay->first + 1) % SLOT_COUNT;
	replay->used--;
}

static void on_idle(uv_idle_t *idle)
{
	struct kt_replay *replay = idle->data;
	uint64_t end_ns = kt_clock_mono_ns() + SLICE_NS;

	while (!replay->is_stopped && replay->used) {
		struct slot *slot = &replay->slots[replay->first];
		if (slot->state != SLOT_READY)
			break;
		if (slot->taken == slot->batch.count) {
			end_batch(replay, slot);
			continue;
		}
		struct kt_event *event = &slot->batch.events[slot->taken++];
		take_event(replay, event);
		kt_event_deinit(event);
		if (kt_clock_mono_ns() >= end_ns)
			break;
	}
	go_on(replay);
}

void kt_replay_start(struct kt_replay *replay)
{
	(void)uv_idle_init(replay->loop, &replay->idle);
	replay->idle.data = replay;
	go_on(replay);
}

void kt_replay_stop(struct kt_replay *replay)
{
	if (!replay->idle.data || replay->state.is_done)
		return;
	stop(replay);
	go_on(replay);
}
