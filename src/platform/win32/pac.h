/* pac.h - the script that chooses a proxy (PAC).  For win32/ only. */
#ifndef HFCRON_PLATFORM_WIN32_PAC_H
#define HFCRON_PLATFORM_WIN32_PAC_H

#include <stdbool.h>
#include <stddef.h>
#include <windows.h>

enum { PAC_LIST_MAX = 512, PAC_LIMIT_MS = 5000 };

enum pac_answer {
	PAC_NONE,   /* no script, or it could not be had or run */
	PAC_DIRECT, /* no proxy for this one */
	PAC_PROXY   /* list has them, best first: "a:1;b:2" */
};

/*
 * What the script says of requests to the host.  It is at `script`; if `detect`,
 * the network is asked first where there is one (WPAD).  Waits for at most
 * PAC_LIMIT_MS; the answer is kept for later calls, and failure is final.
 * Not thread-safe.
 */
enum pac_answer pac_ask(const wchar_t *script, bool detect, const char *host,
    bool https, char list[PAC_LIST_MAX]);

#endif
