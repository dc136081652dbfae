/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/host_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "top/doctor/errand.h"
#include "tui/terminal/screen.h"
#include "tui/terminal/terminfo.h"
#include "vmm/confine/control_group.h"

#define YAMA_PATH "/proc/sys/kernel/yama/ptrace_scope"
#define BTF_PATH  "/sys/kernel/btf/vmlinux"

enum {
	PROC_FILE_MAX_BYTES = 64 * 1024,
};

/* The number to this base behind @name in the file @path of /proc; false if it is not there. */
static bool read_proc(const char *path, const char *name, int base, uint64_t *ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_file_read(path, PROC_FILE_MAX_BYTES, &text);
	const char *at = err ? NULL : strstr(kt_buf_text(&text), name);
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	*ret = strtoull(at, &end, base);
	return end != at;
}

/* ---- rights ---- */

static void look_at_yama(struct kt_right_facts *facts)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_file_read(YAMA_PATH, PROC_FILE_MAX_BYTES, &text);

	facts->yama_scope = KT_YAMA_UNREADABLE;
	if (err)
		facts->yama_errno = kt_error_errno(err);
	else if (sscanf(kt_buf_text(&text), "%d", &facts->yama_scope) != 1)
		facts->yama_errno = EINVAL;
	if (facts->yama_errno == ENOENT)
		facts->yama_scope = KT_YAMA_ABSENT;
}

/* Whether the file @probe gives cap_sys_ptrace to whoever starts it. */
static bool has_file_capability(const char *probe)
{
	struct vfs_ns_cap_data data = { 0 };

	return probe && getxattr(probe, "security.capability", &data, sizeof(data)) > 0 &&
	       (data.data[0].permitted & CAP_TO_MASK(CAP_SYS_PTRACE));
}

void kt_right_look(const char *probe, struct kt_right_facts *ret)
{
	uint64_t effective = 0;

	*ret = (struct kt_right_facts){ .probe_can_ptrace = has_file_capability(probe) };
	look_at_yama(ret);
	ret->has_btf = !access(BTF_PATH, R_OK);
	ret->has_capabilities = read_proc("/proc/self/status", "\nCapEff:", 16, &effective);
	bool is_admin = effective & (1ULL << CAP_SYS_ADMIN);
	bool has_both = (effective & (1ULL << CAP_BPF)) && (effective & (1ULL << CAP_PERFMON));
	ret->can_ptrace = effective & (1ULL << CAP_SYS_PTRACE);
	ret->can_bpf = is_admin || has_both;
}

/* ---- the terminal ---- */

void kt_terminal_look(struct kt_terminal_facts *ret)
{
	const char *no_color = getenv("NO_COLOR");
	struct winsize size = { 0 };

	*ret = (struct kt_terminal_facts){
		.is_terminal = isatty(STDOUT_FILENO),
		.term = getenv("TERM"),
		.codeset = nl_langinfo(CODESET),
		.is_utf8 = kt_screen_is_utf8(),
		.color_count = -1,
		.is_color_unwanted = no_color && *no_color,
	};
	kt_autoerr struct kt_error *err = kt_terminfo_check(ret->term);
	if (err)
		(void)snprintf(ret->problem, sizeof(ret->problem), "%s", kt_error_message(err));
	else
		ret->color_count = kt_terminfo_color_count(ret->term);
	if (ret->is_terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) {
		ret->columns = size.ws_col;
		ret->rows = size.ws_row;
	}
}

/* ---- places ---- */

/* Cuts @path to its parent; false at the root, and for a word without a directory. */
static bool cut_to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

/* The file system of ret->path, or of the nearest directory above it. */
static void find_file_system(bool is_made, struct kt_place_facts *ret, struct statvfs *status)
{
	while (statvfs(ret->path, status)) {
		int stat_errno = errno;
		bool is_absent = stat_errno == ENOENT || stat_errno == ENOTDIR;

		if (is_absent && is_made && cut_to_parent(ret->path))
			continue;
		/* Who may not get there cannot write there, whatever else is unknown. */
		if (is_absent || stat_errno == EACCES)
			ret->write_errno = stat_errno;
		else
			ret->os_errno = stat_errno;
		return;
	}
}

struct place_errand {
	bool is_made;
	struct kt_place_facts facts;
};

static void look_at_place(void *ctx)
{
	struct place_errand *errand = ctx;
	struct kt_place_facts *facts = &errand->facts;
	struct statvfs status = { 0 };

	find_file_system(errand->is_made, facts, &status);
	if (facts->os_errno || facts->write_errno)
		return;
	/* Asks for a directory: of what else is there, the write would fail. */
	kt_autoclose int dir = open(facts->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || faccessat(AT_FDCWD, facts->path, W_OK | X_OK, AT_EACCESS))
		facts->write_errno = errno;
	facts->free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	facts->has_inodes = status.f_files;
	facts->free_inode_count = status.f_favail;
}

void kt_place_look(const char *path, bool is_made, struct kt_place_facts *ret)
{
	struct place_errand errand = { .is_made = is_made, .facts = { .wanted = path } };
	enum kt_errand_end end = KT_ERRAND_DONE;

	if (strlen(path) >= sizeof(errand.facts.path)) {
		errand.facts.os_errno = ENAMETOOLONG;
		*ret = errand.facts;
		return;
	}
	strcpy(errand.facts.path, path);
	kt_autoerr struct kt_error *err =
		kt_errand_run(look_at_place, &errand, sizeof(errand), KT_PLACE_DEADLINE_MS, &end);
	if (err)
		errand.facts.os_errno = kt_error_errno(err) ? kt_error_errno(err) : ENOMEM;
	else if (end == KT_ERRAND_LATE)
		errand.facts.late_ms = KT_PLACE_DEADLINE_MS;
	else if (end == KT_ERRAND_DEAD)
		errand.facts.os_errno = ECANCELED;
	*ret = errand.facts;
}

/* ---- memory and cores ---- */

void kt_memory_look(struct kt_memory_facts *ret)
{
	uint64_t kib = 0;

	*ret = (struct kt_memory_facts){ 0 };
	ret->has_available = read_proc("/proc/meminfo", "\nMemAvailable:", 10, &kib);
	ret->available_bytes = kib << 10;
	ret->room_bytes = KT_CONTROL_GROUP_NO_LIMIT;
	ret->has_cgroup = kt_control_group_room(KT_CONTROL_GROUP_LIST, KT_CONTROL_GROUP_MOUNT,
						&ret->room_bytes);
}

void kt_core_look(struct kt_core_facts *ret)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t cpus;

	*ret = (struct kt_core_facts){ .online_count = online > 0 ? (uint32_t)online : 0,
				       .quota_milli_cpus = KT_CONTROL_GROUP_NO_LIMIT };
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		ret->allowed_count = (uint32_t)CPU_COUNT(&cpus);
	ret->has_cgroup = kt_control_group_cpus(KT_CONTROL_GROUP_LIST, KT_CONTROL_GROUP_MOUNT,
						&ret->quota_milli_cpus);
}
