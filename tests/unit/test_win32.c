/*
 * test_win32.c - what only Windows has, or does: consoles, jobs, the user's
 * settings.  Where it has to say no, a call of its libraries is replaced: the
 * pointer that a program calls it by is defined here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
/* After winsock2.h. */
#include <winhttp.h>
#include <winioctl.h>

#include "base/text.h"
#include "commands/idle.h"
#include "platform/clock.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/net.h"
#include "platform/process.h"
#include "platform/process_try.h"
#include "platform/signals.h"
#include "platform/terminal.h"
#include "platform/win32/wide.h"
#include "platform/zone.h"

enum {
	PATH_TEXT_MAX = 2048,
	SOON_MS = 20 * 1000,
	CODE_PAGE = 437, /* of old consoles */
	FORCED = 77,
	STOPPED_BY_CTRL_C = (int)0xC000013A,
	STOPPED_IN_ORDER = 128 + SIGTERM
};

static char self[PATH_TEXT_MAX];
static wchar_t root[PATH_TEXT_MAX]; /* a folder of our own */

static const char *in_root(const char *name)
{
	static char paths[4][2 * PATH_TEXT_MAX];
	static unsigned next;
	char *path = paths[next++ % 4], *folder = wide_to_path(root);

	(void)snprintf(path, sizeof(paths[0]), "%s%s%s", folder,
	    name[0] == '\0' ? "" : "/", name);
	free(folder);
	return path;
}

static int make_root(void **state)
{
	(void)state;
	(void)swprintf(root, PATH_TEXT_MAX, L"%hs\\hfcron-win32-%lu",
	    dirs_env("TMPDIR"), GetCurrentProcessId());
	if (!CreateDirectoryW(root, NULL) ||
	    GetFullPathNameW(root, PATH_TEXT_MAX, root, NULL) == 0)
		return -1;
	return 0;
}

static int remove_root(void **state)
{
	(void)state;
	return RemoveDirectoryW(root) ? 0 : -1;
}

/* --- calls that are replaced ---------------------------------------------- */

static bool no_job; /* as inside another one, before Windows 8 */

static BOOL WINAPI assign(HANDLE job, HANDLE process)
{
	BOOL(WINAPI * real)
	(HANDLE, HANDLE) = (BOOL(WINAPI *)(HANDLE, HANDLE))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		"AssignProcessToJobObject");

	if (!no_job)
		return real(job, process);
	SetLastError(ERROR_ACCESS_DENIED);
	return FALSE;
}

void *__imp_AssignProcessToJobObject = (void *)assign;

/* Before Windows 10 there was no such attribute. */
static BOOL WINAPI update_list(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD flags,
    DWORD_PTR attribute, PVOID value, SIZE_T n, PVOID previous, PSIZE_T got)
{
	BOOL(WINAPI * real)
	(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD_PTR, PVOID, SIZE_T, PVOID,
	    PSIZE_T) = (BOOL(WINAPI *)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD,
	    DWORD_PTR, PVOID, SIZE_T, PVOID, PSIZE_T))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		"UpdateProcThreadAttribute");

	if (!no_job)
		return real(list, flags, attribute, value, n, previous, got);
	SetLastError(ERROR_NOT_SUPPORTED);
	return FALSE;
}

void *__imp_UpdateProcThreadAttribute = (void *)update_list;

static PHANDLER_ROUTINE handler; /* the one of signals.c */

static BOOL WINAPI set_handler(PHANDLER_ROUTINE routine, BOOL add)
{
	BOOL(WINAPI * real)
	(PHANDLER_ROUTINE,
	    BOOL) = (BOOL(WINAPI *)(PHANDLER_ROUTINE, BOOL))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		"SetConsoleCtrlHandler");

	if (routine != NULL)
		handler = routine;
	return real(routine, add);
}

void *__imp_SetConsoleCtrlHandler = (void *)set_handler;

static DYNAMIC_TIME_ZONE_INFORMATION chosen; /* no name: the real one */

