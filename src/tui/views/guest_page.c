/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of a guest: how it came up, what runs in it, what it said. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "tui/views/guest_probes.h"
#include "tui/views/guests.h"
#include "tui/views/page.h"

enum {
	PHASE_COLUMNS = 10,
	DURATION_COLUMNS = 8,
	MAX_BAR_COLUMNS = 40,
};

static void put_duration(struct kt_page *page, const char *label, struct kt_opt_u64 duration_ns)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (duration_ns.known)
		kt_format_duration(duration_ns.value, &text);
	kt_page_field(page, label, KT_ROLE_NORMAL, kt_buf_text(&text));
}

/* When the state behind @place began, or what the time is. */
static uint64_t phase_end(const struct kt_guest_glance *glance, size_t place, uint64_t mono_ns)
{
	const struct kt_run_scenario *scenario = glance->scenario;

	if (place + 1 < scenario->state_count &&
	    scenario->states[place + 1].host_mono_ns <= mono_ns)
		return scenario->states[place + 1].host_mono_ns;
	if (glance->has_ended && scenario->ended)
		return scenario->ended_mono_ns;
	return mono_ns;
}

static void put_phase(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_run_state *state, uint64_t phase_ns, uint64_t longest_ns)
{
	unsigned room = page->area.columns > PHASE_COLUMNS + DURATION_COLUMNS + 5
				? page->area.columns - PHASE_COLUMNS - DURATION_COLUMNS - 5
				: 0;
	unsigned bar = room < MAX_BAR_COLUMNS ? room : MAX_BAR_COLUMNS;
	kt_autobuf struct kt_buf duration = KT_BUF_INIT;
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	unsigned full = longest_ns ? (unsigned)((double)phase_ns / (double)longest_ns * bar) : 0;

	kt_format_duration(phase_ns, &duration);
	kt_buf_printf(&line, "%-*s %*s ", PHASE_COLUMNS, kt_guest_state_name(state->state.state),
		      DURATION_COLUMNS, kt_buf_text(&duration));
	for (unsigned i = 0; i < full; i++)
		kt_buf_puts(&line, look->glyphs->is_ascii ? "#" : "\u2588");
	kt_page_text(page, 2, kt_sign_guest_role(state->state.state), kt_buf_text(&line));
}

static void put_phases(struct kt_page *page, const struct kt_look_at *look,
		       const struct kt_guest_glance *glance)
{
	const struct kt_run_scenario *scenario = glance->scenario;
	uint64_t longest_ns = 0;
	size_t count = 0;

	for (; count < scenario->state_count &&
	       scenario->states[count].host_mono_ns <= look->moment_ns;
	     count++) {
		uint64_t phase_ns = phase_end(glance, count, look->moment_ns) -
				    scenario->states[count].host_mono_ns;

		longest_ns = phase_ns > longest_ns ? phase_ns : longest_ns;
	}
	if (!count)
		return;
	kt_page_title(page, "HOW LONG EACH STATE LASTED");
	for (size_t i = 0; i < count; i++)
		put_phase(page, look, &scenario->states[i],
			  phase_end(glance, i, look->moment_ns) - scenario->states[i].host_mono_ns,
			  longest_ns);
}

static void put_state(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_guest_glance *glance)
{
	kt_autobuf struct kt_buf state = KT_BUF_INIT;
	kt_autobuf struct kt_buf verdict = KT_BUF_INIT;
	kt_autobuf struct kt_buf checks = KT_BUF_INIT;
	enum kt_role role = kt_guest_state_put(glance, &state);

	kt_buf_reset(&state);
	kt_guest_strip_put(glance, " > ", &state);
	kt_page_field(page, "state", role, kt_buf_text(&state));
	if (glance->state && glance->state->state.detail)
		kt_page_field(page, "detail", role, glance->state->state.detail);
	role = kt_guest_verdict_put(glance, look->glyphs, &verdict);
	kt_page_field(page, "verdict", role, kt_buf_text(&verdict));
	if (glance->has_ended && glance->scenario->end.reason)
		kt_page_field(page, "reason", role, glance->scenario->end.reason);
	kt_checks_summarize(&glance->checks, &checks);
	kt_page_field(page, "checks", KT_ROLE_NORMAL, kt_buf_text(&checks));
	put_duration(page, "time", KT_KNOWN(glance->elapsed_ns));
}

