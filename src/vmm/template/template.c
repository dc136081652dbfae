/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "vmm/confine/qemu_user.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct kt_error *create_file(const char *name, uint64_t bytes, int *ret)
{
	kt_autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return kt_error_create(KT_ERROR_ENVIRONMENT, errno, "memory for a template");
	/* QEMU opens it by name; what protects it is the seals. */
	KT_TRY(kt_qemu_user_share(fd, true));
	if (ftruncate(fd, (off_t)bytes))
		return kt_error_create(KT_ERROR_IO, errno, "memory for a template");
	*ret = fd;
	fd = -1;
	return NULL;
}

struct kt_error *kt_template_create_files(unsigned node_count, uint32_t node_mib,
					  struct kt_template *ret)
{
	struct kt_template template = KT_TEMPLATE_INIT;
	struct kt_error *err = create_file("ktstr-state", 0, &template.state_fd);

	while (!err && template.memory_count < node_count) {
		err = create_file("ktstr-memory", (uint64_t)node_mib << 20,
				  &template.memory_fds[template.memory_count]);
		template.memory_count += !err;
	}
	if (err) {
		kt_template_deinit(&template);
		return err;
	}
	*ret = template;
	return NULL;
}

struct kt_error *kt_template_seal(struct kt_template *template)
{
	struct stat info;
	int status = fcntl(template->state_fd, F_ADD_SEALS, SEALS);

	for (unsigned i = 0; !status && i < template->memory_count; i++)
		status = fcntl(template->memory_fds[i], F_ADD_SEALS, SEALS);
	if (status || fstat(template->state_fd, &info))
		return kt_error_create(KT_ERROR_IO, errno, "seal a template");
	template->state_bytes = (uint64_t)info.st_size;
	return NULL;
}

struct kt_error *kt_template_open_state(const struct kt_template *template, int *ret_fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", template->state_fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "open the state of a template");
	*ret_fd = fd;
	return NULL;
}

void kt_template_deinit(struct kt_template *template)
{
	for (unsigned i = 0; i < template->memory_count; i++)
		(void)close(template->memory_fds[i]);
	if (template->state_fd >= 0)
		(void)close(template->state_fd);
	*template = KT_TEMPLATE_INIT;
}
