/* socket_win32.c - sockets of Windows. */
#include "support/socket.h"

#include <winsock2.h>

static intptr_t id_of(SOCKET s)
{
	return s == INVALID_SOCKET ? -1 : (intptr_t)s;
}

intptr_t socket_listen(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int n = sizeof(a);
	WSADATA data;
	SOCKET s;

	/* Once more each time; it is counted, and ends with the process. */
	if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
		return -1;
	s = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s == INVALID_SOCKET || bind(s, (struct sockaddr *)&a, n) != 0 ||
	    listen(s, 64) != 0 ||
	    getsockname(s, (struct sockaddr *)&a, &n) != 0)
		return -1;
	*port = ntohs(a.sin_port);
	return id_of(s);
}

intptr_t socket_accept(intptr_t listening)
{
	SOCKET s = accept((SOCKET)listening, NULL, NULL);
	u_long nonblocking = 1;

	if (s != INVALID_SOCKET)
		(void)ioctlsocket(s, (long)FIONBIO, &nonblocking);
	return id_of(s);
}

static bool wait_for(intptr_t s, bool write, int ms)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET((SOCKET)s, &set);
	return select(0, write ? NULL : &set, write ? &set : NULL, NULL,
		   &limit) > 0;
}

bool socket_wait_read(intptr_t s, int ms)
{
	return wait_for(s, false, ms);
}

bool socket_wait_write(intptr_t s, int ms)
{
	return wait_for(s, true, ms);
}

static int result_of(int n)
{
	if (n == SOCKET_ERROR)
		return WSAGetLastError() == WSAEWOULDBLOCK ? SOCKET_LATER : -1;
	return n;
}

int socket_read(intptr_t s, void *bytes, size_t n)
{
	return result_of(recv((SOCKET)s, bytes, (int)n, 0));
}

int socket_peek(intptr_t s, void *bytes, size_t n)
{
	return result_of(recv((SOCKET)s, bytes, (int)n, MSG_PEEK));
}

int socket_write(intptr_t s, const void *bytes, size_t n)
{
	return result_of(send((SOCKET)s, bytes, (int)n, 0));
}

void socket_close(intptr_t s)
{
	(void)closesocket((SOCKET)s);
}

void socket_reset(intptr_t s)
{
	struct linger l = { 1, 0 };

	(void)setsockopt((SOCKET)s, SOL_SOCKET, SO_LINGER, (const char *)&l,
	    sizeof(l));
	(void)closesocket((SOCKET)s);
}
