/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/runner_state.h"

/* A boot takes 1.5 to 3.5 s emulated on an idle machine (docs/performance.md); the rest is for
 * machines that are slow or busy. */
#define KT_BOOT_TIMEOUT_NS	   (40 * KT_NS_PER_SEC)
#define KT_BOOT_TIMEOUT_PER_CPU_NS (2 * KT_NS_PER_SEC)
/* A working KVM boots in well under this; a broken one may never say so. */
#define KT_KVM_BOOT_TIMEOUT_NS (5 * KT_NS_PER_SEC)
/* The agent says something every second. */
#define KT_SILENCE_TIMEOUT_NS (20 * KT_NS_PER_SEC)

KT_DEFINE_CLEANUP(struct kt_runner *, kt_runner_destroy);

static void start_guest(struct kt_runner *runner);

uint32_t kt_runner_memory_mib(const struct kt_scenario *scenario, uint64_t image_bytes)
{
	uint32_t least = kt_machine_memory_mib(&scenario->topology, image_bytes);

	return scenario->memory_mib > least ? scenario->memory_mib : least;
}

struct kt_error *kt_runner_arguments(const struct kt_runner_shared *shared,
				     const struct kt_scenario *scenario, uint64_t image_bytes,
				     struct kt_arguments *ret)
{
	struct kt_machine machine = {
		.topology = scenario->topology,
		.memory_mib = kt_runner_memory_mib(scenario, image_bytes),
		.accelerator = shared->accelerator,
		.tcg_multi_thread = shared->tcg_multi_thread,
		.cpu = shared->cpu,
		.agent_port = KT_PORT_NAME,
		.qmp_fd = KT_GUEST_FD_QMP,
		.agent_fd = KT_GUEST_FD_AGENT,
		.console_fd = KT_GUEST_FD_CONSOLE,
	};
	struct kt_machine_boot boot = {
		.kernel_fd = KT_GUEST_FD_KERNEL,
		.initrd_fd = KT_GUEST_FD_INITRD,
		.tsc_khz = shared->tsc_khz,
	};

	return kt_machine_boot_arguments(&machine, &boot, &shared->programs, ret);
}

struct kt_error *kt_runner_create(struct kt_runner_shared *shared,
				  const struct kt_scenario *scenario,
				  const struct kt_runner_image *image, kt_runner_done_fn on_done,
				  void *ctx, struct kt_runner **ret)
{
	KT_CLEANUP(kt_runner_destroy) struct kt_runner *runner = calloc(1, sizeof(*runner));
	if (!runner)
		return kt_error_no_memory();
	runner->shared = shared;
	runner->scenario = scenario;
	runner->image = *image;
	runner->on_done = on_done;
	runner->ctx = ctx;
	runner->result = KT_RESULT_ERROR;
	runner->probe.id = KT_PROBE_FIRST_ID;
	runner->workers = calloc(scenario->worker_count + 1, sizeof(*runner->workers));
	if (!runner->workers)
		return kt_error_no_memory();
	for (size_t i = 0; i < scenario->worker_count; i++) {
		runner->workers[i].worker = &scenario->workers[i];
		kt_tail_init(&runner->workers[i].stderr_tail, KT_WORKER_TAIL_BYTES);
	}
	*ret = KT_TAKE(runner);
	return NULL;
}

void kt_runner_destroy(struct kt_runner *runner)
{
	if (!runner)
		return;
	for (size_t i = 0; runner->workers && i < runner->scenario->worker_count; i++)
		kt_tail_deinit(&runner->workers[i].stderr_tail);
	for (int i = 0; i < KT_STREAM_COUNT; i++)
		kt_buf_deinit(&runner->probe.streams[i]);
	kt_event_lines_deinit(&runner->probe.lines);
	kt_buf_deinit(&runner->cancel_text);
	kt_buf_deinit(&runner->death_text);
	kt_buf_deinit(&runner->problem);
	kt_guest_destroy(runner->guest);
	free(runner->workers);
	free(runner);
}

enum kt_result kt_runner_result(const struct kt_runner *runner)
{
	return runner->result;
}

void kt_runner_emit(struct kt_runner *runner, struct kt_event *event)
{
	event->scenario = runner->scenario->name;
	kt_session_emit(runner->shared->session, event);
}

static enum kt_accel event_accel(const struct kt_runner *runner)
{
	return runner->accelerator == KT_ACCELERATOR_KVM ? KT_ACCEL_KVM : KT_ACCEL_TCG;
}

static struct kt_error *emit_start(struct kt_runner *runner)
{
	const struct kt_scenario *scenario = runner->scenario;
	kt_autobuf struct kt_buf label = KT_BUF_INIT;
	kt_autofree struct kt_check_title *titles =
		calloc(scenario->check_count + 1, sizeof(*titles));

