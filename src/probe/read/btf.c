/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum {
	FILE_MAX_BYTES = 64 << 20, /* ten times that of a distribution's kernel */
	MARK_STEP = 64,
	CHAIN_MAX = 32,	      /* typedefs, const ..., and arrays, one around the other */
	DEPTH_MAX = 8,	      /* unnamed structures in one another */
	VISITS_MAX = 1 << 16, /* members looked at in one search */
	NAME_MAX_BYTES = 64,
	POINTER_BYTES = 8,
};

static struct kt_error *damaged(const char *what)
{
	return kt_error_create(KT_ERROR_PROTOCOL, 0, "the kernel's BTF is damaged: %s", what);
}

/* How many bytes follow the common part of a type; false for a kind that is not known. */
static bool tail_bytes(uint32_t info, size_t *ret)
{
	size_t count = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		*ret = 0;
		return true;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		*ret = 4;
		return true;
	case BTF_KIND_ARRAY:
		*ret = sizeof(struct btf_array);
		return true;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		*ret = count * sizeof(struct btf_member);
		return true;
	case BTF_KIND_ENUM:
		*ret = count * sizeof(struct btf_enum);
		return true;
	case BTF_KIND_ENUM64:
		*ret = count * sizeof(struct btf_enum64);
		return true;
	case BTF_KIND_FUNC_PROTO:
		*ret = count * sizeof(struct btf_param);
		return true;
	case BTF_KIND_DATASEC:
		*ret = count * sizeof(struct btf_var_secinfo);
		return true;
	default:
		return false;
	}
}

/* The type at @at and the place behind it; false if it is not whole or of an unknown kind. */
static bool read_type(const struct kt_btf *btf, size_t at, struct btf_type *ret, size_t *ret_end)
{
	size_t tail;

	if (btf->types_bytes - at < sizeof(*ret))
		return false;
	memcpy(ret, btf->types + at, sizeof(*ret));
	at += sizeof(*ret);
	if (!tail_bytes(ret->info, &tail) || tail > btf->types_bytes - at)
		return false;
	*ret_end = at + tail;
	return true;
}

/* Where @name is among the strings: equal names are one string.  0 if it is not there. */
static size_t find_string(const struct kt_btf *btf, const char *name)
{
	char pattern[NAME_MAX_BYTES + 2] = { 0 };
	size_t len = strlen(name);

	if (len > NAME_MAX_BYTES)
		return 0;
	memcpy(pattern + 1, name, len);
	const char *found = memmem(btf->strings, btf->strings_bytes, pattern, len + 2);
	return found ? (size_t)(found + 1 - btf->strings) : 0;
}

/* Checks every type's bounds, notes each 64th one's place and looks for the function. */
static struct kt_error *scan(struct kt_btf *btf, const char *function)
{
	size_t name = find_string(btf, function);
	size_t marks_max = btf->types_bytes / sizeof(struct btf_type) / MARK_STEP + 1;
	uint32_t id = 1;
	struct btf_type type;

	btf->marks = malloc(marks_max * sizeof(*btf->marks));
	if (!btf->marks)
		return kt_error_no_memory();
	btf->marks[0] = 0; /* that of type 1 here: type 0 (void) has no record */
	for (size_t at = 0; at < btf->types_bytes; id++) {
		if (id % MARK_STEP == 0)
			btf->marks[id / MARK_STEP] = (uint32_t)at;
		if (!read_type(btf, at, &type, &at))
			return damaged("a type is cut off, or of a kind that is not known");
		if (name && type.name_off == name && BTF_INFO_KIND(type.info) == BTF_KIND_FUNC)
			btf->function = id;
	}
	btf->type_count = id;
	return NULL;
}

/* A section of the file; false if it is not within it. */
static bool take_section(const struct btf_header *header, size_t size, uint32_t offset,
			 uint32_t bytes, size_t *ret)
{
	uint64_t start = (uint64_t)header->hdr_len + offset;

	*ret = start;
	return start + bytes <= size;
}

struct kt_error *kt_btf_parse(const void *bytes, size_t size, const char *function,
			      struct kt_btf *ret)
{
	struct btf_header header;
	size_t types;
	size_t strings;

