/*
 * task_scheduler.c - the Task Scheduler, through its own interface; where that
 * cannot list (Wine's), from the files that it keeps.
 */
#define COBJMACROS
#include "platform/task_scheduler.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
/* After windows.h. */
#include <sddl.h>
#include <taskschd.h>

#include "base/text.h"
#include "base/vec.h"
#include "platform/fs.h"
#include "platform/win32/wide.h"

enum {
	XML_BYTES_MAX = 1024 * 1024,
	FOLDERS_DEEP = 16,
	VARIABLES_MAX = 65536,
	TOKEN_BYTES = sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE
};

/* Not in every import library. */
static const GUID class_scheduler = { 0x0f87369f, 0xa4e5, 0x4cfc,
	{ 0xbd, 0x3e, 0x73, 0xe6, 0x15, 0x45, 0x72, 0xdd } };
static const GUID interface_service = { 0x2faba4c7, 0x4da9, 0x4013,
	{ 0x96, 0x97, 0x20, 0xcc, 0x3f, 0xd4, 0x0f, 0x85 } };

/*
 * What only this file needs is loaded when it is needed: each library of Windows
 * that a program names costs every start of it some milliseconds, and with user32
 * in the process the end of the session is not told (process_arguments).
 */
static void (*loaded(const wchar_t *dll, const char *name))(void)
{
	HMODULE module = LoadLibraryExW(dll, NULL,
	    LOAD_LIBRARY_SEARCH_SYSTEM32);

	return module == NULL ? NULL
			      : (void (*)(void))GetProcAddress(module, name);
}

struct listing {
	task_scheduler_visit *visit;
	void *cookie;
	char *folder; /* of files: being listed; own */
	const char *name;
	int depth;
};

bool task_scheduler_is_here(void)
{
	return true;
}

/* --- its interface -------------------------------------------------------- */

typedef BSTR(WINAPI *make_bstr)(const OLECHAR *);
typedef void(WINAPI *free_bstr)(BSTR);

static BSTR bstr_of(const wchar_t *text)
{
	make_bstr make = (make_bstr)loaded(L"oleaut32.dll", "SysAllocString");

	return make == NULL ? NULL : make(text);
}

static void bstr_release(BSTR text)
{
	free_bstr release = text == NULL
	    ? NULL
	    : (free_bstr)loaded(L"oleaut32.dll", "SysFreeString");

	if (release != NULL)
		release(text);
}

static VARIANT number(LONG n)
{
	VARIANT v;

	memset(&v, 0, sizeof(v));
	v.vt = VT_I4;
	v.lVal = n;
	return v;
}

static void tell_task(const struct listing *l, IRegisteredTask *task)
{
	BSTR path = NULL, xml = NULL;

	if (SUCCEEDED(IRegisteredTask_get_Path(task, &path)) &&
	    SUCCEEDED(IRegisteredTask_get_Xml(task, &xml)) && path != NULL &&
	    xml != NULL) {
		char *name = wide_to_utf8(path[0] == L'\\' ? path + 1 : path);
		char *text = wide_to_utf8(xml);

		if (name != NULL && text != NULL)
			l->visit(l->cookie, name, text);
		free(text);
		free(name);
	}
	bstr_release(xml);
	bstr_release(path);
}

static HRESULT list_tasks(const struct listing *l, ITaskFolder *folder)
{
	IRegisteredTaskCollection *tasks = NULL;
	IRegisteredTask *task;
	HRESULT hr = ITaskFolder_GetTasks(folder, TASK_ENUM_HIDDEN, &tasks);
	LONG n = 0;

	if (SUCCEEDED(hr))
		hr = IRegisteredTaskCollection_get_Count(tasks, &n);
	for (LONG i = 1; SUCCEEDED(hr) && i <= n; i++) {
		if (FAILED(IRegisteredTaskCollection_get_Item(tasks, number(i),
			&task)))
			continue;
		tell_task(l, task);
		IRegisteredTask_Release(task);
	}
	if (tasks != NULL)
		IRegisteredTaskCollection_Release(tasks);
	return hr;
}

