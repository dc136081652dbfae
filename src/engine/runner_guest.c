/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a runner comes by its guest: woken from a template, booted, or started once more where
 * the first way did not work.
 */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/runner_state.h"

static void take_group(struct kt_runner *runner)
{
	runner->group_procs =
		kt_runner_take_group(runner->shared, runner->scenario, runner->image.bytes);
}

static struct kt_error *create_guest(struct kt_runner *runner, const struct kt_guest_config *config)
{
	return kt_guest_create(runner->shared->loop, config, &kt_runner_guest_handler, runner,
			       &runner->guest);
}

static struct kt_error *boot(struct kt_runner *runner)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	struct kt_guest_config config;

	runner->start = KT_START_COLD;
	take_group(runner);
	KT_TRY(kt_runner_boot_config(runner->shared, runner->scenario, &runner->image, &arguments,
				     &config));
	config.strikes = kt_runner_strikes(runner, KT_FAULT_BOOTED);
	KT_TRY(create_guest(runner, &config));
	kt_guest_start(runner->guest);
	return NULL;
}

static struct kt_guest_config wake_config(const struct kt_runner *runner)
{
	struct kt_guest_config config = kt_runner_wake_config(runner->scenario);

	config.strikes = kt_runner_strikes(runner, KT_FAULT_WOKEN);
	return config;
}

/* Whether a test wants something of the time before QEMU is up, which one that stands by has behind it. */
static bool suffers_at_the_start(const struct kt_guest_strikes *strikes)
{
	for (size_t i = 0; i < strikes->count; i++)
		if (strikes->list[i].state == KT_GUEST_STARTING)
			return true;
	return false;
}

/* What is left to do where a QEMU stands by. */
static struct kt_error *wake_standby(struct kt_runner *runner)
{
	struct kt_guest_config config = wake_config(runner);
	struct kt_standby standby;

	runner->start = KT_START_STANDBY;
	KT_TRY(create_guest(runner, &config));
	(void)kt_standbys_take(runner->shared->standbys, runner->key, &standby);
	runner->group_procs = standby.group_procs;
	kt_guest_take_over(runner->guest, standby.qemu);
	return NULL;
}

static struct kt_error *wake(struct kt_runner *runner, const struct kt_template *template)
{
	struct kt_runner_shared *shared = runner->shared;
	struct kt_guest_config config = wake_config(runner);
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autoclose int state_fd = -1;

	runner->start = KT_START_TEMPLATE;
	runner->template = template;
	if (kt_standbys_count(shared->standbys, runner->key) &&
	    !suffers_at_the_start(&config.strikes))
		return wake_standby(runner);
	take_group(runner);
	KT_TRY(kt_runner_wake_qemu(shared, runner->scenario, runner->image.bytes, template,
				   &arguments, &state_fd, &config.qemu));
	KT_TRY(create_guest(runner, &config));
	kt_guest_start(runner->guest);
	return NULL;
}

/* A guest that cannot even be described is a scenario that cannot be judged. */
static void take_problem(struct kt_runner *runner, struct kt_error *err)
{
	if (!err)
		return;
	kt_buf_puts(&runner->problem, kt_error_message(err));
	kt_error_destroy(err);
	kt_runner_end(runner);
}

static void note(struct kt_runner *runner, const char *what, const char *why)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "%s (%s)", what, why);
	kt_session_note(runner->shared->session, runner->scenario->name, kt_buf_text(&text));
}

static void note_template(struct kt_runner *runner, const struct kt_template *template,
			  enum kt_template_origin origin)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (origin == KT_TEMPLATE_WAS_THERE)
		return;
	kt_buf_puts(&text, "the template of ");
	kt_topology_label(&runner->scenario->topology, &text);
	kt_buf_puts(&text,
		    origin == KT_TEMPLATE_WAS_MADE ? " was made in " : " was kept, and read in ");
	kt_text_format_duration(&text, template->made_ns);
	kt_session_note(runner->shared->session, NULL, kt_buf_text(&text));
}

/* KVM failed in a way that emulation may survive. */
bool kt_runner_is_kvm_to_blame(const struct kt_runner_shared *shared,
			       enum kt_accelerator accelerator, enum kt_guest_reason reason)
{
	return accelerator == KT_ACCELERATOR_KVM && shared->may_fall_back &&
	       (reason == KT_REASON_NO_KVM || reason == KT_REASON_NO_AGENT ||
		reason == KT_REASON_QEMU_EXIT);
}

/* From here on every guest of the run is emulated; said once. */
static void fall_back(struct kt_runner *runner, const char *why)
{
	struct kt_runner_shared *shared = runner->shared;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (shared->accelerator != KT_ACCELERATOR_KVM)
		return;
	shared->accelerator = KT_ACCELERATOR_TCG;
	kt_buf_printf(&text, "a guest under KVM did not boot (%s)", why);
	struct kt_accel_step step = { .step = "boot",
				      .outcome = "kvm failed",
				      .reason = kt_buf_text(&text) };
	struct kt_event event = {
		.type = KT_EVENT_ACCEL,
		.accel = { .choice = KT_ACCEL_TCG,
			   .reason = kt_buf_text(&text),
			   .steps = &step,
			   .step_count = 1 },
	};
	kt_session_emit(shared->session, &event);
}

static void on_outcome(void *ctx, const struct kt_template_outcome *outcome)
{
	struct kt_runner *runner = ctx;

	runner->is_waiting = false;
	if (outcome->template) {
		note_template(runner, outcome->template, outcome->origin);
		take_problem(runner, wake(runner, outcome->template));
		return;
	}
	if (kt_runner_is_kvm_to_blame(runner->shared, runner->accelerator, outcome->reason)) {
		fall_back(runner, outcome->problem);
	} else {
		note(runner, "no template could be made, so this guest is booted",
		     outcome->problem);
		runner->is_cold = true;
	}
	kt_runner_start_guest(runner);
}

