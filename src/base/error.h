/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The one error idiom: a fallible function returns `struct kt_error *`, NULL is
 * success, and results go out through trailing `ret` parameters that stay
 * untouched on failure.  An error carries a class (it alone selects the exit code
 * and the report's wording), an errno or 0, and one line of text that grows a
 * "context: " prefix on its way up.  Being out of memory is a static object, so
 * that failing never needs memory.
 */
#ifndef KT_BASE_ERROR_H
#define KT_BASE_ERROR_H

#define KT_MUST_CHECK	  __attribute__((warn_unused_result))
#define KT_PRINTF(fmt, n) __attribute__((format(printf, fmt, n)))

enum kt_error_class {
	KT_ERROR_USAGE,	      /* command line or scenario file is wrong */
	KT_ERROR_ENVIRONMENT, /* something this machine lacks: kernel, QEMU, rights */
	KT_ERROR_GUEST,	      /* a guest did not do what it must */
	KT_ERROR_PROBE,	      /* the probe could not judge its target */
	KT_ERROR_PROTOCOL,    /* a peer sent what the protocol forbids */
	KT_ERROR_IO,	      /* a file or a stream */
	KT_ERROR_INTERNAL,    /* a bug of ours */
	KT_ERROR_NO_MEMORY,
};

struct kt_error;

/**
 * Makes an error.  @os_errno is an errno value whose text is appended, or 0.
 * Never returns NULL: without memory it returns the static no-memory error.
 * Owner: the caller, who passes it on or destroys it.
 */
struct kt_error *kt_error_create(enum kt_error_class class, int os_errno, const char *fmt,
				 ...) KT_MUST_CHECK KT_PRINTF(3, 4)
	__attribute__((returns_nonnull));

/**
 * Puts "context: " in front of the text of @err, which may be NULL (then NULL is
 * returned and nothing happens).  Owner: takes @err, the caller owns the result.
 */
struct kt_error *kt_error_wrap(struct kt_error *err, const char *fmt, ...) KT_MUST_CHECK
	KT_PRINTF(2, 3);

/**
 * The static out-of-memory error.  Owner: nobody; destroying it does nothing.
 */
struct kt_error *kt_error_no_memory(void) KT_MUST_CHECK __attribute__((returns_nonnull));

/** Frees @err; NULL is allowed. */
void kt_error_destroy(struct kt_error *err);

/** The class of @err (not NULL). */
enum kt_error_class kt_error_class(const struct kt_error *err);

/** The errno @err was made with, or 0. */
int kt_error_errno(const struct kt_error *err);

/** The one-line text of @err.  Owner: borrowed from @err. */
const char *kt_error_message(const struct kt_error *err);

/** Returns from the calling function with the error of @expr, if there is one. */
#define KT_TRY(expr)                                     \
	do {                                             \
		struct kt_error *kt_try_error_ = (expr); \
		if (kt_try_error_)                       \
			return kt_try_error_;            \
	} while (0)

#endif
