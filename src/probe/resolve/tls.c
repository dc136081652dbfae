/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/tls.h"

enum {
	VARIANT1_HEADER_BYTES = 16
};

const char *kt_tls_status_text(enum kt_tls_status status)
{
	switch (status) {
	case KT_TLS_OK:
		break;
	case KT_TLS_IMAGE_OVERFLOW:
		return "the offset of the TLS image overflows";
	case KT_TLS_BELOW_IMAGE:
		return "the thread pointer is below the size of the TLS image";
	case KT_TLS_ADDRESS_OVERFLOW:
		return "the address overflows";
	}
	return "no error";
}

enum kt_tls_status kt_tls_round_up(uint64_t value, uint64_t align, uint64_t *ret)
{
	uint64_t reach;

	if (!align)
		align = 1;
	if (__builtin_add_overflow(value, align - 1, &reach))
		return KT_TLS_IMAGE_OVERFLOW;
	*ret = reach - reach % align;
	return KT_TLS_OK;
}

/* The smallest number of at least @least that is congruent to @residue modulo @align. */
static enum kt_tls_status round_up_congruent(uint64_t least, uint64_t align, uint64_t residue,
					     uint64_t *ret)
{
	uint64_t wanted = align ? residue % align : 0;
	uint64_t above = least > wanted ? least - wanted : 0;

	enum kt_tls_status status = kt_tls_round_up(above, align, &above);
	if (status)
		return status;
	if (__builtin_add_overflow(above, wanted, ret))
		return KT_TLS_IMAGE_OVERFLOW;
	return KT_TLS_OK;
}

enum kt_tls_status kt_tls_image_size(uint64_t memsz, uint64_t align, uint64_t vaddr, uint64_t *ret)
{
	uint64_t misaligned = align ? vaddr % align : 0;
	uint64_t size;

	enum kt_tls_status status =
		round_up_congruent(memsz, align, misaligned ? align - misaligned : 0, &size);
	if (!status)
		*ret = size;
	return status;
}

static enum kt_tls_status add_all(uint64_t base, uint64_t symbol_value, uint64_t field,
				  uint64_t *ret)
{
	uint64_t sum;

	if (__builtin_add_overflow(base, symbol_value, &sum) ||
	    __builtin_add_overflow(sum, field, &sum))
		return KT_TLS_ADDRESS_OVERFLOW;
	*ret = sum;
	return KT_TLS_OK;
}

enum kt_tls_status kt_tls_variant2_address(uint64_t tp, uint64_t image_size, uint64_t symbol_value,
					   uint64_t field, uint64_t *ret)
{
	if (tp < image_size)
		return KT_TLS_BELOW_IMAGE;
	return add_all(tp - image_size, symbol_value, field, ret);
}

enum kt_tls_status kt_tls_variant1_address(uint64_t tp, uint64_t align, uint64_t vaddr,
					   uint64_t symbol_value, uint64_t field, uint64_t *ret)
{
	uint64_t offset;
	uint64_t base;

	enum kt_tls_status status =
		round_up_congruent(VARIANT1_HEADER_BYTES, align, vaddr, &offset);
	if (status)
		return status;
	if (__builtin_add_overflow(tp, offset, &base))
		return KT_TLS_ADDRESS_OVERFLOW;
	return add_all(base, symbol_value, field, ret);
}