static void put_known_bytes(const struct kt_units *units, const char *label,
			    struct kt_opt_u64 bytes, struct kt_buf *out)
{
	if (!bytes.known)
		return;
	kt_buf_printf(out, "%s%s ", out->len ? ", " : "", label);
	kt_format_bytes(units, bytes.value, out);
}

/* What QEMU had cost in the end; while it runs, nobody has looked yet. */
static void put_usage(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_event_scenario_end *end)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (end->guest_cpu_ns.known) {
		kt_buf_puts(&text, "CPU time ");
		kt_format_duration(end->guest_cpu_ns.value, &text);
	}
	put_known_bytes(look->units, "peak memory", end->guest_peak_rss_bytes, &text);
	put_known_bytes(look->units, "private memory", end->guest_private_bytes, &text);
	kt_page_field(page, "QEMU", KT_ROLE_NORMAL, kt_buf_text(&text));
}

/* What the running guest says of itself. */
static void put_seen(struct kt_page *page, const struct kt_guest_machine *machine)
{
	kt_autobuf struct kt_buf seen = KT_BUF_INIT;

	kt_topology_seen_put(&machine->seen, &seen);
	kt_page_field(page, "seen inside", KT_ROLE_NORMAL, kt_buf_text(&seen));
	if (machine->release)
		kt_page_field(page, "kernel", KT_ROLE_NORMAL, machine->release);
}

static void put_machine(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_guest_glance *glance)
{
	const struct kt_event_scenario_start *start = &glance->scenario->start;
	const struct kt_event_accel *accel = NULL;
	kt_autobuf struct kt_buf memory = KT_BUF_INIT;

	kt_format_bytes(look->units, (uint64_t)start->memory_mib << 20, &memory);
	kt_page_title(page, "MACHINE");
	kt_page_field(page, "scenario file", KT_ROLE_NORMAL, start->file);
	if (start->kernel)
		kt_page_field(page, "kernel file", KT_ROLE_NORMAL, start->kernel);
	kt_page_field(page, "topology", KT_ROLE_NORMAL, start->topology);
	if (glance->machine)
		put_seen(page, glance->machine);
	kt_page_field(page, "memory", KT_ROLE_NORMAL, kt_buf_text(&memory));
	put_duration(page, "boot", glance->boot_ns);
	if (glance->has_ended)
		put_usage(page, look, &glance->scenario->end);
	kt_page_field(page, "accelerator", KT_ROLE_NORMAL, kt_accel_name(glance->accel));
	if (glance->scenario->has_accel)
		accel = &glance->scenario->accel;
	else if (look->input->run->has_accel)
		accel = &look->input->run->accel;
	if (!accel)
		return;
	kt_page_field(page, "because", KT_ROLE_NORMAL, accel->reason);
	for (size_t i = 0; i < accel->step_count; i++) {
		const struct kt_accel_step *step = &accel->steps[i];

		kt_page_fieldf(page, i ? "" : "steps", KT_ROLE_NORMAL, "%s: %s%s%s", step->step,
			       step->outcome, step->reason ? ", " : "",
			       step->reason ? step->reason : "");
	}
}

