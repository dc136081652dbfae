/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum {
	CHUNK_BYTES = 256 * 1024,
};

const char *kt_spool_directory(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && dir[0] == '/' ? dir : "/var/tmp";
}

void kt_spool_open(struct kt_spool *spool)
{
	/* No name: nothing is left behind, however we end. */
	spool->fd = open(kt_spool_directory(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spool->fd < 0)
		return;
	spool->is_own = true;
	kt_run_writer_init(&spool->writer, spool->fd, "the temporary file");
}

void kt_spool_use(struct kt_spool *spool, const char *path)
{
	struct stat status;

	spool->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (spool->fd < 0 || (!fstat(spool->fd, &status) && S_ISREG(status.st_mode)))
		return;
	/* A pipe or a device gives back nothing that was written to it. */
	(void)close(spool->fd);
	kt_spool_open(spool);
}

void kt_spool_event(struct kt_spool *spool, const struct kt_event *event)
{
	if (!spool->is_own || spool->is_full || spool->has_failed)
		return;
	kt_autoerr struct kt_error *err = kt_run_writer_event(&spool->writer, event);
	spool->has_failed = err;
	spool->is_full = spool->writer.good_bytes >= (int64_t)KT_SPOOL_MAX_BYTES;
}

/* ---- saving ---- */

struct saving {
	int from;
	int to;
	const char *path;
	uint64_t moment_ns;
	struct kt_buf lines; /* the chunk, and the begin of a line that goes on in the next */
	bool is_done;
};

/* The time of an event as our writer puts it, at the begin of its line; false if it is not so. */
static bool read_time(const char *line, size_t len, uint64_t *ret)
{
	static const char head[] = "{\"schema\":1,\"event\":\"";
	static const char member[] = "\",\"host_mono_ns\":";
	char number[24];

	if (len < sizeof(head) || memcmp(line, head, sizeof(head) - 1))
		return false;
	size_t at = sizeof(head) - 1;
	while (at < len && line[at] != '"')
		at++;
	/* The line ends with a newline at least, so the digits do. */
	if (len - at < sizeof(member) || memcmp(line + at, member, sizeof(member) - 1) != 0)
		return false;
	at += sizeof(member) - 1;
	size_t digits = strspn(line + at, "0123456789");
	if (!digits || digits >= sizeof(number))
		return false;
	memcpy(number, line + at, digits);
	number[digits] = '\0';
	return kt_text_parse_u64(number, ret);
}

/* Whether the event on this line is one of those to save; a line that is none ends the saving. */
static bool is_wanted(const struct saving *saving, const char *line, size_t len)
{
	kt_autoevent struct kt_event event = { 0 };
	uint64_t time_ns;

	if (read_time(line, len, &time_ns))
		return time_ns <= saving->moment_ns;
	kt_autoerr struct kt_error *err = kt_event_decode(line, len, &event);
	return !err && (event.type == KT_EVENT_NONE || event.host_mono_ns <= saving->moment_ns);
}

/* Writes the whole lines of the buffer that are wanted, and keeps the rest. */
static struct kt_error *pass_on_lines(struct saving *saving)
{
	const char *bytes = saving->lines.data;
	size_t wanted = 0;
	const char *end;

	while ((end = memchr(bytes + wanted, '\n', saving->lines.len - wanted))) {
		if (!is_wanted(saving, bytes + wanted, (size_t)(end - bytes) - wanted)) {
			saving->is_done = true;
			break;
		}
		wanted = (size_t)(end - bytes) + 1;
	}
	KT_TRY(kt_file_write_fd(saving->to, saving->path, bytes, wanted));
	kt_buf_consume(&saving->lines, wanted);
	if (saving->lines.len > KT_EVENT_MAX_LINE_BYTES)
		saving->is_done = true; /* no event of ours is so long */
	return NULL;
}

static struct kt_error *copy(struct saving *saving)
{
	off_t offset = 0;

	while (!saving->is_done) {
		if (!kt_buf_reserve(&saving->lines, CHUNK_BYTES))
			return kt_error_no_memory();
		ssize_t got = pread(saving->from, saving->lines.data + saving->lines.len,
				    CHUNK_BYTES, offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kt_error_create(KT_ERROR_IO, errno, "%s: read", saving->path);
		if (!got)
			break; /* a line without an end is still being written, or was cut */
		offset += got;
		saving->lines.len += (size_t)got;
		saving->lines.data[saving->lines.len] = '\0';
		KT_TRY(pass_on_lines(saving));
	}
	return NULL;
}

struct kt_error *kt_spool_save(const struct kt_spool *spool, uint64_t moment_ns, const char *path)
{
	if (spool->fd < 0)
		return kt_error_create(KT_ERROR_IO, 0, "no events were kept: use --record");
	kt_autoclose int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (to < 0)
		return kt_error_create(KT_ERROR_IO, errno, "%s", path);

	struct saving saving = {
		.from = spool->fd,
		.to = to,
		.path = path,
		.moment_ns = moment_ns,
	};
	struct kt_error *err = copy(&saving);
	kt_buf_deinit(&saving.lines);
	if (err)
		(void)unlink(path);
	return err;
}

void kt_spool_close(struct kt_spool *spool)
{
	if (spool->is_own)
		kt_run_writer_deinit(&spool->writer);
	if (spool->fd >= 0)
		(void)close(spool->fd);
	*spool = KT_SPOOL_INIT;
}
