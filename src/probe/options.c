/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/options.h"

#include <inttypes.h>

enum {
	OPTION_PID = 1,
	OPTION_JSON,
	OPTION_SIDECAR,
	OPTION_SNAPSHOTS,
	OPTION_INTERVAL,
	OPTION_ABORT,
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
	{ .id = OPTION_SNAPSHOTS,
	  .name = "snapshots",
	  .kind = KT_OPTION_NUMBER,
	  .value_name = "N",
	  .min = 1,
	  .max = SNAPSHOTS_MAX,
	  .help = "Number of snapshots, 1 to 100000 (default 1)" },
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
	{ .id = OPTION_SIDECAR,
	  .name = "sidecar",
	  .kind = KT_OPTION_TEXT,
	  .value_name = "FILE",
	  .help = "Append the run's numbers to this existing result file" },
	{ .id = OPTION_HELP, .name = "help", .letter = 'h', .help = "Print this help" },
	{ .id = OPTION_VERSION, .name = "version", .letter = 'V', .help = "Print the version" },
	{ 0 },
};

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
	case OPTION_SIDECAR:
		settings->sidecar = value->text;
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
	case OPTION_HELP:
		settings->help = true;
		break;
	case OPTION_VERSION:
		settings->version = true;
		break;
	}
	return NULL;
}

struct kt_error *kt_probe_settings_parse(int argc, char *const *argv, struct kt_probe_settings *ret)
{
	struct kt_probe_settings settings = { .snapshot_count = 1 };

	KT_TRY(kt_options_parse(kt_probe_options, argc, argv, take_value, &settings));
	if (!settings.help && !settings.version) {
		if (!settings.pid)
			return kt_error_create(KT_ERROR_USAGE, 0, "'--pid' is required: --pid PID");
		if (settings.snapshot_count > 1 && !settings.interval_ms)
			return kt_error_create(KT_ERROR_USAGE, 0,
					       "--snapshots %" PRIu32
					       " needs a wait: --interval-ms "
					       "is required with more than one snapshot",
					       settings.snapshot_count);
		if (settings.snapshot_count == 1 && settings.interval_ms)
			return kt_error_create(
				KT_ERROR_USAGE, 0,
				"--interval-ms only makes sense with --snapshots > 1");
	}
	*ret = settings;
	return NULL;
}
