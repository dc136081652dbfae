/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tui/emulator.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int on_property(VTermProp property, VTermValue *value, void *ctx)
{
	struct emulator *emulator = ctx;

	if (property == VTERM_PROP_ALTSCREEN)
		emulator->is_alternate = value->boolean;
	if (property == VTERM_PROP_CURSORVISIBLE)
		emulator->is_cursor_visible = value->boolean;
	if (property == VTERM_PROP_MOUSE)
		emulator->mouse = value->number;
	return 1;
}

void emulator_open(struct emulator *emulator, int columns, int rows)
{
	static const VTermScreenCallbacks callbacks = { .settermprop = on_property };
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };

	*emulator = (struct emulator){ .columns = columns, .rows = rows };
	emulator->is_cursor_visible = true;
	ck_assert_int_eq(
		openpty(&emulator->master, &emulator->slave, emulator->device, NULL, &size), 0);
	(void)fcntl(emulator->master, F_SETFD, FD_CLOEXEC);
	(void)fcntl(emulator->slave, F_SETFD, FD_CLOEXEC);
	(void)fcntl(emulator->master, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(tcgetattr(emulator->slave, &emulator->modes), 0);
	emulator->vterm = vterm_new(rows, columns);
	ck_assert_ptr_nonnull(emulator->vterm);
	vterm_set_utf8(emulator->vterm, 1);
	emulator->screen = vterm_obtain_screen(emulator->vterm);
	vterm_screen_enable_altscreen(emulator->screen, 1);
	vterm_screen_set_callbacks(emulator->screen, &callbacks, emulator);
	vterm_screen_reset(emulator->screen, 1);
}

void emulator_close(struct emulator *emulator)
{
	if (emulator->master >= 0)
		(void)close(emulator->master);
	if (emulator->slave >= 0)
		(void)close(emulator->slave);
	vterm_free(emulator->vterm);
}

size_t emulator_take(struct emulator *emulator)
{
	char bytes[8192];
	size_t total = 0;

	for (;;) {
		ssize_t len = read(emulator->master, bytes, sizeof(bytes));
		if (len <= 0)
			break;
		(void)vterm_input_write(emulator->vterm, bytes, (size_t)len);
		total += (size_t)len;
	}
	emulator->byte_count += total;
	emulator_send(emulator);
	return total;
}

bool emulator_wait(struct emulator *emulator, int ms)
{
	struct pollfd ready = { .fd = emulator->master, .events = POLLIN };

	return poll(&ready, 1, ms) == 1 && emulator_take(emulator);
}

bool emulator_expect(struct emulator *emulator, int row, const char *text)
{
	while (strncmp(emulator_row(emulator, row), text, strlen(text)) != 0)
		if (!emulator_wait(emulator, 10000))
			return false;
	return true;
}

void emulator_send(struct emulator *emulator)
{
	char bytes[256];
	size_t len = vterm_output_read(emulator->vterm, bytes, sizeof(bytes));

	if (len)
		ck_assert_int_eq(write(emulator->master, bytes, len), (ssize_t)len);
}

void emulator_key(struct emulator *emulator, VTermKey key)
{
	vterm_keyboard_key(emulator->vterm, key, VTERM_MOD_NONE);
	emulator_send(emulator);
}

void emulator_char(struct emulator *emulator, unsigned code)
{
	vterm_keyboard_unichar(emulator->vterm, code, VTERM_MOD_NONE);
	emulator_send(emulator);
}

void emulator_resize(struct emulator *emulator, int columns, int rows)
{
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };

	emulator->columns = columns;
	emulator->rows = rows;
	vterm_set_size(emulator->vterm, rows, columns);
	ck_assert_int_eq(ioctl(emulator->master, TIOCSWINSZ, &size), 0);
}

const char *emulator_row(const struct emulator *emulator, int row)
{
	static char text[4096];
	VTermRect rect = { .start_row = row, .end_row = row + 1, .end_col = emulator->columns };
	size_t len = vterm_screen_get_text(emulator->screen, text, sizeof(text) - 1, rect);

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\n'))
		len--;
	text[len] = '\0';
	return text;
}

void emulator_check_restored(const struct emulator *emulator)
{
	struct termios modes;

	ck_assert_int_eq(tcgetattr(emulator->slave, &modes), 0);
	ck_assert_uint_eq(modes.c_iflag, emulator->modes.c_iflag);
	ck_assert_uint_eq(modes.c_oflag, emulator->modes.c_oflag);
	ck_assert_uint_eq(modes.c_lflag, emulator->modes.c_lflag);
	ck_assert_uint_eq(modes.c_cflag, emulator->modes.c_cflag);
	ck_assert_int_eq(memcmp(modes.c_cc, emulator->modes.c_cc, sizeof(modes.c_cc)), 0);
	ck_assert(!emulator->is_alternate);
	ck_assert(emulator->is_cursor_visible);
	ck_assert_int_eq(emulator->mouse, VTERM_PROP_MOUSE_NONE);
}
