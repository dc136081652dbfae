/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_flat.h"
#include "base/json_scan.h"
#include "base/json_write.h"
#include "probe/stop.h"

#define METRIC_PREFIX "jemalloc_probe."

enum {
	SIDECAR_MAX_BYTES = 512 * 1024 * 1024, /* a limit against mistaken files */
	LOCK_POLL_MS = 50,
	LOCK_WAIT_MS = 30000,
	ENTRY_LEVEL = 2, /* nesting of an element of "metrics" in the file */
	INDENT = 2
};

static struct kt_error *not_found(const char *path, enum kt_error_class class)
{
	return kt_error_create(class, 0,
			       "--sidecar: sidecar file not found: %s; run the test first, it "
			       "writes the file",
			       path);
}

struct kt_error *kt_sidecar_check(const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		return NULL;
	if (errno == ENOENT || errno == ENOTDIR)
		return not_found(path, KT_ERROR_USAGE);
	return kt_error_create(KT_ERROR_USAGE, errno,
			       "--sidecar: sidecar file not found: %s; run "
			       "the test first, it writes the file",
			       path);
}

/* Opens and locks the file "@path.lock"; it stays behind, only the lock matters. */
static struct kt_error *take_lock(const char *path, const volatile sig_atomic_t *stop, int *ret_fd)
{
	kt_autobuf struct kt_buf name = KT_BUF_INIT;

	kt_buf_printf(&name, "%s.lock", path);
	KT_TRY(kt_buf_error(&name));
	kt_autoclose int fd = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "open the lock %s", name.data);

	uint64_t deadline_ns = kt_clock_mono_ns() + LOCK_WAIT_MS * KT_NS_PER_MS;
	for (;;) {
		if (*stop)
			return kt_error_create(KT_ERROR_IO, 0,
					       "ended by a signal or the deadline in the flock "
					       "phase of %s; the sidecar is untouched",
					       name.data);
		if (!flock(fd, LOCK_EX | LOCK_NB))
			break;
		uint64_t now_ns = kt_clock_mono_ns();
		if (errno != EWOULDBLOCK && errno != EINTR)
			return kt_error_create(KT_ERROR_IO, errno, "lock %s", name.data);
		if (now_ns >= deadline_ns)
			return kt_error_create(KT_ERROR_IO, 0,
					       "%s is locked for more than %d s; 'fuser %s' tells "
					       "by whom",
					       name.data, LOCK_WAIT_MS / 1000, name.data);
		(void)kt_stop_wait_until(now_ns + LOCK_POLL_MS * KT_NS_PER_MS, -1, -1);
	}
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text);
	size_t tail_len = strlen(tail);

	return len >= tail_len && !strcmp(text + len - tail_len, tail);
}

static void put_metric(struct kt_json_writer *json, const struct kt_flat_metric *metric)
{
	kt_autobuf struct kt_buf name = KT_BUF_INIT;
	bool is_bytes = ends_with(metric->name, ".allocated_bytes") ||
			ends_with(metric->name, ".deallocated_bytes");

	kt_buf_puts(&name, METRIC_PREFIX);
	kt_buf_puts(&name, metric->name);
	kt_json_object_begin(json);
	kt_json_key(json, "name");
	kt_json_string(json, kt_buf_text(&name));
	kt_json_key(json, "value");
	kt_json_double(json, metric->value);
	kt_json_key(json, "polarity");
	kt_json_string(json, is_bytes ? "LowerBetter" : "Unknown");
	kt_json_key(json, "unit");
	kt_json_string(json, is_bytes ? "bytes" : "");
	kt_json_key(json, "source");
	kt_json_string(json, "Json");
	kt_json_key(json, "stream");
	kt_json_string(json, "Stdout");
	kt_json_object_end(json);
}

/* Writes the entry as the writer stands, as element @index of the list. */
static void put_entry(struct kt_json_writer *json, size_t index,
		      const struct kt_flat_metrics *metrics, int exit_code)
{
	kt_json_object_begin(json);
	kt_json_key(json, "payload_index");
	kt_json_u64(json, index);
	kt_json_key(json, "metrics");
	kt_json_array_begin(json);
	for (size_t i = 0; i < metrics->count; i++)
		put_metric(json, &metrics->metrics[i]);
	kt_json_array_end(json);
	kt_json_key(json, "exit_code");
	kt_json_i64(json, exit_code);
	kt_json_object_end(json);
}

