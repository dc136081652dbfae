/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/jobs.h"
#include "report/exit_code.h"
#include "top/doctor/guest_rules.h"
#include "top/doctor/host_rules.h"
#include "top/output.h"
#include "top/spool.h"

#define KVM_PATH "/dev/kvm"

/* The unpacked kernel, and what the layout cache keeps; a recording of minutes. */
#define CACHE_NEED_BYTES (128ULL << 20)
#define SPOOL_NEED_BYTES (64ULL << 20)

/* Where a run would get to. */
struct visit {
	const struct kt_command_line *line;
	struct kt_inputs *inputs;
	struct kt_diagnosis *diagnosis;
	struct kt_error *scenarios;
	struct kt_error *programs;
	struct kt_error *qemu;
	struct kt_error *kernel;
	struct kt_error *accel;
	struct kt_error *images;
	bool is_confined; /* how QEMU would be confined was found out */
	uint64_t accel_ns;
	struct kt_error *no_cache; /* why there is no place for it */
	char *cache_path;
	struct kt_place_facts cache;
};

static void visit_deinit(struct visit *visit)
{
	kt_error_destroy(visit->scenarios);
	kt_error_destroy(visit->programs);
	kt_error_destroy(visit->qemu);
	kt_error_destroy(visit->kernel);
	kt_error_destroy(visit->accel);
	kt_error_destroy(visit->images);
	kt_error_destroy(visit->no_cache);
	free(visit->cache_path);
}

/* ---- what guests need ---- */

static struct kt_finding *add(struct visit *visit, const char *id)
{
	return kt_diagnosis_add(visit->diagnosis, id);
}

static void look_at_cache(struct visit *visit)
{
	visit->no_cache = kt_cache_locate("kernels", &visit->cache_path);
	if (visit->no_cache)
		return;
	char *slash = strrchr(visit->cache_path, '/');
	if (slash)
		*slash = '\0';
	kt_place_look(visit->cache_path, true, &visit->cache);
}

/* The search looks into the cache, and would never end where that does not answer. */
static struct kt_error *find_kernel(struct visit *visit)
{
	if (visit->cache.late_ms)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "not searched for: %s did not answer in %u ms",
				       visit->cache_path, visit->cache.late_ms);
	return kt_inputs_find_kernels(visit->inputs, visit->line);
}

/* All of it, though a run would end at the first that fails. */
static struct kt_error *look_for_guests(struct visit *visit)
{
	struct kt_inputs *inputs = visit->inputs;
	struct kt_platform *platform = &inputs->platform;
	const struct kt_command_line *line = visit->line;
	struct kt_accel_host host = kt_accel_host_real();

	visit->scenarios = kt_inputs_load_scenarios(inputs, line);
	visit->programs = kt_tools_find_programs(&inputs->tools);
	visit->qemu = kt_qemu_info_find(&platform->qemu);
	look_at_cache(visit);
	visit->kernel = find_kernel(visit);
	uint64_t before_ns = kt_clock_mono_ns();
	visit->accel = kt_accel_decide(line->accel, &host, &platform->accel);
	visit->accel_ns = kt_clock_mono_ns() - before_ns;
	if (!visit->scenarios && !visit->programs)
		visit->images = kt_images_build(&inputs->set, &inputs->tools, &inputs->images);
	visit->is_confined = !visit->qemu && !visit->kernel;
	return visit->is_confined ? kt_platform_confine(platform, &inputs->kernels) : NULL;
}

static void add_program(struct visit *visit)
{
	struct kt_finding *finding = add(visit, "program");

	kt_buf_puts(&finding->found, PACKAGE_NAME " " PACKAGE_VERSION ", built by "
#ifndef __clang__
						  "gcc "
#endif
		    __VERSION__
#ifdef __SANITIZE_ADDRESS__
						  " with AddressSanitizer"
#endif
	);
}

