/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tui/views/guests.h"
#include "tui/views/past.h"

/* The way of a guest that all goes well with. */
static const enum kt_guest_state way[] = {
	KT_GUEST_STARTING, KT_GUEST_KERNEL,  KT_GUEST_AGENT,
	KT_GUEST_READY,	   KT_GUEST_PROBING, KT_GUEST_DONE,
};

enum {
	WAY_LENGTH = sizeof(way) / sizeof(way[0])
};

/* The latest run of all probes, and how many snapshots all of them took. */
static void look_at_probes(struct kt_guest_glance *glance, uint64_t mono_ns)
{
	for (size_t i = 0; i < glance->scenario->probe_count; i++) {
		const struct kt_run_probe *probe = &glance->scenario->probes[i];
		const struct kt_run_probe_run *run = kt_moment_probe_run(probe, mono_ns);

		for (size_t j = 0; run && j < probe->run_count && &probe->runs[j] <= run; j++)
			glance->snapshot_count += kt_past_taken(&probe->runs[j], mono_ns);
		if (run && (!glance->run || run->started_mono_ns >= glance->run->started_mono_ns))
			glance->run = run;
	}
	glance->has_run_ended = glance->run && kt_past_has_ended(glance->run, mono_ns);
}

/* A guest has booted when its agent is ready. */
static void look_at_boot(struct kt_guest_glance *glance, uint64_t mono_ns)
{
	const struct kt_run_scenario *scenario = glance->scenario;

	for (size_t i = 0; i < scenario->state_count; i++) {
		const struct kt_run_state *state = &scenario->states[i];

		if (state->host_mono_ns > mono_ns)
			break;
		if (state->state.accel != KT_ACCEL_NONE)
			glance->accel = state->state.accel;
		if (state->state.machine)
			glance->machine = state->state.machine;
		if (state->state.state == KT_GUEST_READY && !glance->boot_ns.known)
			glance->boot_ns = KT_KNOWN(state->state.since_start_ns);
	}
	if (glance->has_ended && scenario->ended) {
		if (scenario->end.boot_ns.known)
			glance->boot_ns = scenario->end.boot_ns;
		if (scenario->end.accel != KT_ACCEL_NONE)
			glance->accel = scenario->end.accel;
	}
}

struct kt_guest_glance kt_guest_look(const struct kt_run_scenario *scenario, uint64_t mono_ns)
{
	struct kt_guest_glance glance = {
		.scenario = scenario,
		.is_local = !scenario->started,
		.has_ended = kt_moment_has_ended(scenario, mono_ns),
		.state = kt_moment_guest(scenario, mono_ns),
		.begun_ns = scenario->started_mono_ns,
	};
	uint64_t until_ns = mono_ns;

	look_at_probes(&glance, mono_ns);
	look_at_boot(&glance, mono_ns);
	kt_checks_count(scenario, mono_ns, &glance.checks);
	if (glance.is_local && glance.run) {
		glance.begun_ns = glance.run->started_mono_ns;
		if (glance.has_run_ended)
			until_ns = glance.begun_ns + glance.run->end.duration_ns;
	}
	if (glance.has_ended && scenario->ended)
		until_ns = scenario->ended_mono_ns;
	glance.elapsed_ns = until_ns > glance.begun_ns ? until_ns - glance.begun_ns : 0;
	return glance;
}

static enum kt_role local_state_put(const struct kt_guest_glance *glance, struct kt_buf *out)
{
	const struct kt_event_probe_end *end;

	if (!glance->run) {
		kt_buf_puts(out, "not sampled yet");
		return KT_ROLE_DIM;
	}
	if (!glance->has_run_ended) {
		kt_buf_puts(out, "sampled");
		return KT_ROLE_ACTIVE;
	}
	end = &glance->run->end;
	kt_buf_puts(out, "ended");
	if (end->end_reason)
		kt_buf_printf(out, ": %s", end->end_reason);
	if (end->fatal_kind)
		kt_buf_printf(out, " (%s)", end->fatal_kind);
	return end->fatal_kind ? KT_ROLE_BAD : KT_ROLE_DIM;
}

enum kt_role kt_guest_state_put(const struct kt_guest_glance *glance, struct kt_buf *out)
{
	enum kt_guest_state state = glance->state ? glance->state->state.state : KT_GUEST_NEW;

	if (glance->is_local)
		return local_state_put(glance, out);
	kt_buf_puts(out, kt_guest_state_name(state));
	if (state == KT_GUEST_FAILED)
		kt_buf_printf(out, ": %s", kt_guest_reason_name(glance->state->state.reason));
	return kt_sign_guest_role(state);
}

/* How far it has come: the place in the way of the last state that is in it; -1: nowhere. */
static int way_place(const struct kt_guest_glance *glance)
{
	int place = -1;

	for (size_t i = 0; i < glance->scenario->state_count; i++) {
		const struct kt_run_state *state = &glance->scenario->states[i];

		if (!glance->state || state->host_mono_ns > glance->state->host_mono_ns)
			break;
		for (int j = 0; j < WAY_LENGTH; j++) {
			if (state->state.state == way[j])
				place = j;
		}
	}
	return place;
}

void kt_guest_strip_put(const struct kt_guest_glance *glance, const char *gap, struct kt_buf *out)
{
	enum kt_guest_state state = glance->state ? glance->state->state.state : KT_GUEST_NEW;
	int place = way_place(glance);

	if (glance->is_local) {
		(void)kt_guest_state_put(glance, out);
		return;
	}
	if (state == KT_GUEST_NEW)
		kt_buf_printf(out, "[new]%s", gap);
	for (int i = 0; i < WAY_LENGTH; i++) {
		const char *name = kt_guest_state_name(way[i]);

		/* What went wrong ends the way where it was. */
		if (i > place && (state == KT_GUEST_FAILED || state == KT_GUEST_STOPPED))
			break;
		if (i)
			kt_buf_puts(out, gap);
		kt_buf_printf(out, way[i] == state ? "[%s]" : "%s", name);
	}
	if (state == KT_GUEST_FAILED || state == KT_GUEST_STOPPED) {
		kt_buf_printf(out, "%s[", place >= 0 ? gap : "");
		(void)kt_guest_state_put(glance, out);
		kt_buf_putc(out, ']');
	}
}

enum kt_role kt_guest_verdict_put(const struct kt_guest_glance *glance,
				  const struct kt_glyphs *glyphs, struct kt_buf *out)
{
	struct kt_sign sign;

	if (!glance->has_ended || !glance->scenario->ended) {
		kt_buf_putc(out, '-');
		return KT_ROLE_UNKNOWN;
	}
	sign = kt_sign_result(glyphs, glance->scenario->end.verdict);
	kt_sign_put(sign, out);
	return sign.role;
}
