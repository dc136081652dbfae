/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "probe/layout_option.h"
#include "probe/report.h"
#include "probe/sidecar.h"
#include "probe/stop.h"
#include "probe/stream.h"

/* Exit codes of the contract, section 3.2. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* fatal, all threads failed, or the report could not be written */
	EXIT_USAGE = 2,
	EXIT_SIDECAR = 3,
};

static struct kt_error *print(int fd, const char *name, const struct kt_buf *text)
{
	KT_TRY(kt_buf_error(text));
	return kt_file_write_fd(fd, name, text->data, text->len);
}

/*
 * Prints "@prefix@text" as one line on stderr, whatever names of the target's files are in it;
 * nothing can be done if that fails.
 */
static void complain(const char *prefix, const char *text)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	kt_text_sanitize(&line, text, strlen(text), SIZE_MAX, false);
	(void)fprintf(stderr, "%s%s\n", prefix, kt_buf_text(&line));
}

static int fail(struct kt_error *err, int exit_code)
{
	complain("error: ", kt_error_message(err));
	kt_error_destroy(err);
	return exit_code;
}

static int print_help(void)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_puts(&text,
		    "Usage: " KT_PROBE_NAME " --pid PID [OPTIONS]\n"
		    "       " KT_PROBE_NAME " --object FILE --layout FILE\n\n"
		    "Reads how many bytes each thread of a running process has allocated and\n"
		    "freed with jemalloc, without stopping it.\n\nOptions:\n");
	kt_options_help(kt_probe_options, &text);
	kt_buf_puts(&text,
		    "\nExit status: 0 data was read, 1 it was not, 2 wrong usage, 3 the data "
		    "was printed\nbut could not be appended to the sidecar.\n");
	struct kt_error *err = print(STDOUT_FILENO, "stdout", &text);
	return err ? fail(err, EXIT_FAILED) : EXIT_OK;
}

static int print_version(void)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_puts(&text, KT_PROBE_NAME " " PACKAGE_VERSION "\n");
	struct kt_error *err = print(STDOUT_FILENO, "stdout", &text);
	return err ? fail(err, EXIT_FAILED) : EXIT_OK;
}

/* The report on stdout; @json receives the document's text if a sidecar wants it. */
static struct kt_error *write_report(const struct kt_probe_run *run,
				     const struct kt_document *document, struct kt_buf *json)
{
	const struct kt_probe_settings *settings = run->settings;
	struct kt_buf *copy = settings->sidecar ? json : NULL;

	if (settings->json)
		return kt_report_json(run, document, STDOUT_FILENO, copy);
	KT_TRY(kt_report_text(run, document, STDOUT_FILENO, STDERR_FILENO));
	return copy ? kt_report_json(run, document, -1, copy) : NULL;
}

/* Appends to the sidecar, if there is one; false (and a line on stderr) if that failed. */
static bool append_sidecar(const struct kt_probe_run *run, const struct kt_buf *json, int exit_code)
{
	const char *path = run->settings->sidecar;
	if (!path)
		return true;

	/* What ended the run must not end the append; a new signal may. */
	kt_stop_deadline_end();
	kt_stop_clear();
	kt_autoerr struct kt_error *err = kt_error_wrap(
		kt_sidecar_append(path, kt_buf_text(json), json->len, exit_code, kt_stop_flag()),
		"the report was printed, but could not be appended to the sidecar %s", path);
	if (err)
		complain("error: ", kt_error_message(err));
	return !err;
}