	if (size < sizeof(header))
		return damaged("it has no header");
	memcpy(&header, bytes, sizeof(header));
	if (header.magic != BTF_MAGIC || header.version != BTF_VERSION ||
	    header.hdr_len < sizeof(header))
		return damaged("it has an unknown header");
	if (!take_section(&header, size, header.type_off, header.type_len, &types) ||
	    !take_section(&header, size, header.str_off, header.str_len, &strings))
		return damaged("a section is not within it");
	struct kt_btf btf = {
		.types = (const char *)bytes + types,
		.types_bytes = header.type_len,
		.strings = (const char *)bytes + strings,
		.strings_bytes = header.str_len,
	};
	if (!btf.strings_bytes || btf.strings[0] || btf.strings[btf.strings_bytes - 1])
		return damaged("its strings have no end");
	struct kt_error *err = scan(&btf, function);
	if (err) {
		kt_btf_deinit(&btf);
		return err;
	}
	*ret = btf;
	return NULL;
}

/* Before Linux 6.16 the file cannot be mapped, and gives a page with each read. */
static struct kt_error *read_all(int fd, size_t size, void **ret)
{
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (bytes == MAP_FAILED)
		return kt_error_no_memory();
	for (size_t at = 0; at < size;) {
		ssize_t got = read(fd, bytes + at, size - at);
		if (got <= 0) {
			int saved = got < 0 ? errno : EIO;
			(void)munmap(bytes, size);
			return kt_error_create(KT_ERROR_IO, saved, "read the kernel's BTF");
		}
		at += (size_t)got;
	}
	*ret = bytes;
	return NULL;
}

struct kt_error *kt_btf_open(const char *path, const char *function, struct kt_btf *ret)
{
	struct stat st;
	kt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return kt_error_create(KT_ERROR_IO, errno, "the kernel's BTF, %s", path);
	if (st.st_size <= 0 || st.st_size > FILE_MAX_BYTES)
		return damaged("its size");
	size_t size = (size_t)st.st_size;
	void *mapping = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		KT_TRY(read_all(fd, size, &mapping));
	struct kt_error *err = kt_btf_parse(mapping, size, function, ret);
	if (err) {
		(void)munmap(mapping, size);
		return err;
	}
	ret->mapping = mapping;
	ret->mapping_bytes = size;
	return NULL;
}

void kt_btf_deinit(struct kt_btf *btf)
{
	free(btf->marks);
	if (btf->mapping)
		(void)munmap(btf->mapping, btf->mapping_bytes);
	*btf = (struct kt_btf){ 0 };
}

/* Type @id and where its tail begins; false if there is none. */
static bool find_type(const struct kt_btf *btf, uint32_t id, struct btf_type *ret,
		      const char **ret_tail)
{
	size_t at;

	if (!id || id >= btf->type_count)
		return false;
	at = btf->marks[id / MARK_STEP];
	for (uint32_t i = id < MARK_STEP ? 1 : id / MARK_STEP * MARK_STEP;; i++) {
		size_t start = at;
		if (!read_type(btf, start, ret, &at))
			return false;
		*ret_tail = btf->types + start + sizeof(*ret);
		if (i == id)
			return true;
	}
}

/* The type @id without its modifiers. */
static bool strip(const struct kt_btf *btf, uint32_t *id, struct btf_type *ret,
		  const char **ret_tail)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		if (!find_type(btf, *id, ret, ret_tail))
			return false;
		switch (BTF_INFO_KIND(ret->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			*id = ret->type;
			break;
		default:
			return true;
		}
	}
	return false;
}

