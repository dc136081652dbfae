/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/image/ld_cache.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum {
	KT_LD_CACHE_MAX_BYTES = 64 * 1024 * 1024,
	/* The old format in front: magic, padding, count, then entries of three words. */
	KT_OLD_COUNT_AT = 12,
	KT_OLD_HEADER_BYTES = 16,
	KT_OLD_ENTRY_BYTES = 12,
	/* The new one: 20 bytes of magic, count, string bytes, 5 words of other things. */
	KT_NEW_COUNT_AT = 20,
	KT_NEW_HEADER_BYTES = 48,
	KT_NEW_ENTRY_BYTES = 24,
	KT_NEW_ENTRY_KEY_AT = 4,
	KT_NEW_ENTRY_VALUE_AT = 8,
	KT_NEW_ENTRY_HWCAP_AT = 16,
};

static const char old_magic[] = "ld.so-1.7.0";
static const char new_magic[] = "glibc-ld.so.cache1.1";

static uint32_t word_at(const struct kt_buf *file, size_t offset)
{
	uint32_t word;

	memcpy(&word, file->data + offset, sizeof(word));
	return word;
}

static bool starts_at(const struct kt_buf *file, size_t offset, const char *magic)
{
	size_t len = strlen(magic);

	return offset <= file->len && file->len - offset >= len &&
	       !memcmp(file->data + offset, magic, len);
}

/* Finds the new format's header; false when there is none. */
static bool find_table(const struct kt_buf *file, size_t *ret_table)
{
	size_t table = 0;

	if (starts_at(file, 0, old_magic) && file->len >= KT_OLD_HEADER_BYTES) {
		uint64_t old_count = word_at(file, KT_OLD_COUNT_AT);
		uint64_t end = KT_OLD_HEADER_BYTES + old_count * KT_OLD_ENTRY_BYTES;
		end = (end + 7) & ~7ULL;
		if (end > file->len)
			return false;
		table = (size_t)end;
	}
	if (!starts_at(file, table, new_magic) || file->len - table < KT_NEW_HEADER_BYTES)
		return false;
	*ret_table = table;
	return true;
}

struct kt_error *kt_ld_cache_read(const char *path, struct kt_ld_cache *ret)
{
	__attribute__((cleanup(kt_ld_cache_deinit))) struct kt_ld_cache cache = { 0 };
	kt_autoerr struct kt_error *err = kt_file_read(path, KT_LD_CACHE_MAX_BYTES, &cache.file);

	if (err && kt_error_class(err) == KT_ERROR_NO_MEMORY)
		return KT_TAKE(err);
	if (!err && find_table(&cache.file, &cache.table)) {
		size_t room = cache.file.len - cache.table - KT_NEW_HEADER_BYTES;
		size_t count = word_at(&cache.file, cache.table + KT_NEW_COUNT_AT);
		if (count <= room / KT_NEW_ENTRY_BYTES)
			cache.count = count;
	}
	*ret = cache;
	cache = (struct kt_ld_cache){ 0 };
	return NULL;
}

/* The text that the word at @at points to, or NULL if it is not wholly in the file. */
static const char *text_of(const struct kt_ld_cache *cache, size_t at)
{
	size_t offset = word_at(&cache->file, at);
	size_t len = cache->file.len - cache->table;

	if (offset >= len)
		return NULL;
	const char *text = cache->file.data + cache->table + offset;
	return memchr(text, '\0', len - offset) ? text : NULL;
}

const char *kt_ld_cache_next(const struct kt_ld_cache *cache, const char *name, size_t *cursor)
{
	while (*cursor < cache->count) {
		size_t entry = cache->table + KT_NEW_HEADER_BYTES + *cursor * KT_NEW_ENTRY_BYTES;
		(*cursor)++;
		if (word_at(&cache->file, entry + KT_NEW_ENTRY_HWCAP_AT) ||
		    word_at(&cache->file, entry + KT_NEW_ENTRY_HWCAP_AT + 4))
			continue;
		const char *key = text_of(cache, entry + KT_NEW_ENTRY_KEY_AT);
		const char *value = text_of(cache, entry + KT_NEW_ENTRY_VALUE_AT);
		if (key && value && value[0] == '/' && !strcmp(key, name))
			return value;
	}
	return NULL;
}

void kt_ld_cache_deinit(struct kt_ld_cache *cache)
{
	kt_buf_deinit(&cache->file);
	*cache = (struct kt_ld_cache){ 0 };
}
