/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker finds in its guest besides its program: files and environment. */
#include <string.h>

#include "base/cleanup.h"
#include "check/scenario_keys.h"
#include "check/scenario_parts.h"

#define NAME_START "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

/* Where the guest mounts something else, which would hide a file of the image. */
static const char *const hidden_dirs[] = { "dev", "proc", "run", "sys", "tmp" };

/* ---- files ---- */

static struct kt_error *read_from(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	return kt_reader_text(reader, item, KT_SCENARIO_MAX_TEXT_BYTES,
			      &((struct kt_scenario_file *)ret)->from);
}

static struct kt_error *read_to(const struct kt_reader *reader, const cJSON *item, void *ret)
{
	struct kt_scenario_file *file = ret;

	KT_TRY(kt_reader_text(reader, item, KT_SCENARIO_MAX_TEXT_BYTES, &file->to));
	if (file->to[0] != '/')
		return kt_json_error_at(reader->json, item,
					"a path in the guest begins with a '/'");
	return NULL;
}

const struct kt_key kt_file_keys[] = {
	{ .name = "from", .kind = KT_KEY_CUSTOM, .required = true, .read = read_from },
	{ .name = "to", .kind = KT_KEY_CUSTOM, .required = true, .read = read_to },
	{ 0 },
};

/* Why nothing can be at @path in the guest, or NULL; @out gets it in its shortest form. */
static const char *clean_path(const char *path, struct kt_buf *out)
{
	for (const char *at = path; *at;) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (len == 2 && !strncmp(at, "..", 2))
			return "has a \"..\" in it";
		for (size_t i = 0; !out->len && i < sizeof(hidden_dirs) / sizeof(*hidden_dirs); i++)
			if (len == strlen(hidden_dirs[i]) && !memcmp(at, hidden_dirs[i], len))
				return "would be hidden by what the guest mounts there";
		if (len && !(len == 1 && *at == '.')) {
			kt_buf_putc(out, '/');
			kt_buf_append(out, at, len);
		}
		at += len;
	}
	return out->len ? NULL : "names no file";
}

static struct kt_error *read_file(const struct kt_reader *reader, const cJSON *item,
				  struct kt_scenario_file *file)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	bool is_word = cJSON_IsString(item);

	file->place = kt_scenario_place_of(reader, item);
	if (is_word) {
		KT_TRY(kt_reader_text(reader, item, KT_SCENARIO_MAX_TEXT_BYTES, &file->from));
		file->to = file->from;
	} else if (cJSON_IsObject(item)) {
		KT_TRY(kt_reader_object(reader, item, "a file", kt_file_keys, KT_KEYS_ALL, file,
					NULL));
	} else {
		return kt_json_error_at(reader->json, item,
					"a file is a path, or an object with \"from\" and \"to\"");
	}
	const char *refusal = clean_path(file->to, &path);
	KT_TRY(kt_buf_error(&path));
	if (refusal)
		return kt_json_error_at(reader->json, item, "in the guest, \"%s\" %s%s", file->to,
					refusal,
					is_word ? ": give \"from\" and another \"to\"" : "");
	file->to = kt_arena_copy(reader->arena, kt_buf_text(&path), path.len);
	return file->to ? NULL : kt_error_no_memory();
}

struct kt_error *kt_scenario_read_files(const struct kt_reader *reader, const cJSON *item,
					void *ret)
{
	struct kt_scenario_worker *worker = ret;
	struct kt_scenario_file *files;
	size_t count;

	KT_TRY(kt_reader_array(reader, item, 0, KT_SCENARIO_MAX_FILES, &count));
	files = kt_arena_alloc(reader->arena, count + 1, sizeof(*files));
	if (!files)
		return kt_error_no_memory();
	for (const cJSON *file = item->child; file; file = file->next)
		KT_TRY(read_file(reader, file, &files[worker->file_count++]));
	worker->files = files;
	return NULL;
}

/* ---- environment ---- */

static struct kt_error *read_variable(const struct kt_reader *reader, const cJSON *member,
				      const char **ret)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	const char *name = member->string;
	const char *value = "";

	if (!*name || kt_reader_has_odd_name(reader, member) ||
	    strspn(name, NAME_START "0123456789") != strlen(name) || !strchr(NAME_START, name[0]))
		return kt_json_error_at_key(reader->json, member,
					    "the name of a variable has letters, digits and '_', "
					    "and does not begin with a digit");
	/* A variable may be empty, which a text may not. */
	if (!cJSON_IsString(member) || member->valuestring[0])
		KT_TRY(kt_reader_text(reader, member, KT_SCENARIO_MAX_TEXT_BYTES, &value));
	kt_buf_printf(&text, "%s=%s", name, value);
	KT_TRY(kt_buf_error(&text));
	*ret = kt_arena_copy(reader->arena, kt_buf_text(&text), text.len);
	return *ret ? NULL : kt_error_no_memory();
}

struct kt_error *kt_scenario_read_environment(const struct kt_reader *reader, const cJSON *item,
					      void *ret)
{
	struct kt_scenario_worker *worker = ret;
	const char **environment;
	size_t count = 0;

	for (const cJSON *member = item->child; member; member = member->next)
		count++;
	if (!cJSON_IsObject(item) || count > KT_SCENARIO_MAX_VARIABLES)
		return kt_json_error_at(reader->json, item,
					"environment must be an object of at most %d members",
					KT_SCENARIO_MAX_VARIABLES);
	environment = kt_arena_alloc(reader->arena, count + 1, sizeof(*environment));
	if (!environment)
		return kt_error_no_memory();
	count = 0;
	for (const cJSON *member = item->child; member; member = member->next)
		KT_TRY(read_variable(reader, member, &environment[count++]));
	worker->environment = environment;
	return NULL;
}