	kt_topology_label(&scenario->topology, &label);
	if (!titles || label.failed)
		return kt_error_no_memory();
	kt_checks_titles(scenario, titles);
	struct kt_event event = {
		.type = KT_EVENT_SCENARIO_START,
		.scenario_start = { .file = scenario->file,
				    .topology = kt_buf_text(&label),
				    .memory_mib =
					    kt_runner_memory_mib(scenario, runner->image.bytes),
				    .checks = titles,
				    .check_count = scenario->check_count },
	};
	kt_runner_emit(runner, &event);
	return NULL;
}

/* The end. */

/* "worker-died: worker 'x' ...", or NULL for a guest that ended well. */
static const char *describe_failure(const struct kt_runner *runner, struct kt_buf *out)
{
	const struct kt_guest *guest = runner->guest;

	if (runner->cancelled)
		return kt_buf_text(&runner->cancel_text);
	if (!guest)
		return kt_buf_text(&runner->problem);
	if (kt_guest_reason(guest) == KT_REASON_NONE)
		return NULL;
	kt_buf_puts(out, kt_guest_reason_name(kt_guest_reason(guest)));
	if (*kt_guest_detail(guest))
		kt_buf_printf(out, ": %s", kt_guest_detail(guest));
	return kt_buf_text(out);
}

static enum kt_result judge(struct kt_runner *runner, bool failed)
{
	struct kt_session *session = runner->shared->session;
	const struct kt_run_scenario *state;

	kt_session_judge(session, runner->scenario);
	state = kt_run_find_scenario(&session->run, runner->scenario->name);
	enum kt_result result = state ? kt_checks_result(state) : KT_RESULT_ERROR;
	if (runner->cancelled)
		return KT_RESULT_CANCELLED;
	/* A check that failed has failed, whatever became of the guest afterwards. */
	return failed && result != KT_RESULT_FAIL ? KT_RESULT_ERROR : result;
}

static void emit_end(struct kt_runner *runner)
{
	kt_autobuf struct kt_buf reason = KT_BUF_INIT;
	kt_autobuf struct kt_buf console = KT_BUF_INIT;
	kt_autobuf struct kt_buf said = KT_BUF_INIT;
	const char *why = describe_failure(runner, &reason);
	uint64_t boot_ns = runner->guest ? kt_guest_boot_ns(runner->guest) : 0;

	runner->result = judge(runner, why != NULL);
	if (why && runner->guest) {
		kt_guest_console_tail(runner->guest, &console);
		kt_guest_stderr_tail(runner->guest, &said);
	}
	struct kt_event event = {
		.type = KT_EVENT_SCENARIO_END,
		.scenario_end = { .verdict = runner->result,
				  .reason = why,
				  .duration_ns = kt_clock_mono_ns() - runner->started_ns,
				  .boot_ns = { boot_ns != 0, boot_ns },
				  .accel = event_accel(runner),
				  .console_tail = console.len ? kt_buf_text(&console) : NULL,
				  .qemu_stderr_tail = said.len ? kt_buf_text(&said) : NULL },
	};
	kt_runner_emit(runner, &event);
}

static void on_timer_closed(uv_handle_t *timer)
{
	struct kt_runner *runner = timer->data;

	if (--runner->open_timers)
		return;
	emit_end(runner);
	runner->on_done(runner->ctx, runner);
}

static void end_runner(struct kt_runner *runner)
{
	uv_close((uv_handle_t *)&runner->scenario_timer, on_timer_closed);
	uv_close((uv_handle_t *)&runner->probe_timer, on_timer_closed);
}

/* Did KVM fail in a way that emulation may survive? */
static bool should_fall_back(const struct kt_runner *runner)
{
	enum kt_guest_reason reason = kt_guest_reason(runner->guest);

	return runner->accelerator == KT_ACCELERATOR_KVM && runner->shared->may_fall_back &&
	       !runner->cancelled && !kt_guest_boot_ns(runner->guest) &&
	       (reason == KT_REASON_NO_KVM || reason == KT_REASON_NO_AGENT ||
		reason == KT_REASON_QEMU_EXIT);
}

