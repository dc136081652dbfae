/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "vmm/qemu/machine.h"

static const struct kt_machine_programs programs = { .setpriv = "/usr/bin/setpriv",
						     .qemu = "/usr/bin/qemu" };

/* What all vectors share: before the accelerator, between topology and kernel line. */
#define LIMITS(files, kib)                                                            \
	"/bin/sh -c '{ ulimit -c 0; ulimit -f 0; ulimit -n " files "; ulimit -v " kib \
	"; } 2>/dev/null; exec \"$@\"' sh "
#define QEMU                                                    \
	"/usr/bin/qemu "                                        \
	"-nodefaults -no-user-config -display none -no-reboot " \
	"-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -M pc "
/* Limits: so many files, so much address space in KiB. */
#define PROGRAMS(files, kib) \
	"/usr/bin/setpriv --pdeathsig KILL --no-new-privs " LIMITS(files, kib) QEMU
#define TCG "-accel tcg,thread=single -cpu max,vendor=GenuineIntel "
#define KVM "-accel kvm -cpu host "
#define CHANNELS                                                                      \
	" -chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control "                 \
	"-chardev socket,id=agent,fd=4 -device virtio-serial-pci,max_ports=2 "        \
	"-device virtserialport,chardev=agent,name=org.test.agent,nr=1 "              \
	"-chardev socket,id=console,fd=5 -serial chardev:console "                    \
	"-kernel /proc/self/fd/6 -initrd /proc/self/fd/7 -append "                    \
	"'quiet panic=-1 earlycon=uart8250,io,0x3f8 console=ttyS0 cryptomgr.notests " \
	"mitigations=off no_timer_check unknown_nmi_panic=1"
#define TCG_END " tsc=reliable tsc_early_khz=2500000'"
#define KVM_END "'"

static struct kt_machine machine_of(struct kt_topology topology, enum kt_accelerator accelerator)
{
	return (struct kt_machine){
		.topology = topology,
		.memory_mib = kt_machine_memory_mib(&topology, 4 << 20),
		.accelerator = accelerator,
		.agent_port = "org.test.agent",
		.qmp_fd = 3,
		.agent_fd = 4,
		.console_fd = 5,
	};
}

static void check_vector(const struct kt_machine *machine, const struct kt_machine_boot *boot,
			 const char *expected)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	KT_OK(kt_machine_boot_arguments(machine, boot, &programs, &arguments));
	kt_arguments_render(&arguments, &line);
	ck_assert_str_eq(kt_buf_text(&line), expected);
	ck_assert_ptr_null(arguments.argv[arguments.count]);
}

static void check_both(struct kt_topology topology, const char *tcg, const char *kvm)
{
	const struct kt_machine_boot boot = { .kernel_fd = 6, .initrd_fd = 7, .tsc_khz = 2500000 };
	struct kt_machine machine = machine_of(topology, KT_ACCELERATOR_TCG);

	check_vector(&machine, &boot, tcg);
	machine.accelerator = KT_ACCELERATOR_KVM;
	check_vector(&machine, &boot, kvm);
}

#define SMP_1111 "-smp 1,sockets=1,dies=1,cores=1,threads=1 -m 256"
#define SMP_1122 "-smp 4,sockets=1,dies=1,cores=2,threads=2 -m 256"
#define SMP_1241 "-smp 8,sockets=1,dies=2,cores=4,threads=1 -m 256"
#define SMP_2422                                             \
	"-smp 16,sockets=2,dies=2,cores=2,threads=2 -m 512 " \
	"-object memory-backend-ram,id=m0,size=256M "        \
	"-numa node,nodeid=0,cpus=0-7,memdev=m0 "            \
	"-object memory-backend-ram,id=m1,size=256M "        \
	"-numa node,nodeid=1,cpus=8-15,memdev=m1 -numa dist,src=0,dst=1,val=21"