static DWORD WINAPI get_zone(PDYNAMIC_TIME_ZONE_INFORMATION zone)
{
	DWORD(WINAPI * real)
	(PDYNAMIC_TIME_ZONE_INFORMATION) =
	    (DWORD(WINAPI *)(PDYNAMIC_TIME_ZONE_INFORMATION))(void (*)(void))
		GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		    "GetDynamicTimeZoneInformation");

	if (chosen.TimeZoneKeyName[0] == L'\0')
		return real(zone);
	*zone = chosen;
	return TIME_ZONE_ID_UNKNOWN;
}

void *__imp_GetDynamicTimeZoneInformation = (void *)get_zone;

static bool no_names; /* as of a disk whose driver does not tell */

static DWORD WINAPI get_name(HANDLE h, LPWSTR buf, DWORD size, DWORD flags)
{
	DWORD(WINAPI * real)
	(HANDLE, LPWSTR, DWORD, DWORD) = (DWORD(WINAPI *)(HANDLE, LPWSTR, DWORD,
	    DWORD))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		"GetFinalPathNameByHandleW");

	if (!no_names)
		return real(h, buf, size, flags);
	SetLastError(ERROR_INVALID_FUNCTION);
	return 0;
}

void *__imp_GetFinalPathNameByHandleW = (void *)get_name;

/* A folder whose name has "junction" in it leads to another one. */
static DWORD WINAPI get_attributes(LPCWSTR path)
{
	DWORD(WINAPI * real)
	(LPCWSTR) = (DWORD(WINAPI *)(LPCWSTR))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		"GetFileAttributesW");
	const DWORD attributes = real(path);

	if (attributes != INVALID_FILE_ATTRIBUTES &&
	    wcsstr(path, L"junction") != NULL)
		return attributes | FILE_ATTRIBUTE_REPARSE_POINT;
	return attributes;
}

void *__imp_GetFileAttributesW = (void *)get_attributes;

static const void *link_data; /* what links hold; NULL: the truth */
static DWORD link_bytes;

static BOOL WINAPI control(HANDLE h, DWORD code, LPVOID in, DWORD in_n,
    LPVOID out, DWORD out_n, LPDWORD n, LPOVERLAPPED at)
{
	BOOL(WINAPI * real)
	(HANDLE, DWORD, LPVOID, DWORD, LPVOID, DWORD, LPDWORD,
	    LPOVERLAPPED) = (BOOL(WINAPI *)(HANDLE, DWORD, LPVOID, DWORD,
	    LPVOID, DWORD, LPDWORD, LPOVERLAPPED))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
		"DeviceIoControl");

	if (link_data == NULL || code != FSCTL_GET_REPARSE_POINT)
		return real(h, code, in, in_n, out, out_n, n, at);
	memcpy(out, link_data, link_bytes);
	*n = link_bytes;
	return TRUE;
}

void *__imp_DeviceIoControl = (void *)control;

/* What the user has chosen, and the script's server. */
static const wchar_t *script_url, *fixed_list, *fixed_exceptions;
static bool script_hangs;
static volatile LONG scripts_asked;

static wchar_t *global_copy(const wchar_t *text)
{
	wchar_t *copy = text == NULL
	    ? NULL
	    : GlobalAlloc(GMEM_FIXED, (wcslen(text) + 1) * sizeof(*text));

	return copy == NULL ? NULL : wcscpy(copy, text);
}

/* winhttp.h has no pointers: these are called by their names. */
BOOL WINAPI
WinHttpGetIEProxyConfigForCurrentUser(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG
	*config)
{
	config->fAutoDetect = FALSE;
	config->lpszAutoConfigUrl = global_copy(script_url);
	config->lpszProxy = global_copy(fixed_list);
	config->lpszProxyBypass = global_copy(fixed_exceptions);
	return TRUE;
}

BOOL WINAPI WinHttpGetProxyForUrl(HINTERNET session, LPCWSTR url,
    WINHTTP_AUTOPROXY_OPTIONS *options, WINHTTP_PROXY_INFO *info)
{
	BOOL(WINAPI * real)
	(HINTERNET, LPCWSTR, WINHTTP_AUTOPROXY_OPTIONS *,
	    WINHTTP_PROXY_INFO *) = (BOOL(WINAPI *)(HINTERNET, LPCWSTR,
	    WINHTTP_AUTOPROXY_OPTIONS *, WINHTTP_PROXY_INFO *))(void (*)(void))
	    GetProcAddress(GetModuleHandleW(L"winhttp.dll"),
		"WinHttpGetProxyForUrl");

	(void)InterlockedIncrement(&scripts_asked);
	if (script_hangs)
		Sleep(INFINITE);
	return real(session, url, options, info);
}

