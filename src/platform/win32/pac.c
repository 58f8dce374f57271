/*
 * pac.c - the script that chooses a proxy, fetched and run by WinHTTP.
 *
 * WinHTTP waits for the network without a limit that could be relied on.  So a
 * thread does it, and is left behind if it takes too long.
 */
#include "platform/win32/pac.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After windows.h. */
#include <winhttp.h>

#include "base/text.h"
#include "platform/win32/wide.h"

enum { KEPT_MAX = 32, HOST_MAX = 256, STEP_MS = 3000 };

struct question {
	volatile LONG owners; /* the last one frees it */
	wchar_t *url, *script;
	bool detect;
	enum pac_answer answer;
	char list[PAC_LIST_MAX];
};

static struct {
	char host[HOST_MAX];
	bool https;
	enum pac_answer answer;
	char list[PAC_LIST_MAX];
} kept[KEPT_MAX];

static void drop(struct question *q)
{
	if (InterlockedDecrement(&q->owners) > 0)
		return;
	free(q->url);
	free(q->script);
	free(q);
}

static BOOL ask(HINTERNET session, const struct question *q, BOOL log_on,
    WINHTTP_PROXY_INFO *info)
{
	WINHTTP_AUTOPROXY_OPTIONS options;

	memset(&options, 0, sizeof(options));
	if (q->detect) {
		options.dwFlags |= WINHTTP_AUTOPROXY_AUTO_DETECT;
		options.dwAutoDetectFlags = WINHTTP_AUTO_DETECT_TYPE_DHCP |
		    WINHTTP_AUTO_DETECT_TYPE_DNS_A;
	}
	if (q->script != NULL) {
		options.dwFlags |= WINHTTP_AUTOPROXY_CONFIG_URL;
		options.lpszAutoConfigUrl = q->script;
	}
	options.fAutoLogonIfChallenged = log_on;
	return WinHttpGetProxyForUrl(session, q->url, &options, info);
}

static void take(struct question *q, WINHTTP_PROXY_INFO *info)
{
	char *list = info->lpszProxy == NULL ? NULL
					     : wide_to_utf8(info->lpszProxy);

	if (info->dwAccessType == WINHTTP_ACCESS_TYPE_NO_PROXY) {
		q->answer = PAC_DIRECT;
	} else if (list != NULL && strlen(list) < sizeof(q->list)) {
		memcpy(q->list, list, strlen(list) + 1);
		q->answer = PAC_PROXY;
	}
	free(list);
	(void)GlobalFree(info->lpszProxy);
	(void)GlobalFree(info->lpszProxyBypass);
}

static unsigned __stdcall work(void *argument)
{
	struct question *q = argument;
	WINHTTP_PROXY_INFO info;
	HINTERNET session = WinHttpOpen(L"hfcron", WINHTTP_ACCESS_TYPE_NO_PROXY,
	    WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0);

	memset(&info, 0, sizeof(info));
	if (session != NULL) {
		(void)WinHttpSetTimeouts(session, STEP_MS, STEP_MS, STEP_MS,
		    STEP_MS);
		/* Without credentials first: then the answer may come from
		 * the system's own cache. */
		if (ask(session, q, FALSE, &info) ||
		    (GetLastError() == ERROR_WINHTTP_LOGIN_FAILURE &&
			ask(session, q, TRUE, &info)))
			take(q, &info);
		(void)WinHttpCloseHandle(session);
	}
	drop(q);
	return 0;
}

static struct question *new_question(const wchar_t *script, bool detect,
    const char *host, bool https)
{
	struct question *q = calloc(1, sizeof(*q));
	const bool bare = strchr(host, ':') != NULL; /* an IPv6 address */
	char *url = text_format("%s://%s%s%s/", https ? "https" : "http",
	    bare ? "[" : "", host, bare ? "]" : "");

	if (q != NULL) {
		q->owners = 1;
		q->detect = detect;
		q->url = url == NULL ? NULL : wide_from_utf8(url);
		q->script = script == NULL ? NULL : _wcsdup(script);
	}
	free(url);
	if (q != NULL &&
	    (q->url == NULL || (script != NULL && q->script == NULL))) {
		drop(q);
		q = NULL;
	}
	return q;
}

static enum pac_answer ask_in_time(const wchar_t *script, bool detect,
    const char *host, bool https, char list[PAC_LIST_MAX])
{
	struct question *q = new_question(script, detect, host, https);
	enum pac_answer answer = PAC_NONE;
	HANDLE thread;

	if (q == NULL)
		return PAC_NONE;
	q->owners = 2;
	thread = (HANDLE)_beginthreadex(NULL, 0, work, q, 0, NULL);
	if (thread == NULL) {
		drop(q);
	} else {
		if (WaitForSingleObject(thread, PAC_LIMIT_MS) ==
		    WAIT_OBJECT_0) {
			answer = q->answer;
			memcpy(list, q->list, sizeof(q->list));
		}
		(void)CloseHandle(thread);
	}
	drop(q);
	return answer;
}

enum pac_answer pac_ask(const wchar_t *script, bool detect, const char *host,
    bool https, char list[PAC_LIST_MAX])
{
	static unsigned n;
	static bool failed;
	enum pac_answer answer;
	unsigned i;

	if (strlen(host) >= HOST_MAX)
		return PAC_NONE;
	for (i = 0; i < n && i < KEPT_MAX; i++)
		if (kept[i].https == https &&
		    text_equal_nocase(kept[i].host, host)) {
			memcpy(list, kept[i].list, PAC_LIST_MAX);
			return kept[i].answer;
		}
	/* There is none, or it cannot be had: no host has to wait again. */
	if (failed)
		return PAC_NONE;
	answer = ask_in_time(script, detect, host, https, list);
	if (answer == PAC_NONE) {
		failed = true;
		return PAC_NONE;
	}
	i = n++ % KEPT_MAX;
	(void)snprintf(kept[i].host, sizeof(kept[i].host), "%s", host);
	kept[i].https = https;
	kept[i].answer = answer;
	memcpy(kept[i].list, list, PAC_LIST_MAX);
	return answer;
}