START_TEST(golden_vectors)
{
	check_both((struct kt_topology){ 1, 1, 1, 1 },
		   PROGRAMS("132", "3547136") TCG SMP_1111 CHANNELS TCG_END,
		   PROGRAMS("132", "3547136") KVM SMP_1111 CHANNELS KVM_END);
	check_both((struct kt_topology){ 1, 1, 2, 2 },
		   PROGRAMS("144", "3547136") TCG SMP_1122 CHANNELS TCG_END,
		   PROGRAMS("144", "3964928") KVM SMP_1122 CHANNELS KVM_END);
	check_both((struct kt_topology){ 1, 2, 4, 1 },
		   PROGRAMS("160", "3547136") TCG SMP_1241 CHANNELS TCG_END,
		   PROGRAMS("160", "4521984") KVM SMP_1241 CHANNELS KVM_END);
	check_both((struct kt_topology){ 2, 4, 2, 2 },
		   PROGRAMS("192", "3809280") TCG SMP_2422 CHANNELS TCG_END,
		   PROGRAMS("192", "5898240") KVM SMP_2422 CHANNELS KVM_END);
}
END_TEST

START_TEST(choices)
{
	struct kt_machine machine =
		machine_of((struct kt_topology){ 1, 1, 1, 1 }, KT_ACCELERATOR_TCG);
	struct kt_machine_boot boot = { .kernel_fd = 6, .initrd_fd = 7 };

	/* An unknown TSC rate: the guest is told nothing about it. */
	check_vector(&machine, &boot, PROGRAMS("132", "3547136") TCG SMP_1111 CHANNELS "'");
	machine.tcg_multi_thread = true;
	machine.cpu = "Nehalem";
	boot.append = "init_debug=1";
	check_vector(&machine, &boot,
		     PROGRAMS("132",
			      "3547136") "-accel tcg,thread=multi -cpu Nehalem " SMP_1111 CHANNELS
					 " init_debug=1'");
}
END_TEST

/* Who QEMU is, what it joins before that, whose child it must be, and what it may write. */
START_TEST(confinement)
{
	struct kt_machine machine =
		machine_of((struct kt_topology){ 1, 1, 1, 1 }, KT_ACCELERATOR_TCG);
	const struct kt_machine_boot boot = { .kernel_fd = 6, .initrd_fd = 7 };
	struct kt_qemu_user nobody = { .is_dropped = true, .has_group = true, .group = 106 };
	struct kt_machine_programs confined = programs;
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	static const char expected[] =
		"/bin/sh -c 'echo 0 >\"$0\" && exec \"$@\"' /cg/guest-0/cgroup.procs "
		"/usr/bin/setpriv --reuid 65534 --regid 65534 --groups 106 --bounding-set -all "
		"--inh-caps -all --pdeathsig KILL --no-new-privs /bin/sh -c '{ ulimit -c 0; "
		"ulimit -f 131072; ulimit -n 132; ulimit -v 3547136; } 2>/dev/null; test $PPID = "
		"77 && "
		"exec \"$@\"' sh /usr/bin/qemu -nodefaults ";

	confined.qemu_user = &nobody;
	confined.group_procs = "/cg/guest-0/cgroup.procs";
	confined.parent_pid = 77;
	machine.memory = KT_MEMORY_SHARED;
	machine.memory_fd = 8;
	KT_OK(kt_machine_boot_arguments(&machine, &boot, &confined, &arguments));
	kt_arguments_render(&arguments, &line);
	ck_assert_msg(!strncmp(kt_buf_text(&line), expected, sizeof(expected) - 1), "%s",
		      kt_buf_text(&line));
	nobody.has_group = false;
	kt_buf_reset(&line);
	kt_arguments_deinit(&arguments);
	KT_OK(kt_machine_boot_arguments(&machine, &boot, &confined, &arguments));
	kt_arguments_render(&arguments, &line);
	ck_assert(strstr(kt_buf_text(&line), " --regid 65534 --clear-groups --bounding-set "));
}
END_TEST

static const struct {
	struct kt_qemu_user_facts facts;
	bool is_dropped;
	bool has_group;
	const char *part;
} identities[] = {
	{ { .kernel_mode = 0644 }, false, false, "as this user" },
	{ { .is_root = true, .kernel_mode = 0644 }, true, false, "as nobody, without" },
	{ { .is_root = true, .kernel_mode = 0600 }, false, false, "the kernel's file" },
	/* A group may read it, though not one that QEMU will have. */
	{ { .is_root = true, .kernel_mode = 0640 }, false, false, "the kernel's file" },
	{ { .is_root = true, .kernel_mode = 0640, .kernel_group = KT_QEMU_USER_NOBODY },
	  true,
	  false,
	  "as nobody" },
	{ { .is_root = true, .kernel_mode = 0644, .is_kvm = true }, false, false, "/dev/kvm" },
	{ { .is_root = true, .kernel_mode = 0644, .is_kvm = true, .kvm_mode = 0666 },
	  true,
	  false,
	  "as nobody, without" },
	{ { .is_root = true,
	    .kernel_mode = 0644,
	    .is_kvm = true,
	    .kvm_mode = 0660,
	    .kvm_group = 106 },
	  true,
	  true,
	  "in the group of /dev/kvm" },
	{ { .is_root = true, .kernel_mode = 0644, .is_kvm = true, .kvm_mode = 0660 },
	  false,
	  false,
	  "only root may use /dev/kvm" },
	/* Nobody cares for a device that is not used. */
	{ { .is_root = true, .kernel_mode = 0644, .kvm_mode = 0600 }, true, false, "as nobody" },
};

