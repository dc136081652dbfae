/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/clockset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "guest/protocol.h"

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
