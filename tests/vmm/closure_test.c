/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tests/vmm/elf_make.h"
#include "vmm/image/closure.h"

static char dir[64];
static struct kt_closure closure;
static struct kt_closure_search search;

static void enter(void)
{
	char name[] = "/tmp/kt-closure-test.XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(name));
	kt_autofree char *real = realpath(name, NULL);
	(void)snprintf(dir, sizeof(dir), "%s", real);
	ck_assert_int_eq(chdir(dir), 0);
	closure = (struct kt_closure){ 0 };
	search = (struct kt_closure_search){ .cache_path = "/nonexistent" };
}

static void leave(void)
{
	kt_closure_deinit(&closure);
	ck_assert_int_eq(chdir("/"), 0);
	kt_autobuf struct kt_buf command = KT_BUF_INIT;
	kt_buf_printf(&command, "rm -r %s", dir);
	ck_assert_int_eq(system(command.data), 0);
}

/* "@name" below the test's directory. */
static const char *at(const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s", dir, name);
	return path;
}

static void make_file(const char *name, const void *bytes, size_t len)
{
	kt_autofree char *parent = strdup(name);
	char *slash = strrchr(parent, '/');

	if (slash) {
		*slash = '\0';
		KT_OK(kt_dir_make(parent));
	}
	KT_OK(kt_file_replace(name, bytes, len, 0755));
}

static void make_elf(const char *name, struct elf_program program)
{
	kt_autobuf struct kt_buf file = KT_BUF_INIT;

	elf_make_program(&program, &file);
	make_file(name, file.data, file.len);
}

static struct kt_error *collect(const char *name)
{
	return kt_closure_collect(&search, name, "/bin/program", &closure);
}

/* The closure has the file @name itself. */
static void expect_file(const char *name)
{
	char path[128];

	at(name, path);
	for (size_t i = 0; i < closure.count; i++) {
		const struct kt_closure_entry *entry = &closure.entries[i];
		if (entry->host_path && !strcmp(entry->guest_path, path)) {
			ck_assert_str_eq(entry->host_path, path);
			return;
		}
	}
	ck_abort_msg("%s is not in the closure", path);
}

/* The closure has a link at @guest_path to the file @name. */
static void expect_link(const char *guest_path, const char *name)
{
	char path[128];

	for (size_t i = 0; i < closure.count; i++) {
		const struct kt_closure_entry *entry = &closure.entries[i];
		if (entry->link_target && !strcmp(entry->guest_path, guest_path)) {
			ck_assert_str_eq(entry->link_target, at(name, path));
			return;
		}
	}
	ck_abort_msg("no link %s in the closure", guest_path);
}

START_TEST(nothing_needed)
{
	make_elf("static", (struct elf_program){ 0 });
	make_file("data", "just data", 9);
	make_file("empty", "", 0);
	KT_OK(collect("static"));
	KT_OK(collect("data"));
	KT_OK(collect("empty"));
	ck_assert_uint_eq(closure.count, 0);
}
END_TEST

START_TEST(transitive_and_once)
{
	char path[128];

	search.ld_library_path = dir;
	make_elf("program", (struct elf_program){ .needed = { "liba.so", "libb.so" } });
	make_elf("liba.so", (struct elf_program){ .needed = { "libb.so", "libc.so" } });
	make_elf("libb.so", (struct elf_program){ .needed = { "liba.so" } }); /* a circle */
	make_elf("libc.so.1.2", (struct elf_program){ 0 });
	ck_assert_int_eq(symlink("libc.so.1.2", "libc.so"), 0);
	KT_OK(collect("program"));
	expect_file("liba.so");
	expect_file("libb.so");
	expect_file("libc.so.1.2");
	/* The guest has no LD_LIBRARY_PATH: there must be a link where its linker looks. */
	expect_link("/lib/libc.so", "libc.so.1.2");
	expect_link("/lib64/liba.so", "liba.so");
	ck_assert_uint_eq(closure.count, 3 + 2 * 3);
	KT_OK(collect(at("program", path)));
	ck_assert_uint_eq(closure.count, 3 + 2 * 3);
}
END_TEST

/* Each directory has a library of the name; which one wins tells the order. */
static void check_order(const char *rpath, const char *runpath, const char *ld_library_path,
			const char *winner)
{
	kt_autobuf struct kt_buf rpath_text = KT_BUF_INIT;
	kt_autobuf struct kt_buf runpath_text = KT_BUF_INIT;
	kt_autobuf struct kt_buf list = KT_BUF_INIT;

	kt_buf_printf(&rpath_text, "%s/%s", dir, rpath ? rpath : "");
	kt_buf_printf(&runpath_text, "/nonexistent:%s/%s", dir, runpath ? runpath : "");
	kt_buf_printf(&list, "%s/%s", dir, ld_library_path ? ld_library_path : "");
	search.ld_library_path = ld_library_path ? list.data : NULL;
	make_elf("program", (struct elf_program){
				    .rpath = rpath ? rpath_text.data : NULL,
				    .runpath = runpath ? runpath_text.data : NULL,
				    .needed = { "libx.so" },
			    });
	kt_closure_deinit(&closure);
	KT_OK(collect("program"));
	expect_file(winner);
}