START_TEST(qemu_user)
{
	struct kt_qemu_user got;

	kt_qemu_user_decide(&identities[_i].facts, &got);
	ck_assert_int_eq(got.is_dropped, identities[_i].is_dropped);
	ck_assert_int_eq(got.has_group, identities[_i].has_group);
	if (got.has_group)
		ck_assert_uint_eq(got.group, 106);
	ck_assert_msg(strstr(got.reason, identities[_i].part), "%s", got.reason);
}
END_TEST

START_TEST(nodes_of_one_cpu_and_all_pairs)
{
	struct kt_machine machine =
		machine_of((struct kt_topology){ 3, 3, 1, 1 }, KT_ACCELERATOR_KVM);
	const struct kt_machine_boot boot = { .kernel_fd = 6, .initrd_fd = 7 };

	check_vector(&machine, &boot,
		     PROGRAMS("140", "4349952") KVM
		     "-smp 3,sockets=3,dies=1,cores=1,threads=1 -m 768 "
		     "-object memory-backend-ram,id=m0,size=256M "
		     "-numa node,nodeid=0,cpus=0,memdev=m0 "
		     "-object memory-backend-ram,id=m1,size=256M "
		     "-numa node,nodeid=1,cpus=1,memdev=m1 "
		     "-object memory-backend-ram,id=m2,size=256M "
		     "-numa node,nodeid=2,cpus=2,memdev=m2 "
		     "-numa dist,src=0,dst=1,val=21 -numa dist,src=0,dst=2,val=21 "
		     "-numa dist,src=1,dst=2,val=21" CHANNELS KVM_END);
}
END_TEST

START_TEST(refusals)
{
	struct kt_machine machine =
		machine_of((struct kt_topology){ 2, 2, 1, 1 }, KT_ACCELERATOR_TCG);
	const struct kt_machine_boot boot = { .kernel_fd = 6, .initrd_fd = 7 };
	struct kt_arguments none = { 0 };

	machine.memory_mib = 0;
	KT_FAILS(kt_machine_boot_arguments(&machine, &boot, &programs, &none), KT_ERROR_USAGE,
		 "guest memory must be");
	machine.memory_mib = 257;
	KT_FAILS(kt_machine_boot_arguments(&machine, &boot, &programs, &none), KT_ERROR_USAGE,
		 "257 MiB do not divide evenly among 2 NUMA nodes");
	machine.topology.llcs = 0;
	KT_FAILS(kt_machine_boot_arguments(&machine, &boot, &programs, &none), KT_ERROR_USAGE,
		 "at least 1");
	ck_assert_ptr_null(none.argv);
}
END_TEST

START_TEST(memory)
{
	struct kt_topology one = { 1, 1, 1, 1 }, many = { 1, 1, 16, 2 }, nodes = { 3, 3, 1, 1 };

	ck_assert_uint_eq(kt_machine_memory_mib(&one, 0), 256);
	ck_assert_uint_eq(kt_machine_memory_mib(&one, 64ULL << 20), 256);
	ck_assert_uint_eq(kt_machine_memory_mib(&one, 300ULL << 20), 768); /* 2 x 300 + 128 */
	ck_assert_uint_eq(kt_machine_memory_mib(&many, 0), 1024);
	ck_assert_uint_eq(kt_machine_memory_mib(&nodes, 400ULL << 20), 960);
	ck_assert_uint_eq(kt_machine_memory_mib(&one, UINT64_MAX), 1024 * 1024);
}
END_TEST