/* Finds the list the entry goes into. */
static struct kt_error *find_list(const struct kt_json_tokens *tokens, const char *path,
				  const struct kt_json_token **ret)
{
	size_t list = tokens->tokens[0].type == KT_JSON_OBJECT ? kt_json_find(tokens, 0, "metrics")
							       : 0;

	if (!list || tokens->tokens[list].type != KT_JSON_ARRAY)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "%s is not a result file (it has no list \"metrics\"); "
				       "regenerate it, do not migrate it",
				       path);
	*ret = &tokens->tokens[list];
	return NULL;
}

/* Where the entry is inserted: behind the last element, or behind the opening bracket. */
static size_t insertion_point(const struct kt_json_tokens *tokens, const struct kt_json_token *list)
{
	size_t last = (size_t)(list - tokens->tokens) + 1;

	if (!list->child_count)
		return list->start + 1;
	for (size_t i = 1; i < list->child_count; i++)
		last = tokens->tokens[last].next;
	return tokens->tokens[last].end;
}

/* Builds the new text of the file. */
static struct kt_error *insert_entry(const struct kt_buf *old, const char *path,
				     const struct kt_flat_metrics *metrics, int exit_code,
				     struct kt_buf *out)
{
	struct kt_json_tokens tokens;
	const struct kt_json_token *list;
	struct kt_json_writer json;

	KT_TRY(kt_error_wrap(kt_json_scan(kt_buf_text(old), old->len, path, KT_JSON_STRICT,
					  &tokens),
			     "not a result file; regenerate it, do not migrate it"));
	struct kt_error *err = find_list(&tokens, path, &list);
	if (!err) {
		size_t at = insertion_point(&tokens, list);
		kt_buf_append(out, old->data, at);
		kt_json_writer_init(&json, out, INDENT);
		json.level = ENTRY_LEVEL;
		json.fresh = !list->child_count;
		put_entry(&json, list->child_count, metrics, exit_code);
		if (!list->child_count && old->data[at] == ']')
			kt_buf_printf(out, "\n%*s", (ENTRY_LEVEL - 1) * INDENT, "");
		kt_buf_append(out, old->data + at, old->len - at);
		err = kt_buf_error(out);
	}
	kt_json_tokens_deinit(&tokens);
	return err;
}

static struct kt_error *append_locked(const char *path, const struct kt_flat_metrics *metrics,
				      int exit_code)
{
	kt_autobuf struct kt_buf old = KT_BUF_INIT;
	kt_autobuf struct kt_buf new = KT_BUF_INIT;
	struct kt_error *err = kt_file_read(path, SIDECAR_MAX_BYTES, &old);

	if (err && kt_error_errno(err) == ENOENT) {
		kt_error_destroy(err);
		return not_found(path, KT_ERROR_IO);
	}
	KT_TRY(err);
	KT_TRY(insert_entry(&old, path, metrics, exit_code, &new));
	return kt_file_replace(path, new.data, new.len, 0600);
}

struct kt_error *kt_sidecar_append(const char *path, const char *document, size_t len,
				   int exit_code, const volatile sig_atomic_t *stop)
{
	/* Two names of one file must meet at one lock. */
	kt_autofree char *resolved = realpath(path, NULL);
	if (!resolved)
		return errno == ENOENT ? not_found(path, KT_ERROR_IO)
				       : kt_error_create(KT_ERROR_IO, errno, "%s", path);
	struct kt_flat_metrics metrics;
	KT_TRY(kt_json_flatten(document, len, &metrics));
	kt_autoclose int lock = -1;
	struct kt_error *err = take_lock(resolved, stop, &lock);
	if (!err)
		err = append_locked(resolved, &metrics, exit_code);
	kt_flat_metrics_deinit(&metrics);
	return err;
}