/* --- this program as a child ---------------------------------------------- */

/* As main does, until it is asked to stop. */
static void begin_and_wait(void)
{
	const struct mono start = clock_mono();

	terminal_guard_streams();
	signals_install();
	while (signals_pending() == 0)
		if (clock_mono().ms - start.ms > SOON_MS)
			exit(FORCED);
		else
			clock_sleep_ms(100);
}

static int wait_for_control(const char *unused)
{
	(void)unused;
	begin_and_wait();
	signals_reraise(signals_pending());
}

/* The first is not heeded, and the second ends it at once. */
static int ignore_control(const char *unused)
{
	(void)unused;
	begin_and_wait();
	Sleep(SOON_MS);
	return FORCED;
}

static DWORD WINAPI close_window(void *unused)
{
	(void)unused;
	(void)handler(CTRL_CLOSE_EVENT);
	/* What Windows does next. */
	(void)TerminateProcess(GetCurrentProcess(), FORCED);
	return 0;
}

/* The last things a run does take time, which the handler must give it. */
static int close_in_order(const char *path)
{
	struct err e = ERR_INIT;

	terminal_guard_streams();
	signals_install();
	(void)CloseHandle(CreateThread(NULL, 0, close_window, NULL, 0, NULL));
	clock_sleep_ms(SOON_MS);
	if (signals_pending() != SIGTERM)
		return FORCED;
	Sleep(500);
	if (fs_write_file(path, NULL, 0644, "kept\n", 5, &e) == -1)
		return FORCED;
	signals_reraise(signals_pending());
}

static int never_end(const char *unused)
{
	(void)unused;
	Sleep(INFINITE);
	return FORCED;
}

static int say(const char *text)
{
	(void)puts(text);
	return 3;
}

static const struct role {
	const char *name;
	int (*run)(const char *arg);
} roles[] = {
	{ "--wait", wait_for_control },
	{ "--ignore", ignore_control },
	{ "--close", close_in_order },
	{ "--never", never_end },
	{ "--say", say },
};

/* In a process group of its own, so that what is sent to it is not for us. */
static HANDLE begin(const char *role, const char *arg, DWORD *id)
{
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION info;
	wchar_t line[2 * PATH_TEXT_MAX];
	char text[2 * PATH_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "\"%s\" %s \"%s\"", self, role, arg);
	(void)MultiByteToWideChar(CP_UTF8, 0, text, -1, line,
	    2 * PATH_TEXT_MAX);
	if (!CreateProcessW(NULL, line, NULL, NULL, FALSE,
		CREATE_NEW_PROCESS_GROUP, NULL, NULL, &startup, &info))
		fail_msg("CreateProcess: %lu", GetLastError());
	(void)CloseHandle(info.hThread);
	*id = info.dwProcessId;
	return info.hProcess;
}

static int end_of(HANDLE process)
{
	DWORD status = 0;

	if (WaitForSingleObject(process, SOON_MS) != WAIT_OBJECT_0) {
		(void)TerminateProcess(process, FORCED);
		fail_msg("it does not end");
	}
	assert_true(GetExitCodeProcess(process, &status));
	(void)CloseHandle(process);
	return (int)status;
}

/* --- consoles ------------------------------------------------------------- */

static bool wait_for_code_page(UINT wanted)
{
	int i;

	for (i = 0; i < 100 && GetConsoleOutputCP() != wanted; i++)
		Sleep(50);
	return GetConsoleOutputCP() == wanted;
}

/* Ours, or one of our own; false if there is none: Wine has one where it was
 * started from a terminal. */
static bool has_console(void)
{
	if (GetConsoleOutputCP() == 0) {
		(void)FreeConsole();
		(void)AllocConsole();
	}
	return SetConsoleOutputCP(CODE_PAGE) &&
	    GetConsoleOutputCP() == CODE_PAGE;
}

