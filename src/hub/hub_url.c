/* hub_url.c - the Hub's URLs. */
#include "hub/hub_url.h"

#include <stdlib.h>

#include "base/text.h"
#include "http/http_url.h"

/* Of pages and files. */
static const char *page_prefix(enum repo_type type)
{
	switch (type) {
	case REPO_DATASET:
		return "datasets/";
	case REPO_SPACE:
		return "spaces/";
	case REPO_MODEL:
		break;
	}
	return "";
}

char *hub_url_revision(const char *endpoint, enum repo_type type,
    const char *id, const char *revision)
{
	/* Spaces know no "gated", and an unknown name there is HTTP 400. */
	const char *gated = type == REPO_SPACE ? "" : "&expand=gated";
	char *encoded = http_url_encode(revision, false);
	char *url = NULL;

	if (encoded != NULL)
		url = text_format("%s/api/%ss/%s/revision/%s?expand=sha"
				  "&expand=private&expand=disabled%s",
		    endpoint, repo_type_name(type), id, encoded, gated);
	free(encoded);
	return url;
}

char *hub_url_access(const char *endpoint, enum repo_type type, const char *id)
{
	return text_format("%s/api/%ss/%s/auth-check", endpoint,
	    repo_type_name(type), id);
}

char *hub_url_commits(const char *endpoint, enum repo_type type, const char *id,
    const char *commit)
{
	char *encoded = http_url_encode(commit, false), *url = NULL;

	if (encoded != NULL)
		url = text_format("%s/api/%ss/%s/commits/%s", endpoint,
		    repo_type_name(type), id, encoded);
	free(encoded);
	return url;
}

char *hub_url_tree(const char *endpoint, enum repo_type type, const char *id,
    const char *commit)
{
	char *encoded = http_url_encode(commit, false);
	char *url = NULL;

	if (encoded != NULL)
		url = text_format(
		    "%s/api/%ss/%s/tree/%s?recursive=true&expand=false",
		    endpoint, repo_type_name(type), id, encoded);
	free(encoded);
	return url;
}

char *hub_url_resolve(const char *endpoint, enum repo_type type, const char *id,
    const char *commit, const char *path)
{
	char *revision = http_url_encode(commit, false);
	char *file = http_url_encode(path, true);
	char *url = NULL;

	if (revision != NULL && file != NULL)
		url = text_format("%s/%s%s/resolve/%s/%s", endpoint,
		    page_prefix(type), id, revision, file);
	free(revision);
	free(file);
	return url;
}

char *hub_url_resolve_cache(const char *endpoint, enum repo_type type,
    const char *id, const char *commit, const char *path)
{
	char *file = http_url_encode(path, false);
	char *url = NULL;

	if (file != NULL)
		url = text_format("%s/api/resolve-cache/%ss/%s/%s/%s", endpoint,
		    repo_type_name(type), id, commit, file);
	free(file);
	return url;
}

char *hub_url_page(const char *endpoint, enum repo_type type, const char *id)
{
	return text_format("%s/%s%s", endpoint, page_prefix(type), id);
}
