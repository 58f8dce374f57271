/*
 * zone.c - UTC offsets by Windows' own rules.
 *
 * Windows names zones in its own way.  IANA names are known where it has ICU
 * (icu.dll, Windows 10 1903 and later), which says what Windows calls them.
 */
#include "platform/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "platform/win32/wide.h"

enum { NAME_BYTES_MAX = 64, KEY_MAX = 128, ABBREVIATION_MAX = 16 };

#define ZONES L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Time Zones\\"
#define TICKS_PER_S 10000000
#define EPOCH_S INT64_C(11644473600) /* from 1601 to 1970 */

/* Windows' last day is in 30827; a schedule's is long before. */
#define UTC_MIN INT64_C(0)
#define UTC_MAX INT64_C(253402300799)

typedef int (*icu_windows_id)(const wchar_t *id, int id_n, wchar_t *windows,
    int size, int *code);

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

/* NULL: this Windows has no ICU. */
static icu_windows_id icu(void)
{
	static icu_windows_id found;
	static bool looked;
	HMODULE library;

	if (looked)
		return found;
	looked = true;
	library = LoadLibraryExW(L"icu.dll", NULL,
	    LOAD_LIBRARY_SEARCH_SYSTEM32);
	if (library != NULL)
		found = (icu_windows_id)(void (*)(void))GetProcAddress(library,
		    "ucal_getWindowsTimeZoneID");
	return found;
}

const char *zone_lack(void)
{
	return icu() != NULL ? NULL
			     : "names need Windows 10 version 1903 or later; "
			       "local and UTC are always known";
}

/* What Windows calls the IANA zone; false: it does not know. */
static bool windows_name(const char *name, wchar_t key[KEY_MAX])
{
	icu_windows_id ask = icu();
	wchar_t *wide;
	int n = 0, code = 0;

	wide = ask == NULL ? NULL : wide_from_utf8(name);
	if (wide != NULL)
		n = ask(wide, -1, key, KEY_MAX, &code);
	free(wide);
	return n > 0 && n < KEY_MAX && code <= 0;
}

/* The rules of a zone as the registry has them. */
struct registry_rules {
	LONG bias, standard_bias, daylight_bias;
	SYSTEMTIME standard, daylight;
};

static bool read_zone(const wchar_t *key, DYNAMIC_TIME_ZONE_INFORMATION *zone)
{
	wchar_t path[sizeof(ZONES) / sizeof(wchar_t) + KEY_MAX];
	struct registry_rules rules;
	DWORD n = sizeof(rules);

	memset(zone, 0, sizeof(*zone));
	(void)wcscpy(path, ZONES);
	(void)wcscat(path, key);
	if (RegGetValueW(HKEY_LOCAL_MACHINE, path, L"TZI", RRF_RT_REG_BINARY,
		NULL, &rules, &n) != ERROR_SUCCESS ||
	    n != sizeof(rules))
		return false;
	zone->Bias = rules.bias;
	zone->StandardBias = rules.standard_bias;
	zone->DaylightBias = rules.daylight_bias;
	zone->StandardDate = rules.standard;
	zone->DaylightDate = rules.daylight;
	/* By this the system finds the rules of other years. */
	(void)wcsncpy(zone->TimeZoneKeyName, key,
	    sizeof(zone->TimeZoneKeyName) / sizeof(wchar_t) - 1);
	return true;
}

/* The zone's rules; false: unknown.  The last named one is remembered. */
static bool find_zone(const char *name, DYNAMIC_TIME_ZONE_INFORMATION *zone)
{
	static char known[NAME_BYTES_MAX + 1];
	static DYNAMIC_TIME_ZONE_INFORMATION known_zone;
	DYNAMIC_TIME_ZONE_INFORMATION found;
	wchar_t key[KEY_MAX];

	if (strcmp(name, "local") == 0)
		return GetDynamicTimeZoneInformation(zone) !=
		    TIME_ZONE_ID_INVALID;
	if (!has_zone_characters(name))
		return false;
	if (strcmp(name, known) != 0) {
		if (!windows_name(name, key) || !read_zone(key, &found))
			return false;
		known_zone = found;
		(void)snprintf(known, sizeof(known), "%s", name);
	}
	*zone = known_zone;
	return true;
}

bool zone_exists(const char *name)
{
	DYNAMIC_TIME_ZONE_INFORMATION zone;

	return strcmp(name, "local") == 0 || strcmp(name, "UTC") == 0 ||
	    find_zone(name, &zone);
}