/* Wine knows Ctrl-C alone, which Windows sends to no group. */
static void interrupt(DWORD id)
{
	assert_true(GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, id) ||
	    GenerateConsoleCtrlEvent(CTRL_C_EVENT, id));
}

static void a_console_is_left_as_it_was(void **state)
{
	HANDLE child;
	DWORD id;

	(void)state;
	if (!has_console()) {
		print_message("NOT TESTED: no console here\n");
		if (dirs_env("REQUIRE") != NULL &&
		    strcmp(dirs_env("REQUIRE"), "all") == 0)
			fail();
		return;
	}
	child = begin("--wait", "", &id);
	assert_true(wait_for_code_page(CP_UTF8));
	Sleep(200); /* its handler is set next */
	interrupt(id);
	assert_int_equal(end_of(child), STOPPED_BY_CTRL_C);
	assert_int_equal(GetConsoleOutputCP(), CODE_PAGE);

	child = begin("--ignore", "", &id);
	assert_true(wait_for_code_page(CP_UTF8));
	Sleep(200);
	interrupt(id);
	Sleep(300);
	assert_int_equal(WaitForSingleObject(child, 0), WAIT_TIMEOUT);
	interrupt(id);
	assert_int_equal(end_of(child), STOPPED_BY_CTRL_C);
	assert_int_equal(GetConsoleOutputCP(), CODE_PAGE);
}

static void what_closes_the_window_waits_for_the_run(void **state)
{
	const char *path = in_root("kept.txt");
	struct err e = ERR_INIT;
	struct fs_stat st;
	DWORD id;

	(void)state;
	assert_int_equal(end_of(begin("--close", path, &id)), STOPPED_IN_ORDER);
	assert_int_equal(fs_lstat(path, &st, &e), 0);
	assert_int_equal(st.size, 5);
	assert_int_equal(fs_unlink(path, &e), 0);
}

static void another_process_asks_it_to_stop(void **state)
{
	struct err e = ERR_INIT;
	HANDLE child;
	int tries = 0;
	DWORD id;

	(void)state;
	child = begin("--wait", "", &id);
	while (process_ask_to_stop(id, &e) == -1 && tries++ < 100)
		Sleep(50);
	assert_int_equal(end_of(child), STOPPED_IN_ORDER);
	assert_int_equal(process_ask_to_stop(id, &e), -1);
}

/* --- children ------------------------------------------------------------- */

static void a_child_in_no_job_ends_in_time(void **state)
{
	const char *const argv[] = { self, "--never", NULL };
	const struct process_spec spec = { argv, NULL, NULL, 300 };
	const struct mono start = clock_mono();
	struct process_result result;
	struct err e = ERR_INIT;

	(void)state;
	strbuf_init(&result.out, 1024);
	no_job = true;
	assert_int_equal(process_run(&spec, &result, &e), 0);
	no_job = false;
	assert_true(result.timed_out);
	assert_int_equal(result.status, -1);
	assert_true(clock_mono().ms - start.ms < SOON_MS / 2);
	strbuf_release(&result.out);
}