/* Size of a value of type @id in bytes; 0 if it has none. */
static uint64_t size_of(const struct kt_btf *btf, uint32_t id)
{
	uint64_t factor = 1;
	struct btf_type type;
	struct btf_array array;
	const char *tail;

	for (int i = 0; i < CHAIN_MAX && strip(btf, &id, &type, &tail); i++) {
		switch (BTF_INFO_KIND(type.info)) {
		case BTF_KIND_PTR:
			return factor * POINTER_BYTES;
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return factor * type.size;
		case BTF_KIND_ARRAY:
			memcpy(&array, tail, sizeof(array));
			if (__builtin_mul_overflow(factor, array.nelems, &factor) ||
			    factor > UINT32_MAX)
				return 0;
			id = array.type;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

uint32_t kt_btf_parameter(const struct kt_btf *btf, uint32_t index)
{
	struct btf_type type;
	struct btf_param param;
	const char *tail;

	if (!find_type(btf, btf->function, &type, &tail) ||
	    !find_type(btf, type.type, &type, &tail) ||
	    BTF_INFO_KIND(type.info) != BTF_KIND_FUNC_PROTO || index >= BTF_INFO_VLEN(type.info))
		return 0;
	memcpy(&param, tail + index * sizeof(param), sizeof(param));
	return param.type;
}

uint32_t kt_btf_pointee(const struct kt_btf *btf, uint32_t id)
{
	struct btf_type type;
	const char *tail;

	if (!strip(btf, &id, &type, &tail) || BTF_INFO_KIND(type.info) != BTF_KIND_PTR)
		return 0;
	id = type.type;
	return strip(btf, &id, &type, &tail) ? id : 0;
}

/* A search for one name within one structure and the unnamed ones in it. */
struct search {
	const struct kt_btf *btf;
	const char *name;
	size_t name_len;
	unsigned visits;
};

static bool is_named(const struct search *search, uint32_t name_off)
{
	const struct kt_btf *btf = search->btf;

	/* The strings end with a NUL, so this stays within them. */
	return name_off < btf->strings_bytes &&
	       !strncmp(btf->strings + name_off, search->name, search->name_len) &&
	       !btf->strings[name_off + search->name_len];
}

static bool search_members(struct search *search, uint32_t id, int depth,
			   struct kt_btf_member *ret);

/* Judges one member; true if it is, or has in it, the one that is looked for. */
static bool search_member(struct search *search, const struct btf_member *member, bool has_bits,
			  int depth, struct kt_btf_member *ret)
{
	const struct kt_btf *btf = search->btf;
	uint32_t bit = has_bits ? BTF_MEMBER_BIT_OFFSET(member->offset) : member->offset;
	bool is_bit_field = bit % 8 || (has_bits && BTF_MEMBER_BITFIELD_SIZE(member->offset));
	struct kt_btf_member found = { .offset_bytes = bit / 8, .type = member->type };
	struct btf_type type;
	const char *tail;

	if (is_bit_field || member->name_off >= btf->strings_bytes)
		return false;
	if (!btf->strings[member->name_off]) {
		if (!search_members(search, member->type, depth + 1, &found))
			return false;
		found.offset_bytes += bit / 8;
	} else {
		uint64_t size = is_named(search, member->name_off) ? size_of(btf, found.type) : 0;
		if (!size || size > UINT32_MAX || !strip(btf, &found.type, &type, &tail))
			return false;
		found.size_bytes = (uint32_t)size;
	}
	*ret = found;
	return true;
}

static bool search_members(struct search *search, uint32_t id, int depth, struct kt_btf_member *ret)
{
	struct btf_type type;
	struct btf_member member;
	const char *tail;

	if (depth > DEPTH_MAX || !strip(search->btf, &id, &type, &tail) ||
	    (BTF_INFO_KIND(type.info) != BTF_KIND_STRUCT &&
	     BTF_INFO_KIND(type.info) != BTF_KIND_UNION))
		return false;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		if (++search->visits > VISITS_MAX)
			return false;
		memcpy(&member, tail + i * sizeof(member), sizeof(member));
		if (search_member(search, &member, BTF_INFO_KFLAG(type.info), depth, ret))
			return true;
	}
	return false;
}

bool kt_btf_find_member(const struct kt_btf *btf, uint32_t type, const char *path,
			struct kt_btf_member *ret)
{
	struct kt_btf_member found = { .type = type };
	uint64_t offset_bytes = 0;

	for (const char *rest = path;; rest++) {
		struct search search = { .btf = btf, .name = rest };
		search.name_len = strcspn(rest, ".");
		if (!search_members(&search, found.type, 0, &found))
			return false;
		offset_bytes += found.offset_bytes;
		rest += search.name_len;
		if (!*rest)
			break;
	}
	if (offset_bytes > INT32_MAX)
		return false;
	found.offset_bytes = (uint32_t)offset_bytes;
	*ret = found;
	return true;
}