START_TEST(search_order)
{
	make_elf("r/libx.so", (struct elf_program){ 0 });
	make_elf("p/libx.so", (struct elf_program){ 0 });
	make_elf("u/libx.so", (struct elf_program){ 0 });
	check_order("r", NULL, "p", "r/libx.so");
	check_order("r", "u", "p", "p/libx.so"); /* DT_RUNPATH makes DT_RPATH void */
	check_order("r", "u", NULL, "u/libx.so");
	check_order("r", NULL, NULL, "r/libx.so");
	check_order(NULL, NULL, "p", "p/libx.so");
}
END_TEST

/* DT_RPATH counts for what a library loads as well, DT_RUNPATH does not. */
START_TEST(rpath_is_inherited)
{
	make_elf("one", (struct elf_program){ .rpath = "$ORIGIN/lib", .needed = { "liba.so" } });
	make_elf("two", (struct elf_program){ .runpath = "$ORIGIN/lib", .needed = { "liba.so" } });
	make_elf("lib/liba.so", (struct elf_program){ .needed = { "libb.so" } });
	make_elf("lib/libb.so", (struct elf_program){ 0 });
	KT_OK(collect("one"));
	expect_file("lib/libb.so");
	KT_FAILS(collect("two"), KT_ERROR_ENVIRONMENT, "/two: library libb.so, which ");
}
END_TEST

/* $ORIGIN is another directory in the guest, so the guest needs the library there too. */
START_TEST(origin_moves_with_the_program)
{
	make_elf("app/program", (struct elf_program){
					.runpath = "${ORIGIN}/../private",
					.needed = { "libx.so" },
				});
	make_elf("private/libx.so",
		 (struct elf_program){ .runpath = "$ORIGIN", .needed = { "liby.so" } });
	make_elf("private/liby.so", (struct elf_program){ 0 });
	KT_OK(collect("app/program"));
	expect_file("private/libx.so");
	expect_link("/private/libx.so", "private/libx.so");
	expect_link("/private/liby.so", "private/liby.so");
}
END_TEST

START_TEST(lib_and_platform)
{
	make_elf("program", (struct elf_program){
				    .runpath = "$ORIGIN/$LIB/x:$ORIGIN/${PLATFORM}",
				    .needed = { "libx.so", "liby.so" },
			    });
	make_elf("lib64/x/libx.so", (struct elf_program){ 0 });
#if defined(__x86_64__)
	make_elf("x86_64/liby.so", (struct elf_program){ 0 });
#else
	make_elf("aarch64/liby.so", (struct elf_program){ 0 });
#endif
	KT_OK(collect("program"));
	expect_link("/bin/lib64/x/libx.so", "lib64/x/libx.so");
}
END_TEST

START_TEST(other_architectures_are_passed_over)
{
	make_elf("program", (struct elf_program){
				    .runpath = "$ORIGIN/a:$ORIGIN/b:$ORIGIN/c",
				    .needed = { "libx.so" },
			    });
	make_elf("a/libx.so", (struct elf_program){ .machine = EM_AARCH64 });
	make_file("b/libx.so", "not ELF", 7);
	make_elf("c/libx.so", (struct elf_program){ 0 });
	KT_OK(collect("program"));
	expect_file("c/libx.so");
}
END_TEST

START_TEST(interpreters)
{
	char loader[128], script[256], missing[128];

	at("ld.so", loader);
	make_elf("real-ld.so", (struct elf_program){ 0 });
	ck_assert_int_eq(symlink("real-ld.so", "ld.so"), 0);
	make_elf("program", (struct elf_program){ .interpreter = loader, .needed = { "libx.so" } });
	make_elf("libx.so", (struct elf_program){ 0 }); /* beside the interpreter */
	KT_OK(collect("program"));
	expect_file("real-ld.so");
	expect_link(loader, "real-ld.so");
	expect_file("libx.so");

	kt_closure_deinit(&closure);
	(void)snprintf(script, sizeof(script), "#! %s/program -x y\necho\n", dir);
	make_file("script", script, strlen(script));
	KT_OK(collect("script"));
	expect_file("program");
	expect_file("real-ld.so");

	make_elf("orphan", (struct elf_program){ .interpreter = at("none.so", missing) });
	KT_FAILS(collect("orphan"), KT_ERROR_ENVIRONMENT, "its interpreter: ");
	make_file("orphan", "#!/nonexistent/sh\n", 18);
	KT_FAILS(collect("orphan"), KT_ERROR_ENVIRONMENT,
		 "orphan: its interpreter: /nonexistent/sh: No such file");
	make_file("orphan", "#!\n", 3);
	KT_FAILS(collect("orphan"), KT_ERROR_ENVIRONMENT, "no interpreter in its first line");
	(void)snprintf(script, sizeof(script), "#!%s/circle\n", dir);
	make_file("circle", script, strlen(script));
	KT_FAILS(collect("circle"), KT_ERROR_ENVIRONMENT, "more than 5 interpreters deep");
}
END_TEST

