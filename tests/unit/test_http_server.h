/*
 * test_http_server.h - a server on loopback for tests: the test's function
 * answers each request with whatever bytes it likes, in a thread of its own.
 */
#ifndef HFCRON_TEST_HTTP_SERVER_H
#define HFCRON_TEST_HTTP_SERVER_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/thread.h"
#include "support/socket.h"

enum { SERVER_CONNECTIONS_MAX = 64, SERVER_LOG_MAX = 256 * 1024 };

struct server;

struct exchange {
	struct server *server;
	intptr_t fd;
	unsigned ordinal; /* of this request, from 0, over all connections */
	char request[16384];
	bool close; /* set by the handler: end the connection */
	bool reset; /* ... and with RST */
};

struct server {
	intptr_t fd;
	unsigned port;
	char url[64]; /* http://127.0.0.1:PORT */
	void (*handle)(struct exchange *x);
	void *cookie;
	struct thread *thread;
	struct thread *connections[SERVER_CONNECTIONS_MAX];
	atomic_uint n_connections;
	atomic_uint n_requests;
	atomic_bool stop;
	struct thread_mutex *mutex;
	char log[SERVER_LOG_MAX]; /* all request heads */
	size_t log_n;
};

static inline void server_die(const char *what)
{
	perror(what);
	abort();
}

/* true while the peer is there and the test goes on. */
static inline bool server_alive(const struct exchange *x)
{
	char c;

	if (atomic_load(&x->server->stop))
		return false;
	if (!socket_wait_read(x->fd, 0))
		return true;
	return socket_peek(x->fd, &c, 1) > 0;
}

/* Up to ms, less if the peer or the test ends. */
static inline void server_wait(const struct exchange *x, int ms)
{
	for (; ms > 0 && server_alive(x); ms -= 10)
		clock_sleep_ms(ms < 10 ? ms : 10);
}

/* false if the peer is gone. */
static inline bool server_send(const struct exchange *x, const void *bytes,
    size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		int m;

		if (atomic_load(&x->server->stop))
			return false;
		if (!socket_wait_write(x->fd, 20))
			continue;
		m = socket_write(x->fd, p, n);
		if (m == SOCKET_LATER)
			continue;
		if (m <= 0)
			return false;
		p += m;
		n -= (size_t)m;
	}
	return true;
}

__attribute__((format(PRINTF_STYLE, 2, 3))) static inline bool
server_sendf(const struct exchange *x, const char *fmt, ...)
{
	char text[16384];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		server_die("server_sendf");
	return server_send(x, text, (size_t)n);
}

/* A whole answer; `headers` are lines that end in \r\n. */
static inline void server_reply(const struct exchange *x, int status,
    const char *headers, const char *body)
{
	(void)server_sendf(x, "HTTP/1.1 %d x\r\n%sContent-Length: %zu\r\n\r\n",
	    status, headers, strlen(body));
	(void)server_send(x, body, strlen(body));
}

/* Does the request's target equal `path`? */
static inline bool server_asked(const struct exchange *x, const char *path)
{
	const char *start = strchr(x->request, ' ');
	size_t n = strlen(path);

	return start != NULL && strncmp(start + 1, path, n) == 0 &&
	    start[1 + n] == ' ';
}

/* Has any request so far contained this? */
static inline bool server_saw(struct server *s, const char *text)
{
	bool found;

	thread_mutex_lock(s->mutex);
	found = strstr(s->log, text) != NULL;
	thread_mutex_unlock(s->mutex);
	return found;
}

/* The next request head into x->request; false at the end.  The first byte of
 * a TLS hand-shake counts as one. */
static inline bool server_read(struct exchange *x)
{
	size_t n = 0;

	x->request[0] = '\0';
	while (x->request[0] != 0x16 &&
	    strstr(x->request, "\r\n\r\n") == NULL) {
		int m;

		if (atomic_load(&x->server->stop))
			return false;
		if (!socket_wait_read(x->fd, 20))
			continue;
		if (n + 1 >= sizeof(x->request))
			return false;
		m = socket_read(x->fd, x->request + n, 1);
		if (m == SOCKET_LATER)
			continue;
		if (m <= 0)
			return false;
		n += (size_t)m;
		x->request[n] = '\0';
	}
	return true;
}

static inline void server_note(struct exchange *x)
{
	struct server *s = x->server;
	size_t n = strlen(x->request);

	thread_mutex_lock(s->mutex);
	if (s->log_n + n < sizeof(s->log)) {
		memcpy(s->log + s->log_n, x->request, n + 1);
		s->log_n += n;
	}
	thread_mutex_unlock(s->mutex);
	x->ordinal = atomic_fetch_add(&s->n_requests, 1);
}

static inline void server_connection(void *cookie)
{
	struct exchange *x = cookie;

	while (!x->close && server_read(x)) {
		server_note(x);
		x->server->handle(x);
	}
	if (x->reset)
		socket_reset(x->fd);
	else
		socket_close(x->fd);
	free(x);
}

static inline void server_main(void *cookie)
{
	struct server *s = cookie;

	while (!atomic_load(&s->stop)) {
		struct exchange *x;
		unsigned i = atomic_load(&s->n_connections);

		if (!socket_wait_read(s->fd, 20))
			continue;
		x = calloc(1, sizeof(*x));
		if (x == NULL || i >= SERVER_CONNECTIONS_MAX)
			server_die("too many connections");
		x->server = s;
		x->fd = socket_accept(s->fd);
		if (x->fd == -1)
			server_die("accept");
		s->connections[i] = thread_new(server_connection, x);
		if (s->connections[i] == NULL)
			server_die("thread_new");
		atomic_fetch_add(&s->n_connections, 1);
	}
}

/* Returns owned (server_stop). */
static inline struct server *server_start(void (*handle)(struct exchange *x),
    void *cookie)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		server_die("calloc");
	s->handle = handle;
	s->cookie = cookie;
	s->mutex = thread_mutex_new();
	s->fd = socket_listen(&s->port);
	if (s->mutex == NULL || s->fd == -1)
		server_die("listen");
	(void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", s->port);
	s->thread = thread_new(server_main, s);
	if (s->thread == NULL)
		server_die("thread_new");
	return s;
}

static inline void server_stop(struct server *s)
{
	unsigned i;

	atomic_store(&s->stop, true);
	thread_join(s->thread);
	for (i = 0; i < atomic_load(&s->n_connections); i++)
		thread_join(s->connections[i]);
	socket_close(s->fd);
	thread_mutex_free(s->mutex);
	free(s);
}

#endif
