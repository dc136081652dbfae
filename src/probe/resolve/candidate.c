/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/candidate.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "probe/resolve/size_table.h"

enum {
	IMAGE_MAX_BYTES = 256 * 1024 /* of an image that are searched: one has some KiB */
};

bool kt_candidate_init(const struct kt_module *module, struct kt_candidate *ret)
{
	const Elf64_Phdr *segment = kt_module_segment(module, PT_TLS);

	if (!segment || segment->p_memsz < kt_size_table_smallest() ||
	    segment->p_filesz > segment->p_memsz)
		return false;
	*ret = (struct kt_candidate){
		.module = module,
		.tls_bytes = segment->p_memsz,
		.image_bytes = segment->p_filesz,
	};
	return true;
}

void kt_candidate_deinit(struct kt_candidate *candidate)
{
	free(candidate->debug_file);
	kt_buf_deinit(&candidate->notes);
	*candidate = (struct kt_candidate){ 0 };
}

void kt_candidate_note(struct kt_candidate *candidate, struct kt_error *err)
{
	if (!err)
		return;
	kt_buf_printf(&candidate->notes, "%s%s", candidate->notes.len ? "; " : "",
		      kt_error_message(err));
	kt_error_destroy(err);
}

struct kt_error *kt_candidate_read_image(struct kt_candidate *candidate,
					 const struct kt_memory *memory)
{
	const struct kt_module *module = candidate->module;
	const Elf64_Phdr *segment = kt_module_segment(module, PT_TLS);
	size_t bytes = candidate->image_bytes < IMAGE_MAX_BYTES ? candidate->image_bytes
								: IMAGE_MAX_BYTES;
	kt_autofree unsigned char *image = malloc(bytes + 1);

	if (!image)
		return kt_error_no_memory();
	candidate->effort = KT_EFFORT_IMAGE;
	candidate->has_image =
		kt_memory_read(memory, module->bias + segment->p_vaddr, image, bytes) &&
		kt_tls_image_find(image, bytes, candidate->tls_bytes, &candidate->image);
	struct kt_error *err = kt_tls_base_find(module, memory, &candidate->base);
	candidate->has_base = !err;
	if (err && kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return err;
	kt_candidate_note(candidate, err);
	return NULL;
}

struct kt_error *kt_candidate_read_ctl(struct kt_candidate *candidate,
				       const struct kt_memory *memory)
{
	candidate->effort = KT_EFFORT_CTL;
	KT_TRY(kt_ctl_offsets_find(candidate->module, memory, &candidate->ctl,
				   &candidate->ctl_status));
	candidate->has_ctl = candidate->ctl_status == KT_CTL_FOUND;
	return NULL;
}

bool kt_candidate_is_ruled_out(const struct kt_candidate *candidate)
{
	if (candidate->has_image || candidate->effort < KT_EFFORT_CTL)
		return false;
	if (candidate->ctl_status == KT_CTL_NO_NAMES)
		return true;
	/* A program that only mentions the names; with the symbol it is a jemalloc all the same. */
	return candidate->ctl_status == KT_CTL_NO_NODES && candidate->effort >= KT_EFFORT_SYMBOL &&
	       !candidate->has_symbol;
}

static void describe_ctl(const struct kt_candidate *candidate, struct kt_buf *out)
{
	static const char *const texts[] = {
		[KT_CTL_NO_NAMES] = "no control names",
		[KT_CTL_NO_NODES] = "no control table",
		[KT_CTL_NO_DECODE] = "control functions that are not understood",
	};

	if (candidate->effort < KT_EFFORT_CTL)
		return;
	if (candidate->has_ctl)
		kt_buf_printf(out, ", ctl says %" PRIu64 "/%" PRIu64, candidate->ctl.allocated,
			      candidate->ctl.deallocated);
	else
		kt_buf_printf(out, ", ctl: %s", texts[candidate->ctl_status]);
}

static void describe_file(const struct kt_candidate *candidate, struct kt_buf *out)
{
	if (candidate->effort < KT_EFFORT_SYMBOL)
		return;
	if (candidate->has_symbol)
		kt_buf_printf(out, ", %s of %" PRIu64 " bytes at %" PRIu64 " in %s",
			      candidate->symbol.name, candidate->symbol.size,
			      candidate->symbol.value, candidate->symbol.table);
	else
		kt_buf_puts(out, ", no TLS symbol");
	if (candidate->has_dwarf)
		kt_buf_printf(out, ", dwarf says %" PRIu64 "/%" PRIu64, candidate->dwarf.allocated,
			      candidate->dwarf.deallocated);
	else if (candidate->effort >= KT_EFFORT_DWARF)
		kt_buf_puts(out, ", no dwarf");
}

void kt_candidate_describe(const struct kt_candidate *candidate, struct kt_buf *out)
{
	kt_buf_printf(out, "%" PRIu64 " bytes of TLS (%" PRIu64 " initialised)",
		      candidate->tls_bytes, candidate->image_bytes);
	if (candidate->has_image)
		kt_buf_printf(out, ", tls-image says %" PRIu64 "/%" PRIu64 " in the block",
			      candidate->image.allocated_at, candidate->image.deallocated_at);
	else
		kt_buf_puts(out, ", no tls-image");
	describe_ctl(candidate, out);
	describe_file(candidate, out);
	kt_buf_printf(out, ", gate %s", kt_gate_word(candidate->gate.verdict));
	if (candidate->notes.len)
		kt_buf_printf(out, " (%s)", kt_buf_text(&candidate->notes));
}
