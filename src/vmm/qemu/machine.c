/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/qemu/machine.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum {
	KT_NODE_MIN_MIB = 256,
	KT_CPU_MIN_MIB = 32,
	KT_KERNEL_MIB = 128, /* image, page descriptors and first allocations of a 64-bit kernel */
	KT_NODE_STEP_MIB = 64,
	KT_MEMORY_MAX_MIB = 1024 * 1024,
	/* ACPI SLIT distance of another node, as real two-socket machines report it. */
	KT_NODE_DISTANCE = 21,
};

/* A saved state without the memory has some 0.1 to 0.5 MiB. */
#define KT_STATE_MAX_BYTES (64ULL << 20)

uint32_t kt_machine_memory_mib(const struct kt_topology *topology, uint64_t initrd_bytes)
{
	uint64_t nodes = topology->numa_nodes;
	uint64_t need = nodes * KT_NODE_MIN_MIB;
	uint64_t cpus = (uint64_t)kt_topology_cpu_count(topology) * KT_CPU_MIN_MIB;
	uint64_t image = (initrd_bytes >> 20) * 2 + KT_KERNEL_MIB;

	if (need < cpus)
		need = cpus;
	if (need < image)
		need = image;
	uint64_t step = nodes * KT_NODE_STEP_MIB;
	need = (need + step - 1) / step * step;
	return need < KT_MEMORY_MAX_MIB ? (uint32_t)need : KT_MEMORY_MAX_MIB;
}

uint32_t kt_machine_node_mib(const struct kt_machine *machine)
{
	return machine->memory_mib / machine->topology.numa_nodes;
}

struct kt_error *kt_machine_check(const struct kt_machine *machine)
{
	KT_TRY(kt_topology_check(&machine->topology));
	if (!machine->memory_mib || machine->memory_mib > KT_MEMORY_MAX_MIB)
		return kt_error_create(KT_ERROR_USAGE, 0, "guest memory must be 1 to %d MiB",
				       KT_MEMORY_MAX_MIB);
	if (machine->memory_mib % machine->topology.numa_nodes)
		return kt_error_create(KT_ERROR_USAGE, 0,
				       "%u MiB do not divide evenly among %u NUMA nodes",
				       machine->memory_mib, machine->topology.numa_nodes);
	return NULL;
}

struct kt_limits kt_machine_limits(const struct kt_machine *machine)
{
	uint32_t cpu_count = kt_topology_cpu_count(&machine->topology);
	bool is_threaded = machine->accelerator == KT_ACCELERATOR_KVM || machine->tcg_multi_thread;
	struct kt_limits_need need = {
		.memory_bytes = (uint64_t)machine->memory_mib << 20,
		.file_bytes = machine->memory == KT_MEMORY_SHARED ? KT_STATE_MAX_BYTES : 0,
		.cpu_count = cpu_count,
		.thread_count = is_threaded ? cpu_count : 1,
	};

	return kt_limits_for(&need);
}

/* A control group is joined with the rights that setpriv takes away. */
static void add_join(const struct kt_machine_programs *programs, struct kt_arguments *out)
{
	if (!programs->group_procs)
		return;
	kt_arguments_add_pair(out, "/bin/sh", "-c");
	kt_arguments_add(out, "echo 0 >\"$0\" && exec \"$@\"");
	kt_arguments_add(out, programs->group_procs);
}

/*
 * The guest must die with us, have no more rights than it needs, get no new ones, and keep within its
 * limits.  A parent that died before setpriv came so far sends no signal any more: the shell looks
 * whether it is still there, now that its death cannot be missed.  setpriv arms the signal last, as
 * it must: a change of the user would disarm it.
 */
static void add_programs(const struct kt_machine *machine,
			 const struct kt_machine_programs *programs, struct kt_arguments *out)
{
	struct kt_limits limits = kt_machine_limits(machine);
	kt_autobuf struct kt_buf script = KT_BUF_INIT;

	add_join(programs, out);
	kt_arguments_add(out, programs->setpriv);
	if (programs->qemu_user)
		kt_qemu_user_put(programs->qemu_user, out);
	kt_arguments_add_pair(out, "--pdeathsig", "KILL");
	kt_arguments_add(out, "--no-new-privs");
	kt_limits_put_script(&limits, &script);
	if (programs->parent_pid)
		kt_buf_printf(&script, "test $PPID = %d && ", (int)programs->parent_pid);
	kt_buf_puts(&script, "exec \"$@\"");
	kt_arguments_add_pair(out, "/bin/sh", "-c");
	kt_arguments_add_pair(out, kt_buf_text(&script), "sh");
	kt_arguments_add(out, programs->qemu);
	out->failed |= script.failed;
}

