/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/options.h"

#include <inttypes.h>
#include <string.h>

#include "probe/read/sweep.h"

enum {
	OPTION_PID = 1,
	OPTION_JSON,
	OPTION_STREAM,
	OPTION_SNAPSHOTS,
	OPTION_INTERVAL,
	OPTION_ABORT,
	OPTION_WITH,
	OPTION_ENGINE,
	OPTION_OBJECT,
	OPTION_LAYOUT,
	OPTION_NO_CACHE,
	OPTION_SIDECAR,
	OPTION_HELP,
	OPTION_VERSION,
};

enum {
	SNAPSHOTS_MAX = 100000,
	MILLISECONDS_MAX = 3600000 /* an hour */
};

const struct kt_option kt_probe_options[] = {
	{ .id = OPTION_PID,
	  .name = "pid",
	  .kind = KT_OPTION_NUMBER,
	  .value_name = "PID",
	  .min = 1,
	  .max = INT32_MAX,
	  .help = "Process to read (required)" },
	{ .id = OPTION_JSON, .name = "json", .help = "Print one JSON document instead of text" },
	{ .id = OPTION_STREAM,
	  .name = "stream",
	  .help = "Print each snapshot as it is taken, as one line of JSON; with --json the "
		  "document follows" },
	{ .id = OPTION_SNAPSHOTS,
	  .name = "snapshots",
	  .kind = KT_OPTION_NUMBER,
	  .value_name = "N",
	  .min = 0,
	  .max = SNAPSHOTS_MAX,
	  .help = "Number of snapshots, 1 to 100000 (default 1); 0 with --stream: until "
		  "interrupted" },
	{ .id = OPTION_INTERVAL,
	  .name = "interval-ms",
	  .kind = KT_OPTION_NUMBER,
	  .value_name = "MS",
	  .min = 1,
	  .max = MILLISECONDS_MAX,
	  .help = "Wait between snapshots, 1 to 3600000; required with more than one" },
	{ .id = OPTION_ABORT,
	  .name = "abort-after-ms",
	  .kind = KT_OPTION_NUMBER,
	  .value_name = "MS",
	  .min = 1,
	  .max = MILLISECONDS_MAX,
	  .help = "Stop after this time, 1 to 3600000, and report what was read" },
	{ .id = OPTION_WITH,
	  .name = "with",
	  .kind = KT_OPTION_TEXT,
	  .value_name = "LIST",
	  .help = "Read more: sched, cpu, tcache (of each thread), process; separated by "
		  "commas" },
	{ .id = OPTION_ENGINE,
	  .name = "engine",
	  .kind = KT_OPTION_TEXT,
	  .value_name = "NAME",
	  .help = "How to read: auto (default), readv, bpf, ptrace" },
	{ .id = OPTION_OBJECT,
	  .name = "object",
	  .kind = KT_OPTION_TEXT,
	  .value_name = "PATH",
	  .help = "Which jemalloc to read, by the end of its path, if several are in use; with "
		  "--layout instead of --pid: the file to look at" },
	{ .id = OPTION_LAYOUT,
	  .name = "layout",
	  .kind = KT_OPTION_TEXT,
	  .value_name = "FILE",
	  .help = "Take what is known of the jemalloc from this file, or make the file" },
	{ .id = OPTION_NO_CACHE,
	  .name = "no-cache",
	  .help = "Neither use nor fill the cache of what is known of executables" },
	{ .id = OPTION_SIDECAR,
	  .name = "sidecar",
	  .kind = KT_OPTION_TEXT,
	  .value_name = "FILE",
	  .help = "Append the run's numbers to this existing result file" },
	{ .id = OPTION_HELP, .name = "help", .letter = 'h', .help = "Print this help" },
	{ .id = OPTION_VERSION, .name = "version", .letter = 'V', .help = "Print the version" },
	{ 0 },
};

static struct kt_error *take_engine(const char *word, struct kt_probe_settings *settings)
{
	static const char *const words[] = {
		[KT_ENGINE_AUTO] = "auto",
		[KT_ENGINE_READV] = "readv",
		[KT_ENGINE_BPF] = "bpf",
		[KT_ENGINE_PTRACE] = "ptrace",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i])) {
			settings->engine = (enum kt_engine_choice)i;
			return NULL;
		}
	return kt_error_create(
		KT_ERROR_USAGE, 0,
		"invalid value '%s' for '--engine': it is auto, readv, bpf or ptrace", word);
}

