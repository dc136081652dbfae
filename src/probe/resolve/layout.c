/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/resolve/activity.h"
#include "probe/resolve/elf_file.h"
#include "probe/resolve/examine.h"
#include "probe/resolve/layout_internals.h"
#include "probe/resolve/size_table.h"

/* An object under examination, and what the cache has of it. */
struct suspect {
	struct kt_candidate candidate;
	struct kt_layout_entry cached;
	enum kt_activity activity; /* of a proven one */
};

/* A resolution under way. */
struct resolver {
	const struct kt_resolve_request *request;
	enum kt_resolve_failure *failure;
	struct kt_modules modules;
	struct suspect *suspects; /* objects that may be a jemalloc */
	size_t suspect_count;
	size_t ruled_out_count; /* large enough, but no jemalloc */
	uint64_t tps[KT_RESOLVE_SAMPLE_MAX];
	size_t tp_count;
	bool has_news; /* the extras' part is more than the cache has */
};

static struct kt_error *refuse(struct resolver *resolver, enum kt_resolve_failure failure,
			       struct kt_error *err)
{
	*resolver->failure = failure;
	return err;
}

/* The program's file says what the memory cannot: a program of another kind has other headers. */
static struct kt_error *check_machine(struct resolver *resolver)
{
	const struct kt_resolve_request *request = resolver->request;
	const char *path = request->exe_path;
	kt_autoclose int fd = openat(request->proc_fd, "exe", O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header = { 0 };

	if (fd < 0)
		return refuse(resolver, KT_RESOLVE_EXE_UNREADABLE,
			      kt_error_create(KT_ERROR_PROBE, errno, "open the executable %s",
					      path));
	ssize_t got = pread(fd, &header, sizeof(header), 0);
	if (got < (ssize_t)sizeof(Elf32_Ehdr) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return refuse(resolver, KT_RESOLVE_NOT_FOUND,
			      kt_error_create(KT_ERROR_PROBE, 0, "%s: not an ELF file", path));
	bool is_64_bit = header.e_ident[EI_CLASS] == ELFCLASS64;
	if (is_64_bit && header.e_ident[EI_DATA] == ELFDATA2LSB &&
	    header.e_machine == kt_elf_own_machine())
		return NULL;
	return refuse(resolver, KT_RESOLVE_MACHINE,
		      kt_error_create(KT_ERROR_PROBE, 0,
				      "%s is a %d-bit program for %s, and this probe reads 64-bit "
				      "programs for %s only",
				      path, is_64_bit ? 64 : 32,
				      kt_elf_machine_name(header.e_machine),
				      kt_elf_machine_name(kt_elf_own_machine())));
}

/* Whether @path is @name or ends with it, at the start of a component. */
static bool is_named(const char *path, const char *name)
{
	size_t path_len = strlen(path);
	size_t name_len = strlen(name);

	if (!name_len || name_len > path_len || strcmp(path + path_len - name_len, name) != 0)
		return false;
	return name_len == path_len || name[0] == '/' || path[path_len - name_len - 1] == '/';
}

/* What was recorded of the object before. */
static void find_entry(struct resolver *resolver, struct suspect *suspect)
{
	const struct kt_resolve_request *request = resolver->request;
	const char *build_id = suspect->candidate.module->build_id;

	if (!build_id[0])
		return;
	if (request->entry && !strcmp(request->entry->build_id, build_id))
		suspect->candidate.entry = request->entry;
	else if (request->use_cache && kt_layout_cache_get(build_id, &suspect->cached))
		suspect->candidate.entry = &suspect->cached;
}

static struct kt_error *examine_object(struct resolver *resolver, const struct kt_module *module)
{
	const struct kt_resolve_request *request = resolver->request;
	struct kt_examination examination = {
		.memory = &request->memory,
		.proc_fd = request->proc_fd,
		.tps = resolver->tps,
		.tp_count = resolver->tp_count,
	};
	struct suspect *suspect = &resolver->suspects[resolver->suspect_count];

	*suspect = (struct suspect){ 0 };
	if ((request->object && !is_named(module->path, request->object)) ||
	    !kt_candidate_init(module, &suspect->candidate))
		return NULL;
	resolver->suspect_count++;
	find_entry(resolver, suspect);
	KT_TRY(kt_examine(&examination, &suspect->candidate));
	if (kt_candidate_is_ruled_out(&suspect->candidate)) {
		kt_candidate_deinit(&suspect->candidate);
		resolver->suspect_count--;
		resolver->ruled_out_count++;
		return NULL;
	}
	/* Offsets are of no use, and no gate was asked, where the block's place is not known. */
	if (suspect->candidate.proof == KT_PROOF_GIVEN && !suspect->candidate.has_base)
		suspect->candidate.proof = KT_PROOF_MISSING;
	if (suspect->candidate.facts.has_offsets)
		suspect->activity = kt_activity_of(&suspect->candidate, examination.memory,
						   examination.tps, examination.tp_count);
	return NULL;
}

static bool is_large_enough(const struct kt_module *module)
{
	const Elf64_Phdr *segment = kt_module_segment(module, PT_TLS);

	return segment && segment->p_memsz >= kt_size_table_smallest();
}

static void drop_suspects(struct resolver *resolver)
{
	while (resolver->suspect_count)
		kt_candidate_deinit(&resolver->suspects[--resolver->suspect_count].candidate);
	resolver->ruled_out_count = 0;
}

static struct kt_error *examine_all(struct resolver *resolver)
{
	const struct kt_modules *modules = &resolver->modules;

	for (size_t i = 0; i < modules->count; i++)
		if (is_large_enough(&modules->list[i]))
			KT_TRY(examine_object(resolver, &modules->list[i]));
	return NULL;
}

static bool has_active(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->suspect_count; i++)
		if (resolver->suspects[i].candidate.proof == KT_PROOF_GIVEN &&
		    resolver->suspects[i].activity == KT_ACTIVITY_COUNTED)
			return true;
	return false;
}

/* Looks for jemallocs by a few threads, and again by more if these had nothing to tell. */
static struct kt_error *find_suspects(struct resolver *resolver)
{
	const struct kt_resolve_request *request = resolver->request;
	static const size_t maxima[] = { KT_RESOLVE_SAMPLE_FIRST, KT_RESOLVE_SAMPLE_MAX };
	size_t count = 0;