/* Not from the folder that we happen to be in. */
static void programs_are_looked_for_in_path(void **state)
{
	static wchar_t before[PATH_TEXT_MAX], path[PATH_TEXT_MAX];
	const char *const argv[] = { "hfcron-here", "--say", "a \"b\" \\",
		NULL };
	struct process_spec spec = { argv, NULL, NULL, SOON_MS };
	struct process_result result;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_copy_file(self, in_root("hfcron-here.exe"), 0755,
			     &e),
	    0);
	(void)GetCurrentDirectoryW(PATH_TEXT_MAX, before);
	(void)GetEnvironmentVariableW(L"PATH", path, PATH_TEXT_MAX);
	assert_true(SetCurrentDirectoryW(root));
	strbuf_init(&result.out, 1024);
	assert_int_equal(process_run(&spec, &result, &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_true(SetEnvironmentVariableW(L"PATH", root));
	assert_int_equal(process_run(&spec, &result, &e), 0);
	assert_int_equal(result.status, 3);
	assert_string_equal(strbuf_text(&result.out), "a \"b\" \\\r\n");
	strbuf_release(&result.out);
	(void)SetEnvironmentVariableW(L"PATH", path);
	(void)SetCurrentDirectoryW(before);
	assert_int_equal(fs_unlink(in_root("hfcron-here.exe"), &e), 0);
}

/* --- names ---------------------------------------------------------------- */

static void paths_for_the_system(void **state)
{
	static const struct {
		const char *path;
		const wchar_t *wide; /* NULL: refused */
	} cases[] = {
		{ "C:/a/b", L"\\\\?\\C:\\a\\b" },
		{ "C:/a//b/../c/.", L"\\\\?\\C:\\a\\c" },
		{ "C:\\a", L"\\\\?\\C:\\a" },
		{ "C:/", L"\\\\?\\C:\\" },
		{ "//server/share/a", L"\\\\?\\UNC\\server\\share\\a" },
		{ "//?/C:/a", L"\\\\?\\C:\\a" },
		{ "//?/UNC/server/share", L"\\\\?\\UNC\\server\\share" },
		{ "C:/a.", NULL },
		{ "C:/a /b", NULL },
		{ "C:/a/...", NULL },
		{ "C:/a/ ", NULL },
		{ "C:/a:b", NULL },
		{ "C:/D:/b", NULL },
		{ "//server/share/a:b", NULL },
		{ "C:/\xff", NULL },
		{ "C:/\xed\xa0\x80", NULL },
		{ "", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wchar_t *wide = wide_path(cases[i].path);

		if (cases[i].wide == NULL) {
			const DWORD code = GetLastError();

			if (wide != NULL || wide_errno(code) == EIO)
				fail_msg("\"%s\": %ls, error %lu",
				    cases[i].path, wide, code);
		} else if (wide == NULL || wcscmp(wide, cases[i].wide) != 0) {
			fail_msg("%s: %ls", cases[i].path, wide);
		}
		free(wide);
	}
}

static void roots(void **state)
{
	static const struct {
		const char *path;
		size_t n;
	} cases[] = {
		{ "C:/", 3 },
		{ "c:/a", 3 },
		{ "C:", 0 },
		{ "C:a", 0 },
		{ "/a", 0 },
		{ "//server/share", 14 },
		{ "//server/share/", 15 },
		{ "//server/share/a/b", 15 },
		{ "//server", 0 },
		{ "//server/", 0 },
		{ "///a/b", 0 },
		{ "//?/C:/a", 7 },
	};
	static const struct {
		const char *dir, *name, *whole;
	} joins[] = {
		{ "C:/a", "b", "C:/a/b" },
		{ "C:/a", "D:/b", "D:/b" },
		{ "C:/a", "/b", "C:/b" },
		{ "//server/share", "a", "//server/share/a" },
		{ "//server/share", "/a", "//server/share/a" },
		{ "//server/share/b", "/a", "//server/share/a" },
		{ "C:/a", "//server/share", "//server/share" },
	};
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (fs_root_length(cases[i].path) != cases[i].n)
			fail_msg("%s: %zu", cases[i].path,
			    fs_root_length(cases[i].path));
	for (i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		path = fs_join(joins[i].dir, joins[i].name);
		assert_string_equal(path, joins[i].whole);
		free(path);
	}
	path = fs_dirname("//server/share/a");
	assert_string_equal(path, "//server/share/");
	free(path);
	path = fs_dirname("//server/share");
	assert_string_equal(path, "//server/share");
	free(path);
}

static void put(const char *path)
{
	struct err e = ERR_INIT;

	assert_int_equal(fs_write_file(path, NULL, 0644, "x", 1, &e), 0);
}

static enum fs_type type_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	assert_int_equal(fs_lstat(path, &st, &e), 0);
	return st.type;
}

/* Paths of others' lists cannot leave the folder. */
static void nothing_outside_the_folder(void **state)
{
	static const char *const paths[] = { "C:/hfcron-out/f", "a:b/f",
		"a\\b/f", "/hfcron-out/f", "../f" };
	struct err e = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(fs_mkdirs_beneath(in_root(""), paths[i], 0755,
				     &e),
		    -1);
		assert_int_equal(e.kind, ERR_PERMANENT);
	}
	assert_int_equal(type_of("C:/hfcron-out"), FS_ABSENT);
	assert_int_equal(type_of(in_root("a")), FS_ABSENT);
}

