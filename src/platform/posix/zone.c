/* zone.c - UTC offsets by the C library's own reading of the zone files. */
#include "platform/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/dirs.h"

enum { NAME_BYTES_MAX = 64, PATH_BYTES_MAX = 512, ABBREVIATION_MAX = 16 };

static bool has_zone_characters(const char *name)
{
	size_t i, n = strlen(name);

	if (n == 0 || n > NAME_BYTES_MAX || name[0] == '/')
		return false;
	for (i = 0; i < n; i++) {
		char c = name[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '_' || c == '+' ||
			c == '-' || c == '/'))
			return false;
	}
	return true;
}

/* true if it is a regular file with a zone file's signature. */
static bool is_zone_file(const char *path)
{
	char magic[4] = "";
	struct stat st;
	bool ok;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1)
		return false;
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	(void)close(fd);
	return ok;
}

static const char *zones_dir(void)
{
	const char *dir = dirs_env("TZDIR"); /* the C library heeds it too */

	return dir == NULL ? "/usr/share/zoneinfo" : dir;
}

const char *zone_lack(void)
{
	return access(zones_dir(), X_OK) == 0 ? NULL
					      : "tzdata is not installed";
}

/* The zone file of a name; NULL if the name is bad or there is none. */
static const char *named_file(const char *name, char *buf, size_t size)
{
	int n;

	if (!has_zone_characters(name))
		return NULL;
	n = snprintf(buf, size, "%s/%s", zones_dir(), name);
	if (n < 0 || (size_t)n >= size || !is_zone_file(buf))
		return NULL;
	return buf;
}

static bool is_builtin(const char *name)
{
	return strcmp(name, "local") == 0 || strcmp(name, "UTC") == 0;
}

bool zone_exists(const char *name)
{
	char path[PATH_BYTES_MAX];

	return is_builtin(name) || named_file(name, path, sizeof(path)) != NULL;
}

/* As zone_exists, but remembers the last name that was found. */
static bool is_known(const char *name)
{
	static char known[NAME_BYTES_MAX + 1];

	if (strcmp(name, known) == 0 && name[0] != '\0')
		return true;
	if (!zone_exists(name))
		return false;
	(void)snprintf(known, sizeof(known), "%s", name);
	return true;
}

/*
 * Civil time in the zone; 0 or -1.  TZ is put back at once: the rest of the
 * program and its fingerprints must see what the user set.
 */
static int civil_in(const char *name, int64_t utc_s, struct tm *tm)
{
	char value[NAME_BYTES_MAX + 2];
	const time_t t = (time_t)utc_s;
	const char *old = getenv("TZ");
	char *saved = text_dup(old);
	int rc = -1;

	if ((old != NULL && saved == NULL) || !is_known(name))
		goto out;
	if (strcmp(name, "local") == 0) {
		tzset();
		rc = localtime_r(&t, tm) == NULL ? -1 : 0;
		goto out;
	}
	(void)snprintf(value, sizeof(value), "%s%s",
	    strcmp(name, "UTC") == 0 ? "" : ":",
	    strcmp(name, "UTC") == 0 ? "UTC0" : name);
	if (setenv("TZ", value, 1) == 0) {
		tzset();
		rc = localtime_r(&t, tm) == NULL ? -1 : 0;
		if (saved == NULL)
			(void)unsetenv("TZ");
		else
			(void)setenv("TZ", saved, 1);
	}
out:
	free(saved);
	return rc;
}

int32_t zone_offset_s(const char *name, int64_t utc_s)
{
	struct tm tm;

	return civil_in(name, utc_s, &tm) == -1 ? 0 : (int32_t)tm.tm_gmtoff;
}

const char *zone_abbreviation(const char *name, int64_t utc_s)
{
	static char text[ABBREVIATION_MAX];
	struct tm tm;

	/* tm_zone lives only until the next zone is set. */
	(void)snprintf(text, sizeof(text), "%s",
	    civil_in(name, utc_s, &tm) == -1 ? "UTC" : tm.tm_zone);
	return text;
}

const char *zone_file(const char *name, char *buf, unsigned long size)
{
	const char *tz = getenv("TZ");

	if (strcmp(name, "UTC") == 0)
		return NULL;
	if (strcmp(name, "local") != 0)
		return named_file(name, buf, size);
	if (tz == NULL) {
		tz = "/etc/localtime";
	} else if (tz[0] == ':') {
		tz++;
	}
	if (tz[0] != '/')
		return named_file(tz, buf, size); /* a rule has no file */
	if (strlen(tz) >= size || !is_zone_file(tz))
		return NULL;
	(void)snprintf(buf, size, "%s", tz);
	return buf;
}

const char *zone_source(const char *name, char *buf, unsigned long size)
{
	return zone_file(name, buf, size);
}

const char *zone_state(const char *name, char *buf, unsigned long size)
{
	(void)name;
	if (size > 0)
		buf[0] = '\0';
	return buf;
}
