/*
 * long_line.c - long_line BITS-A-SECOND DELAY-US LOST-OF-1000: makes two TUN
 * devices, prints their names ("line0 line1"), and carries packets between them
 * until it is killed, as slowly as a long line does.
 *
 * The kernels of test machines often have no netem.  Each direction has a rate, a
 * queue of one bandwidth-delay product, in which what does not fit is dropped, a
 * delay, and losses by chance, of which the seed is always the same.
 */
#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET_MAX = 2048, /* the device's MTU is 1500 */
	/* On the way at once, queued or delayed: 16 MB of full packets. */
	SLOTS = 1 << 13,
	BURST = 64, /* packets read before others are delivered */
	NS_OF_US = 1000
};

struct packet {
	int64_t due; /* ns */
	size_t len;
	char bytes[PACKET_MAX];
};

struct line {
	struct packet *ring; /* in the order of `due` */
	size_t head, tail;   /* counted on */
	int64_t free_at;     /* when all that was queued has left the queue */
	uint64_t dice;
	int from, to;
};

static int64_t rate, delay, queue_ns;
static unsigned lost;

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* xorshift64* */
static unsigned roll(uint64_t *dice)
{
	*dice ^= *dice >> 12;
	*dice ^= *dice << 25;
	*dice ^= *dice >> 27;
	return (unsigned)((*dice * 0x2545f4914f6cdd1dU) >> 33) % 1000;
}

/* False: there is nothing to read. */
static bool take_one(struct line *l)
{
	struct packet *p = &l->ring[l->head % SLOTS];
	char none[PACKET_MAX];
	bool full = l->head - l->tail == SLOTS;
	ssize_t n = read(l->from, full ? none : p->bytes, PACKET_MAX);
	int64_t now = now_ns();

	if (n <= 0)
		return false;
	if (l->free_at < now)
		l->free_at = now;
	if (full || l->free_at - now > queue_ns)
		return true;
	/* What is lost on the line has taken its time there. */
	l->free_at += (int64_t)n * 8 * 1000000000 / rate;
	if (roll(&l->dice) < lost)
		return true;
	p->len = (size_t)n;
	p->due = l->free_at + delay;
	l->head++;
	return true;
}

static void deliver(struct line *l)
{
	int64_t now = now_ns();

	while (l->tail != l->head && l->ring[l->tail % SLOTS].due <= now) {
		struct packet *p = &l->ring[l->tail++ % SLOTS];

		/* A device that is down, or full, loses it as well. */
		if (write(l->to, p->bytes, p->len) == -1 && errno == EBADF)
			exit(1);
	}
}

static int64_t next_due(const struct line *l)
{
	return l->tail != l->head ? l->ring[l->tail % SLOTS].due : INT64_MAX;
}

static int tun_open(const char *name)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq request = { 0 };

	if (fd == -1)
		return -1;
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) == -1) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void carry(struct line *lines)
{
	for (;;) {
		int64_t wait = INT64_MAX, now = now_ns();
		struct pollfd fds[2];
		struct timespec t;

		for (int i = 0; i < 2; i++) {
			int64_t due = next_due(&lines[i]);

			fds[i].fd = lines[i].from;
			fds[i].events = POLLIN;
			if (due != INT64_MAX && due - now < wait)
				wait = due > now ? due - now : 0;
		}
		t.tv_sec = wait / 1000000000;
		t.tv_nsec = wait % 1000000000;
		(void)ppoll(fds, 2, wait == INT64_MAX ? NULL : &t, NULL);
		for (int i = 0; i < 2; i++) {
			for (int n = 0; n < BURST && take_one(&lines[i]); n++)
				;
			deliver(&lines[i]);
		}
	}
}

int main(int argc, char **argv)
{
	struct line lines[2] = { { .dice = 1 }, { .dice = 2 } };
	int fds[2];

	if (argc != 4) {
		fputs("usage: long_line BITS-A-SECOND DELAY-US LOST-OF-1000\n",
		    stderr);
		return 2;
	}
	rate = strtoll(argv[1], NULL, 10);
	delay = strtoll(argv[2], NULL, 10) * NS_OF_US;
	lost = (unsigned)strtoul(argv[3], NULL, 10);
	if (rate <= 0 || delay < 0)
		return 2;
	/* rate x round trip, in time */
	queue_ns = 2 * delay;
	/* Else a late wake-up delays what is due now. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (int i = 0; i < 2; i++) {
		fds[i] = tun_open(i == 0 ? "line0" : "line1");
		lines[i].ring = calloc(SLOTS, sizeof(*lines[i].ring));
		if (fds[i] == -1 || lines[i].ring == NULL) {
			perror("long_line");
			return 1;
		}
	}
	lines[0].from = lines[1].to = fds[0];
	lines[0].to = lines[1].from = fds[1];
	puts("line0 line1");
	(void)fflush(stdout);
	carry(lines);
}

#else /* such devices are made in other ways elsewhere */
#include <stdio.h>

int main(void)
{
	fputs("long_line: only on Linux\n", stderr);
	return 2;
}
#endif
