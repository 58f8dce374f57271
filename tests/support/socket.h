/* socket.h - the little that a server of the tests needs of the system. */
#ifndef HFCRON_TESTS_SUPPORT_SOCKET_H
#define HFCRON_TESTS_SUPPORT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A socket is the system's number of it; -1: none. */

/* A listening one on 127.0.0.1 and its port, or -1. */
intptr_t socket_listen(unsigned *port);
/* One that never blocks, or -1. */
intptr_t socket_accept(intptr_t listening);
/* Wait up to `ms` until it can be read from, accepted from, or written to. */
bool socket_wait_read(intptr_t s, int ms);
bool socket_wait_write(intptr_t s, int ms);
/* How many bytes, 0 at the end, -1: failed, SOCKET_LATER: none now. */
enum { SOCKET_LATER = -2 };
int socket_read(intptr_t s, void *bytes, size_t n);
int socket_peek(intptr_t s, void *bytes, size_t n);
int socket_write(intptr_t s, const void *bytes, size_t n);
void socket_close(intptr_t s);
/* With RST. */
void socket_reset(intptr_t s);

#endif
