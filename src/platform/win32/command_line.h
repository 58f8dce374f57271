/* command_line.h - starting a program.  For win32/ only. */
#ifndef HFCRON_PLATFORM_WIN32_COMMAND_LINE_H
#define HFCRON_PLATFORM_WIN32_COMMAND_LINE_H

#include <stdint.h>
#include <windows.h>

/*
 * The one text that CreateProcess wants for arguments, quoted by the rules that
 * CommandLineToArgvW and the C library read it by.  Owned; NULL: no memory.
 */
wchar_t *command_line_from(const char *const *argv);

/*
 * A job: what ends with its last handle, with all that it has started.
 * `memory_bytes` each, 0: no limit.  NULL with SetLastError.
 */
HANDLE command_line_job(uint64_t memory_bytes);

/* The streams of a child: what it reads is empty, what it writes goes to `out`,
 * NULL: nowhere.  *null is the caller's to close. */
void command_line_streams(STARTUPINFOW *startup, HANDLE out, HANDLE *null);

/*
 * CreateProcessW in the job: nothing of the child outlives us, however we end and
 * however early.  `flags` are further ones.  FALSE with SetLastError.
 */
BOOL command_line_start(const wchar_t *program, wchar_t *line, DWORD flags,
    wchar_t *env, const wchar_t *dir, const STARTUPINFOW *startup, HANDLE job,
    PROCESS_INFORMATION *info);

#endif
