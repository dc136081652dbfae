/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/debug_info.h"

#include <dwarf.h>
#include <string.h>

/* The sections that have entries, compressed ones included. */
static bool has_entries(const char *section)
{
	static const char *const names[] = { ".debug_info", ".zdebug_info", ".debug_types",
					     ".zdebug_types" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(section, names[i]))
			return true;
	return false;
}

/* Notes the bounds of the sections, which libdw has decompressed where it had to. */
static void find_texts(const struct kt_elf *file, struct kt_debug_info *info)
{
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names))
		return;
	for (Elf_Scn *section = elf_nextscn(file->elf, NULL);
	     section && info->text_count < KT_DEBUG_TEXTS_MAX;
	     section = elf_nextscn(file->elf, section)) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(file->elf, names, header.sh_name)
					   : NULL;
		Elf_Data *data = name && has_entries(name) ? elf_getdata(section, NULL) : NULL;
		if (!data || !data->d_buf)
			continue;
		info->texts[info->text_count].start = data->d_buf;
		info->texts[info->text_count++].end = (const char *)data->d_buf + data->d_size;
	}
}

struct kt_error *kt_debug_info_open(const struct kt_elf *file, const char *name,
				    struct kt_debug_info *ret)
{
	struct kt_debug_info info = { .dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL) };

	if (!info.dwarf)
		return kt_error_create(KT_ERROR_PROBE, 0, "%s: %s", name, dwarf_errmsg(-1));
	find_texts(file, &info);
	*ret = info;
	return NULL;
}

void kt_debug_info_close(struct kt_debug_info *info)
{
	if (info->dwarf)
		(void)dwarf_end(info->dwarf);
	*info = (struct kt_debug_info){ 0 };
}

static bool ends_in_section(const struct kt_debug_info *info, const char *text)
{
	for (size_t i = 0; i < info->text_count; i++)
		if (text >= info->texts[i].start && text < info->texts[i].end)
			return memchr(text, '\0', (size_t)(info->texts[i].end - text));
	return false;
}

const char *kt_debug_info_name(const struct kt_debug_info *info, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	/* dwarf_diename() would look into the origin of the entry, and into a split unit. */
	if (!dwarf_attr(die, DW_AT_name, &attribute))
		return NULL;
	switch (dwarf_whatform(&attribute)) {
	case DW_FORM_GNU_strp_alt:
	case DW_FORM_strp_sup:
		return NULL;
	case DW_FORM_string:
		return ends_in_section(info, (const char *)attribute.valp)
			       ? (const char *)attribute.valp
			       : NULL;
	default:
		return dwarf_formstring(&attribute);
	}
}