/* Adds what one word of --with asks for; false if there is no such word, or it was there. */
static bool add_extra(const char *word, size_t len, struct kt_probe_settings *settings)
{
	static const struct {
		const char *word;
		uint32_t extra; /* 0: of the process */
	} words[] = {
		{ "sched", KT_EXTRA_SCHED },
		{ "cpu", KT_EXTRA_CPU },
		{ "tcache", KT_EXTRA_TCACHE },
		{ "process", 0 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		bool is_given = words[i].extra ? settings->extras & words[i].extra
					       : settings->with_process;
		if (strlen(words[i].word) != len || memcmp(words[i].word, word, len))
			continue;
		settings->extras |= words[i].extra;
		settings->with_process |= !words[i].extra;
		return !is_given;
	}
	return false;
}

static struct kt_error *take_extras(const char *list, struct kt_probe_settings *settings)
{
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		if (!add_extra(at, len, settings))
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "invalid value '%s' for '--with': it is a list of "
					       "sched, cpu, tcache, process, each once, "
					       "separated by commas",
					       list);
		at += len;
		if (!*at)
			return NULL;
	}
}

static struct kt_error *take_value(void *ctx, const struct kt_option_value *value)
{
	struct kt_probe_settings *settings = ctx;

	if (!value->option)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "unexpected argument '%s'; --help lists the options",
				       value->text);
	switch (value->option->id) {
	case OPTION_PID:
		settings->pid = (pid_t)value->number;
		break;
	case OPTION_JSON:
		settings->json = true;
		break;
	case OPTION_STREAM:
		settings->stream = true;
		break;
	case OPTION_SNAPSHOTS:
		settings->snapshot_count = (uint32_t)value->number;
		break;
	case OPTION_INTERVAL:
		settings->interval_ms = value->number;
		break;
	case OPTION_ABORT:
		settings->abort_after_ms = value->number;
		break;
	case OPTION_WITH:
		return take_extras(value->text, settings);
	case OPTION_ENGINE:
		return take_engine(value->text, settings);
	case OPTION_OBJECT:
		settings->object = value->text;
		break;
	case OPTION_LAYOUT:
		settings->layout = value->text;
		break;
	case OPTION_NO_CACHE:
		settings->no_cache = true;
		break;
	case OPTION_SIDECAR:
		settings->sidecar = value->text;
		break;
	case OPTION_HELP:
		settings->help = true;
		break;
	case OPTION_VERSION:
		settings->version = true;
		break;
	}
	return NULL;
}

static struct kt_error *check_repetition(const struct kt_probe_settings *settings)
{
	if (!settings->snapshot_count && !settings->stream)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "invalid value '0' for '--snapshots': it is not in the "
				       "range 1 to %d; 0 (until interrupted) needs --stream",
				       SNAPSHOTS_MAX);
	if (kt_probe_settings_is_repeated(settings) && !settings->interval_ms)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--snapshots %" PRIu32 " needs a wait: --interval-ms "
				       "is required with more than one snapshot",
				       settings->snapshot_count);
	if (!kt_probe_settings_is_repeated(settings) && settings->interval_ms)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--interval-ms only makes sense with --snapshots > 1%s",
				       settings->stream && !settings->json ? " or 0" : "");
	return NULL;
}

/* There is no process to read, so nothing can be said about how to read it. */
static struct kt_error *check_for_file(const struct kt_probe_settings *settings)
{
	if (settings->json || settings->stream || settings->sidecar || settings->extras ||
	    settings->with_process || settings->engine != KT_ENGINE_AUTO || settings->no_cache ||
	    settings->interval_ms || settings->abort_after_ms ||
	    kt_probe_settings_is_repeated(settings))
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "without --pid, --object FILE and --layout FILE go alone");
	return NULL;
}

static struct kt_error *check_combination(const struct kt_probe_settings *settings)
{
	if (kt_probe_settings_is_for_file(settings))
		return check_for_file(settings);
	if (!settings->pid)
		return kt_error_create(KT_ERROR_USAGE, 0, "'--pid' is required: --pid PID");
	if (settings->stream && settings->json && !settings->snapshot_count)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--snapshots 0 and --json exclude each other: the document "
				       "of a run without end cannot be kept");
	if (settings->stream && settings->sidecar)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "--stream and --sidecar exclude each other: the sidecar "
				       "gets the numbers of a whole document");
	return check_repetition(settings);
}

struct kt_error *kt_probe_settings_parse(int argc, char *const *argv, struct kt_probe_settings *ret)
{
	struct kt_probe_settings settings = { .snapshot_count = 1 };

	KT_TRY(kt_options_parse(kt_probe_options, argc, argv, take_value, &settings));
	if (!settings.help && !settings.version)
		KT_TRY(check_combination(&settings));
	*ret = settings;
	return NULL;
}
