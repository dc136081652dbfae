/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/output.h"

#include <errno.h>
#include <fcntl.h>
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

static struct kt_report_options report_options(const struct kt_command_line *line)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
	struct winsize size = { 0 };
	struct kt_report_options options = {
		.terminal = terminal,
		.colour = line->color == KT_COLOR_ALWAYS ||
			  (line->color == KT_COLOR_AUTO && terminal && !(no_color && *no_color)),
		.quiet = line->quiet,
		.verbose = line->verbose,
	};

	if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		options.columns = size.ws_col;
	return options;
}

static struct kt_error *open_recording(struct kt_output *output, const char *path)
{
	output->record_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output->record_fd < 0)
		return kt_error_create(KT_ERROR_USAGE, errno, "--record %s", path);
	kt_run_writer_init(&output->writer, output->record_fd, path);
	return NULL;
}

struct kt_error *kt_output_init(struct kt_output *output, const struct kt_command_line *line)
{
	struct kt_report_options options = report_options(line);

	*output = (struct kt_output){ .record_fd = -1 };
	if (line->record)
		KT_TRY(open_recording(output, line->record));
	struct kt_error *err =
		kt_report_create(line->format, &options, write_stdout, output, &output->report);
	if (!err)
		err = kt_report_begin(output->report);
	if (err)
		kt_output_deinit(output);
	return err;
}

static void record(struct kt_output *output, const struct kt_event *event)
{
	if (output->record_fd < 0)
		return;
	kt_autoerr struct kt_error *err = kt_run_writer_event(&output->writer, event);
	if (!err)
		return;
	output->record_failed = true;
	(void)fprintf(stderr,
		      "ktstr-top: %s: the recording ends here; what it holds so far is good\n",
		      kt_error_message(err));
}

struct kt_error *kt_output_event(void *ctx, const struct kt_run *run, const struct kt_event *event)
{
	struct kt_output *output = ctx;

	record(output, event);
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
	if (output->record_fd < 0)
		return;
	kt_run_writer_deinit(&output->writer);
	(void)close(output->record_fd);
	output->record_fd = -1;
}
