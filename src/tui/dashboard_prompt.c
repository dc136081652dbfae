/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for, and what happens with the answer. */
#include "tui/dashboard_state.h"

static struct kt_list *list_of(struct kt_dashboard *dashboard)
{
	return &dashboard->lists[dashboard->view];
}

static void set(struct kt_buf *buf, const char *text)
{
	kt_buf_reset(buf);
	kt_buf_puts(buf, text);
}

/* What shows while one types. */
static void try_text(struct kt_dashboard *dashboard, const char *text)
{
	struct kt_list *list = list_of(dashboard);

	if (dashboard->prompt.kind == KT_PROMPT_FILTER)
		set(&list->filter, text);
	if (dashboard->prompt.kind == KT_PROMPT_SEARCH) {
		set(&list->search, text);
		(void)kt_list_find(list, 1, 0);
	}
}

static unsigned refuse(struct kt_dashboard *dashboard, const char *why)
{
	set(&dashboard->prompt.problem, why);
	return KT_NEED_FRAME;
}

static unsigned accept_time(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input,
			    const char *text)
{
	uint64_t moment_ns;

	if (!kt_format_parse_moment(text, input->now_ns, &moment_ns))
		return refuse(dashboard, "a time is 12.5, 1:02.5, 50%, begin or end");
	kt_travel_go(&dashboard->travel, input, moment_ns);
	kt_prompt_close(&dashboard->prompt);
	return KT_NEED_FRAME;
}

static unsigned accept_save(struct kt_dashboard *dashboard, const char *text)
{
	if (!*text)
		return refuse(dashboard, "a file needs a name");
	set(&dashboard->save_path, text);
	dashboard->save_count++;
	kt_prompt_close(&dashboard->prompt);
	return KT_NEED_FRAME | KT_NEED_SAVE;
}

static unsigned accept_columns(struct kt_dashboard *dashboard, const char *text)
{
	struct kt_error *err =
		kt_threads_set_columns(dashboard->lists[KT_DASHBOARD_THREADS].rows, text);

	if (err) {
		(void)refuse(dashboard, kt_error_message(err));
		kt_error_destroy(err);
		return KT_NEED_FRAME;
	}
	kt_prompt_close(&dashboard->prompt);
	return KT_NEED_FRAME;
}

static unsigned accept_search(struct kt_dashboard *dashboard, const char *text)
{
	struct kt_list *list = list_of(dashboard);

	/* As in less: nothing typed looks for the same again. */
	if (!*text) {
		set(&list->search, kt_buf_text(&dashboard->prompt.before));
		(void)kt_list_find(list, 1, 1);
	} else if (!kt_list_find(list, 1, 0)) {
		kt_dashboard_say(dashboard, "not found");
	}
	kt_prompt_close(&dashboard->prompt);
	return KT_NEED_FRAME;
}

static unsigned accept(struct kt_dashboard *dashboard, const struct kt_dashboard_input *input)
{
	const char *text = kt_buf_text(&dashboard->prompt.text);

	switch (dashboard->prompt.kind) {
	case KT_PROMPT_TIME:
		return accept_time(dashboard, input, text);
	case KT_PROMPT_SAVE:
		return accept_save(dashboard, text);
	case KT_PROMPT_COLUMNS:
		return accept_columns(dashboard, text);
	case KT_PROMPT_SEARCH:
		return accept_search(dashboard, text);
	case KT_PROMPT_FILTER:
	case KT_PROMPT_NONE:
		break;
	}
	kt_prompt_close(&dashboard->prompt);
	return KT_NEED_FRAME;
}

unsigned kt_dashboard_prompt_key(struct kt_dashboard *dashboard,
				 const struct kt_dashboard_input *input, uint32_t key)
{
	struct kt_prompt *prompt = &dashboard->prompt;

	switch (kt_prompt_key(prompt, key)) {
	case KT_PROMPT_IGNORED:
		return 0;
	case KT_PROMPT_CHANGED:
		try_text(dashboard, kt_buf_text(&prompt->text));
		return KT_NEED_FRAME;
	case KT_PROMPT_CANCELLED:
		try_text(dashboard, kt_buf_text(&prompt->before));
		kt_prompt_close(prompt);
		return KT_NEED_FRAME;
	case KT_PROMPT_ACCEPTED:
		return accept(dashboard, input);
	}
	return 0;
}
