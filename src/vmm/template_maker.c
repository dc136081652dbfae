/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "vmm/template.h"

struct kt_template_maker {
	kt_template_made_fn on_made;
	void *ctx;
	struct kt_template template;
	struct kt_guest *guest;
	uint64_t started_ns;
	bool is_saved;
};

KT_DEFINE_CLEANUP(struct kt_template_maker *, kt_template_maker_destroy);

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct kt_template_maker *maker = ctx;

	if (kt_guest_state(guest) == KT_GUEST_READY)
		kt_guest_save(guest, maker->template.state_fd);
	if (kt_guest_state(guest) == KT_GUEST_DONE)
		maker->is_saved = true;
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	(void)ctx;
	(void)message;
}

static void on_console(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
}

static void on_stopped(void *ctx)
{
	struct kt_template_maker *maker = ctx;

	maker->template.made_ns = kt_clock_mono_ns() - maker->started_ns;
	maker->on_made(maker->ctx, maker);
}

struct kt_error *kt_template_maker_create(uv_loop_t *loop,
					  const struct kt_template_maker_config *config,
					  kt_template_made_fn on_made, void *ctx,
					  struct kt_template_maker **ret)
{
	static const struct kt_guest_handler handler = {
		.on_state = on_state,
		.on_message = on_message,
		.on_console = on_console,
		.on_stopped = on_stopped,
	};
	KT_CLEANUP(kt_template_maker_destroy)
	struct kt_template_maker *maker = calloc(1, sizeof(*maker));
	if (!maker)
		return kt_error_no_memory();
	*maker = (struct kt_template_maker){ .on_made = on_made,
					     .ctx = ctx,
					     .template = KT_TEMPLATE_INIT };
	KT_TRY(kt_template_create_files(config->machine->topology.numa_nodes,
					kt_machine_node_mib(config->machine), &maker->template));
	struct kt_guest_config guest = {
		.argv = config->argv,
		.kernel_fd = config->kernel_fd,
		.initrd_fd = config->initrd_fd,
		.state_fd = -1,
		.memory_fds = maker->template.memory_fds,
		.memory_count = maker->template.memory_count,
		.boot_timeout_ns = config->boot_timeout_ns,
		.silence_timeout_ns = config->silence_timeout_ns,
	};
	KT_TRY(kt_guest_create(loop, &guest, &handler, maker, &maker->guest));
	*ret = KT_TAKE(maker);
	return NULL;
}

void kt_template_maker_start(struct kt_template_maker *maker)
{
	maker->started_ns = kt_clock_mono_ns();
	kt_guest_start(maker->guest);
}

void kt_template_maker_cancel(struct kt_template_maker *maker, const char *text)
{
	kt_guest_fail(maker->guest, KT_REASON_CANCELLED, text);
}

struct kt_error *kt_template_maker_take(struct kt_template_maker *maker, struct kt_template *ret)
{
	if (!maker->is_saved)
		return kt_error_create(
			KT_ERROR_ENVIRONMENT, 0, "%s",
			*kt_guest_detail(maker->guest)
				? kt_guest_detail(maker->guest)
				: kt_guest_reason_name(kt_guest_reason(maker->guest)));
	KT_TRY(kt_template_seal(&maker->template));
	*ret = maker->template;
	maker->template = KT_TEMPLATE_INIT;
	return NULL;
}

enum kt_guest_reason kt_template_maker_reason(const struct kt_template_maker *maker)
{
	return kt_guest_reason(maker->guest);
}

void kt_template_maker_destroy(struct kt_template_maker *maker)
{
	if (!maker)
		return;
	kt_guest_destroy(maker->guest);
	kt_template_deinit(&maker->template);
	free(maker);
}