/* No default device, no configuration file, no window, no helper process, and an end at reboot. */
static void add_hardening(struct kt_arguments *out)
{
	kt_arguments_add(out, "-nodefaults");
	kt_arguments_add(out, "-no-user-config");
	kt_arguments_add_pair(out, "-display", "none");
	kt_arguments_add(out, "-no-reboot");
	kt_arguments_add_pair(
		out, "-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

/*
 * TCG shows the guest LLCs only with an Intel vendor: for an AMD one it lacks TOPOEXT, and
 * every L3 would span the package.
 */
static void add_accelerator(const struct kt_machine *machine, struct kt_arguments *out)
{
	const char *cpu = machine->cpu;

	if (machine->accelerator == KT_ACCELERATOR_KVM) {
		kt_arguments_add_pair(out, "-accel", "kvm");
		kt_arguments_add_pair(out, "-cpu", cpu ? cpu : "host");
		return;
	}
	kt_arguments_add(out, "-accel");
	kt_arguments_addf(out, "tcg,thread=%s", machine->tcg_multi_thread ? "multi" : "single");
	kt_arguments_add_pair(out, "-cpu", cpu ? cpu : "max,vendor=GenuineIntel");
}

/*
 * Files are opened by name, each time anew: a descriptor's offset would be shared.  Guests that
 * copy on write need them writable nevertheless (QEMU before 8.2 opens them so).
 */
static void add_memory(const struct kt_machine *machine, uint32_t node, struct kt_arguments *out)
{
	uint32_t node_mib = kt_machine_node_mib(machine);

	kt_arguments_add(out, "-object");
	if (machine->memory == KT_MEMORY_OWN)
		kt_arguments_addf(out, "memory-backend-ram,id=m%u,size=%uM", node, node_mib);
	else
		kt_arguments_addf(
			out,
			"memory-backend-file,id=m%u,size=%uM,mem-path=/proc/self/fd/%d,share=%s",
			node, node_mib, machine->memory_fd + (int)node,
			machine->memory == KT_MEMORY_SHARED ? "on" : "off");
}

/* One memory object per node: QEMU takes either all nodes with one or none. */
static void add_nodes(const struct kt_machine *machine, struct kt_arguments *out)
{
	uint32_t nodes = machine->topology.numa_nodes;
	uint32_t cpus = kt_topology_cpu_count(&machine->topology) / nodes;

	for (uint32_t node = 0; node < nodes; node++) {
		add_memory(machine, node, out);
		kt_arguments_add(out, "-numa");
		if (cpus == 1)
			kt_arguments_addf(out, "node,nodeid=%u,cpus=%u,memdev=m%u", node, node,
					  node);
		else
			kt_arguments_addf(out, "node,nodeid=%u,cpus=%u-%u,memdev=m%u", node,
					  node * cpus, (node + 1) * cpus - 1, node);
	}
	/* QEMU wants the distance of every pair, or of none. */
	for (uint32_t src = 0; src < nodes; src++) {
		for (uint32_t dst = src + 1; dst < nodes; dst++) {
			kt_arguments_add(out, "-numa");
			kt_arguments_addf(out, "dist,src=%u,dst=%u,val=%d", src, dst,
					  KT_NODE_DISTANCE);
		}
	}
}

/* A socket is a NUMA node and a die is an LLC; the machine "pc" knows both. */
static void add_topology(const struct kt_machine *machine, struct kt_arguments *out)
{
	const struct kt_topology *topology = &machine->topology;
	bool is_whole = topology->numa_nodes == 1 && machine->memory != KT_MEMORY_OWN;

	kt_arguments_add_pair(out, "-M", is_whole ? "pc,memory-backend=m0" : "pc");
	add_accelerator(machine, out);
	kt_arguments_add(out, "-smp");
	kt_arguments_addf(out, "%u,sockets=%u,dies=%u,cores=%u,threads=%u",
			  kt_topology_cpu_count(topology), topology->numa_nodes,
			  topology->llcs / topology->numa_nodes, topology->cores,
			  topology->threads);
	kt_arguments_add(out, "-m");
	kt_arguments_addf(out, "%u", machine->memory_mib);
	if (topology->numa_nodes > 1)
		add_nodes(machine, out);
	else if (is_whole)
		add_memory(machine, 0, out);
}

static void add_channels(const struct kt_machine *machine, struct kt_arguments *out)
{
	kt_arguments_add(out, "-chardev");
	kt_arguments_addf(out, "socket,id=qmp,fd=%d", machine->qmp_fd);
	kt_arguments_add_pair(out, "-mon", "chardev=qmp,mode=control");
	kt_arguments_add(out, "-chardev");
	kt_arguments_addf(out, "socket,id=agent,fd=%d", machine->agent_fd);
	kt_arguments_add_pair(out, "-device", "virtio-serial-pci,max_ports=2");
	kt_arguments_add(out, "-device");
	kt_arguments_addf(out, "virtserialport,chardev=agent,name=%s,nr=1", machine->agent_port);
	kt_arguments_add(out, "-chardev");
	kt_arguments_addf(out, "socket,id=console,fd=%d", machine->console_fd);
	kt_arguments_add_pair(out, "-serial", "chardev:console");
}

/*
 * panic=-1: reboot at once after a panic, which ends QEMU (-no-reboot).
 * earlycon: a kernel that panics before its console is up can say so, too.
 * cryptomgr.notests: saves 0.6 s of an emulated boot.
 * mitigations=off: with an Intel vendor PTI would flush TCG's TLB at every system call.
 * unknown_nmi_panic=1: the host can make a hung guest say where it hangs.
 * tsc_early_khz: under TCG the guest's TSC is the host's, calibrating it is a waste.
 */
static void add_boot(const struct kt_machine *machine, const struct kt_machine_boot *boot,
		     struct kt_arguments *out)
{
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	kt_buf_puts(&line, "quiet panic=-1 earlycon=uart8250,io,0x3f8 console=ttyS0 "
			   "cryptomgr.notests mitigations=off "
			   "no_timer_check unknown_nmi_panic=1");
	if (machine->accelerator == KT_ACCELERATOR_TCG && boot->tsc_khz)
		kt_buf_printf(&line, " tsc=reliable tsc_early_khz=%" PRIu64, boot->tsc_khz);
	if (boot->append && *boot->append)
		kt_buf_printf(&line, " %s", boot->append);
	kt_arguments_add(out, "-kernel");
	kt_arguments_addf(out, "/proc/self/fd/%d", boot->kernel_fd);
	kt_arguments_add(out, "-initrd");
	kt_arguments_addf(out, "/proc/self/fd/%d", boot->initrd_fd);
	kt_arguments_add_pair(out, "-append", kt_buf_text(&line));
	out->failed |= line.failed;
}

/* What both ways to start have in common, up to the channels. */
static struct kt_error *add_machine(const struct kt_machine *machine,
				    const struct kt_machine_programs *programs,
				    struct kt_arguments *out)
{
	KT_TRY(kt_machine_check(machine));
	add_programs(machine, programs, out);
	add_hardening(out);
	add_topology(machine, out);
	add_channels(machine, out);
	return NULL;
}

struct kt_error *kt_machine_boot_arguments(const struct kt_machine *machine,
					   const struct kt_machine_boot *boot,
					   const struct kt_machine_programs *programs,
					   struct kt_arguments *ret)
{
	kt_autoarguments struct kt_arguments out = { 0 };

	KT_TRY(add_machine(machine, programs, &out));
	add_boot(machine, boot, &out);
	KT_TRY(kt_arguments_error(&out));
	*ret = out;
	out = (struct kt_arguments){ 0 };
	return NULL;
}

struct kt_error *kt_machine_wake_arguments(const struct kt_machine *machine,
					   const struct kt_machine_programs *programs,
					   struct kt_arguments *ret)
{
	kt_autoarguments struct kt_arguments out = { 0 };

	KT_TRY(add_machine(machine, programs, &out));
	kt_arguments_add_pair(&out, "-incoming", "defer");
	kt_arguments_add(&out, "-S"); /* until it is wanted */
	KT_TRY(kt_arguments_error(&out));
	*ret = out;
	out = (struct kt_arguments){ 0 };
	return NULL;
}
