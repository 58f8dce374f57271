/*
 * http_proxy.h - which proxy a request goes through.
 *
 * libcurl would read the environment itself, but it ignores HTTP_PROXY in
 * upper case (as a CGI program must) and does not say whether it used one.
 */
#ifndef HFCRON_HTTP_HTTP_PROXY_H
#define HFCRON_HTTP_HTTP_PROXY_H

#include <stdbool.h>

#include "http/http_url.h"

/* The proxy of the environment for this origin, NULL: go directly.
 * Borrowed. */
const char *http_proxy_environment(const struct http_origin *origin);

/*
 * Does a NO_PROXY list name the origin?  Items are parted by commas or white
 * space: "*" (alone), a host or domain (leading dots do not matter; its
 * subdomains count), an address, a network "10.0.0.0/8", each with ":PORT" if
 * only that port is meant.  Pure.
 */
bool http_proxy_excluded(const char *list, const struct http_origin *origin);

#endif
