/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/accel/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/program.h"

static struct kt_kvm_answer answer(bool good, int os_errno, const char *text)
{
	struct kt_kvm_answer result = { .good = good };

	if (os_errno)
		(void)snprintf(result.reason, sizeof(result.reason), "%s: %s", text,
			       strerrordesc_np(os_errno));
	else
		(void)snprintf(result.reason, sizeof(result.reason), "%s", text);
	return result;
}

struct kt_kvm_answer kt_kvm_probe_device(const char *kvm_path)
{
	char text[KT_KVM_REASON_BYTES];
	kt_autoclose int kvm = open(kvm_path, O_RDWR | O_CLOEXEC);

	if (kvm < 0) {
		int open_errno = errno;
		(void)snprintf(text, sizeof(text), "%.100s cannot be opened", kvm_path);
		return answer(false, open_errno, text);
	}
	int version = ioctl(kvm, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return answer(false, errno, "KVM does not answer");
	if (version != KVM_API_VERSION) {
		(void)snprintf(text, sizeof(text), "KVM speaks API version %d, not %d", version,
			       KVM_API_VERSION);
		return answer(false, 0, text);
	}
	kt_autoclose int machine = ioctl(kvm, KVM_CREATE_VM, 0);
	if (machine < 0)
		return answer(false, errno, "KVM makes no machine");
	return answer(true, 0, "KVM opens and makes a machine");
}

#if defined(__x86_64__)

/* How the child ends; the parent makes the reason of it. */
enum probe_end {
	PROBE_GOOD,
	PROBE_NO_SETUP,
	PROBE_NO_RUN,
	PROBE_INTERNAL_ERROR,
	PROBE_WRONG_EXIT,
	PROBE_END_COUNT,
};

static const char *const end_texts[PROBE_END_COUNT] = {
	[PROBE_GOOD] = "the probe guest ran",
	[PROBE_NO_SETUP] = "KVM cannot set up the probe guest",
	[PROBE_NO_RUN] = "KVM cannot run the probe guest",
	[PROBE_INTERNAL_ERROR] = "KVM fails on an instruction of the probe guest",
	[PROBE_WRONG_EXIT] = "the probe guest stopped where it should not",
};

/* The guest's memory: its code, and page tables that map 2 MiB one to one. */
enum {
	GUEST_BYTES = 2 * 1024 * 1024,
	GUEST_CODE_AT = 0x1000,
	GUEST_PML4_AT = 0x2000,
	GUEST_PDPT_AT = 0x3000,
	GUEST_PD_AT = 0x4000,
	GUEST_STACK_AT = 0x1ff000,
	GUEST_PORT = 0x10,

