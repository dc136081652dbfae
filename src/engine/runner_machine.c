/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario's guest as a machine: what its QEMU is told, and may take. */
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/runner_state.h"

/* A boot takes 1.5 to 3.5 s emulated on an idle machine (docs/performance.md); the rest is for
 * machines that are slow or busy. */
#define KT_BOOT_TIMEOUT_NS	   (40 * KT_NS_PER_SEC)
#define KT_BOOT_TIMEOUT_PER_CPU_NS (2 * KT_NS_PER_SEC)
/* A working KVM boots in well under this; a broken one may never say so. */
#define KT_KVM_BOOT_TIMEOUT_NS (5 * KT_NS_PER_SEC)
/* A guest wakes in 30 to 150 ms (docs/performance.md); what hangs is booted instead. */
#define KT_WAKE_TIMEOUT_NS	   (10 * KT_NS_PER_SEC)
#define KT_WAKE_TIMEOUT_PER_CPU_NS (KT_NS_PER_SEC / 4)

uint32_t kt_runner_memory_mib(const struct kt_scenario *scenario, uint64_t image_bytes)
{
	uint32_t least = kt_machine_memory_mib(&scenario->topology, image_bytes);
	uint32_t mib = scenario->memory_mib > least ? scenario->memory_mib : least;
	uint32_t nodes = scenario->topology.numa_nodes;

	return (mib + nodes - 1) / nodes * nodes;
}

struct kt_machine kt_runner_machine(const struct kt_runner_shared *shared,
				    const struct kt_scenario *scenario, uint64_t image_bytes,
				    enum kt_machine_memory memory)
{
	return (struct kt_machine){
		.topology = scenario->topology,
		.memory_mib = kt_runner_memory_mib(scenario, image_bytes),
		.accelerator = shared->accelerator,
		.tcg_multi_thread = shared->tcg_multi_thread,
		.cpu = shared->cpu,
		.agent_port = KT_PORT_NAME,
		.qmp_fd = KT_QEMU_FD_QMP,
		.agent_fd = KT_QEMU_FD_AGENT,
		.console_fd = KT_QEMU_FD_CONSOLE,
		.memory = memory,
		.memory_fd = KT_QEMU_FD_MEMORY,
	};
}

struct kt_error *kt_runner_machine_arguments(const struct kt_runner_shared *shared,
					     const struct kt_machine *machine,
					     struct kt_arguments *ret)
{
	struct kt_machine_boot boot = {
		.kernel_fd = KT_QEMU_FD_KERNEL,
		.initrd_fd = KT_QEMU_FD_INITRD,
		.tsc_khz = shared->tsc_khz,
	};

	return kt_machine_boot_arguments(machine, &boot, &shared->programs, ret);
}

struct kt_error *kt_runner_arguments(const struct kt_runner_shared *shared,
				     const struct kt_scenario *scenario, uint64_t image_bytes,
				     struct kt_arguments *ret)
{
	struct kt_machine machine = kt_runner_machine(shared, scenario, image_bytes, KT_MEMORY_OWN);

	return kt_runner_machine_arguments(shared, &machine, ret);
}

uint64_t kt_runner_boot_timeout_ns(const struct kt_runner_shared *shared,
				   const struct kt_scenario *scenario)
{
	if (shared->accelerator == KT_ACCELERATOR_KVM && shared->may_fall_back)
		return KT_KVM_BOOT_TIMEOUT_NS;
	return KT_BOOT_TIMEOUT_NS +
	       KT_BOOT_TIMEOUT_PER_CPU_NS * kt_topology_cpu_count(&scenario->topology);
}