/* From here on every guest of the run is emulated; said once. */
static void fall_back(struct kt_runner *runner)
{
	struct kt_runner_shared *shared = runner->shared;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (shared->accelerator == KT_ACCELERATOR_KVM) {
		shared->accelerator = KT_ACCELERATOR_TCG;
		kt_buf_printf(&text, "a guest under KVM did not boot (%s)",
			      kt_guest_detail(runner->guest));
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
	kt_guest_destroy(KT_TAKE(runner->guest));
	start_guest(runner);
}

/* What the guest reports. */

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct kt_runner *runner = ctx;
	bool failed = kt_guest_state(guest) == KT_GUEST_FAILED;
	struct kt_event event = {
		.type = KT_EVENT_GUEST_STATE,
		.guest_state = { .state = kt_guest_state(guest),
				 .reason = failed ? kt_guest_reason(guest) : KT_REASON_NONE,
				 .detail = failed ? kt_guest_detail(guest) : NULL,
				 .accel = event_accel(runner),
				 .since_start_ns = kt_guest_since_start_ns(guest) },
	};

	/* A probe that was at work has begun, even if it did not come to say so. */
	if (failed && runner->probe.running)
		kt_runner_announce_probe(runner, NULL);
	kt_runner_emit(runner, &event);
	if (kt_guest_state(guest) == KT_GUEST_READY)
		kt_runner_start_workers(runner);
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	struct kt_runner *runner = ctx;
	uint32_t index = message->id - KT_WORKER_FIRST_ID;

	if (message->id >= KT_WORKER_FIRST_ID && index < runner->scenario->worker_count)
		kt_runner_worker_message(runner, index, message);
	else
		kt_runner_probe_message(runner, message);
}

static void on_console(void *ctx, const char *line)
{
	struct kt_event event = { .type = KT_EVENT_CONSOLE, .console = { .text = line } };

	kt_runner_emit(ctx, &event);
}

static void on_stopped(void *ctx)
{
	struct kt_runner *runner = ctx;

	(void)uv_timer_stop(&runner->probe_timer);
	if (should_fall_back(runner))
		fall_back(runner);
	else
		end_runner(runner);
}

/* The start. */

static uint32_t timeout_s(const struct kt_runner *runner)
{
	return runner->shared->timeout_s ? runner->shared->timeout_s : runner->scenario->timeout_s;
}

static void on_scenario_timeout(uv_timer_t *timer)
{
	struct kt_runner *runner = timer->data;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&text, "the scenario took longer than %u s", timeout_s(runner));
	if (runner->guest)
		kt_guest_fail(runner->guest, KT_REASON_TIMEOUT, kt_buf_text(&text));
}

static uint64_t boot_timeout_ns(const struct kt_runner *runner)
{
	if (runner->accelerator == KT_ACCELERATOR_KVM && runner->shared->may_fall_back)
		return KT_KVM_BOOT_TIMEOUT_NS;
	return KT_BOOT_TIMEOUT_NS +
	       KT_BOOT_TIMEOUT_PER_CPU_NS * kt_topology_cpu_count(&runner->scenario->topology);
}

static struct kt_error *create_guest(struct kt_runner *runner, struct kt_arguments *arguments)
{
	static const struct kt_guest_handler handler = {
		.on_state = on_state,
		.on_message = on_message,
		.on_console = on_console,
		.on_stopped = on_stopped,
	};
	struct kt_runner_shared *shared = runner->shared;

	runner->accelerator = shared->accelerator;
	shared->programs.parent_pid = getpid();
	KT_TRY(kt_runner_arguments(shared, runner->scenario, runner->image.bytes, arguments));
	struct kt_guest_config config = {
		.argv = arguments->argv,
		.kernel_fd = shared->kernel_fd,
		.initrd_fd = runner->image.fd,
		.boot_timeout_ns = boot_timeout_ns(runner),
		.silence_timeout_ns = KT_SILENCE_TIMEOUT_NS,
	};
	return kt_guest_create(shared->loop, &config, &handler, runner, &runner->guest);
}

static void start_guest(struct kt_runner *runner)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autoerr struct kt_error *err = create_guest(runner, &arguments);

	if (err) {
		kt_buf_puts(&runner->problem, kt_error_message(err));
		end_runner(runner);
		return;
	}
	kt_guest_start(runner->guest);
}

void kt_runner_start(struct kt_runner *runner)
{
	struct kt_runner_shared *shared = runner->shared;

	runner->started_ns = kt_clock_mono_ns();
	runner->open_timers = 2;
	(void)uv_timer_init(shared->loop, &runner->scenario_timer);
	(void)uv_timer_init(shared->loop, &runner->probe_timer);
	runner->scenario_timer.data = runner;
	runner->probe_timer.data = runner;
	uv_update_time(shared->loop);
	(void)uv_timer_start(&runner->scenario_timer, on_scenario_timeout,
			     1000 * (uint64_t)timeout_s(runner), 0);
	kt_autoerr struct kt_error *err = emit_start(runner);
	if (err) {
		kt_buf_puts(&runner->problem, kt_error_message(err));
		end_runner(runner);
		return;
	}
	start_guest(runner);
}

void kt_runner_cancel(struct kt_runner *runner, const char *text)
{
	if (runner->cancelled || !runner->guest)
		return;
	runner->cancelled = true;
	kt_buf_puts(&runner->cancel_text, text);
	kt_guest_fail(runner->guest, KT_REASON_CANCELLED, text);
}
