/* socket_posix.c - sockets of Unix. */
#include "support/socket.h"

#include <errno.h>
#include <poll.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

intptr_t socket_listen(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s == -1 || bind(s, (struct sockaddr *)&a, n) != 0 ||
	    listen(s, 64) != 0 ||
	    getsockname(s, (struct sockaddr *)&a, &n) != 0)
		return -1;
	*port = ntohs(a.sin_port);
	return s;
}

intptr_t socket_accept(intptr_t listening)
{
	return accept((int)listening, NULL, NULL);
}

static bool wait_for(intptr_t s, short events, int ms)
{
	struct pollfd p = { (int)s, events, 0 };

	return poll(&p, 1, ms) > 0;
}

bool socket_wait_read(intptr_t s, int ms)
{
	return wait_for(s, POLLIN, ms);
}

bool socket_wait_write(intptr_t s, int ms)
{
	return wait_for(s, POLLOUT, ms);
}

static int result_of(ssize_t n)
{
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return SOCKET_LATER;
	return (int)n;
}

int socket_read(intptr_t s, void *bytes, size_t n)
{
	return result_of(recv((int)s, bytes, n, MSG_DONTWAIT));
}

int socket_peek(intptr_t s, void *bytes, size_t n)
{
	return result_of(recv((int)s, bytes, n, MSG_PEEK | MSG_DONTWAIT));
}

int socket_write(intptr_t s, const void *bytes, size_t n)
{
	return result_of(send((int)s, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT));
}

void socket_close(intptr_t s)
{
	(void)close((int)s);
}

void socket_reset(intptr_t s)
{
	struct linger l = { 1, 0 };

	(void)setsockopt((int)s, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	(void)close((int)s);
}
