/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static struct kt_error *write_stdout(void *ctx, const char *bytes, size_t len)
{
	struct kt_output *output = ctx;
	struct kt_error *err = kt_file_write_fd(STDOUT_FILENO, "stdout", bytes, len);

	if (err && kt_error_errno(err) == EPIPE)
		output->stdout_broken = true;
	return err;
}

/* Whether stdout shows more than plain text. */
static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

bool kt_output_is_colourful(enum kt_color_when when)
{
	const char *no_color = getenv("NO_COLOR");

	return when == KT_COLOR_ALWAYS ||
	       (when == KT_COLOR_AUTO && is_terminal() && !(no_color && *no_color));
}

static struct kt_report_options report_options(const struct kt_command_line *line)
{
	struct winsize size = { 0 };
	struct kt_report_options options = {
		.terminal = is_terminal(),
		.colour = kt_output_is_colourful(line->color),
		.quiet = line->quiet,
		.verbose = line->verbose,
	};

	if (options.terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		options.columns = size.ws_col;
	return options;
}

struct kt_error *kt_output_init(struct kt_output *output, const struct kt_command_line *line)
{
	struct kt_report_options options = report_options(line);

	*output = (struct kt_output){ .recording = KT_RECORDING_INIT };
	if (line->record)
		KT_TRY(kt_recording_open(&output->recording, line->record));
	struct kt_error *err =
		kt_report_create(line->format, &options, write_stdout, output, &output->report);
	if (!err)
		err = kt_report_begin(output->report);
	if (err)
		kt_output_deinit(output);
	return err;
}

struct kt_error *kt_output_event(void *ctx, const struct kt_run *run, const struct kt_event *event)
{
	struct kt_output *output = ctx;

	if (kt_recording_event(&output->recording, event))
		(void)fprintf(stderr, "ktstr-top: %s\n", kt_buf_text(&output->recording.problem));
	return kt_report_event(output->report, run, event);
}

struct kt_error *kt_output_end(struct kt_output *output, const struct kt_run *run,
			       const char *fatal)
{
	return kt_report_end(output->report, run, fatal);
}

void kt_output_deinit(struct kt_output *output)
{
	kt_report_destroy(output->report);
	output->report = NULL;
	kt_recording_close(&output->recording);
}