/* Folders that cannot be looked into are not this user's. */
static HRESULT list_folder(const struct listing *l, ITaskFolder *folder,
    int depth)
{
	ITaskFolderCollection *folders = NULL;
	ITaskFolder *one;
	HRESULT hr = list_tasks(l, folder);
	LONG n = 0;

	if (FAILED(hr) || depth == FOLDERS_DEEP ||
	    FAILED(ITaskFolder_GetFolders(folder, 0, &folders)))
		return hr;
	if (FAILED(ITaskFolderCollection_get_Count(folders, &n)))
		n = 0;
	for (LONG i = 1; i <= n; i++) {
		if (FAILED(ITaskFolderCollection_get_Item(folders, number(i),
			&one)))
			continue;
		(void)list_folder(l, one, depth + 1);
		ITaskFolder_Release(one);
	}
	ITaskFolderCollection_Release(folders);
	return hr;
}

static HRESULT list_service(const struct listing *l, ITaskService *service)
{
	BSTR root = bstr_of(L"\\");
	ITaskFolder *folder = NULL;
	VARIANT none;
	HRESULT hr;

	memset(&none, 0, sizeof(none)); /* VT_EMPTY */
	hr = ITaskService_Connect(service, none, none, none, none);
	if (SUCCEEDED(hr))
		hr = root == NULL
		    ? E_OUTOFMEMORY
		    : ITaskService_GetFolder(service, root, &folder);
	if (SUCCEEDED(hr)) {
		hr = list_folder(l, folder, 0);
		ITaskFolder_Release(folder);
	}
	bstr_release(root);
	return hr;
}

typedef HRESULT(WINAPI *com_begin)(void *, DWORD);
typedef HRESULT(WINAPI *com_create)(REFCLSID, IUnknown *, DWORD, REFIID,
    void **);
typedef void(WINAPI *com_end)(void);

static bool list_by_interface(const struct listing *l)
{
	const com_begin begin = (com_begin)loaded(L"ole32.dll",
	    "CoInitializeEx");
	const com_create create = (com_create)loaded(L"ole32.dll",
	    "CoCreateInstance");
	const com_end end = (com_end)loaded(L"ole32.dll", "CoUninitialize");
	ITaskService *service = NULL;
	HRESULT begun, hr;

	if (begin == NULL || create == NULL || end == NULL)
		return false;
	begun = begin(NULL, COINIT_MULTITHREADED);
	hr = create(&class_scheduler, NULL, CLSCTX_INPROC_SERVER,
	    &interface_service, (void **)&service);
	if (SUCCEEDED(hr)) {
		hr = list_service(l, service);
		ITaskService_Release(service);
	}
	if (SUCCEEDED(begun))
		end();
	return SUCCEEDED(hr);
}

/* --- its files ------------------------------------------------------------ */

/* UTF-16 with a mark, as it writes them, or UTF-8.  Owned or NULL. */
static char *file_text(const char *bytes, size_t n)
{
	wchar_t *wide;
	char *text;

	if (n < 2 || memcmp(bytes, "\xff\xfe", 2) != 0)
		return text_dup(text_starts(bytes, "\xef\xbb\xbf") ? bytes + 3
								   : bytes);
	wide = calloc(n / 2, sizeof(*wide));
	if (wide == NULL)
		return NULL;
	memcpy(wide, bytes + 2, (n - 2) / 2 * 2);
	text = wide_to_utf8(wide);
	free(wide);
	return text;
}

static void tell_file(const struct listing *l, const char *path,
    const char *name)
{
	struct err ignored = ERR_INIT;
	char *bytes = NULL, *text = NULL;
	size_t n;

	if (fs_read_file(path, XML_BYTES_MAX, &bytes, &n, &ignored) == 0)
		text = file_text(bytes, n);
	if (text != NULL)
		l->visit(l->cookie, name, text);
	free(text);
	free(bytes);
}

