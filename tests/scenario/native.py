"""What the suite needs where Python itself runs on Windows; imported only there.

Not tried yet: nobody of us has such a machine.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import types

# Ends an hfcron.exe that was asked to stop, in order; what else has no such code.
EXIT_TERM = 128 + signal.SIGTERM
EXIT_CTRL_C = 0xC000013A
EXIT_KILL = 0x6b696c6c      # ours: what kill() below ends a process with
SIGNALS = {EXIT_TERM: -signal.SIGTERM, EXIT_CTRL_C: -signal.SIGINT, EXIT_KILL: -9}

# Tests that use these are marked "unix"; their files have to be importable.
for name in ("fcntl", "pty", "pwd", "resource", "termios"):
    sys.modules.setdefault(name, types.ModuleType(name))
for name, number in (("SIGKILL", 9), ("SIGHUP", 1), ("SIGSTOP", 19), ("SIGCONT", 18)):
    if not hasattr(signal, name):
        setattr(signal, name, number)


class Path(type(pathlib.Path())):
    """A path that is written as hfcron writes it: D:/a/b."""

    def __str__(self):
        return super().__str__().replace("\\", "/")


POPEN = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}


def can_link(folder):
    """May we make symbolic links?"""
    try:
        os.symlink("x", os.path.join(folder, "link"))
    except OSError:
        return False
    os.unlink(os.path.join(folder, "link"))
    return True


def send(process, sig):
    """SIGTERM: as "hfcron stop" asks; SIGINT: as Ctrl-C; any other one ends it."""
    kernel = ctypes.windll.kernel32
    kernel.OpenEventW.restype = kernel.OpenProcess.restype = ctypes.c_void_p
    if sig == signal.SIGTERM:
        event = kernel.OpenEventW(2, False, f"Global\\hfcron-stop-{process.pid}")
        assert event, "it is not there, or does not wait for it yet"
        kernel.SetEvent(ctypes.c_void_p(event))
        kernel.CloseHandle(ctypes.c_void_p(event))
    elif sig == signal.SIGINT:
        process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        handle = kernel.OpenProcess(1, False, process.pid)
        if handle:
            kernel.TerminateProcess(ctypes.c_void_p(handle), EXIT_KILL)
            kernel.CloseHandle(ctypes.c_void_p(handle))


def environment(home):
    """A bare one: what every program of Windows gets, and a home of its own."""
    kept = ("SystemRoot", "SystemDrive", "windir", "ComSpec", "TEMP", "TMP", "ProgramData",
            "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    return {**env, "PATH": f"{env['SystemRoot']}\\System32;{env['SystemRoot']}",
            "USERPROFILE": str(home), "APPDATA": f"{home}/AppData/Roaming",
            "LOCALAPPDATA": f"{home}/AppData/Local"}