	for (size_t i = 0; i < resolver->modules.count; i++)
		count += is_large_enough(&resolver->modules.list[i]);
	resolver->suspects = calloc(count ? count : 1, sizeof(*resolver->suspects));
	if (!resolver->suspects)
		return kt_error_no_memory();
	for (size_t i = 0; count && i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		drop_suspects(resolver);
		if (request->sample)
			resolver->tp_count =
				request->sample(request->sample_ctx, resolver->tps, maxima[i]);
		KT_TRY(examine_all(resolver));
		if (resolver->tp_count < maxima[i] || !resolver->suspect_count ||
		    has_active(resolver))
			break;
	}
	return NULL;
}

static struct kt_error *not_found(struct resolver *resolver)
{
	const struct kt_resolve_request *request = resolver->request;

	*resolver->failure = KT_RESOLVE_NOT_FOUND;
	if (request->object)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "no jemalloc in %s: none of the %zu loaded objects of %s "
				       "has that name and a jemalloc's thread data",
				       request->object, resolver->modules.count, request->exe_path);
	if (!resolver->ruled_out_count)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "no jemalloc in the target: none of the %zu loaded objects "
				       "of %s (by %s) has the %" PRIu32
				       " bytes of thread data that a jemalloc 5 needs",
				       resolver->modules.count, request->exe_path,
				       resolver->modules.found_by, kt_size_table_smallest());
	return kt_error_create(
		KT_ERROR_PROBE, 0,
		"no jemalloc in the target: of the %zu loaded objects of %s (by %s) "
		"%zu have enough thread data for one, but none has its control names",
		resolver->modules.count, request->exe_path, resolver->modules.found_by,
		resolver->ruled_out_count);
}

/* The line for jemallocs that were found but are not understood well enough. */
static struct kt_error *unproven(struct resolver *resolver)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	bool is_denied = false;

	*resolver->failure = KT_RESOLVE_UNPROVEN;
	for (size_t i = 0; i < resolver->suspect_count; i++) {
		const struct kt_candidate *candidate = &resolver->suspects[i].candidate;
		if (candidate->proof == KT_PROOF_GIVEN)
			continue;
		is_denied = is_denied || candidate->proof == KT_PROOF_DENIED;
		kt_buf_printf(&text, "%s%s: ", text.len ? "; " : "", candidate->module->path);
		kt_candidate_describe(candidate, &text);
	}
	KT_TRY(kt_buf_error(&text));
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "jemalloc's counters cannot be located with certainty: %s; %s",
			       kt_buf_text(&text),
			       is_denied
				       ? "the running threads contradict the sources: this "
					 "jemalloc is not one that the probe knows"
				       : "two sources must agree, or one and the gate: rebuild it "
					 "with -g, put its debug file beside it, or install the "
					 "distribution's debug package");
}

