/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/shell/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/program.h"

#define BUSYBOX "/bin/busybox"

enum {
	LIST_DEADLINE_MS = 10000,
	LIST_MAX_BYTES = 64 * 1024,
};

static const char *const busybox_argv[] = { BUSYBOX, "sh", NULL };
static const char *const bash_argv[] = { "/bin/bash", NULL };
static const char *const sh_argv[] = { "/bin/sh", NULL };

static const struct {
	const char *name;
	const char *const *argv;
} shells[] = {
	{ "busybox", busybox_argv },
	{ "bash", bash_argv },
	{ "sh", sh_argv },
};

/* With a shell that has no programs in it, those of them that there are. */
static const char *const programs[] = {
	"cat",	  "chmod", "cp",   "cut",   "date",  "dd",    "df",   "dmesg",	"du",
	"env",	  "find",  "free", "grep",  "head",  "id",    "kill", "less",	"ln",
	"ls",	  "mkdir", "more", "mount", "mv",    "nproc", "ps",   "rm",	"sed",
	"sleep",  "sort",  "stty", "tail",  "top",   "tr",    "tty",  "umount", "uname",
	"uptime", "vi",	   "wc",   "which", "xargs", NULL,
};

struct kt_error *kt_shell_tools_find(struct kt_shell_tools *ret)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		kt_autoerr struct kt_error *err = kt_program_find(shells[i].name, &ret->path);
		if (!err) {
			ret->argv = shells[i].argv;
			return NULL;
		}
		if (kt_error_class(err) != KT_ERROR_ENVIRONMENT)
			return KT_TAKE(err);
	}
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
			       "there is no shell for the guest on PATH: install busybox (Debian's "
			       "package busybox or busybox-static)");
}

/* A scenario's program or file of this name is what its user wants to see. */
static struct kt_error *unless_taken(struct kt_error *err)
{
	if (!err || kt_error_class(err) != KT_ERROR_USAGE)
		return err;
	kt_error_destroy(err);
	return NULL;
}

static struct kt_error *add_link(struct kt_image *image, const char *name, const char *target)
{
	kt_autofree char *path = NULL;

	if (asprintf(&path, "/bin/%s", name) < 0) {
		path = NULL;
		return kt_error_no_memory();
	}
	return unless_taken(kt_image_add_link(image, path, target));
}

static struct kt_error *add_applets(const struct kt_shell_tools *tools, struct kt_image *image)
{
	char *argv[] = { tools->path, (char *)"--list", NULL };
	kt_autobuf struct kt_buf list = KT_BUF_INIT;
	char *at;
	int status;

	KT_TRY(kt_program_capture(argv, LIST_DEADLINE_MS, LIST_MAX_BYTES, &list, &status));
	KT_TRY(kt_buf_error(&list));
	if (status || !list.len)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "%s --list does not say what it can do", tools->path);
	for (char *name = strtok_r(list.data, "\n", &at); name; name = strtok_r(NULL, "\n", &at))
		if (strcmp(name, "busybox") != 0)
			KT_TRY(add_link(image, name, BUSYBOX));
	return NULL;
}

/* One that is not there, or lacks a library, is not there in the guest either. */
static struct kt_error *add_program(struct kt_image *image, const char *name)
{
	kt_autofree char *host_path = NULL;
	kt_autofree char *guest_path = NULL;

	kt_autoerr struct kt_error *err = kt_program_find(name, &host_path);
	if (!err && asprintf(&guest_path, "/bin/%s", name) < 0) {
		guest_path = NULL;
		return kt_error_no_memory();
	}
	if (!err)
		err = unless_taken(kt_image_add_program(image, host_path, guest_path, 0755));
	return err && kt_error_class(err) != KT_ERROR_ENVIRONMENT ? KT_TAKE(err) : NULL;
}

/* Who we are, by name. */
static struct kt_error *add_names(struct kt_image *image)
{
	static const char passwd[] = "root:x:0:0:root:/:/bin/sh\n";
	static const char group[] = "root:x:0:\n";

	KT_TRY(unless_taken(
		kt_image_add_bytes(image, "/etc/passwd", passwd, sizeof(passwd) - 1, 0644)));
	return unless_taken(
		kt_image_add_bytes(image, "/etc/group", group, sizeof(group) - 1, 0644));
}

/* What is known of our terminal, for programs that ask; without it they use little of it. */
static struct kt_error *add_terminfo(struct kt_image *image)
{
	static const char *const dirs[] = { "/etc/terminfo", "/lib/terminfo",
					    "/usr/share/terminfo" };
	const char *term = getenv("TERM");

	if (!term || !*term || strchr(term, '/') || strlen(term) > KT_TERMINAL_TYPE_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		kt_autobuf struct kt_buf path = KT_BUF_INIT;
		struct stat st;
		kt_buf_printf(&path, "%s/%c/%s", dirs[i], term[0], term);
		KT_TRY(kt_buf_error(&path));
		if (!stat(path.data, &st) && S_ISREG(st.st_mode))
			return unless_taken(kt_image_add_file(image, path.data, path.data, 0644));
	}
	return NULL;
}

struct kt_error *kt_shell_tools_pack(const struct kt_shell_tools *tools, struct kt_image *image)
{
	KT_TRY(kt_image_add_program(image, tools->path, tools->argv[0], 0755));
	KT_TRY(add_names(image));
	KT_TRY(add_terminfo(image));
	if (tools->argv == busybox_argv)
		return add_applets(tools, image);
	if (tools->argv == bash_argv)
		KT_TRY(add_link(image, "sh", bash_argv[0]));
	for (const char *const *name = programs; *name; name++)
		KT_TRY(add_program(image, *name));
	return NULL;
}

void kt_shell_tools_deinit(struct kt_shell_tools *tools)
{
	free(tools->path);
	*tools = (struct kt_shell_tools){ 0 };
}
