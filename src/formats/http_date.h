/* http_date.h - dates of HTTP headers, all three forms of RFC 9110.  Pure. */
#ifndef HFCRON_FORMATS_HTTP_DATE_H
#define HFCRON_FORMATS_HTTP_DATE_H

#include "base/instant.h"

/* 0, or -1 if it is none of the three. */
int http_date_parse(const char *text, struct wall *t);

#endif