	PAGE_PRESENT_WRITABLE = 0x3,
	PAGE_LARGE = 0x80,
};

/* mov $1000000,%ecx; 1: dec %ecx; jnz 1b; */
static const unsigned char loop_code[] = { 0xb9, 0x40, 0x42, 0x0f, 0x00, 0xff, 0xc9, 0x75, 0xfc };
/* shlx %edx,%r8d,%r8d (BMI2: what the kernel's zstd unpacker uses) */
static const unsigned char bmi2_code[] = { 0xc4, 0x42, 0x69, 0xf7, 0xc0 };
/* mov $0x55,%al; out %al,$GUEST_PORT; hlt */
static const unsigned char end_code[] = { 0xb0, 0x55, 0xe6, GUEST_PORT, 0xf4 };

static void fill_memory(unsigned char *memory)
{
	const uint64_t pml4 = GUEST_PDPT_AT | PAGE_PRESENT_WRITABLE;
	const uint64_t pdpt = GUEST_PD_AT | PAGE_PRESENT_WRITABLE;
	const uint64_t pd = PAGE_LARGE | PAGE_PRESENT_WRITABLE;
	unsigned char *code = memory + GUEST_CODE_AT;

	memcpy(memory + GUEST_PML4_AT, &pml4, sizeof(pml4));
	memcpy(memory + GUEST_PDPT_AT, &pdpt, sizeof(pdpt));
	memcpy(memory + GUEST_PD_AT, &pd, sizeof(pd));
	memcpy(code, loop_code, sizeof(loop_code));
	code += sizeof(loop_code);
	if (__builtin_cpu_supports("bmi2")) {
		memcpy(code, bmi2_code, sizeof(bmi2_code));
		code += sizeof(bmi2_code);
	}
	memcpy(code, end_code, sizeof(end_code));
}

/*
 * 64-bit kernel mode.  CR0: paging, write protect, alignment mask, numeric error, extension type,
 * monitor, protection; CR4: PAE and OSFXSR; EFER: long mode enabled and active.
 */
static bool set_registers(int vcpu)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = 8,
		.present = 1,
		.type = 11,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	const struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = 16,
		.present = 1,
		.type = 3,
		.s = 1,
		.g = 1,
	};
	const struct kvm_regs registers = {
		.rip = GUEST_CODE_AT,
		.rsp = GUEST_STACK_AT,
		.rflags = 2,
	};
	struct kvm_sregs special;

	if (ioctl(vcpu, KVM_GET_SREGS, &special))
		return false;
	special.cr3 = GUEST_PML4_AT;
	special.cr4 = 0x220;
	special.cr0 = 0x80050033;
	special.efer = 0x500;
	special.cs = code;
	special.ds = special.es = special.fs = special.gs = special.ss = data;
	return !ioctl(vcpu, KVM_SET_SREGS, &special) && !ioctl(vcpu, KVM_SET_REGS, &registers);
}

/* Makes machine, memory and CPU; the CPU's descriptor, or -1.  The child's end frees it all. */
static int make_guest(const char *kvm_path, struct kvm_run **ret_run)
{
	int kvm = open(kvm_path, O_RDWR | O_CLOEXEC);
	int machine = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	unsigned char *memory =
		mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (machine < 0 || memory == MAP_FAILED)
		return -1;
	fill_memory(memory);
	struct kvm_userspace_memory_region region = {
		.memory_size = GUEST_BYTES,
		.userspace_addr = (uintptr_t)memory,
	};
	int run_bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region) ||
	    run_bytes < (int)sizeof(struct kvm_run))
		return -1;
	int vcpu = ioctl(machine, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		return -1;
	void *run = mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		return -1;
	*ret_run = run;
	return vcpu;
}

/* The child's work: system calls only, for it may be a fork of a program with threads. */
static enum probe_end run_guest(const char *kvm_path)
{
	struct kvm_run *run = NULL;
	int vcpu = make_guest(kvm_path, &run);

	if (vcpu < 0 || !set_registers(vcpu))
		return PROBE_NO_SETUP;
	while (ioctl(vcpu, KVM_RUN, 0)) {
		if (errno != EINTR)
			return PROBE_NO_RUN;
	}
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		return PROBE_INTERNAL_ERROR;
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != GUEST_PORT)
		return PROBE_WRONG_EXIT;
	return PROBE_GOOD;
}

struct kt_kvm_answer kt_kvm_probe_run(const char *kvm_path)
{
	uint64_t deadline = kt_clock_mono_ns() + KT_KVM_PROBE_DEADLINE_MS * KT_NS_PER_MS;
	char text[KT_KVM_REASON_BYTES];
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return answer(false, errno, "cannot start the probe of KVM");
	if (!pid)
		_exit(run_guest(kvm_path));
	kt_autoerr struct kt_error *err = kt_program_wait(pid, deadline, &status);
	if (err) {
		(void)snprintf(text, sizeof(text),
			       "the probe guest was not done within %d ms: KVM interprets here",
			       KT_KVM_PROBE_DEADLINE_MS);
		return answer(false, 0, text);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= PROBE_END_COUNT)
		return answer(false, 0, "the probe of KVM died");
	return answer(WEXITSTATUS(status) == PROBE_GOOD, 0, end_texts[WEXITSTATUS(status)]);
}

#else

struct kt_kvm_answer kt_kvm_probe_run(const char *kvm_path)
{
	(void)kvm_path;
	return answer(false, 0, "guests are x86_64, this machine is not");
}

#endif
