/*
 * test_http_server.h - a server on loopback for tests: the test's function
 * answers each request with whatever bytes it likes, in a thread of its own.
 */
#ifndef HFCRON_TEST_HTTP_SERVER_H
#define HFCRON_TEST_HTTP_SERVER_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_CONNECTIONS_MAX = 64, SERVER_LOG_MAX = 256 * 1024 };

struct server;

struct exchange {
	struct server *server;
	int fd;
	unsigned ordinal; /* of this request, from 0, over all connections */
	char request[16384];
	bool close; /* set by the handler: end the connection */
	bool reset; /* ... and with RST */
};

struct server {
	int fd;
	unsigned port;
	char url[64]; /* http://127.0.0.1:PORT */
	void (*handle)(struct exchange *x);
	void *cookie;
	pthread_t thread;
	pthread_t connections[SERVER_CONNECTIONS_MAX];
	atomic_uint n_connections;
	atomic_uint n_requests;
	atomic_bool stop;
	pthread_mutex_t mutex;
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
	struct pollfd p = { x->fd, POLLIN, 0 };
	char c;

	if (atomic_load(&x->server->stop))
		return false;
	if (poll(&p, 1, 0) <= 0)
		return true;
	return recv(x->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Up to ms, less if the peer or the test ends. */
static inline void server_wait(const struct exchange *x, int ms)
{
	for (; ms > 0 && server_alive(x); ms -= 10)
		(void)poll(NULL, 0, ms < 10 ? ms : 10);
}

/* false if the peer is gone. */
static inline bool server_send(const struct exchange *x, const void *bytes,
    size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		struct pollfd w = { x->fd, POLLOUT, 0 };
		ssize_t m;

		if (atomic_load(&x->server->stop))
			return false;
		if (poll(&w, 1, 20) <= 0)
			continue;
		m = send(x->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (m < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (m <= 0)
			return false;
		p += m;
		n -= (size_t)m;
	}
	return true;
}

__attribute__((format(printf, 2, 3))) static inline bool
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

	pthread_mutex_lock(&s->mutex);
	found = strstr(s->log, text) != NULL;
	pthread_mutex_unlock(&s->mutex);
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
		struct pollfd p = { x->fd, POLLIN, 0 };
		ssize_t m;

		if (atomic_load(&x->server->stop))
			return false;
		if (poll(&p, 1, 20) <= 0)
			continue;
		if (n + 1 >= sizeof(x->request))
			return false;
		m = recv(x->fd, x->request + n, 1, 0);
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

	pthread_mutex_lock(&s->mutex);
	if (s->log_n + n < sizeof(s->log)) {
		memcpy(s->log + s->log_n, x->request, n + 1);
		s->log_n += n;
	}
	pthread_mutex_unlock(&s->mutex);
	x->ordinal = atomic_fetch_add(&s->n_requests, 1);
}

static inline void *server_connection(void *cookie)
{
	struct exchange *x = cookie;

	while (!x->close && server_read(x)) {
		server_note(x);
		x->server->handle(x);
	}
	if (x->reset) {
		struct linger l = { 1, 0 };

		(void)setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	}
	(void)close(x->fd);
	free(x);
	return NULL;
}

static inline void *server_main(void *cookie)
{
	struct server *s = cookie;

	while (!atomic_load(&s->stop)) {
		struct pollfd p = { s->fd, POLLIN, 0 };
		struct exchange *x;
		unsigned i = atomic_load(&s->n_connections);

		if (poll(&p, 1, 20) <= 0)
			continue;
		x = calloc(1, sizeof(*x));
		if (x == NULL || i >= SERVER_CONNECTIONS_MAX)
			server_die("too many connections");
		x->server = s;
		x->fd = accept(s->fd, NULL, NULL);
		if (x->fd < 0 ||
		    pthread_create(&s->connections[i], NULL, server_connection,
			x) != 0)
			server_die("accept");
		atomic_fetch_add(&s->n_connections, 1);
	}
	return NULL;
}

/* Returns owned (server_stop). */
static inline struct server *server_start(void (*handle)(struct exchange *x),
    void *cookie)
{
	struct server *s = calloc(1, sizeof(*s));
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	if (s == NULL)
		server_die("calloc");
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->handle = handle;
	s->cookie = cookie;
	pthread_mutex_init(&s->mutex, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, n) != 0 ||
	    listen(s->fd, 64) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&a, &n) != 0)
		server_die("listen");
	s->port = ntohs(a.sin_port);
	(void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", s->port);
	if (pthread_create(&s->thread, NULL, server_main, s) != 0)
		server_die("pthread_create");
	return s;
}

static inline void server_stop(struct server *s)
{
	unsigned i;

	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	for (i = 0; i < atomic_load(&s->n_connections); i++)
		pthread_join(s->connections[i], NULL);
	(void)close(s->fd);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

#endif
