/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/debug_form.h"

#include <dwarf.h>
#include <string.h>

/* How the bytes of a value are laid out. */
enum coding {
	UNKNOWN,
	NOTHING, /* DW_FORM_flag_present: it is there */
	FIXED,
	ULEB,
	SLEB,
	IMPLICIT, /* in the abbreviation */
	TEXT,	  /* to a NUL */
	BLOCK,	  /* a length of as many bytes, or as ULEB for 0, then the bytes */
	OFFSET,	  /* 4 or 8 bytes, as the unit has it */
	ADDRESS,  /* as the unit has it */
	REF_ADDR, /* an address in DWARF 2, an offset later */
};

struct form {
	uint8_t coding;
	uint8_t bytes; /* of FIXED, or of the length of BLOCK */
	uint8_t type;  /* enum kt_debug_value_type */
};

static const struct form forms[] = {
	[DW_FORM_addr] = { ADDRESS, 0, KT_VALUE_OTHER },
	[DW_FORM_block2] = { BLOCK, 2, KT_VALUE_OTHER },
	[DW_FORM_block4] = { BLOCK, 4, KT_VALUE_OTHER },
	[DW_FORM_data2] = { FIXED, 2, KT_VALUE_NUMBER },
	[DW_FORM_data4] = { FIXED, 4, KT_VALUE_NUMBER },
	[DW_FORM_data8] = { FIXED, 8, KT_VALUE_NUMBER },
	[DW_FORM_string] = { TEXT, 0, KT_VALUE_TEXT },
	[DW_FORM_block] = { BLOCK, 0, KT_VALUE_OTHER },
	[DW_FORM_block1] = { BLOCK, 1, KT_VALUE_OTHER },
	[DW_FORM_data1] = { FIXED, 1, KT_VALUE_NUMBER },
	[DW_FORM_flag] = { FIXED, 1, KT_VALUE_NUMBER },
	[DW_FORM_sdata] = { SLEB, 0, KT_VALUE_NUMBER },
	[DW_FORM_strp] = { OFFSET, 0, KT_VALUE_STR },
	[DW_FORM_udata] = { ULEB, 0, KT_VALUE_NUMBER },
	[DW_FORM_ref_addr] = { REF_ADDR, 0, KT_VALUE_OTHER },
	[DW_FORM_ref1] = { FIXED, 1, KT_VALUE_REFERENCE },
	[DW_FORM_ref2] = { FIXED, 2, KT_VALUE_REFERENCE },
	[DW_FORM_ref4] = { FIXED, 4, KT_VALUE_REFERENCE },
	[DW_FORM_ref8] = { FIXED, 8, KT_VALUE_REFERENCE },
	[DW_FORM_ref_udata] = { ULEB, 0, KT_VALUE_REFERENCE },
	[DW_FORM_sec_offset] = { OFFSET, 0, KT_VALUE_OFFSET },
	[DW_FORM_exprloc] = { BLOCK, 0, KT_VALUE_OTHER },
	[DW_FORM_flag_present] = { NOTHING, 0, KT_VALUE_OTHER },
	[DW_FORM_strx] = { ULEB, 0, KT_VALUE_STR_INDEX },
	[DW_FORM_addrx] = { ULEB, 0, KT_VALUE_OTHER },
	[DW_FORM_ref_sup4] = { FIXED, 4, KT_VALUE_OTHER },
	[DW_FORM_strp_sup] = { OFFSET, 0, KT_VALUE_OTHER },
	[DW_FORM_data16] = { FIXED, 16, KT_VALUE_OTHER },
	[DW_FORM_line_strp] = { OFFSET, 0, KT_VALUE_LINE_STR },
	[DW_FORM_ref_sig8] = { FIXED, 8, KT_VALUE_OTHER },
	[DW_FORM_implicit_const] = { IMPLICIT, 0, KT_VALUE_NUMBER },
	[DW_FORM_loclistx] = { ULEB, 0, KT_VALUE_OTHER },
	[DW_FORM_rnglistx] = { ULEB, 0, KT_VALUE_OTHER },
	[DW_FORM_ref_sup8] = { FIXED, 8, KT_VALUE_OTHER },
	[DW_FORM_strx1] = { FIXED, 1, KT_VALUE_STR_INDEX },
	[DW_FORM_strx2] = { FIXED, 2, KT_VALUE_STR_INDEX },
	[DW_FORM_strx3] = { FIXED, 3, KT_VALUE_STR_INDEX },
	[DW_FORM_strx4] = { FIXED, 4, KT_VALUE_STR_INDEX },
	[DW_FORM_addrx1] = { FIXED, 1, KT_VALUE_OTHER },
	[DW_FORM_addrx2] = { FIXED, 2, KT_VALUE_OTHER },
	[DW_FORM_addrx3] = { FIXED, 3, KT_VALUE_OTHER },
	[DW_FORM_addrx4] = { FIXED, 4, KT_VALUE_OTHER },
};

