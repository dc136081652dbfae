/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/memory/tls_place.h"

enum {
	MODULES_MAX = 1 << 20 /* no process has more objects with thread data */
};

const char *kt_tls_lookup_text(enum kt_tls_lookup lookup)
{
	switch (lookup) {
	case KT_TLS_FOUND:
		break;
	case KT_TLS_UNDERFLOW:
		return "the thread pointer is below the size of the TLS image";
	case KT_TLS_OVERFLOW:
		return "the address overflows";
	case KT_TLS_NO_BLOCK:
		return "the thread never used the allocator";
	case KT_TLS_UNREADABLE:
		return "the dynamic thread vector cannot be read";
	}
	return "no error";
}

static enum kt_tls_lookup add_offset(uint64_t tp, int64_t offset, uint64_t *ret)
{
	uint64_t below = offset < 0 ? 0 - (uint64_t)offset : 0;

	if (tp < below)
		return KT_TLS_UNDERFLOW;
	if (offset < 0)
		*ret = tp - below;
	else if (__builtin_add_overflow(tp, (uint64_t)offset, ret))
		return KT_TLS_OVERFLOW;
	return KT_TLS_FOUND;
}

static enum kt_tls_lookup look_up_block(const struct kt_tls_place *place,
					const struct kt_memory *memory, uint64_t tp,
					struct kt_tls_spot *ret)
{
	struct kt_tls_spot spot = { 0 };
	uint64_t entries;

	if (place->module > MODULES_MAX)
		return KT_TLS_OVERFLOW;
	if (!kt_memory_read_u64(memory, tp + KT_DTV_POINTER_OFFSET, &spot.vector))
		return KT_TLS_UNREADABLE;
	spot.watch_address = spot.vector - KT_DTV_ENTRY_BYTES;
	if (!kt_memory_read_u64(memory, spot.watch_address, &entries))
		return KT_TLS_UNREADABLE;
	spot.watch_value = entries;
	*ret = spot;
	/* A vector that was not grown since the object was loaded has no entry for it. */
	if (entries < place->module)
		return KT_TLS_NO_BLOCK;
	spot.watch_address = spot.vector + place->module * KT_DTV_ENTRY_BYTES;
	if (!kt_memory_read_u64(memory, spot.watch_address, &spot.watch_value))
		return KT_TLS_UNREADABLE;
	*ret = spot;
	if (spot.watch_value == UINT64_MAX || !spot.watch_value)
		return KT_TLS_NO_BLOCK;
	if (__builtin_add_overflow(spot.watch_value, place->block_offset, &ret->address))
		return KT_TLS_OVERFLOW;
	return KT_TLS_FOUND;
}

enum kt_tls_lookup kt_tls_place_find(const struct kt_tls_place *place,
				     const struct kt_memory *memory, uint64_t tp,
				     struct kt_tls_spot *ret)
{
	*ret = (struct kt_tls_spot){ 0 };
	if (place->access == KT_TLS_TP_OFFSET)
		return add_offset(tp, place->tp_offset, &ret->address);
	return look_up_block(place, memory, tp, ret);
}

enum kt_tls_lookup kt_tls_place_address(const struct kt_tls_place *place,
					const struct kt_memory *memory, uint64_t tp, uint64_t *ret)
{
	struct kt_tls_spot spot;
	enum kt_tls_lookup lookup = kt_tls_place_find(place, memory, tp, &spot);

	if (lookup == KT_TLS_FOUND)
		*ret = spot.address;
	return lookup;
}
