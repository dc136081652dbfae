/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/bpf_load.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	LOG_BYTES = 64 * 1024,
	READS_MAX = 1000, /* each goes on for a million tasks */
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Whether capability @number is in effect here; CAP_SYS_ADMIN serves for the two of BPF. */
static bool has_capability(int number)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &header, data) &&
	       (data[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number));
}

struct kt_error *kt_bpf_may_load(void)
{
	bool is_admin = has_capability(CAP_SYS_ADMIN);
	bool has_bpf = is_admin || has_capability(CAP_BPF);
	bool has_perfmon = is_admin || has_capability(CAP_PERFMON);

	if (has_bpf && has_perfmon)
		return NULL;
	return kt_error_create(KT_ERROR_PROBE, EPERM,
			       "missing%s%s (run the probe as root, or give it cap_bpf and "
			       "cap_perfmon)",
			       has_bpf ? "" : " cap_bpf", has_perfmon ? "" : " cap_perfmon");
}

/* The error for a call of bpf(2) that failed with @failure. */
static struct kt_error *explain(int failure, const char *what)
{
	if (failure == EPERM)
		return kt_error_create(KT_ERROR_PROBE, failure,
				       "%s: forbidden by a user namespace, a seccomp filter or the "
				       "kernel's lockdown, as the capabilities are there",
				       what);
	if (failure == ENOSYS)
		return kt_error_create(KT_ERROR_PROBE, failure,
				       "%s: this kernel has no bpf(2), or a filter hides it", what);
	return kt_error_create(KT_ERROR_PROBE, failure, "%s", what);
}

static struct kt_error *create_map(size_t value_bytes, size_t count, int *ret)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = (uint32_t)value_bytes;
	attr.max_entries = (uint32_t)count;
	attr.map_flags = BPF_F_MMAPABLE;
	*ret = bpf(BPF_MAP_CREATE, &attr);
	return *ret < 0 ? explain(errno, "a BPF map") : NULL;
}

static struct kt_error *map_memory(int fd, size_t bytes, void **ret)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return kt_error_create(KT_ERROR_PROBE, errno, "a BPF map's memory");
	*ret = memory;
	return NULL;
}

/* The verifier's verdict: the last line of its log before the summary. */
static const char *last_line(char *log)
{
	const char *last = log;

	for (char *line = log; *line;) {
		char *end = strchrnul(line, '\n');
		bool has_more = *end;
		*end = '\0';
		if (*line && strncmp(line, "processed ", strlen("processed ")) != 0)
			last = line;
		line = end + has_more;
	}
	return last;
}

/* The error for a program that was refused with @failure; the log is asked for only now. */
static struct kt_error *explain_refusal(union bpf_attr *attr, int failure)
{
	kt_autofree char *log = calloc(1, LOG_BYTES);

	if (failure == EPERM)
		return explain(failure, "the BPF program");
	if (!log)
		return kt_error_no_memory();
	attr->log_buf = (uintptr_t)log;
	attr->log_size = LOG_BYTES;
	attr->log_level = 1;
	int fd = bpf(BPF_PROG_LOAD, attr);
	if (fd >= 0)
		(void)close(fd);
	log[LOG_BYTES - 1] = '\0';
	return kt_error_create(KT_ERROR_PROBE, failure,
			       "the kernel refuses the BPF program (it needs Linux 5.18): %.200s",
			       last_line(log));
}

static struct kt_error *load_program(const struct kt_bpf_request *request,
				     struct kt_bpf_kernel *kernel)
{
	struct bpf_insn code[KT_BPF_CODE_MAX];
	struct kt_bpf_program program = {
		.task = request->task,
		.place = request->place,
		.pid = request->pid,
		.extras = request->extras,
		.cache_bytes = request->cache_bytes,
		.cache_distance = request->cache_distance,
		.header_fd = kernel->header_fd,
		.records_fd = kernel->records_fd,
	};
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.prog_flags = BPF_F_SLEEPABLE;
	attr.expected_attach_type = BPF_TRACE_ITER;
	attr.attach_btf_id = request->task->attach_id;
	attr.insn_cnt = (uint32_t)kt_bpf_program_make(&program, code);
	attr.insns = (uintptr_t)code;
	/* Helpers that read other tasks' memory are for programs under the GPL only. */
	attr.license = (uintptr_t) "GPL";
	memcpy(attr.prog_name, "kt_threads", sizeof("kt_threads"));
	kernel->program_fd = bpf(BPF_PROG_LOAD, &attr);
	return kernel->program_fd < 0 ? explain_refusal(&attr, errno) : NULL;
}