bool kt_bytes_uint(struct kt_bytes *bytes, size_t count, uint64_t *ret)
{
	uint64_t value = 0;

	if (count > (size_t)(bytes->end - bytes->at))
		return false;
	for (size_t i = 0; i < count; i++)
		value |= (uint64_t)bytes->at[i] << 8 * i;
	bytes->at += count;
	*ret = value;
	return true;
}

bool kt_bytes_uleb(struct kt_bytes *bytes, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; bytes->at < bytes->end && shift < 64; shift += 7) {
		unsigned char byte = *bytes->at++;
		uint64_t part = byte & 0x7f;
		if (part << shift >> shift != part)
			return false;
		value |= part << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

bool kt_bytes_sleb(struct kt_bytes *bytes, int64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; bytes->at < bytes->end && shift < 64; shift += 7) {
		unsigned char byte = *bytes->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		/* Of the tenth byte one bit is left: all its bits must be the sign. */
		if (shift == 63 && byte != 0 && byte != 0x7f)
			return false;
		if (shift < 57 && byte & 0x40)
			value |= UINT64_MAX << (shift + 7);
		*ret = (int64_t)value;
		return true;
	}
	return false;
}

static bool skip(struct kt_bytes *bytes, uint64_t count)
{
	if (count > (uint64_t)(bytes->end - bytes->at))
		return false;
	bytes->at += count;
	return true;
}

static bool read_fixed(struct kt_bytes *bytes, size_t count, struct kt_debug_value *value)
{
	return count > 8 ? skip(bytes, count) : kt_bytes_uint(bytes, count, &value->number);
}

static bool read_block(struct kt_bytes *bytes, size_t length_bytes)
{
	uint64_t length;
	bool has_length = length_bytes ? kt_bytes_uint(bytes, length_bytes, &length)
				       : kt_bytes_uleb(bytes, &length);

	return has_length && skip(bytes, length);
}

static bool read_text(struct kt_bytes *bytes, struct kt_debug_value *value)
{
	const unsigned char *end = memchr(bytes->at, '\0', (size_t)(bytes->end - bytes->at));

	if (!end)
		return false;
	value->text = (const char *)bytes->at;
	bytes->at = end + 1;
	return true;
}

static void take_signed(struct kt_debug_value *value, int64_t number)
{
	value->number = (uint64_t)number;
	if (number < 0)
		value->type = KT_VALUE_NEGATIVE;
}

static bool read_sleb(struct kt_bytes *bytes, struct kt_debug_value *value)
{
	int64_t number;

	if (!kt_bytes_sleb(bytes, &number))
		return false;
	take_signed(value, number);
	return true;
}

/* The form's description; GNU's are far behind the others. */
static struct form describe(uint64_t form)
{
	switch (form) {
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		return (struct form){ ULEB, 0, KT_VALUE_OTHER };
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return (struct form){ OFFSET, 0, KT_VALUE_OTHER };
	default:
		return form < sizeof(forms) / sizeof(forms[0]) ? forms[form] : (struct form){ 0 };
	}
}

bool kt_debug_value_read(struct kt_bytes *bytes, const struct kt_debug_attribute *attribute,
			 const struct kt_debug_sizes *sizes, struct kt_debug_value *ret)
{
	uint64_t number = attribute->form;

	/* The form is in the entry itself; once only, and not one that is in the abbreviation. */
	if (number == DW_FORM_indirect &&
	    (!kt_bytes_uleb(bytes, &number) || number == DW_FORM_implicit_const))
		return false;
	struct form form = describe(number);
	*ret = (struct kt_debug_value){ .type = form.type };
	switch ((enum coding)form.coding) {
	case NOTHING:
		return true;
	case FIXED:
		return read_fixed(bytes, form.bytes, ret);
	case ULEB:
		return kt_bytes_uleb(bytes, &ret->number);
	case SLEB:
		return read_sleb(bytes, ret);
	case IMPLICIT:
		take_signed(ret, attribute->implicit);
		return true;
	case TEXT:
		return read_text(bytes, ret);
	case BLOCK:
		return read_block(bytes, form.bytes);
	case OFFSET:
		return read_fixed(bytes, sizes->offset_bytes, ret);
	case ADDRESS:
		return read_fixed(bytes, sizes->address_bytes, ret);
	case REF_ADDR:
		return read_fixed(bytes,
				  sizes->version == 2 ? sizes->address_bytes : sizes->offset_bytes,
				  ret);
	case UNKNOWN:
		break;
	}
	return false;
}
