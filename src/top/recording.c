/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"

struct kt_error *kt_recording_open(struct kt_recording *recording, const char *path)
{
	recording->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (recording->fd < 0)
		return kt_error_create(KT_ERROR_USAGE, errno, "--record %s", path);
	kt_run_writer_init(&recording->writer, recording->fd, path);
	return NULL;
}

bool kt_recording_event(struct kt_recording *recording, const struct kt_event *event)
{
	if (recording->fd < 0)
		return false;
	kt_autoerr struct kt_error *err = kt_run_writer_event(&recording->writer, event);
	if (!err)
		return false;
	recording->has_failed = true;
	kt_buf_printf(&recording->problem,
		      "%s: the recording ends here; what it holds so far is good",
		      kt_error_message(err));
	return true;
}

void kt_recording_close(struct kt_recording *recording)
{
	kt_buf_deinit(&recording->problem);
	if (recording->fd < 0)
		return;
	kt_run_writer_deinit(&recording->writer);
	(void)close(recording->fd);
	recording->fd = -1;
}