static void a_link_is_no_empty_folder(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("junction"), 0755, &e), 0);
	assert_int_equal(fs_rmdir(in_root("junction"), &e), -1);
	assert_int_equal(e.os_code, ENOTDIR);
	assert_int_equal(type_of(in_root("junction")), FS_LINK);
	/* As a link it can be removed, and what it leads to stays. */
	assert_int_equal(fs_unlink(in_root("junction"), &e), 0);
	assert_int_equal(type_of(in_root("junction")), FS_ABSENT);
}

static void what_links_hold(void **state)
{
	static const char linux_link[] = "\x1d\0\0\xa0\x0a\0\0\0\2\0\0\0../b.c";
	static const WCHAR junction[] = { 3, 0xa000, 8 + 20, 0, 0, 16, 18, 0,
		'\\', '?', '?', '\\', 'C', ':', '\\', 'd', 0, 0 };
	WCHAR bad[18];
	struct err e = ERR_INIT;
	char *text;

	(void)state;
	put(in_root("link"));
	link_data = linux_link;
	link_bytes = sizeof(linux_link) - 1;
	text = fs_readlink(in_root("link"), &e);
	assert_non_null(text);
	assert_string_equal(text, "../b.c");
	free(text);
	link_bytes -= 4; /* it says more than there is */
	assert_null(fs_readlink(in_root("link"), &e));
	link_data = junction;
	link_bytes = sizeof(junction);
	text = fs_readlink(in_root("link"), &e);
	assert_non_null(text);
	assert_string_equal(text, "C:/d");
	free(text);
	memcpy(bad, junction, sizeof(bad));
	bad[5] = 60000; /* bytes of its name */
	link_data = bad;
	assert_null(fs_readlink(in_root("link"), &e));
	link_data = NULL;
	assert_int_equal(fs_unlink(in_root("link"), &e), 0);
}

static void a_disk_without_names(void **state)
{
	struct err e = ERR_INIT;
	char *path;

	(void)state;
	no_names = true;
	path = fs_realpath(in_root("none/x"), &e);
	no_names = false;
	assert_non_null(path);
	assert_string_equal(path, in_root("none/x"));
	free(path);
}

static DWORD WINAPI close_soon(void *handle)
{
	Sleep(300);
	(void)CloseHandle(handle);
	return 0;
}

/* As a scanner has it for a moment, who shares with nobody. */
static void keep_busy(const char *path)
{
	wchar_t *wide = wide_path(path);
	HANDLE h = CreateFileW(wide, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0,
	    NULL);

	assert_ptr_not_equal(h, INVALID_HANDLE_VALUE);
	(void)CloseHandle(CreateThread(NULL, 0, close_soon, h, 0, NULL));
	free(wide);
}

static void busy_and_read_only_files(void **state)
{
	struct err e = ERR_INIT;
	wchar_t *wide;

	(void)state;
	put(in_root("new"));
	put(in_root("old"));
	keep_busy(in_root("old"));
	assert_int_equal(fs_rename(in_root("new"), in_root("old"), &e), 0);
	keep_busy(in_root("old"));
	assert_int_equal(fs_unlink(in_root("old"), &e), 0);
	put(in_root("new"));
	put(in_root("old"));
	wide = wide_path(in_root("old"));
	assert_true(SetFileAttributesW(wide, FILE_ATTRIBUTE_READONLY));
	assert_int_equal(fs_rename(in_root("new"), in_root("old"), &e), 0);
	assert_true(SetFileAttributesW(wide, FILE_ATTRIBUTE_READONLY));
	assert_int_equal(fs_unlink(in_root("old"), &e), 0);
	free(wide);
	/* What is said is the first call's reason. */
	assert_int_equal(fs_mkdirs(in_root("folder"), 0755, &e), 0);
	assert_int_equal(fs_unlink(in_root("folder"), &e), -1);
	assert_int_equal(e.os_code, EACCES);
	assert_int_equal(fs_rmdir(in_root("folder"), &e), 0);
	assert_int_equal(fs_link(in_root("none\xff"), in_root("x"), &e), -1);
	assert_int_equal(e.os_code, EINVAL);
}

/* --- folders -------------------------------------------------------------- */