/* "#!/usr/bin/env NAME" needs NAME as well, found on PATH. */
START_TEST(env_scripts)
{
	char script[256];

	make_elf("env", (struct elf_program){ 0 });
	make_elf("tool", (struct elf_program){ 0 });
	ck_assert_int_eq(setenv("PATH", dir, 1), 0);
	(void)snprintf(script, sizeof(script), "#!%s/env tool\n", dir);
	make_file("script", script, strlen(script));
	KT_OK(collect("script"));
	expect_file("env");
	expect_file("tool");
	ck_assert_int_eq(setenv("PATH", "/usr/bin:/bin", 1), 0);
}
END_TEST

START_TEST(unresolved_is_named)
{
	char path[128];

	make_elf("program", (struct elf_program){ .needed = { "libkt-none.so.7" } });
	KT_FAILS(collect(at("program", path)), KT_ERROR_ENVIRONMENT,
		 "/program: library libkt-none.so.7, which it needs, is not found");
	KT_FAILS(collect("absent"), KT_ERROR_ENVIRONMENT, "absent: No such file");
	KT_FAILS(collect("."), KT_ERROR_ENVIRONMENT, "not a regular file");
}
END_TEST

/* Without the fsync of kt_file_replace(), which would take most of the test's time. */
static void write_quickly(const char *name, const void *bytes, size_t len)
{
	kt_autoclose int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	ck_assert_int_ge(fd, 0);
	KT_OK(kt_file_write_fd(fd, name, bytes, len));
}

/* Every cut and many a flipped byte: an error or a result, never a crash (ASan watches). */
START_TEST(damaged_files)
{
	kt_autobuf struct kt_buf file = KT_BUF_INIT;
	const struct elf_program program = { .interpreter = "/nonexistent",
					     .runpath = "/x",
					     .needed = { "liba.so", "libb.so" } };

	elf_make_program(&program, &file);
	for (size_t len = 0; len < file.len; len++) {
		write_quickly("cut", file.data, len);
		kt_error_destroy(collect("cut"));
	}
	for (size_t i = 4; i < file.len; i++) {
		char kept = file.data[i];
		file.data[i] = (char)~kept;
		write_quickly("flipped", file.data, file.len);
		kt_error_destroy(collect("flipped"));
		file.data[i] = kept;
	}
}
END_TEST

START_TEST(this_very_program)
{
	kt_autofree char *self = realpath("/proc/self/exe", NULL);
	bool has_libc = false, has_asan = false;

	search = kt_closure_search_host();
	KT_OK(collect(self));
	for (size_t i = 0; i < closure.count; i++) {
		has_libc |= strstr(closure.entries[i].guest_path, "/libc.so.6") != NULL;
		has_asan |= strstr(closure.entries[i].guest_path, "/libasan.so.") != NULL;
	}
	ck_assert(has_libc);
#if defined(__SANITIZE_ADDRESS__)
	ck_assert(has_asan);
#else
	ck_assert(!has_asan);
#endif
}
END_TEST

START_TEST(normalized_paths)
{
	static const char *const cases[][2] = {
		{ "/", "/" },		{ "/a//b/./c/", "/a/b/c" },
		{ "/a/../../b", "/b" }, { "/a/b/../c", "/a/c" },
		{ "a", "/a" },		{ "/..a/b..", "/..a/b.." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kt_autofree char *path = NULL;
		KT_OK(kt_closure_normalize(cases[i][0], &path));
		ck_assert_str_eq(path, cases[i][1]);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("closure");
	TCase *tests = tcase_create("closure");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, nothing_needed);
	tcase_add_test(tests, transitive_and_once);
	tcase_add_test(tests, search_order);
	tcase_add_test(tests, rpath_is_inherited);
	tcase_add_test(tests, origin_moves_with_the_program);
	tcase_add_test(tests, lib_and_platform);
	tcase_add_test(tests, other_architectures_are_passed_over);
	tcase_add_test(tests, interpreters);
	tcase_add_test(tests, env_scripts);
	tcase_add_test(tests, unresolved_is_named);
	tcase_add_test(tests, damaged_files);
	tcase_add_test(tests, this_very_program);
	tcase_add_test(tests, normalized_paths);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
