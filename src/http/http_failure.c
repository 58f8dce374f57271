/* http_failure.c - words and kinds for what libcurl reports. */
#include "base/num.h"
#include "http/http_request_internal.h"

enum { URL_TEXT = 200 };

/* libcurl's own words where it has some. */
static const char *reason(const struct http_request *r, CURLcode code)
{
	return r->curl_text[0] != '\0' ? r->curl_text
				       : curl_easy_strerror(code);
}

static void tls_failure(const struct http_request *r, CURLcode code,
    const char *url, struct err *e)
{
	const char *file = r->client->options.ca_file;

	if (code == CURLE_SSL_CACERT_BADFILE)
		err_set(e, ERR_UNREACHABLE,
		    "the CA certificates in %s cannot be read: check "
		    "SSL_CERT_FILE, SSL_CERT_DIR and CURL_CA_BUNDLE, or "
		    "install the package ca-certificates",
		    file != NULL ? file : "the system's place");
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		err_set(e, ERR_UNREACHABLE,
		    "the certificate of %s cannot be verified (%.150s): if a "
		    "proxy or a login page of the network is in between, name "
		    "its CA in SSL_CERT_FILE or CURL_CA_BUNDLE",
		    url, reason(r, code));
	else
		err_set(e, ERR_UNREACHABLE, "no TLS connection to %s: %.200s",
		    url, reason(r, code));
}

/* No connection: was it the proxy, our own rule, or the network? */
static void connect_failure(const struct http_request *r, CURLcode code,
    const char *url, struct err *e)
{
	long connect_code = 0;

	if (r->refused_private) {
		err_set(e, ERR_PERMANENT,
		    "a redirect to %s is refused: it leads from a public host "
		    "to a private address",
		    url);
		return;
	}
	(void)curl_easy_getinfo(r->easy, CURLINFO_HTTP_CONNECTCODE,
	    &connect_code);
	if (connect_code >= 300)
		err_set(e, ERR_UNREACHABLE,
		    "the proxy refused to connect to %s (HTTP %ld): check "
		    "transfer.proxy or the proxy variables",
		    url, connect_code);
	else
		err_set(e, ERR_UNREACHABLE, "cannot reach %s%s: %.200s", url,
		    r->proxied ? " through the proxy" : "", reason(r, code));
}

void http_failure(const struct http_request *r, CURLcode code, struct err *e)
{
	char url[URL_TEXT];

	(void)http_url_display(r->response.url, url, sizeof(url));
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		/* libcurl 7.88 says so too of a header line over 100 KiB. */
		if (r->connected && r->response.status == 0)
			err_set(e, ERR_TRANSIENT,
			    "%s sent headers that do not fit", url);
		else
			err_nomem(e);
		return;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		tls_failure(r, code, url, e);
		return;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_INTERFACE_FAILED:
	case CURLE_PROXY:
		connect_failure(r, code, url, e);
		return;
	case CURLE_URL_MALFORMAT:
		err_set(e, ERR_PERMANENT, "%s is no URL: %.200s", url,
		    reason(r, code));
		return;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		err_set(e, ERR_TRANSIENT, "%s did not answer in HTTP: %.200s",
		    url, reason(r, code));
		return;
	default:
		break;
	}
	/* Before there is a connection, all else is the network's fault too:
	 * time-outs, resets inside the TLS hand-shake or the proxy's tunnel. */
	if (!r->connected)
		connect_failure(r, code, url, e);
	else
		err_set(e, ERR_TRANSIENT, "the answer of %s broke off: %.200s",
		    url, reason(r, code));
}