static struct kt_error *not_maintained(struct resolver *resolver, const struct suspect *suspect)
{
	const struct kt_candidate *candidate = &suspect->candidate;

	return refuse(
		resolver, KT_RESOLVE_NOT_MAINTAINED,
		kt_error_create(KT_ERROR_PROBE, 0,
				"%s: jemalloc %s counts nothing for its threads: it was built "
				"without statistics (--disable-stats), which versions before "
				"5.3 need for that",
				candidate->module->path,
				candidate->facts.version[0] ? candidate->facts.version
							    : "before 5.3"));
}

static struct kt_error *ambiguous(struct resolver *resolver, bool only_active)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	*resolver->failure = KT_RESOLVE_AMBIGUOUS;
	for (size_t i = 0; i < resolver->suspect_count; i++) {
		const struct suspect *suspect = &resolver->suspects[i];
		if (suspect->candidate.proof == KT_PROOF_GIVEN &&
		    (!only_active || suspect->activity == KT_ACTIVITY_COUNTED))
			kt_buf_printf(&text, "%s%s", text.len ? " and " : "",
				      suspect->candidate.module->path);
	}
	KT_TRY(kt_buf_error(&text));
	return kt_error_create(KT_ERROR_PROBE, 0,
			       "the target has more than one jemalloc%s: %s; say which one with "
			       "--object PATH",
			       only_active ? " in use" : ", and none is in use yet",
			       kt_buf_text(&text));
}

/* The one of those that are proven whose threads count; the only proven one if nobody counts. */
static struct kt_error *choose(struct resolver *resolver, struct suspect **ret)
{
	struct suspect *active = NULL;
	struct suspect *idle = NULL;
	struct suspect *uncounted = NULL;
	size_t active_count = 0;
	size_t idle_count = 0;

	for (size_t i = 0; i < resolver->suspect_count; i++) {
		struct suspect *suspect = &resolver->suspects[i];
		if (suspect->activity == KT_ACTIVITY_NOT_COUNTED) {
			uncounted = suspect;
		} else if (suspect->candidate.proof == KT_PROOF_GIVEN &&
			   suspect->activity == KT_ACTIVITY_COUNTED) {
			active = suspect;
			active_count++;
		} else if (suspect->candidate.proof == KT_PROOF_GIVEN) {
			idle = suspect;
			idle_count++;
		}
	}
	if (!resolver->suspect_count)
		return not_found(resolver);
	if (active_count > 1)
		return ambiguous(resolver, true);
	if (!active && uncounted)
		return not_maintained(resolver, uncounted);
	/* One that nobody uses is no answer while another one is not understood. */
	if (!active && idle_count < resolver->suspect_count)
		return unproven(resolver);
	if (!active && idle_count > 1)
		return ambiguous(resolver, false);
	*ret = active ? active : idle;
	return NULL;
}

/* musl's dynamic thread vector has another form than the one that is read here. */
static struct kt_error *check_c_library(struct resolver *resolver, const struct suspect *suspect)
{
	const struct kt_module *program = &resolver->modules.list[0];
	const Elf64_Phdr *segment = kt_module_segment(program, PT_INTERP);
	char name[256];

	if (suspect->candidate.base.access != KT_TLS_DTV || !segment ||
	    !kt_memory_read_text(&resolver->request->memory, program->bias + segment->p_vaddr, name,
				 sizeof(name)) ||
	    !strstr(name, "ld-musl"))
		return NULL;
	return refuse(resolver, KT_RESOLVE_UNPROVEN,
		      kt_error_create(KT_ERROR_PROBE, 0,
				      "%s: a jemalloc in a shared object cannot be read in a "
				      "program with the C library musl",
				      suspect->candidate.module->path));
}

static enum kt_cache_use cache_use(const struct kt_resolve_request *request,
				   const struct suspect *suspect)
{
	if (suspect->candidate.is_by_entry)
		return suspect->candidate.entry == request->entry ? KT_CACHE_GIVEN : KT_CACHE_HIT;
	return request->use_cache ? KT_CACHE_MISS : KT_CACHE_OFF;
}

