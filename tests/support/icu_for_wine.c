/*
 * icu_for_wine.c - an icu.dll for Wine, which has none: the one function of it
 * that zone.c asks, for the zones of the tests.  What a zone's rules are, Wine
 * knows from its own registry.
 */
#include <stdint.h>
#include <wchar.h>

enum { ILLEGAL_ARGUMENT = 1 }; /* U_ILLEGAL_ARGUMENT_ERROR */

__declspec(dllexport) int32_t ucal_getWindowsTimeZoneID(const wchar_t *id,
    int32_t id_n, wchar_t *windows, int32_t size, int *code)
{
	static const struct {
		const wchar_t *id, *windows;
	} zones[] = {
		{ L"Asia/Kolkata", L"India Standard Time" },
		{ L"Australia/Lord_Howe", L"Lord Howe Standard Time" },
		{ L"Europe/Berlin", L"W. Europe Standard Time" },
	};
	size_t i;

	if (id_n != -1) {
		*code = ILLEGAL_ARGUMENT;
		return 0;
	}
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (wcscmp(id, zones[i].id) == 0 &&
		    wcslen(zones[i].windows) < (size_t)size) {
			(void)wcscpy(windows, zones[i].windows);
			return (int32_t)wcslen(windows);
		}
	return 0; /* and no error: it is no zone that Windows knows */
}