static void put_worker(struct kt_page *page, const struct kt_event_worker *worker)
{
	static const char *const words[] = {
		[KT_WORKER_STARTED] = "started",
		[KT_WORKER_READY] = "ready",
		[KT_WORKER_EXITED] = "exited",
	};
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_puts(&text, words[worker->state]);
	if (worker->pid.known)
		kt_buf_printf(&text, ", pid %" PRIu64, worker->pid.value);
	if (worker->exit_code.known)
		kt_buf_printf(&text, ", code %" PRIu64, worker->exit_code.value);
	if (worker->signal.known)
		kt_buf_printf(&text, ", signal %" PRIu64, worker->signal.value);
	if (worker->detail)
		kt_buf_printf(&text, ", %s", worker->detail);
	kt_page_field(page, worker->worker,
		      worker->state == KT_WORKER_EXITED ? KT_ROLE_DIM : KT_ROLE_ACTIVE,
		      kt_buf_text(&text));
}

static void put_workers(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_run_scenario *scenario)
{
	bool has_title = false;

	for (size_t i = 0; i < scenario->worker_count; i++) {
		const struct kt_event_worker *worker =
			kt_moment_worker(&scenario->workers[i], look->moment_ns);

		if (!worker)
			continue;
		if (!has_title)
			kt_page_title(page, "WORKERS");
		has_title = true;
		put_worker(page, worker);
	}
}

static void put_notes(struct kt_page *page, const struct kt_look_at *look,
		      const struct kt_run_scenario *scenario)
{
	const struct kt_run *run = look->input->run;
	size_t count = kt_moment_note_count(run, look->moment_ns);
	bool has_title = false;

	for (size_t i = 0; i < count; i++) {
		const struct kt_run_note *note = &run->notes[i];

		if (note->scenario && strcmp(note->scenario, scenario->name) != 0)
			continue;
		if (!has_title)
			kt_page_title(page, "NOTES");
		has_title = true;
		kt_page_text(page, 2, KT_ROLE_NORMAL, note->text);
	}
}

/* @none stands for an empty text. */
static void put_tail(struct kt_page *page, const char *title, const char *text, size_t len,
		     const char *none)
{
	kt_autobuf struct kt_buf clean = KT_BUF_INIT;

	kt_page_title(page, title);
	kt_text_sanitize(&clean, text, len, KT_RUN_CONSOLE_TAIL_BYTES, true);
	if (clean.len)
		kt_page_text(page, 2, KT_ROLE_NORMAL, kt_buf_text(&clean));
	else
		kt_page_text(page, 2, KT_ROLE_DIM, none);
}

static void put_console(struct kt_page *page, const struct kt_look_at *look,
			const struct kt_guest_glance *glance)
{
	const struct kt_event_scenario_end *end = &glance->scenario->end;
	bool is_whole;
	size_t len;
	const char *text = kt_moment_console(glance->scenario, look->moment_ns, &len, &is_whole);

	/* Without the lines of the console, its end may still be there. */
	if (!len && is_whole && glance->has_ended && end->console_tail) {
		text = end->console_tail;
		len = strlen(text);
	}
	put_tail(page, "CONSOLE, ITS LAST LINES", text, len,
		 is_whole ? "nothing" : "what it had said by then is not kept any more");
	if (glance->has_ended && end->qemu_stderr_tail)
		put_tail(page, "QEMU'S STDERR", end->qemu_stderr_tail,
			 strlen(end->qemu_stderr_tail), "nothing");
}

unsigned kt_guest_page_paint(const struct kt_look_at *look, const struct kt_run_scenario *scenario,
			     unsigned scroll, struct kt_canvas *canvas, struct kt_area area)
{
	struct kt_guest_glance glance = kt_guest_look(scenario, look->moment_ns);
	struct kt_page page = kt_page_begin(canvas, area, scroll);

	kt_page_text(&page, 0, KT_ROLE_TITLE, scenario->name);
	put_state(&page, look, &glance);
	put_phases(&page, look, &glance);
	if (!glance.is_local)
		put_machine(&page, look, &glance);
	put_workers(&page, look, scenario);
	kt_guest_probes_put(&page, look, scenario);
	put_notes(&page, look, scenario);
	if (!glance.is_local)
		put_console(&page, look, &glance);
	return page.lines;
}