static struct kt_error *fill_texts(struct suspect *suspect, struct kt_layout *layout)
{
	const struct kt_module *module = suspect->candidate.module;

	layout->object = strdup(module->path);
	if (!layout->object)
		return kt_error_no_memory();
	if (!module->build_id[0])
		return NULL;
	layout->build_id = strdup(module->build_id);
	return layout->build_id ? NULL : kt_error_no_memory();
}

static struct kt_error *fill_layout(struct resolver *resolver, struct suspect *suspect,
				    struct kt_layout *layout)
{
	struct kt_candidate *candidate = &suspect->candidate;
	const struct kt_tsd_facts *facts = &candidate->facts;

	*layout = (struct kt_layout){
		.debug_file = KT_TAKE(candidate->debug_file),
		.symbol = candidate->has_symbol ? candidate->symbol.name : NULL,
		.symbol_table = candidate->has_symbol ? candidate->symbol.table : NULL,
		.tls_found_by = candidate->base.found_by,
		.facts = *facts,
		.gate = candidate->gate,
		.cache = cache_use(resolver->request, suspect),
		.bias = candidate->module->bias,
	};
	KT_TRY(fill_texts(suspect, layout));
	if (candidate->is_by_entry)
		layout->internals = candidate->entry->internals;
	return kt_tls_base_place(&candidate->base, facts->start + facts->allocated,
				 (uint32_t)(facts->deallocated + 8 - facts->allocated),
				 &layout->place);
}

static struct kt_error *add_internals(struct resolver *resolver, const struct suspect *chosen,
				      struct kt_layout *layout)
{
	struct kt_internals *internals = &layout->internals;
	bool had_tcache = internals->has_tcache;
	bool had_arenas = internals->has_arenas;

	KT_TRY(kt_layout_internals_add(resolver->request, &chosen->candidate, resolver->tps,
				       resolver->tp_count, internals));
	resolver->has_news = internals->has_tcache != had_tcache ||
			     internals->has_arenas != had_arenas;
	return NULL;
}

/* Keeps what was found for the next time. */
static void record(const struct resolver *resolver, const struct kt_layout *layout)
{
	const struct kt_resolve_request *request = resolver->request;
	struct kt_layout_entry entry = { .facts = layout->facts, .internals = layout->internals };

	bool is_new = layout->cache == KT_CACHE_MISS ||
		      (layout->cache == KT_CACHE_HIT && resolver->has_news);

	if (!request->use_cache || !is_new || !layout->build_id ||
	    strlen(layout->build_id) >= sizeof(entry.build_id))
		return;
	strcpy(entry.build_id, layout->build_id);
	kt_layout_cache_put(&entry);
}

static struct kt_error *resolve(struct resolver *resolver, struct kt_layout *layout)
{
	const struct kt_resolve_request *request = resolver->request;
	struct suspect *chosen = NULL;

	KT_TRY(check_machine(resolver));
	*resolver->failure = KT_RESOLVE_MAPS;
	struct kt_error *err = kt_modules_list(request->proc_fd, &request->memory,
					       request->exe_path, &resolver->modules);
	if (err && (kt_error_errno(err) == EPERM || kt_error_errno(err) == EACCES))
		*resolver->failure = KT_RESOLVE_EXE_UNREADABLE;
	KT_TRY(err);
	*resolver->failure = KT_RESOLVE_UNPROVEN;
	KT_TRY(find_suspects(resolver));
	KT_TRY(choose(resolver, &chosen));
	KT_TRY(check_c_library(resolver, chosen));
	KT_TRY(fill_layout(resolver, chosen, layout));
	return request->want_internals ? add_internals(resolver, chosen, layout) : NULL;
}

struct kt_error *kt_layout_resolve(const struct kt_resolve_request *request, struct kt_layout *ret,
				   enum kt_resolve_failure *ret_failure)
{
	struct resolver resolver = { .request = request, .failure = ret_failure };
	struct kt_layout layout = { 0 };

	struct kt_error *err = resolve(&resolver, &layout);
	drop_suspects(&resolver);
	free(resolver.suspects);
	kt_modules_deinit(&resolver.modules);
	if (err) {
		kt_layout_deinit(&layout);
		return err;
	}
	record(&resolver, &layout);
	*ret = layout;
	return NULL;
}

void kt_layout_deinit(struct kt_layout *layout)
{
	free(layout->object);
	free(layout->build_id);
	free(layout->debug_file);
	*layout = (struct kt_layout){ 0 };
}
