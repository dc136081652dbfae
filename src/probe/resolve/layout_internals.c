/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/layout_internals.h"

#include "base/cleanup.h"
#include "probe/resolve/internals.h"
#include "probe/resolve/object.h"

static bool is_complete(const struct kt_internals *internals)
{
	return internals->has_tcache && internals->has_arenas;
}

/* Takes over what @found knows and @internals does not. */
static void merge(const struct kt_internals *found, struct kt_internals *internals)
{
	struct kt_internals known = *internals;

	if (!known.has_tcache && found->has_tcache) {
		*internals = *found;
		internals->has_arenas = known.has_arenas;
		internals->arenas_vaddr = known.arenas_vaddr;
		internals->nactive_offset = known.nactive_offset;
		internals->page_bytes = known.page_bytes;
	}
	if (!known.has_arenas && found->has_arenas) {
		internals->has_arenas = true;
		internals->arenas_vaddr = found->arenas_vaddr;
		internals->nactive_offset = found->nactive_offset;
		internals->page_bytes = found->page_bytes;
	}
}

static struct kt_error *find_and_merge(const struct kt_internals_request *request,
				       struct kt_internals *internals)
{
	struct kt_internals found;

	KT_TRY(kt_internals_find(request, &found));
	merge(&found, internals);
	return NULL;
}

/* With the object's own file, if that can be read. */
static struct kt_error *ask_file(const struct kt_candidate *candidate, int proc_fd,
				 struct kt_internals_request *request,
				 struct kt_internals *internals)
{
	const char *path = candidate->module->path;
	kt_autoclose int fd = kt_object_open_module(proc_fd, candidate->module);
	kt_autoelf struct kt_elf file = { .fd = -1 };

	if (fd < 0)
		return NULL;
	kt_autoerr struct kt_error *err = kt_elf_open(fd, path, &file);
	if (err)
		return NULL;
	request->debug = &file;
	request->symbols = &file;
	return find_and_merge(request, internals);
}

struct kt_error *kt_layout_internals_add(const struct kt_resolve_request *request,
					 const struct kt_candidate *candidate, const uint64_t *tps,
					 size_t tp_count, struct kt_internals *internals)
{
	struct kt_tls_place tsd;

	if (is_complete(internals))
		return NULL;
	kt_autoerr struct kt_error *err =
		kt_tls_base_place(&candidate->base, candidate->facts.start, 8, &tsd);
	if (err)
		return NULL; /* the extras stay unknown */
	struct kt_internals_request question = {
		.facts = &candidate->facts,
		.module = candidate->module,
		.memory = &request->memory,
		.tsd = &tsd,
		.thread_pointers = tps,
		.thread_pointer_count = tp_count,
	};
	KT_TRY(find_and_merge(&question, internals));
	if (is_complete(internals))
		return NULL;
	return ask_file(candidate, request->proc_fd, &question, internals);
}