/* A link that walks the threads of @pid, or all tasks for 0; -1 with errno. */
static int create_link(int program_fd, pid_t pid)
{
	union bpf_iter_link_info info = { 0 };
	union bpf_attr attr = { 0 };

	info.task.pid = (uint32_t)pid;
	attr.link_create.prog_fd = (uint32_t)program_fd;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	if (pid) {
		attr.link_create.iter_info = (uintptr_t)&info;
		attr.link_create.iter_info_len = sizeof(info);
	}
	return bpf(BPF_LINK_CREATE, &attr);
}

static struct kt_error *load(const struct kt_bpf_request *request, struct kt_bpf_kernel *kernel)
{
	void *memory;

	KT_TRY(create_map(sizeof(*kernel->header), 1, &kernel->header_fd));
	KT_TRY(map_memory(kernel->header_fd, sizeof(*kernel->header), &memory));
	kernel->header = memory;
	KT_TRY(create_map(kernel->record_bytes, kernel->capacity, &kernel->records_fd));
	KT_TRY(map_memory(kernel->records_fd, kernel->record_bytes * kernel->capacity, &memory));
	kernel->records = memory;
	KT_TRY(load_program(request, kernel));
	kernel->all_link_fd = create_link(kernel->program_fd, 0);
	if (kernel->all_link_fd < 0)
		return explain(errno, "a BPF iterator");
	if (kt_bpf_knows_tail(request->task))
		kernel->group_link_fd = create_link(kernel->program_fd, request->pid);
	return NULL;
}

struct kt_error *kt_bpf_load(const struct kt_bpf_request *request, struct kt_bpf_kernel *ret)
{
	struct kt_bpf_kernel kernel = KT_BPF_KERNEL_NONE;

	kernel.record_bytes = kt_bpf_record_bytes(request->place, request->cache_bytes);
	kernel.capacity = request->capacity;
	struct kt_error *err = load(request, &kernel);
	if (err) {
		kt_bpf_unload(&kernel);
		return err;
	}
	*ret = kernel;
	return NULL;
}

void kt_bpf_unload(struct kt_bpf_kernel *kernel)
{
	const int fds[] = {
		kernel->group_link_fd, kernel->all_link_fd, kernel->program_fd,
		kernel->records_fd,    kernel->header_fd,
	};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	if (kernel->header)
		(void)munmap(kernel->header, sizeof(*kernel->header));
	if (kernel->records)
		(void)munmap(kernel->records, kernel->record_bytes * kernel->capacity);
	*kernel = KT_BPF_KERNEL_NONE;
}

struct kt_error *kt_bpf_walk(struct kt_bpf_kernel *kernel, int link_fd)
{
	union bpf_attr attr = { 0 };
	char text[64]; /* the program writes none */

	kernel->header->count = 0;
	kernel->header->changes = 0;
	kernel->header->is_tail = 0;
	if (!++kernel->header->pass)
		kernel->header->pass = 1;
	attr.iter_create.link_fd = (uint32_t)link_fd;
	kt_autoclose int fd = bpf(BPF_ITER_CREATE, &attr);
	if (fd < 0)
		return explain(errno, "a BPF iterator");
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t got = read(fd, text, sizeof(text));
		if (!got)
			return NULL;
		/* EAGAIN: it rests after a million tasks. */
		if (got < 0 && errno != EAGAIN)
			return kt_error_create(KT_ERROR_PROBE, errno, "the BPF iterator");
	}
	return kt_error_create(KT_ERROR_PROBE, 0, "the BPF iterator has no end");
}

struct kt_bpf_record *kt_bpf_record_at(const struct kt_bpf_kernel *kernel, size_t slot)
{
	return (struct kt_bpf_record *)(void *)(kernel->records + slot * kernel->record_bytes);
}