/* What stderr says of a run that was reported; its exit code. */
static int tell_end(const struct kt_probe_run *run)
{
	uint32_t wanted = run->settings->snapshot_count;
	bool is_multi = kt_probe_settings_is_repeated(run->settings);

	if (run->end == KT_PROBE_RUN_TARGET_REPLACED) {
		/* Another program runs under the pid now: what was read before holds, no more. */
		complain("ktstr-probe-fatal: ", kt_fatal_word(KT_FATAL_EXE_IDENTITY_CHANGED));
		return fail(kt_target_replaced_error(&run->target, "between snapshots"),
			    EXIT_FAILED);
	}
	if (run->end == KT_PROBE_RUN_TARGET_EXITED && wanted)
		(void)fprintf(stderr,
			      "ktstr-probe-target-exited: after %" PRIu64 " of %" PRIu32
			      " snapshots\n",
			      run->snapshot_count, wanted);
	else if (run->end == KT_PROBE_RUN_TARGET_EXITED)
		(void)fprintf(stderr, "ktstr-probe-target-exited: after %" PRIu64 " snapshots\n",
			      run->snapshot_count);
	if (!kt_probe_run_all_failed(run))
		return EXIT_OK;
	complain("ktstr-probe-all-failed: ", is_multi ? "multi" : "single");
	complain("error: ",
		 is_multi ? "all threads failed, in every snapshot" : "all threads failed");
	return EXIT_FAILED;
}

static int finish_document(const struct kt_probe_run *run, const struct kt_document *document)
{
	kt_autobuf struct kt_buf json = KT_BUF_INIT;
	int exit_code = kt_probe_run_all_failed(run) ? EXIT_FAILED : EXIT_OK;

	struct kt_error *err = write_report(run, document, &json);
	if (err)
		return fail(err, EXIT_FAILED);
	bool is_appended = run->end == KT_PROBE_RUN_TARGET_REPLACED ||
			   append_sidecar(run, &json, exit_code);
	exit_code = tell_end(run);
	return exit_code || is_appended ? exit_code : EXIT_SIDECAR;
}

/* Writes the last line of a stream whose run did not fail. */
static struct kt_error *end_stream(const struct kt_probe_run *run, struct kt_stream *stream)
{
	bool is_replaced = run->end == KT_PROBE_RUN_TARGET_REPLACED;
	struct kt_stream_end end = {
		.exit_code = is_replaced || kt_probe_run_all_failed(run) ? EXIT_FAILED : EXIT_OK,
		.fatal = is_replaced ? kt_fatal_word(KT_FATAL_EXE_IDENTITY_CHANGED) : NULL,
	};

	return kt_stream_finish(stream, run, &end);
}

static int finish(const struct kt_probe_run *run, struct kt_stream *stream,
		  const struct kt_document *document)
{
	struct kt_error *err = run->settings->stream ? end_stream(run, stream) : NULL;

	if (err)
		return fail(err, EXIT_FAILED);
	if (run->settings->stream && !run->settings->json)
		return tell_end(run);
	return finish_document(run, document);
}

/* The run failed: says why.  A stream that has begun gets its last line. */
static int finish_failed(const struct kt_probe_run *run, struct kt_stream *stream,
			 enum kt_fatal kind, struct kt_error *err)
{
	if (run->is_output_lost)
		return fail(err, EXIT_FAILED);
	struct kt_stream_end end = {
		.exit_code = EXIT_FAILED,
		.fatal = kt_fatal_word(kind),
		.detail = kt_error_message(err),
	};
	kt_autoerr struct kt_error *lost = stream->is_begun ? kt_stream_finish(stream, run, &end)
							    : NULL;
	complain("ktstr-probe-fatal: ", end.fatal);
	if (lost)
		complain("error: ", kt_error_message(lost));
	return fail(err, EXIT_FAILED);
}

/*
 * Among a hundred busy threads a snapshot takes as long as our turns are apart, and its rows lie
 * that far apart too.  Where we may (CAP_SYS_NICE), the few milliseconds of work go first.
 */
static void go_first(void)
{
	(void)setpriority(PRIO_PROCESS, 0, -20);
}

/* The two places where snapshots may go. */
struct tee {
	struct kt_probe_sink stream;
	struct kt_probe_sink document;
};

