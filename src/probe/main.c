/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "probe/report.h"
#include "probe/run.h"
#include "probe/sidecar.h"
#include "probe/stop.h"

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

/* Prints "@prefix@text" as a line on stderr; nothing can be done if that fails. */
static void complain(const char *prefix, const char *text)
{
	(void)fprintf(stderr, "%s%s\n", prefix, text);
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
		    "Usage: " KT_PROBE_NAME " --pid PID [OPTIONS]\n\n"
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

/* The report on stdout; @document receives the JSON if a sidecar wants it. */
static struct kt_error *write_report(const struct kt_probe_run *run, struct kt_buf *document)
{
	const struct kt_probe_settings *settings = run->settings;
	struct kt_buf *copy = settings->sidecar ? document : NULL;

	if (settings->json)
		return kt_report_json(run, STDOUT_FILENO, copy);
	KT_TRY(kt_report_text(run, STDOUT_FILENO, STDERR_FILENO));
	return copy ? kt_report_json(run, -1, copy) : NULL;
}

/* Appends to the sidecar, if there is one; false (and a line on stderr) if that failed. */
static bool append_sidecar(const struct kt_probe_run *run, const struct kt_buf *document,
			   int exit_code)
{
	const char *path = run->settings->sidecar;
	if (!path)
		return true;

	/* What ended the run must not end the append; a new signal may. */
	kt_stop_deadline_end();
	kt_stop_clear();
	kt_autoerr struct kt_error *err = kt_error_wrap(
		kt_sidecar_append(path, kt_buf_text(document), document->len, exit_code,
				  kt_stop_flag()),
		"the report was printed, but could not be appended to the sidecar %s", path);
	if (err)
		complain("error: ", kt_error_message(err));
	return !err;
}

static int finish_all_failed(const struct kt_probe_run *run)
{
	bool is_multi = run->settings->snapshot_count > 1;

	complain("ktstr-probe-all-failed: ", is_multi ? "multi" : "single");
	complain("error: ",
		 is_multi ? "all threads failed, in every snapshot" : "all threads failed");
	return EXIT_FAILED;
}

/* Another program runs under the pid now: what was read before it was printed, but no more. */
static int finish_replaced(const struct kt_probe_run *run)
{
	complain("ktstr-probe-fatal: ", kt_fatal_word(KT_FATAL_EXE_IDENTITY_CHANGED));
	return fail(kt_target_replaced_error(&run->target, "between snapshots"), EXIT_FAILED);
}

static int finish(const struct kt_probe_run *run)
{
	kt_autobuf struct kt_buf document = KT_BUF_INIT;
	bool all_failed = kt_probe_run_all_failed(run);

	struct kt_error *err = write_report(run, &document);
	if (err)
		return fail(err, EXIT_FAILED);
	if (run->end == KT_PROBE_RUN_TARGET_REPLACED)
		return finish_replaced(run);
	if (run->end == KT_PROBE_RUN_TARGET_EXITED)
		(void)fprintf(stderr, "ktstr-probe-target-exited: after %zu of %u snapshots\n",
			      run->snapshot_count, (unsigned)run->settings->snapshot_count);
	bool appended = append_sidecar(run, &document, all_failed ? EXIT_FAILED : EXIT_OK);
	if (all_failed)
		return finish_all_failed(run);
	return appended ? EXIT_OK : EXIT_SIDECAR;
}

/*
 * Among a hundred busy threads a snapshot takes as long as our turns are apart, and its rows lie
 * that far apart too.  Where we may (CAP_SYS_NICE), the few milliseconds of work go first.
 */
static void go_first(void)
{
	(void)setpriority(PRIO_PROCESS, 0, -20);
}

static int run_probe(const struct kt_probe_settings *settings)
{
	enum kt_fatal kind = KT_FATAL_OTHER;
	struct kt_probe_run run;

	go_first();
	if (settings->abort_after_ms)
		kt_stop_deadline_start(settings->abort_after_ms);
	struct kt_error *err = kt_probe_execute(settings, kt_stop_flag(), &run, &kind);
	if (*kt_stop_flag() == KT_STOP_DEADLINE)
		(void)fprintf(stderr, "ktstr-probe-deadline: abort after %llums\n",
			      (unsigned long long)settings->abort_after_ms);
	int exit_code;
	if (err) {
		complain("ktstr-probe-fatal: ", kt_fatal_word(kind));
		exit_code = fail(err, EXIT_FAILED);
	} else {
		exit_code = finish(&run);
	}
	kt_probe_run_deinit(&run);
	return exit_code;
}

int main(int argc, char **argv)
{
	struct kt_probe_settings settings;

	kt_file_fill_standard();
	kt_stop_install();
	struct kt_error *err = kt_probe_settings_parse(argc, argv, &settings);
	if (err)
		return fail(err, EXIT_USAGE);
	if (settings.help)
		return print_help();
	if (settings.version)
		return print_version();
	err = settings.sidecar ? kt_sidecar_check(settings.sidecar) : NULL;
	if (err)
		return fail(err, EXIT_USAGE);
	return run_probe(&settings);
}
