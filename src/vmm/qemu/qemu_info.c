/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/qemu/qemu_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "base/text.h"

enum {
	KT_QEMU_OLDEST_MAJOR = 7,
	KT_QEMU_DEADLINE_MS = 10000,
	KT_QEMU_ANSWER_MAX_BYTES = 16 * 1024,
	KT_QEMU_SHOWN_BYTES = 200,
};

/* Of the emulator's error text only a short, clean piece goes into ours. */
static struct kt_error *bad_answer(const char *what, const char *answer)
{
	kt_autobuf struct kt_buf shown = KT_BUF_INIT;

	kt_text_sanitize(&shown, answer, strcspn(answer, "\n"), KT_QEMU_SHOWN_BYTES, false);
	return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s: \"%s\"", what, kt_buf_text(&shown));
}

struct kt_error *kt_qemu_info_parse(const char *answer, struct kt_qemu_info *ret)
{
	static const char intro[] = "QEMU emulator version ";
	const char *at = strstr(answer, intro);
	unsigned int major, minor;
	int used = 0;

	if (at)
		at += strlen(intro);
	if (!at || sscanf(at, "%3u.%3u%n", &major, &minor, &used) != 2)
		return bad_answer("says no version", answer);
	if (major < KT_QEMU_OLDEST_MAJOR)
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0,
				       "QEMU %u.%u is too old, %d.0 or newer is needed", major,
				       minor, KT_QEMU_OLDEST_MAJOR);
	char *text = strndup(at, strspn(at, "0123456789."));
	if (!text)
		return kt_error_no_memory();
	ret->version_text = text;
	ret->major = major;
	ret->minor = minor;
	/*
	 * Before 8.1 one virtual CPU may translate a page while another patches it, which
	 * corrupts guests (QEMU commits deba78709ae8 and cb62bd15e14e).
	 */
	ret->tcg_multi_thread = major > 8 || (major == 8 && minor >= 1);
	return NULL;
}

static struct kt_error *ask_version(struct kt_qemu_info *info)
{
	kt_autobuf struct kt_buf answer = KT_BUF_INIT;
	char *argv[] = { info->path, (char *)"--version", NULL };
	int status = 0;

	KT_TRY(kt_program_capture(argv, KT_QEMU_DEADLINE_MS, KT_QEMU_ANSWER_MAX_BYTES, &answer,
				  &status));
	struct kt_error *err = NULL;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		err = bad_answer("does not run", kt_buf_text(&answer));
	else
		err = kt_qemu_info_parse(kt_buf_text(&answer), info);
	return kt_error_wrap(err, "%s", info->path);
}

struct kt_error *kt_qemu_info_find(struct kt_qemu_info *ret)
{
	__attribute__((cleanup(kt_qemu_info_deinit))) struct kt_qemu_info info = { 0 };
	const char *wanted = getenv("KTSTR_QEMU");

	if (wanted && *wanted)
		KT_TRY(kt_error_wrap(kt_program_find(wanted, &info.path), "KTSTR_QEMU"));
	else
		KT_TRY(kt_program_find("qemu-system-x86_64", &info.path));
	KT_TRY(kt_program_find("setpriv", &info.setpriv_path));
	KT_TRY(ask_version(&info));
	*ret = info;
	info = (struct kt_qemu_info){ 0 };
	return NULL;
}

void kt_qemu_info_deinit(struct kt_qemu_info *info)
{
	free(info->path);
	free(info->setpriv_path);
	free(info->version_text);
	*info = (struct kt_qemu_info){ 0 };
}