static struct kt_error *begin_both(void *ctx, const struct kt_probe_run *run)
{
	const struct tee *tee = ctx;

	return tee->stream.begin(tee->stream.ctx, run);
}

/* The document comes last, for it takes the rows. */
static struct kt_error *put_in_both(void *ctx, const struct kt_probe_run *run,
				    struct kt_probe_snapshot *snapshot)
{
	const struct tee *tee = ctx;

	KT_TRY(tee->stream.snapshot(tee->stream.ctx, run, snapshot));
	return tee->document.snapshot(tee->document.ctx, run, snapshot);
}

static struct kt_probe_sink choose_sink(const struct kt_probe_settings *settings, struct tee *tee)
{
	if (!settings->stream)
		return tee->document;
	if (!settings->json)
		return tee->stream;
	return (struct kt_probe_sink){
		.ctx = tee,
		.out_fd = tee->stream.out_fd,
		.begin = begin_both,
		.snapshot = put_in_both,
	};
}

static int run_probe(const struct kt_probe_settings *settings, const struct kt_layout_entry *entry)
{
	enum kt_fatal kind = KT_FATAL_OTHER;
	struct kt_document document = { 0 };
	struct kt_stream stream;
	struct kt_probe_run run;
	int exit_code;

	go_first();
	if (settings->abort_after_ms)
		kt_stop_deadline_start(settings->abort_after_ms);
	kt_stream_init(&stream, STDOUT_FILENO);
	struct tee tee = { kt_stream_sink(&stream), kt_document_sink(&document) };
	struct kt_probe_sink sink = choose_sink(settings, &tee);
	struct kt_probe_job job = {
		.settings = settings,
		.entry = entry,
		.sink = &sink,
		.stop = kt_stop_flag(),
	};
	struct kt_error *err = kt_probe_execute(&job, &run, &kind);
	if (*kt_stop_flag() == KT_STOP_DEADLINE)
		(void)fprintf(stderr, "ktstr-probe-deadline: abort after %" PRIu64 "ms\n",
			      settings->abort_after_ms);
	if (err)
		exit_code = finish_failed(&run, &stream, kind, err);
	else
		exit_code = finish(&run, &stream, &document);
	kt_stream_deinit(&stream);
	kt_document_deinit(&document);
	kt_probe_run_deinit(&run);
	return exit_code;
}

/* --object FILE --layout FILE: no process is looked at. */
static int run_for_file(const struct kt_probe_settings *settings)
{
	enum kt_fatal kind = KT_FATAL_OTHER;
	struct kt_error *err = kt_layout_option_make(settings->object, settings->layout, &kind);

	if (!err)
		return EXIT_OK;
	complain("ktstr-probe-fatal: ", kt_fatal_word(kind));
	return fail(err, EXIT_FAILED);
}

/* What must be right before anything is done with the target. */
static struct kt_error *check_files(const struct kt_probe_settings *settings,
				    struct kt_layout_entry *entry, bool *ret_has_entry)
{
	*ret_has_entry = false;
	if (settings->sidecar)
		KT_TRY(kt_sidecar_check(settings->sidecar));
	if (settings->layout)
		KT_TRY(kt_layout_option_load(settings->layout, entry, ret_has_entry));
	return NULL;
}

int main(int argc, char **argv)
{
	struct kt_probe_settings settings;
	struct kt_layout_entry entry;
	bool has_entry;

	kt_file_fill_standard();
	kt_stop_install();
	struct kt_error *err = kt_probe_settings_parse(argc, argv, &settings);
	if (err)
		return fail(err, EXIT_USAGE);
	if (settings.help)
		return print_help();
	if (settings.version)
		return print_version();
	if (kt_probe_settings_is_for_file(&settings))
		return run_for_file(&settings);
	err = check_files(&settings, &entry, &has_entry);
	if (err)
		return fail(err, EXIT_USAGE);
	return run_probe(&settings, has_entry ? &entry : NULL);
}
