/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/run_file.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/file.h"

void kt_run_writer_init(struct kt_run_writer *writer, int fd, const char *name)
{
	*writer = (struct kt_run_writer){
		.fd = fd,
		.name = name,
		.good_bytes = lseek(fd, 0, SEEK_END),
	};
}

void kt_run_writer_deinit(struct kt_run_writer *writer)
{
	kt_buf_deinit(&writer->line);
}

/* Gives up: removes the half line, where that is possible, and records nothing more. */
static void stop(struct kt_run_writer *writer)
{
	writer->failed = true;
	writer->lost_event_count = 1;
	/* When cutting fails too the reader copes: it leaves out a half last line. */
	if (writer->good_bytes >= 0 && ftruncate(writer->fd, writer->good_bytes))
		writer->good_bytes = -1;
}

struct kt_error *kt_run_writer_event(struct kt_run_writer *writer, const struct kt_event *event)
{
	if (writer->failed) {
		writer->lost_event_count++;
		return NULL;
	}
	kt_buf_reset(&writer->line);
	kt_event_encode(event, &writer->line);
	struct kt_error *err = kt_buf_error(&writer->line);
	if (!err)
		err = kt_file_write_fd(writer->fd, writer->name, kt_buf_text(&writer->line),
				       writer->line.len);
	if (err) {
		stop(writer);
		return kt_error_wrap(err, "recording stops here");
	}
	if (writer->good_bytes >= 0)
		writer->good_bytes += (int64_t)writer->line.len;
	return NULL;
}

struct reading {
	const char *name;
	size_t line_number;
	kt_run_event_fn on_event;
	void *ctx;
	struct kt_run_file_info *info;
};

static struct kt_error *as_usage(const struct reading *reading, struct kt_error *err)
{
	if (!err || kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	struct kt_error *same = kt_error_create(KT_ERROR_USAGE, 0, "%s:%zu: %s", reading->name,
						reading->line_number, kt_error_message(err));
	kt_error_destroy(err);
	return same;
}

static struct kt_error *take_event(struct reading *reading, const struct kt_event *event)
{
	if (event->type == KT_EVENT_NONE) {
		reading->info->unknown_count++;
		return NULL;
	}
	if (!reading->info->event_count && event->type != KT_EVENT_RUN_START)
		return as_usage(
			reading,
			kt_error_create(KT_ERROR_USAGE, 0,
					"this is not a run file: it starts with %s, not run_start",
					kt_event_type_name(event->type)));
	KT_TRY(reading->on_event(reading->ctx, event));
	reading->info->event_count++;
	return NULL;
}

static struct kt_error *take_line(struct reading *reading, const char *line, size_t len, bool whole)
{
	kt_autoevent struct kt_event event = { 0 };
	struct kt_error *err = kt_event_decode(line, len, &event);

	if (err && !whole && reading->info->event_count &&
	    kt_error_class(err) != KT_ERROR_NO_MEMORY) {
		kt_error_destroy(err);
		reading->info->cut = true;
		return NULL;
	}
	KT_TRY(as_usage(reading, err));
	return take_event(reading, &event);
}

struct kt_error *kt_run_file_read(const char *bytes, size_t len, const char *name,
				  kt_run_event_fn on_event, void *ctx,
				  struct kt_run_file_info *ret_info)
{
	struct reading reading = {
		.name = name,
		.on_event = on_event,
		.ctx = ctx,
		.info = ret_info,
	};

	*ret_info = (struct kt_run_file_info){ 0 };
	if (!len)
		return kt_error_create(KT_ERROR_USAGE, 0, "%s: the run file is empty", name);
	for (size_t at = 0; at < len;) {
		const char *line = bytes + at;
		const char *end = memchr(line, '\n', len - at);
		size_t line_len = end ? (size_t)(end - line) : len - at;

		reading.line_number++;
		KT_TRY(take_line(&reading, line, line_len, end != NULL));
		at += line_len + (end != NULL);
	}
	return NULL;
}
