/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "vmm/template/template.h"

/* How long one of the programs that warm the guest may take, in ms. */
#define KT_WARM_TIMEOUT_MS 5000
#define KT_WARM_ID	   1
/* Nothing makes this file; waiting for it is the agent's clock. */
#define KT_WARM_NEVER "/proc/never"

struct kt_template_maker {
	kt_template_made_fn on_made;
	void *ctx;
	struct kt_template template;
	struct kt_guest *guest;
	const struct kt_template_warm *warm; /* the next program */
	uint64_t started_ns;
	bool is_saved;
};

KT_DEFINE_CLEANUP(struct kt_template_maker *, kt_template_maker_destroy);

/* Runs the next program, or saves the guest after the last. */
static void go_on(struct kt_template_maker *maker)
{
	const struct kt_template_warm *next = maker->warm;

	if (!next || !next->argv) {
		kt_guest_save(maker->guest, maker->template.state_fd);
		return;
	}
	maker->warm++;
	kt_guest_spawn(maker->guest, KT_WARM_ID, (char *const *)next->argv, NULL, 0);
	kt_guest_await(maker->guest, KT_WARM_ID, next->until ? next->until : KT_WARM_NEVER,
		       KT_WARM_TIMEOUT_MS);
}

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct kt_template_maker *maker = ctx;

	if (kt_guest_state(guest) == KT_GUEST_READY)
		go_on(maker);
	if (kt_guest_state(guest) == KT_GUEST_DONE)
		maker->is_saved = true;
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	struct kt_template_maker *maker = ctx;

	if (message->kind == KT_LINK_ENDED || message->kind == KT_LINK_FAILED)
		go_on(maker);
	else if (message->kind == KT_LINK_AWAITED && strcmp(message->text, "ended") != 0)
		kt_guest_kill(maker->guest, KT_WARM_ID, SIGKILL);
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
		.on_stopped = on_stopped,
	};
	KT_CLEANUP(kt_template_maker_destroy)
	struct kt_template_maker *maker = calloc(1, sizeof(*maker));
	if (!maker)
		return kt_error_no_memory();
	*maker = (struct kt_template_maker){
		.on_made = on_made, .ctx = ctx, .warm = config->warm, .template = KT_TEMPLATE_INIT
	};
	KT_TRY(kt_template_create_files(config->machine->topology.numa_nodes,
					kt_machine_node_mib(config->machine), &maker->template));
	struct kt_guest_config guest = {
		.qemu = { .argv = config->argv,
			  .kernel_fd = config->kernel_fd,
			  .initrd_fd = config->initrd_fd,
			  .state_fd = -1,
			  .memory_fds = maker->template.memory_fds,
			  .memory_count = maker->template.memory_count },
		.boot_timeout_ns = config->boot_timeout_ns,
		.silence_timeout_ns = config->silence_timeout_ns,
		.strikes = config->strikes,
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
