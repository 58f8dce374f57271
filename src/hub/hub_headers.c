/* hub_headers.c - what the Hub's resolve answers say. */
#include "hub/hub_headers.h"

#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/text.h"

int hub_etag_normalise(const char *value, char out[REMOTE_BLOB_MAX])
{
	size_t n;

	while (*value == 'W' || *value == '/')
		value++;
	while (*value == '"')
		value++;
	n = strlen(value);
	while (n > 0 && value[n - 1] == '"')
		n--;
	if (n != 40 && n != 64)
		return -1;
	memcpy(out, value, n);
	out[n] = '\0';
	return hex_is_lower(out, n) ? 0 : -1;
}

static int other_object(struct err *e, const struct remote_file *file,
    const char *what, const char *value)
{
	return err_set(e, ERR_INTEGRITY,
	    "the Hub answered about another object than \"%s\": %s is %.80s",
	    file->path, what, value);
}

/* The ETag that names the content, NULL if this answer has none. */
static const char *content_etag(const struct http_response *r)
{
	const char *linked = http_response_header(r, "X-Linked-ETag");

	if (linked != NULL)
		return linked;
	/* A redirect's own ETag would be that of its text. */
	if (http_response_status(r) >= 300)
		return NULL;
	return http_response_header(r, "ETag");
}

int hub_check_identity(const struct http_response *r,
    const struct remote_file *file, const char *commit, struct err *e)
{
	const char *value;
	char etag[REMOTE_BLOB_MAX];
	uint64_t size;

	if (!http_response_at_origin(r) || http_response_status(r) >= 400)
		return 0;
	value = http_response_header(r, "X-Repo-Commit");
	if (value != NULL && strcmp(value, commit) != 0)
		return other_object(e, file, "its commit", value);
	value = content_etag(r);
	if (value != NULL && hub_etag_normalise(value, etag) == 0 &&
	    strcmp(etag, remote_file_blob(file)) != 0 &&
	    strcmp(etag, file->oid) != 0)
		return other_object(e, file, "its ETag", etag);
	value = http_response_header(r, "X-Linked-Size");
	if (value != NULL &&
	    num_parse_u64(value, strlen(value), INT64_MAX, &size) == 0 &&
	    size != file->size)
		return other_object(e, file, "its size", value);
	return 0;
}

/* --- Link ----------------------------------------------------------------- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Is "next" one of the words, parted by white space? */
static bool has_next(const char *words, size_t n)
{
	char word[8];
	size_t i = 0;

	while (i < n) {
		size_t m = 0;

		while (i < n && (words[i] == ' ' || words[i] == '\t'))
			i++;
		for (; i < n && words[i] != ' ' && words[i] != '\t'; i++)
			if (m < sizeof(word) - 1)
				word[m++] = words[i];
		word[m] = '\0';
		if (text_equal_nocase(word, "next"))
			return true;
	}
	return false;
}

/* The value of a parameter at *p, quoted or not; *p moves behind it. */
static const char *parameter_value(const char **p, size_t *n)
{
	const char *start = *p;

	if (*start == '"') {
		start++;
		*n = strcspn(start, "\"");
		*p = start + *n;
		if (**p == '"')
			(*p)++;
	} else {
		*n = strcspn(start, ";, \t");
		*p = start + *n;
	}
	return start;
}

/* Parameters behind "<...>": true if one is rel with the word "next". */
static bool parameters_say_next(const char **at)
{
	const char *p = skip_blanks(*at);
	bool next = false;

	while (*p == ';') {
		const char *name, *value;
		size_t n, m = 0;

		name = skip_blanks(p + 1);
		n = strcspn(name, "=;, \t");
		p = skip_blanks(name + n);
		if (*p == '=') {
			p = skip_blanks(p + 1);
			value = parameter_value(&p, &m);
			if (n == 3 && (name[0] == 'r' || name[0] == 'R') &&
			    (name[1] == 'e' || name[1] == 'E') &&
			    (name[2] == 'l' || name[2] == 'L') &&
			    has_next(value, m))
				next = true;
		}
		p = skip_blanks(p);
	}
	*at = p;
	return next;
}

const char *hub_link_next(const char *value, size_t *n)
{
	const char *p = value;

	while ((p = strchr(p, '<')) != NULL) {
		const char *url = p + 1;

		*n = strcspn(url, ">");
		if (url[*n] == '\0')
			return NULL;
		p = url + *n + 1;
		if (parameters_say_next(&p))
			return url;
		/* On to the next link; junk in between is skipped. */
		p += strcspn(p, ",");
	}
	return NULL;
}
