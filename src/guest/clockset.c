/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/clockset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "guest/protocol.h"

#define KT_LAST_PID "/proc/sys/kernel/ns_last_pid"

enum {
	/* Above what a kernel starts for itself, and far below pid_max (32768 at least). */
	KT_PID_FIRST = 1024,
	KT_PID_RANGE = 28 * 1024,
	/* A fork takes an emulated guest about a millisecond. */
	KT_PIDS_TO_USE_UP = 16,
};

struct kt_error *kt_clock_set_real(uint64_t real_ns)
{
	struct timespec time = {
		.tv_sec = (time_t)(real_ns / KT_NS_PER_SEC),
		.tv_nsec = (long)(real_ns % KT_NS_PER_SEC),
	};

	if (clock_settime(CLOCK_REALTIME, &time))
		return kt_error_create(KT_ERROR_IO, errno, "set the clock");
	return NULL;
}

struct kt_error *kt_entropy_add(const unsigned char *seed, size_t len)
{
	/* struct rand_pool_info of <linux/random.h>, with room for the bytes. */
	struct {
		int entropy_bits;
		int size_bytes;
		unsigned char bytes[KT_SEED_BYTES];
	} pool;

	if (len > sizeof(pool.bytes))
		len = sizeof(pool.bytes);
	pool.entropy_bits = (int)len * 8;
	pool.size_bytes = (int)len;
	memcpy(pool.bytes, seed, len);

	kt_autoclose int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return kt_error_create(KT_ERROR_IO, errno, "/dev/urandom");
	if (ioctl(fd, RNDADDENTROPY, &pool) || ioctl(fd, RNDRESEEDCRNG))
		return kt_error_create(KT_ERROR_IO, errno, "add entropy");
	return NULL;
}

static struct kt_error *use_up_a_pid(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		return kt_error_create(KT_ERROR_IO, errno, "fork");
	return NULL;
}

struct kt_error *kt_pids_scatter(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return kt_error_create(KT_ERROR_IO, errno, "getrandom");
	kt_autoclose int fd = open(KT_LAST_PID, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		for (number %= KT_PIDS_TO_USE_UP; number; number--)
			KT_TRY(use_up_a_pid());
		return NULL;
	}
	if (dprintf(fd, "%u", KT_PID_FIRST + number % KT_PID_RANGE) < 0)
		return kt_error_create(KT_ERROR_IO, errno, KT_LAST_PID);
	return NULL;
}
