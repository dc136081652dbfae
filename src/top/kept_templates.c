/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/kept_templates.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "vmm/template/template_cache.h"

struct kt_error *kt_kept_templates_locate(char **ret)
{
	kt_autofree char *dir = NULL;

	KT_TRY(kt_error_wrap(kt_cache_path("templates", &dir), "templates cannot be kept"));
	KT_TRY(kt_error_wrap(kt_dir_make(dir), "templates cannot be kept"));
	*ret = KT_TAKE(dir);
	return NULL;
}

struct kt_error *kt_kept_templates_clear(struct kt_buf *out)
{
	kt_autofree char *dir = NULL;
	struct kt_template_cache_removal removal;

	KT_TRY(kt_kept_templates_locate(&dir));
	KT_TRY(kt_template_cache_trim(dir, 0, &removal));
	kt_buf_printf(out, "%u template%s removed from %s (%u MiB)\n", removal.count,
		      removal.count == 1 ? "" : "s", dir, (unsigned)(removal.bytes >> 20));
	return NULL;
}
