/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The main() of a unit test on Check: TAP on stdout, one process per test case, so
 * that a crash is one failure.  Use: a function `static Suite *suite(void)`, then
 * KT_UNIT_MAIN.
 */
#ifndef KT_TESTS_UNIT_H
#define KT_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "base/error.h"

/** Fails the test with the text of @expr's error, if it has one. */
#define KT_OK(expr)                                                                 \
	do {                                                                        \
		struct kt_error *kt_ok_error_ = (expr);                             \
		ck_assert_msg(!kt_ok_error_, "%s", kt_error_message(kt_ok_error_)); \
	} while (0)

/** Fails the test unless @expr gives an error of @class whose text contains @part. */
#define KT_FAILS(expr, expected_class, part)                                                   \
	do {                                                                                   \
		struct kt_error *kt_fails_error_ = (expr);                                     \
		ck_assert_msg(kt_fails_error_, "no error from " #expr);                        \
		ck_assert_int_eq(kt_error_class(kt_fails_error_), expected_class);             \
		ck_assert_msg(strstr(kt_error_message(kt_fails_error_), part),                 \
			      "'%s' does not contain '%s'", kt_error_message(kt_fails_error_), \
			      part);                                                           \
		kt_error_destroy(kt_fails_error_);                                             \
	} while (0)

#define KT_UNIT_MAIN                                          \
	int main(void)                                        \
	{                                                     \
		SRunner *runner = srunner_create(suite());    \
		srunner_set_tap(runner, "-");                 \
		srunner_run_all(runner, CK_SILENT);           \
		srunner_free(runner);                         \
		return 0; /* the TAP lines are the verdict */ \
	}

#endif