static void folders_without_variables(void **state)
{
	static const wchar_t *const names[] = { L"APPDATA", L"LOCALAPPDATA",
		L"ProgramData", L"USERPROFILE" };
	wchar_t values[4][PATH_TEXT_MAX];
	char *paths[2], *path;
	int i, n;

	(void)state;
	for (i = 0; i < 4; i++) {
		(void)GetEnvironmentVariableW(names[i], values[i],
		    PATH_TEXT_MAX);
		(void)SetEnvironmentVariableW(names[i], NULL);
	}
	n = dirs_config_candidates(paths, 2);
	assert_int_equal(n, 2);
	path = dirs_default_state();
	assert_true(fs_is_absolute(path));
	assert_true(fs_is_absolute(dirs_home()));
	for (i = 0; i < n; i++) {
		assert_true(fs_is_absolute(paths[i]));
		free(paths[i]);
	}
	free(path);
	for (i = 0; i < 4; i++)
		(void)SetEnvironmentVariableW(names[i], values[i]);
}

/* --- proxies -------------------------------------------------------------- */

static void the_chosen_proxy(void **state)
{
	char proxy[128] = "";

	(void)state;
	assert_false(net_user_proxy("hub.example", true, proxy, 128));
	fixed_list = L"http=a.example:1;https=b.example:2";
	fixed_exceptions = L"*.inner.example;10.*;<local>";
	assert_true(net_user_proxy("hub.example", true, proxy, 128));
	assert_string_equal(proxy, "b.example:2");
	assert_true(net_user_proxy("hub.example", false, proxy, 128));
	assert_string_equal(proxy, "a.example:1");
	assert_false(net_user_proxy("x.inner.example", true, proxy, 128));
	assert_false(net_user_proxy("10.1.2.3", true, proxy, 128));
	assert_false(net_user_proxy("printer", true, proxy, 128));
	fixed_list = L"c.example:3";
	assert_true(net_user_proxy("hub.example", false, proxy, 128));
	assert_string_equal(proxy, "c.example:3");
	assert_false(net_user_proxy("127.0.0.1", true, proxy, 128));
	assert_false(net_user_proxy("::1", true, proxy, 128));
	assert_false(net_user_proxy("localhost", true, proxy, 128));
	/* Too long to be taken is not taken in part. */
	assert_false(net_user_proxy("hub.example", false, proxy, 8));
	fixed_list = fixed_exceptions = NULL;
}

static const char script[] =
    "function FindProxyForURL(url, host) {\n"
    "  if (host == 'direct.example') return 'DIRECT';\n"
    "  if (url.substring(0, 6) == 'https:')\n"
    "    return 'PROXY p.example:8080; PROXY q:2';\n"
    "  return 'PROXY r.example:3128';\n"
    "}\n";

/* Hands the script out, to whoever asks. */
static DWORD WINAPI serve(void *socket)
{
	char head[256], request[4096];
	SOCKET s, from = (SOCKET)(uintptr_t)socket;
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Type: "
	    "application/x-ns-proxy-autoconfig\r\nContent-Length: "
	    "%d\r\nConnection: close\r\n\r\n",
	    (int)strlen(script));
	while ((s = accept(from, NULL, NULL)) != INVALID_SOCKET) {
		(void)recv(s, request, sizeof(request), 0);
		(void)send(s, head, n, 0);
		(void)send(s, script, (int)strlen(script), 0);
		(void)closesocket(s);
	}
	return 0;
}

static wchar_t *serve_script(wchar_t url[64])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int n = sizeof(address);
	WSADATA data;
	SOCKET s;

	assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
	s = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(s, (struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(s, 8), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&address, &n), 0);
	(void)CloseHandle(CreateThread(NULL, 0, serve, (void *)(uintptr_t)s, 0,
	    NULL));
	(void)swprintf(url, 64, L"http://127.0.0.1:%u/proxy.pac",
	    ntohs(address.sin_port));
	return url;
}