/* A state of the guest that a template is being made for. */
static void emit_state(struct kt_runner *runner, enum kt_guest_state state,
		       enum kt_guest_reason reason, const char *detail)
{
	struct kt_event event = {
		.type = KT_EVENT_GUEST_STATE,
		.guest_state = { .state = state,
				 .reason = reason,
				 .detail = detail,
				 .start = KT_START_TEMPLATE },
	};

	kt_runner_emit(runner, &event);
}

/* What scenarios run, mostly: a worker of ours that allocates, and a probe. */
static const struct kt_template_warm warm[] = {
	{ .argv = (const char *const[]){ "ktstr-jemalloc-alloc-worker", "16777216", NULL },
	  .until = KT_WORKER_MARKER_PATTERN },
	{ .argv = (const char *const[]){ "ktstr-jemalloc-probe", "--pid", "1", "--json", NULL } },
	{ 0 },
};

static struct kt_error *make_template(struct kt_runner *runner, const struct kt_machine *machine,
				      const char *key)
{
	struct kt_runner_shared *shared = runner->shared;
	kt_autoarguments struct kt_arguments arguments = { 0 };

	/* Its memory outlives it, and would count for the next guest of its group. */
	shared->programs.group_procs = NULL;
	KT_TRY(kt_runner_machine_arguments(shared, machine, &arguments));
	struct kt_template_order order = {
		.key = key,
		.arguments = &arguments,
		.maker = { .machine = machine,
			   .kernel_fd = runner->image.kernel_fd,
			   .initrd_fd = runner->image.fd,
			   .warm = warm,
			   .boot_timeout_ns = kt_runner_boot_timeout_ns(shared, runner->scenario),
			   .silence_timeout_ns = KT_SILENCE_TIMEOUT_NS,
			   .strikes = kt_runner_strikes(runner, KT_FAULT_TEMPLATE) },
	};
	return kt_templates_make(shared->templates, &order);
}

/* Wakes a guest, or waits until that can be; @ret_used is false where templates are out. */
static struct kt_error *use_template(struct kt_runner *runner, bool *ret_used)
{
	struct kt_runner_shared *shared = runner->shared;
	struct kt_machine machine =
		kt_runner_machine(shared, runner->scenario, runner->image.bytes, KT_MEMORY_SHARED);
	const struct kt_template *template;
	const char *key = runner->key;

	KT_TRY(kt_runner_template_key(shared, runner->scenario, &runner->image, runner->key));
	enum kt_template_answer answer = kt_templates_find(shared->templates, key, &template);
	*ret_used = answer != KT_TEMPLATE_BAD;
	if (answer == KT_TEMPLATE_BAD)
		return NULL;
	if (answer == KT_TEMPLATE_READY)
		return wake(runner, template);
	if (answer == KT_TEMPLATE_WANTED)
		KT_TRY(make_template(runner, &machine, key));
	runner->wait = (struct kt_template_wait){ .on_outcome = on_outcome, .ctx = runner };
	runner->is_waiting = true;
	kt_templates_wait(shared->templates, key, &runner->wait);
	emit_state(runner, KT_GUEST_NEW, KT_REASON_NONE, "its template is being made");
	return NULL;
}

void kt_runner_start_guest(struct kt_runner *runner)
{
	struct kt_runner_shared *shared = runner->shared;
	struct kt_error *err = NULL;
	bool is_used = false;

	runner->accelerator = shared->accelerator;
	runner->template = NULL;
	runner->was_ready = false;
	shared->programs.parent_pid = getpid();
	if (shared->templates && !runner->is_cold)
		err = use_template(runner, &is_used);
	if (!err && !is_used)
		err = boot(runner);
	take_problem(runner, err);
}

bool kt_runner_try_again(struct kt_runner *runner)
{
	enum kt_guest_reason reason = kt_guest_reason(runner->guest);
	kt_autobuf struct kt_buf why = KT_BUF_INIT;

	if (runner->cancelled || runner->timed_out || runner->was_ready || reason == KT_REASON_NONE)
		return false;
	kt_buf_puts(&why, *kt_guest_detail(runner->guest) ? kt_guest_detail(runner->guest)
							  : kt_guest_reason_name(reason));
	if (runner->template) {
		note(runner, "the guest did not wake from its template, so it is booted",
		     kt_buf_text(&why));
		kt_templates_blame(runner->shared->templates, runner->template);
		runner->is_cold = true;
	} else if (kt_runner_is_kvm_to_blame(runner->shared, runner->accelerator, reason) &&
		   !kt_guest_boot_ns(runner->guest)) {
		fall_back(runner, kt_buf_text(&why));
	} else {
		return false;
	}
	kt_guest_destroy(KT_TAKE(runner->guest));
	kt_runner_start_guest(runner);
	return true;
}

void kt_runner_stop_guest(struct kt_runner *runner, enum kt_guest_reason reason, const char *text)
{
	if (runner->guest) {
		kt_guest_fail(runner->guest, reason, text);
		return;
	}
	if (!runner->is_waiting)
		return;
	runner->is_waiting = false;
	kt_templates_forget(runner->shared->templates, &runner->wait);
	emit_state(runner, KT_GUEST_FAILED, reason, text);
	kt_buf_printf(&runner->problem, "%s: %s", kt_guest_reason_name(reason), text);
	kt_runner_end(runner);
}