struct kt_error *kt_runner_boot_config(struct kt_runner_shared *shared,
				       const struct kt_scenario *scenario,
				       const struct kt_runner_image *image,
				       struct kt_arguments *arguments, struct kt_guest_config *ret)
{
	shared->programs.parent_pid = getpid();
	KT_TRY(kt_runner_arguments(shared, scenario, image->bytes, arguments));
	*ret = (struct kt_guest_config){
		.qemu = { .argv = arguments->argv,
			  .kernel_fd = image->kernel_fd,
			  .initrd_fd = image->fd,
			  .state_fd = -1 },
		.boot_timeout_ns = kt_runner_boot_timeout_ns(shared, scenario),
		.silence_timeout_ns = KT_SILENCE_TIMEOUT_NS,
	};
	return NULL;
}

struct kt_guest_config kt_runner_wake_config(const struct kt_scenario *scenario)
{
	return (struct kt_guest_config){
		.boot_timeout_ns =
			KT_WAKE_TIMEOUT_NS +
			KT_WAKE_TIMEOUT_PER_CPU_NS * kt_topology_cpu_count(&scenario->topology),
		.silence_timeout_ns = KT_SILENCE_TIMEOUT_NS,
	};
}

struct kt_error *kt_runner_wake_qemu(struct kt_runner_shared *shared,
				     const struct kt_scenario *scenario, uint64_t image_bytes,
				     const struct kt_template *template,
				     struct kt_arguments *arguments, int *state_fd,
				     struct kt_qemu_config *ret)
{
	struct kt_machine machine =
		kt_runner_machine(shared, scenario, image_bytes, KT_MEMORY_COPY_ON_WRITE);

	shared->programs.parent_pid = getpid();
	KT_TRY(kt_machine_wake_arguments(&machine, &shared->programs, arguments));
	KT_TRY(kt_template_open_state(template, state_fd));
	*ret = (struct kt_qemu_config){
		.argv = arguments->argv,
		.kernel_fd = -1,
		.initrd_fd = -1,
		.state_fd = *state_fd,
		.memory_fds = template->memory_fds,
		.memory_count = template->memory_count,
	};
	return NULL;
}

const char *kt_runner_take_group(struct kt_runner_shared *shared,
				 const struct kt_scenario *scenario, uint64_t image_bytes)
{
	struct kt_machine machine = kt_runner_machine(shared, scenario, image_bytes, KT_MEMORY_OWN);
	struct kt_limits limits = kt_machine_limits(&machine);
	const char *procs = NULL;

	if (!shared->groups)
		return NULL;
	kt_autoerr struct kt_error *err =
		kt_groups_take(shared->groups, limits.memory_bytes, limits.task_count, &procs);
	if (err)
		kt_session_note(shared->session, scenario->name, kt_error_message(err));
	shared->programs.group_procs = procs;
	return procs;
}

struct kt_error *kt_runner_template_key(const struct kt_runner_shared *shared,
					const struct kt_scenario *scenario,
					const struct kt_runner_image *image,
					char ret[KT_HASH_TEXT_SIZE])
{
	const struct kt_machine machine =
		kt_runner_machine(shared, scenario, image->bytes, KT_MEMORY_SHARED);
	const struct kt_template_parts parts = {
		.machine = &machine,
		.qemu = shared->programs.qemu,
		.kernel = image->kernel_hash,
		.image = image->hash,
		.cpuinfo_path = "/proc/cpuinfo",
	};

	return kt_template_key(&parts, ret);
}

struct kt_error *kt_runner_stand_by(struct kt_runner_shared *shared,
				    const struct kt_scenario *scenario,
				    const struct kt_runner_image *image, const char *key)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autoclose int state_fd = -1;
	const struct kt_template *template;
	struct kt_qemu_config config;

	if (kt_templates_find(shared->templates, key, &template) != KT_TEMPLATE_READY)
		return NULL;
	const char *procs = kt_runner_take_group(shared, scenario, image->bytes);
	struct kt_error *err = kt_runner_wake_qemu(shared, scenario, image->bytes, template,
						   &arguments, &state_fd, &config);
	if (!err)
		return kt_standbys_add(shared->standbys, key, &config, procs);
	if (shared->groups)
		kt_groups_give(shared->groups, procs);
	return err;
}
