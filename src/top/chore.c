/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/chore.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "top/preferences.h"

static void forget(struct kt_chore *chore)
{
	free(KT_TAKE(chore->path));
	free(KT_TAKE(chore->content));
	kt_error_destroy(KT_TAKE(chore->error));
	chore->spool = NULL;
	chore->is_running = false;
}

static void work(uv_work_t *request)
{
	struct kt_chore *chore = request->data;

	if (chore->content)
		chore->error = kt_preferences_write(chore->path, chore->content);
	else
		chore->error = kt_spool_save(chore->spool, chore->moment_ns, chore->path);
}

static void on_worked(uv_work_t *request, int status)
{
	struct kt_chore *chore = request->data;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	(void)status; /* nobody cancels it */
	if (chore->error)
		kt_buf_printf(&text, "not written: %s", kt_error_message(chore->error));
	else if (chore->content)
		kt_buf_printf(&text, "kept in %s", chore->path);
	else if (chore->spool->is_full || chore->spool->has_failed)
		kt_buf_printf(&text, "saved as %s, but not to the end: use --record for so much",
			      chore->path);
	else
		kt_buf_printf(&text, "saved as %s", chore->path);
	forget(chore);
	chore->on_done(chore->ctx, kt_buf_text(&text));
}

static void start(struct kt_chore *chore, uv_loop_t *loop)
{
	chore->request.data = chore;
	chore->is_running = true;
	if (uv_queue_work(loop, &chore->request, work, on_worked)) {
		forget(chore);
		chore->on_done(chore->ctx, "not written: no memory");
	}
}

/* Takes a copy of what is to be done; false if that cannot be now, which is told. */
static bool prepare(struct kt_chore *chore, const char *path, const char *content)
{
	if (chore->is_running) {
		chore->on_done(chore->ctx, "not written: the file before is still being written");
		return false;
	}
	chore->path = strdup(path);
	chore->content = content ? strdup(content) : NULL;
	if (chore->path && (chore->content || !content))
		return true;
	forget(chore);
	chore->on_done(chore->ctx, "not written: no memory");
	return false;
}

void kt_chore_save(struct kt_chore *chore, uv_loop_t *loop, struct kt_spool *spool,
		   uint64_t moment_ns, const char *path)
{
	if (!prepare(chore, path, NULL))
		return;
	chore->spool = spool;
	chore->moment_ns = moment_ns;
	start(chore, loop);
}

void kt_chore_keep(struct kt_chore *chore, uv_loop_t *loop, const char *path, const char *content)
{
	if (prepare(chore, path, content))
		start(chore, loop);
}