static int64_t ticks_of(const SYSTEMTIME *t)
{
	FILETIME ft = { 0, 0 };

	(void)SystemTimeToFileTime(t, &ft);
	return (int64_t)((uint64_t)ft.dwHighDateTime << 32 | ft.dwLowDateTime);
}

/* A zone's rules in a year.  The system reads its registry for them, which walks
 * from minute to minute cannot wait for. */
static const TIME_ZONE_INFORMATION *rules_of(const DYNAMIC_TIME_ZONE_INFORMATION
						 *zone,
    WORD year)
{
	static DYNAMIC_TIME_ZONE_INFORMATION known;
	static TIME_ZONE_INFORMATION rules;
	static WORD known_year;
	DYNAMIC_TIME_ZONE_INFORMATION copy = *zone;

	if (known_year == year && memcmp(&known, &copy, sizeof(copy)) == 0)
		return &rules;
	/* A zone of somebody's own has no further years' rules: it is what it
	 * is, and begins as the other structure does. */
	if (!GetTimeZoneInformationForYear(year, &copy, &rules))
		memcpy(&rules, zone, sizeof(rules));
	known = *zone;
	known_year = year;
	return &rules;
}

int32_t zone_offset_s(const char *name, int64_t utc_s)
{
	DYNAMIC_TIME_ZONE_INFORMATION zone;
	SYSTEMTIME utc, local;
	uint64_t ticks;
	FILETIME ft;

	memset(&zone, 0, sizeof(zone));
	if (strcmp(name, "UTC") == 0 || utc_s < UTC_MIN || utc_s > UTC_MAX ||
	    !find_zone(name, &zone))
		return 0;
	ticks = (uint64_t)(utc_s + EPOCH_S) * TICKS_PER_S;
	ft.dwLowDateTime = (DWORD)ticks;
	ft.dwHighDateTime = (DWORD)(ticks >> 32);
	if (!FileTimeToSystemTime(&ft, &utc) ||
	    !SystemTimeToTzSpecificLocalTime(rules_of(&zone, utc.wYear), &utc,
		&local))
		return 0;
	return (int32_t)((ticks_of(&local) - ticks_of(&utc)) / TICKS_PER_S);
}

/* Windows has long names only, in the user's language: say the offset. */
const char *zone_abbreviation(const char *name, int64_t utc_s)
{
	static char text[ABBREVIATION_MAX];
	const int32_t offset = zone_offset_s(name, utc_s);
	const int minutes = abs((int)offset) / 60;

	if (offset == 0)
		(void)snprintf(text, sizeof(text), "UTC");
	else
		(void)snprintf(text, sizeof(text), "UTC%c%02d:%02d",
		    offset < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
	return text;
}

const char *zone_file(const char *name, char *buf, unsigned long size)
{
	(void)name;
	(void)buf;
	(void)size;
	return NULL; /* the registry has them */
}

const char *zone_source(const char *name, char *buf, unsigned long size)
{
	DYNAMIC_TIME_ZONE_INFORMATION zone;
	const wchar_t *known = zone.TimeZoneKeyName;
	char *text;

	if (!find_zone(name, &zone))
		return NULL;
	text = wide_to_utf8(known[0] != L'\0' ? known : zone.StandardName);
	(void)snprintf(buf, size, "Windows (%s)", text == NULL ? "" : text);
	free(text);
	return buf;
}

static int add_change(char *buf, unsigned long size, const SYSTEMTIME *t,
    LONG bias)
{
	return snprintf(buf, size, " %ld@%u-%u-%u-%u-%u:%u", (long)bias,
	    t->wYear, t->wMonth, t->wDay, t->wDayOfWeek, t->wHour, t->wMinute);
}

/* A zone that was chosen anew, and rules that an update of Windows changed. */
const char *zone_state(const char *name, char *buf, unsigned long size)
{
	DYNAMIC_TIME_ZONE_INFORMATION zone;
	char *key;
	int n;

	(void)snprintf(buf, size, "unknown");
	if (!find_zone(name, &zone))
		return buf;
	key = wide_to_utf8(zone.TimeZoneKeyName);
	n = snprintf(buf, size, "%s %ld %d", key == NULL ? "" : key,
	    (long)zone.Bias, zone.DynamicDaylightTimeDisabled);
	free(key);
	if (n > 0 && (unsigned long)n < size)
		n += add_change(buf + n, size - (unsigned long)n,
		    &zone.StandardDate, zone.StandardBias);
	if (n > 0 && (unsigned long)n < size)
		(void)add_change(buf + n, size - (unsigned long)n,
		    &zone.DaylightDate, zone.DaylightBias);
	return buf;
}