static bool is_named(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static void add_kernels(struct visit *visit)
{
	const struct kt_kernels *kernels = &visit->inputs->kernels;
	bool is_wish = visit->line->kernel_count || is_named("KTSTR_TEST_KERNEL") ||
		       is_named("KTSTR_KERNEL");

	struct kt_finding *finding = add(visit, "kernel");

	if (visit->kernel)
		kt_rule_kernel(visit->kernel, NULL, is_wish, finding);
	for (size_t i = 0; i < kernels->count; i++) {
		kt_buf_puts(&finding->found, i ? "; " : "");
		kt_rule_kernel(NULL, &kernels->items[i].kernel, is_wish, finding);
	}
}

static void add_guests(struct visit *visit)
{
	const struct kt_inputs *inputs = visit->inputs;
	const struct kt_platform *platform = &inputs->platform;
	const struct kt_error *no_image = visit->scenarios  ? visit->scenarios
					  : visit->programs ? visit->programs
							    : visit->images;
	bool is_emulated = visit->accel || platform->accel.choice == KT_ACCELERATOR_TCG;
	struct kt_accel_facts accel = {
		.mode = visit->line->accel,
		.error = visit->accel,
		.verdict = &platform->accel,
		.has_device = !access(KVM_PATH, F_OK),
		.duration_ns = visit->accel_ns,
	};

	kt_rule_qemu(visit->qemu, &platform->qemu, is_emulated, add(visit, "qemu"));
	kt_rule_accelerator(&accel, add(visit, "accelerator"));
	add_kernels(visit);
	kt_rule_isolation(visit->is_confined ? &platform->qemu_user : NULL,
			  visit->is_confined ? &platform->groups : NULL, !geteuid(),
			  add(visit, "isolation"));
	kt_rule_images(no_image, &inputs->tools, &inputs->images, visit->line->skip_missing,
		       add(visit, "image"));
}

/* ---- the machine ---- */

static void add_rights(struct visit *visit)
{
	struct kt_right_facts facts;

	kt_right_look(visit->inputs->tools.probe, &facts);
	kt_rule_ptrace(&facts, add(visit, "ptrace"));
	kt_rule_bpf(&facts, add(visit, "bpf"));
}

static void add_terminal(struct visit *visit)
{
	struct kt_terminal_facts facts;

	kt_terminal_look(&facts);
	kt_rule_terminal(&facts, add(visit, "terminal"));
}

static void add_cache(struct visit *visit)
{
	static const char remedy[] = "set XDG_CACHE_HOME to a directory of yours with room";
	struct kt_finding *finding = add(visit, "cache");

	if (visit->no_cache) {
		kt_buf_puts(&finding->found, kt_error_message(visit->no_cache));
		kt_finding_advise(finding, KT_HEALTH_WARN, remedy);
		return;
	}
	kt_rule_place(&visit->cache, CACHE_NEED_BYTES, "each run unpacks the kernel in memory anew",
		      remedy, finding);
}

static void add_temporary(struct visit *visit)
{
	struct kt_place_facts facts;

	kt_place_look(kt_spool_directory(), false, &facts);
	kt_rule_place(&facts, SPOOL_NEED_BYTES, "a screen cannot save what it saw",
		      "set TMPDIR to a directory of yours with room", add(visit, "temporary"));
}

static void add_memory_and_cores(struct visit *visit)
{
	const struct kt_inputs *inputs = visit->inputs;
	struct kt_memory_need need = { 0 };
	struct kt_memory_facts memory;
	struct kt_core_facts cores;
	uint32_t guest_cpu_count = 0;

	for (size_t i = 0; i < inputs->set.count; i++) {
		const struct kt_scenario *scenario = inputs->set.scenarios[i];
		uint32_t count = kt_topology_cpu_count(&scenario->topology);
		guest_cpu_count = count > guest_cpu_count ? count : guest_cpu_count;
		if (i >= inputs->images.count)
			continue;
		uint32_t mib = kt_runner_memory_mib(scenario, inputs->images.of_scenario[i].bytes);
		need.guest_mib = mib > need.guest_mib ? mib : need.guest_mib;
	}
	kt_memory_look(&memory);
	kt_core_look(&cores);
	need.cpu_count = kt_jobs_cpus(cores.allowed_count, cores.quota_milli_cpus);
	kt_rule_memory(&memory, &need, add(visit, "memory"));
	kt_rule_cores(&cores, guest_cpu_count, add(visit, "cores"));
}

/* ---- what a run would say ---- */

/* In the order in which a run meets them. */
static int code_of_errors(const struct visit *visit)
{
	const struct kt_error *const errors[] = {
		visit->scenarios, visit->programs, visit->kernel,
		visit->qemu,	  visit->accel,	   visit->images
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct kt_error *err = errors[i];
		bool is_of_platform = err && err != visit->scenarios && err != visit->programs &&
				      err != visit->images;

		if (is_of_platform && visit->line->skip_missing &&
		    kt_error_class(err) == KT_ERROR_ENVIRONMENT)
			return KT_EXIT_SKIP;
		if (err)
			return kt_exit_code_of_error(err);
	}
	return KT_EXIT_PASS;
}

/* A scenario without its worker cannot be judged, or is skipped. */
static int code_of_missing(const struct visit *visit)
{
	const struct kt_images *images = &visit->inputs->images;
	size_t count = 0;

	for (size_t i = 0; i < images->count; i++)
		count += images->missing[i] != NULL;
	if (!count)
		return KT_EXIT_PASS;
	if (!visit->line->skip_missing)
		return KT_EXIT_CANNOT_JUDGE;
	return count == images->count ? KT_EXIT_SKIP : KT_EXIT_PASS;
}

struct kt_error *kt_doctor_look(const struct kt_command_line *line, struct kt_inputs *inputs,
				struct kt_diagnosis *ret)
{
	__attribute__((cleanup(visit_deinit))) struct visit visit = {
		.line = line,
		.inputs = inputs,
		.diagnosis = ret,
	};

	*ret = (struct kt_diagnosis){
		.what = line->scenario_count ? "what was named" : "the built-in scenarios",
	};
	KT_TRY(look_for_guests(&visit));
	add_program(&visit);
	add_guests(&visit);
	add_rights(&visit);
	add_terminal(&visit);
	add_cache(&visit);
	add_temporary(&visit);
	add_memory_and_cores(&visit);
	ret->exit_code = code_of_errors(&visit);
	if (ret->exit_code == KT_EXIT_PASS)
		ret->exit_code = code_of_missing(&visit);
	for (size_t i = 0; i < ret->count; i++) {
		KT_TRY(kt_buf_error(&ret->findings[i].found));
		KT_TRY(kt_buf_error(&ret->findings[i].advice));
	}
	return NULL;
}

struct kt_error *kt_doctor_run(const struct kt_command_line *line, struct kt_inputs *inputs,
			       struct kt_buf *out, int *ret_exit_code)
{
	__attribute__((cleanup(kt_diagnosis_deinit))) struct kt_diagnosis diagnosis = { 0 };

	KT_TRY(kt_doctor_look(line, inputs, &diagnosis));
	if (line->format == KT_REPORT_JSON)
		kt_diagnosis_put_json(&diagnosis, out);
	else
		kt_diagnosis_put_plain(&diagnosis, kt_output_is_colourful(line->color), out);
	KT_TRY(kt_buf_error(out));
	*ret_exit_code = diagnosis.exit_code;
	return NULL;
}
