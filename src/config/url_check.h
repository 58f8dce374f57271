/* url_check.h - is a configured URL usable?  Pure. */
#ifndef HFCRON_CONFIG_URL_CHECK_H
#define HFCRON_CONFIG_URL_CHECK_H

/*
 * An endpoint: http or https, a host, perhaps a port and a path; no user
 * name, query or fragment.  A proxy: http, https or socks5, perhaps a user
 * name, a host, perhaps a port; no path.  NULL if usable, else a static text
 * that completes "the URL ...".  The URL may hold a password: print the text,
 * not the URL.
 */
const char *url_check_endpoint(const char *url);
const char *url_check_proxy(const char *url);

/* Scheme and host of a checked endpoint to lower case, slashes at its end
 * away, in place: other rooms compare origins as texts. */
void url_check_normalize(char *endpoint);

#endif
