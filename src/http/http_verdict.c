/* http_verdict.c - from an HTTP outcome to an error kind. */
#include "http/http_verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "formats/http_date.h"

enum { WAIT_MIN_S = 1, WAIT_MAX_S = 3600 };

static int64_t clamp_wait(uint64_t s)
{
	if (s < WAIT_MIN_S)
		return WAIT_MIN_S;
	return s > WAIT_MAX_S ? WAIT_MAX_S : (int64_t)s;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

int64_t http_retry_after_s(const char *value, struct wall now)
{
	struct wall t;
	uint64_t s = UINT64_MAX;
	size_t n;

	if (value == NULL)
		return -1;
	n = count_digits(value);
	if (n > 0 && value[n] == '\0') {
		/* What overflows is longer than any wait of ours. */
		(void)num_parse_u64(value, n, UINT64_MAX - 1, &s);
		return clamp_wait(s);
	}
	if (http_date_parse(value, &t) == -1 || t.s < now.s)
		return -1;
	return clamp_wait((uint64_t)t.s - (uint64_t)now.s);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* `; <name> = <digits>` at p: the place behind it, NULL if it is not there. */
static const char *parameter(const char *p, char name, int64_t *value)
{
	uint64_t number;
	size_t n;

	p = skip_blanks(p);
	if (*p != ';')
		return NULL;
	p = skip_blanks(p + 1);
	if (*p != name)
		return NULL;
	p = skip_blanks(p + 1);
	if (*p != '=')
		return NULL;
	p = skip_blanks(p + 1);
	n = count_digits(p);
	if (n == 0 || num_parse_u64(p, n, INT64_MAX, &number) == -1)
		return NULL;
	*value = (int64_t)number;
	return p + n;
}

int http_rate_limit_parse(const char *value, struct http_rate_limit *limit)
{
	const char *open = value;

	if (value == NULL)
		return -1;
	/* Every quote may begin the name. */
	for (; (open = strchr(open, '"')) != NULL; open++) {
		const char *close = strchr(open + 1, '"');
		struct http_rate_limit found;

		if (close == NULL)
			return -1;
		(void)snprintf(found.name, sizeof(found.name), "%.*s",
		    (int)(close - open - 1), open + 1);
		close = parameter(close + 1, 'r', &found.left);
		if (close == NULL ||
		    parameter(close, 't', &found.reset_s) == NULL)
			continue;
		*limit = found;
		return 0;
	}
	return -1;
}

int http_content_range_parse(const char *value,
    struct http_content_range *range)
{
	uint64_t from, last, total;
	size_t n;

	if (value == NULL || strlen(value) < 6)
		return -1;
	if (!(value[0] == 'b' || value[0] == 'B') ||
	    memcmp(value + 1, "ytes", 4) != 0 || value[5] != ' ')
		return -1;
	value = skip_blanks(value + 5);
	n = count_digits(value);
	if (num_parse_u64(value, n, INT64_MAX, &from) == -1 || value[n] != '-')
		return -1;
	value += n + 1;
	n = count_digits(value);
	if (num_parse_u64(value, n, INT64_MAX, &last) == -1 || value[n] != '/')
		return -1;
	value += n + 1;
	n = count_digits(value);
	if (num_parse_u64(value, n, INT64_MAX, &total) == -1 ||
	    value[n] != '\0')
		return -1;
	if (last < from || last >= total)
		return -1;
	range->from = from;
	range->to = last + 1;
	range->total = total;
	return 0;
}

static enum err_kind kind_of(int status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
		return ERR_TRANSIENT;
	case 401:
	case 403:
	case 407:
	case 451:
		return ERR_AUTH;
	case 416:
		return ERR_INTEGRITY;
	default:
		break;
	}
	return status >= 400 && status < 500 ? ERR_PERMANENT : ERR_TRANSIENT;
}

/* What the server asks for, -1 if nothing. */
static int64_t asked_wait_s(const struct http_result *result, struct wall now)
{
	const struct http_response *r = result->response;
	struct http_rate_limit limit;

	if (r == NULL)
		return -1;
	if (result->status == 429 &&
	    http_rate_limit_parse(http_response_header(r, "RateLimit"),
		&limit) == 0 &&
	    limit.left == 0)
		return clamp_wait((uint64_t)limit.reset_s + 1);
	return http_retry_after_s(http_response_header(r, "Retry-After"), now);
}

/* What to do about it, "" if only time helps. */
static const char *advice(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ": no access";
	case 404:
	case 410:
		return ": there is nothing at this address";
	case 407:
		return ": the proxy wants a user name and a password";
	case 416:
		return ": the range is not satisfiable";
	case 429:
		return ": too many requests";
	case 451:
		return ": unavailable for legal reasons";
	default:
		return "";
	}
}

int http_verdict(const struct http_result *result, struct wall now,
    struct err *e)
{
	char url[256];

	if (result->failed) {
		*e = result->error;
		return -1;
	}
	if (result->status >= 200 && result->status < 300)
		return 0;
	if (result->final_url == NULL)
		memcpy(url, "the server", sizeof("the server"));
	else
		(void)http_url_display(result->final_url, url, sizeof(url));
	if (result->status >= 300 && result->status < 400)
		return err_set(e, ERR_TRANSIENT,
		    "%s answered with a redirect that leads nowhere (HTTP %d)",
		    url, result->status);
	err_set(e, kind_of(result->status), "%s answered HTTP %d%s", url,
	    result->status, advice(result->status));
	if (e->kind == ERR_TRANSIENT)
		e->retry_after_s = asked_wait_s(result, now);
	e->rate_limited = result->status == 429;
	return -1;
}