static int visit_file(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct listing *l = cookie;
	char *path = fs_join(l->folder, name);
	char *full = l->name[0] == '\0' ? text_dup(name)
					: text_format("%s\\%s", l->name, name);

	if (path != NULL && full != NULL && type == FS_FILE) {
		tell_file(l, path, full);
	} else if (path != NULL && full != NULL && type == FS_DIR &&
	    l->depth < FOLDERS_DEEP) {
		struct listing below = { l->visit, l->cookie, path, full,
			l->depth + 1 };
		struct err ignored = ERR_INIT;

		(void)fs_list_dir(path, visit_file, &below, &ignored);
	}
	free(full);
	free(path);
	(void)e;
	return 0;
}

static void list_by_files(struct listing *l)
{
	char *system = task_scheduler_dir();
	struct err ignored = ERR_INIT;

	l->folder = system == NULL ? NULL : fs_join(system, "Tasks");
	if (l->folder != NULL)
		(void)fs_list_dir(l->folder, visit_file, l, &ignored);
	free(l->folder);
	free(system);
}

void task_scheduler_list(task_scheduler_visit *visit, void *cookie)
{
	struct listing l = { visit, cookie, NULL, "", 0 };

	if (!list_by_interface(&l))
		list_by_files(&l);
}

/* --- as whom, and in which surroundings ----------------------------------- */

/* The account's SID, owned (LocalFree), or NULL. */
static PSID sid_of(const char *account)
{
	wchar_t *wide = wide_from_utf8(account), domain[256];
	DWORD n = SECURITY_MAX_SID_SIZE, domain_n = 256;
	SID_NAME_USE use;
	PSID sid = NULL;

	if (wide != NULL && !ConvertStringSidToSidW(wide, &sid)) {
		sid = LocalAlloc(LPTR, n);
		if (sid != NULL &&
		    !LookupAccountNameW(NULL, wide, sid, &n, domain, &domain_n,
			&use)) {
			(void)LocalFree(sid);
			sid = NULL;
		}
	}
	free(wide);
	return sid;
}

bool task_scheduler_is_us(const char *account)
{
	union {
		TOKEN_USER user;
		char bytes[TOKEN_BYTES];
	} ours;
	PSID sid = sid_of(account);
	HANDLE token = NULL;
	DWORD n;
	bool same = sid != NULL &&
	    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
	    GetTokenInformation(token, TokenUser, &ours, sizeof(ours), &n) &&
	    EqualSid(ours.user.User.Sid, sid);

	if (token != NULL)
		(void)CloseHandle(token);
	(void)LocalFree(sid);
	return same;
}

static void free_texts(char **texts)
{
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		free(texts[i]);
	free(texts);
}

typedef BOOL(WINAPI *make_block)(void **, HANDLE, BOOL);
typedef BOOL(WINAPI *free_block)(void *);

char **task_scheduler_environment(void)
{
	make_block make = (make_block)loaded(L"userenv.dll",
	    "CreateEnvironmentBlock");
	free_block release = (free_block)loaded(L"userenv.dll",
	    "DestroyEnvironmentBlock");
	HANDLE token = NULL;
	void *block = NULL;
	char **texts = NULL;
	size_t n = 0, cap = 0;
	bool whole = make != NULL && release != NULL &&
	    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE,
		&token) &&
	    make(&block, token, FALSE) &&
	    vec_grow((void **)&texts, &cap, 1, sizeof(*texts), 1) == 0;
	const wchar_t *p;

	for (p = block; whole && *p != L'\0'; p += wcslen(p) + 1) {
		if (*p == L'=')
			continue;
		whole = vec_grow((void **)&texts, &cap, n + 2, sizeof(*texts),
			    VARIABLES_MAX) == 0 &&
		    (texts[n++] = wide_to_utf8(p)) != NULL;
	}
	if (block != NULL)
		(void)release(block);
	if (token != NULL)
		(void)CloseHandle(token);
	if (whole)
		return texts;
	free_texts(texts);
	return NULL;
}

char *task_scheduler_dir(void)
{
	wchar_t dir[MAX_PATH];
	const UINT n = GetSystemDirectoryW(dir, MAX_PATH);

	return n > 0 && n < MAX_PATH ? wide_to_path(dir) : NULL;
}
