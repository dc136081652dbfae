/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What is the same in all lists: a view's rows, the cursor on one of them, which rows are on the
 * screen, the filter, the search, and whether the page of a row is open.
 *
 * The cursor stands on an identity, not on a place: it moves with its row.  Until somebody moves it,
 * and after kt_list_first(), it stays on whatever row is the first.  When its row is gone it stays at
 * its place.
 */
#ifndef KT_TUI_LIST_H
#define KT_TUI_LIST_H

#include "tui/views/view.h"

/* Rows keep their order for so long after the cursor moved. */
#define KT_LIST_FREEZE_NS (3ULL * 1000 * 1000 * 1000)

struct kt_list {
	const struct kt_view *view;
	void *rows; /* the view's own */
	struct kt_buf filter;
	struct kt_buf search;
	uint64_t identity;    /* of the row of the cursor; 0: it stays at the top */
	size_t cursor;	      /* place of that row */
	size_t top;	      /* place of the first row on the screen */
	uint64_t frozen_ns;   /* for how long the order stays as it is */
	unsigned height;      /* rows there were room for; at least 1 */
	uint64_t page;	      /* identity of the row whose page is open; 0: none */
	unsigned page_scroll; /* lines */
	unsigned page_lines;  /* that it had when it was painted */
};

/** Makes the list of @view.  Errors: no memory.  Owner: the caller calls kt_list_deinit(). */
struct kt_error *kt_list_init(struct kt_list *list, const struct kt_view *view) KT_MUST_CHECK;

/** Frees what the list has. */
void kt_list_deinit(struct kt_list *list);

/**
 * Lets the view gather its rows at @look (whose filter, search and order are the list's) and puts
 * the cursor where it belongs.  Errors: no memory.
 */
struct kt_error *kt_list_update(struct kt_list *list, struct kt_look_at *look) KT_MUST_CHECK;

/** Says how many rows there is room for (0 counts as 1); the cursor stays where it can be seen. */
void kt_list_set_height(struct kt_list *list, unsigned height);

/** Moves the cursor, or the open page, by @lines; the order is frozen then. */
void kt_list_move(struct kt_list *list, long lines);

/** The same by screens. */
void kt_list_move_screens(struct kt_list *list, int screens);

/** Puts the cursor on the first row and leaves it there; of a page: shows its begin. */
void kt_list_first(struct kt_list *list);

/** Puts the cursor on the last row; of a page: shows its end. */
void kt_list_last(struct kt_list *list);

/** Puts the cursor on the row at @place, if there is one; true if it was there already. */
bool kt_list_select(struct kt_list *list, size_t place);

/** Opens the page of the row of the cursor; false if there is none. */
bool kt_list_open(struct kt_list *list);

/**
 * Goes to the next row that contains the search, @direction 1 or -1, from @from on (0: the row of the cursor
 * itself counts too).  Returns false if there is none.
 */
bool kt_list_find(struct kt_list *list, int direction, unsigned from);

/** Lets time pass; true if the order may change from now on. */
bool kt_list_tick(struct kt_list *list, uint64_t elapsed_ns);

/** Whether @text contains @part, in whatever case; "" is in every text. */
bool kt_list_contains(const char *text, const char *part);

#endif
