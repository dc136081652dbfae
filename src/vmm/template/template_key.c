/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/template/template_key.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/accel/cpuinfo.h"

/* Changes when a template of the same machine means something else: what is warmed, the agent's rules. */
#define TEMPLATE_FORMAT "1"

static void put_text(struct kt_hash *hash, const char *text)
{
	kt_hash_update(hash, text, strlen(text) + 1);
}

static void put_file(struct kt_hash *hash, const struct stat *info)
{
	const uint64_t words[] = {
		info->st_dev,
		info->st_ino,
		(uint64_t)info->st_size,
		(uint64_t)info->st_mtim.tv_sec,
		(uint64_t)info->st_mtim.tv_nsec,
	};

	kt_hash_update(hash, words, sizeof(words));
}

/* "-cpu host" is another CPU on another host. */
static struct kt_error *put_host_cpu(struct kt_hash *hash, const char *cpuinfo_path)
{
	kt_autobuf struct kt_buf flags = KT_BUF_INIT;

	KT_TRY(kt_cpuinfo_flags(cpuinfo_path, &flags));
	put_text(hash, kt_buf_text(&flags));
	return NULL;
}

struct kt_error *kt_template_key(const struct kt_template_parts *parts, char ret[KT_HASH_TEXT_SIZE])
{
	const struct kt_machine_boot boot = { 0 };
	struct kt_machine_programs programs = { .setpriv = "", .qemu = parts->qemu };
	kt_autoarguments struct kt_arguments arguments = { 0 };
	struct kt_hash hash = { 0 };
	struct stat qemu;

	KT_TRY(kt_machine_boot_arguments(parts->machine, &boot, &programs, &arguments));
	if (stat(parts->qemu, &qemu))
		return kt_error_create(KT_ERROR_IO, errno, "%s", parts->qemu);
	put_text(&hash, TEMPLATE_FORMAT);
	for (size_t i = 0; i < arguments.count; i++)
		put_text(&hash, arguments.argv[i]);
	put_file(&hash, &qemu);
	put_text(&hash, parts->kernel);
	if (parts->machine->accelerator == KT_ACCELERATOR_KVM)
		KT_TRY(put_host_cpu(&hash, parts->cpuinfo_path));
	put_text(&hash, parts->image);
	kt_hash_text(&hash, ret);
	return NULL;
}
