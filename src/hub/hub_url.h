/* hub_url.h - the Hub's URLs (hub.md sections 3 to 5).  Pure.  All owned;
 * NULL: no memory.  `endpoint` has no trailing slash. */
#ifndef HFCRON_HUB_HUB_URL_H
#define HFCRON_HUB_HUB_URL_H

#include "model/repo.h"

char *hub_url_revision(const char *endpoint, enum repo_type type,
    const char *id, const char *revision);
/* Answered with 200 or with the gate's error. */
char *hub_url_access(const char *endpoint, enum repo_type type, const char *id);
/* The history of a commit, itself first. */
char *hub_url_commits(const char *endpoint, enum repo_type type, const char *id,
    const char *commit);
/* recursive, expand=false, the whole commit */
char *hub_url_tree(const char *endpoint, enum repo_type type, const char *id,
    const char *commit);
char *hub_url_resolve(const char *endpoint, enum repo_type type, const char *id,
    const char *commit, const char *path);
/* Where resolve sends for a file in git, as it is now; the Hub documents it, but
 * answers any 4xx where it does not serve this file so. */
char *hub_url_resolve_cache(const char *endpoint, enum repo_type type,
    const char *id, const char *commit, const char *path);
/* The repository's page, for "ask for access at ...". */
char *hub_url_page(const char *endpoint, enum repo_type type, const char *id);

#endif