START_TEST(rendering_is_quoted)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	kt_arguments_add(&arguments, "");
	kt_arguments_add(&arguments, "it's");
	kt_arguments_add(&arguments, "$HOME `x` \"");
	kt_arguments_addf(&arguments, "%s=%d", "plain", 1);
	kt_arguments_render(&arguments, &line);
	ck_assert_str_eq(kt_buf_text(&line), "'' 'it'\\''s' '$HOME `x` \"' plain=1");
}
END_TEST

/* A template's boot, and a guest that is woken from it, differ in nothing that the guest could see. */
START_TEST(memory_in_files)
{
	struct kt_machine machine =
		machine_of((struct kt_topology){ 1, 1, 1, 1 }, KT_ACCELERATOR_TCG);
	const struct kt_machine_boot boot = { .kernel_fd = 6, .initrd_fd = 7, .tsc_khz = 2500000 };
	kt_autobuf struct kt_buf booted = KT_BUF_INIT;
	kt_autobuf struct kt_buf woken = KT_BUF_INIT;
	kt_autoarguments struct kt_arguments boot_arguments = { 0 };
	kt_autoarguments struct kt_arguments wake_arguments = { 0 };

	machine.memory_fd = 9;
	machine.memory = KT_MEMORY_SHARED;
	KT_OK(kt_machine_boot_arguments(&machine, &boot, &programs, &boot_arguments));
	kt_arguments_render(&boot_arguments, &booted);
	machine.memory = KT_MEMORY_COPY_ON_WRITE;
	KT_OK(kt_machine_wake_arguments(&machine, &programs, &wake_arguments));
	kt_arguments_render(&wake_arguments, &woken);
	ck_assert(strstr(kt_buf_text(&booted), " -M pc,memory-backend=m0 "));
	char *share = strstr(kt_buf_text(&booted), "-object memory-backend-file,id=m0,size=256M,"
						   "mem-path=/proc/self/fd/9,share=on ");
	ck_assert_ptr_nonnull(share);
	*strstr(kt_buf_text(&booted), " -kernel") = '\0';
	*strstr(kt_buf_text(&woken), " -incoming defer") = '\0';
	share = strstr(kt_buf_text(&booted), "share=on ");
	/* Before QEMU, the limits differ: only one that is saved writes a file. */
	const char *qemu = strstr(kt_buf_text(&booted), programs.qemu);
	ck_assert_int_eq(strncmp(qemu, strstr(kt_buf_text(&woken), programs.qemu),
				 (size_t)(share - qemu)),
			 0);
	ck_assert(strstr(kt_buf_text(&booted), "ulimit -f 131072;"));
	ck_assert(strstr(kt_buf_text(&woken), "ulimit -f 0;"));
	ck_assert_str_eq(share + strlen("share=on"),
			 strstr(kt_buf_text(&woken), "share=off ") + strlen("share=off"));
}
END_TEST

START_TEST(memory_of_nodes_in_files)
{
	struct kt_machine machine =
		machine_of((struct kt_topology){ 2, 2, 1, 1 }, KT_ACCELERATOR_TCG);
	kt_autobuf struct kt_buf line = KT_BUF_INIT;
	kt_autoarguments struct kt_arguments arguments = { 0 };

	machine.memory_fd = 9;
	machine.memory = KT_MEMORY_COPY_ON_WRITE;
	KT_OK(kt_machine_wake_arguments(&machine, &programs, &arguments));
	kt_arguments_render(&arguments, &line);
	ck_assert(strstr(kt_buf_text(&line), " -M pc -accel "));
	ck_assert(strstr(kt_buf_text(&line), "id=m0,size=256M,mem-path=/proc/self/fd/9,share=off "
					     "-numa node,nodeid=0,cpus=0,memdev=m0 "));
	ck_assert(strstr(kt_buf_text(&line), "id=m1,size=256M,mem-path=/proc/self/fd/10,share=off "
					     "-numa node,nodeid=1,cpus=1,memdev=m1 "));
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("machine");
	TCase *tests = tcase_create("machine");

	tcase_add_test(tests, golden_vectors);
	tcase_add_test(tests, choices);
	tcase_add_test(tests, memory_in_files);
	tcase_add_test(tests, memory_of_nodes_in_files);
	tcase_add_test(tests, confinement);
	tcase_add_loop_test(tests, qemu_user, 0, (int)(sizeof(identities) / sizeof(*identities)));
	tcase_add_test(tests, nodes_of_one_cpu_and_all_pairs);
	tcase_add_test(tests, refusals);
	tcase_add_test(tests, memory);
	tcase_add_test(tests, rendering_is_quoted);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