static void a_script_chooses_the_proxy(void **state)
{
	char proxy[128] = "";
	wchar_t url[64];
	struct mono start;
	int i;

	(void)state;
	script_url = serve_script(url);
	fixed_list = L"fixed.example:1";
	for (i = 0; i < 3; i++) {
		assert_true(net_user_proxy("hub.example", true, proxy, 128));
		assert_string_equal(proxy, "p.example:8080");
	}
	assert_int_equal(scripts_asked, 1);
	assert_true(net_user_proxy("hub.example", false, proxy, 128));
	assert_string_equal(proxy, "r.example:3128");
	assert_int_equal(scripts_asked, 2);
	assert_false(net_user_proxy("direct.example", true, proxy, 128));
	assert_int_equal(scripts_asked, 3);
	/* Its server hangs: the proxy for all, and no second wait. */
	script_hangs = true;
	start = clock_mono();
	assert_true(net_user_proxy("slow.example", true, proxy, 128));
	assert_string_equal(proxy, "fixed.example:1");
	assert_true(clock_mono().ms - start.ms < 10 * 1000);
	start = clock_mono();
	assert_true(net_user_proxy("other.example", true, proxy, 128));
	assert_true(clock_mono().ms - start.ms < 1000);
	/* What is known stays known. */
	assert_true(net_user_proxy("hub.example", true, proxy, 128));
	assert_string_equal(proxy, "p.example:8080");
	assert_int_equal(scripts_asked, 4);
	script_url = fixed_list = NULL;
}

/* --- zones ---------------------------------------------------------------- */

/* A run that has nothing to do is to notice each of them. */
static void zones_are_chosen_anew(void **state)
{
	uint8_t prints[4][IDLE_FINGERPRINT_BYTES];
	struct session s;
	char text[256];

	(void)state;
	memset(&s, 0, sizeof(s));
	(void)wcscpy(chosen.TimeZoneKeyName, L"W. Europe Standard Time");
	chosen.Bias = -60;
	assert_int_equal(idle_fingerprint(&s, prints[0]), 0);
	assert_int_equal(zone_offset_s("local", 1700000000), 3600);
	assert_non_null(strstr(zone_source("local", text, sizeof(text)),
	    "W. Europe"));
	(void)wcscpy(chosen.TimeZoneKeyName, L"Romance Standard Time");
	assert_int_equal(idle_fingerprint(&s, prints[1]), 0);
	(void)wcscpy(chosen.TimeZoneKeyName, L"Eastern Standard Time");
	assert_int_equal(zone_offset_s("local", 1700000000), -5 * 3600);
	chosen.Bias = 300; /* it has the registry's rules all the same */
	assert_int_equal(idle_fingerprint(&s, prints[2]), 0);
	chosen.DaylightDate.wMonth = 3;
	assert_int_equal(idle_fingerprint(&s, prints[3]), 0);
	assert_memory_not_equal(prints[0], prints[1], sizeof(prints[0]));
	assert_memory_not_equal(prints[1], prints[2], sizeof(prints[0]));
	assert_memory_not_equal(prints[2], prints[3], sizeof(prints[0]));
	assert_int_equal(idle_fingerprint(&s, prints[0]), 0);
	assert_memory_equal(prints[0], prints[3], sizeof(prints[0]));
	chosen.TimeZoneKeyName[0] = L'\0';
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_console_is_left_as_it_was),
		cmocka_unit_test(what_closes_the_window_waits_for_the_run),
		cmocka_unit_test(another_process_asks_it_to_stop),
		cmocka_unit_test(a_child_in_no_job_ends_in_time),
		cmocka_unit_test(programs_are_looked_for_in_path),
		cmocka_unit_test(paths_for_the_system),
		cmocka_unit_test(roots),
		cmocka_unit_test(nothing_outside_the_folder),
		cmocka_unit_test(a_link_is_no_empty_folder),
		cmocka_unit_test(what_links_hold),
		cmocka_unit_test(a_disk_without_names),
		cmocka_unit_test(busy_and_read_only_files),
		cmocka_unit_test(folders_without_variables),
		cmocka_unit_test(the_chosen_proxy),
		cmocka_unit_test(a_script_chooses_the_proxy),
		cmocka_unit_test(zones_are_chosen_anew),
	};
	size_t i;

	process_arguments(&argc, &argv);
	(void)process_self(self, sizeof(self));
	for (i = 0; argc > 1 && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			return roles[i].run(argc > 2 ? argv[2] : "");
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
