"""What a file is made of: bytes, a file on disk, or a generated stream.

A Content knows its size and digests and yields any range of itself in pieces
of at most PIECE bytes, so that a file of any size costs little memory.
"""

import functools
import hashlib
import os
import random
import threading

PIECE = 1 << 20


class Content:
    """Base: subclasses give `size` and `piece(start, end)` (end - start <= PIECE)."""

    size = 0

    def __init__(self):
        self._digests = {}
        self._lock = threading.Lock()

    def piece(self, start, end):
        raise NotImplementedError

    def pieces(self, start=0, end=None):
        end = self.size if end is None else end
        while start < end:
            stop = min(end, (start // PIECE + 1) * PIECE)
            yield self.piece(start, stop)
            start = stop

    def read(self):
        return b"".join(bytes(p) for p in self.pieces())

    def _digest(self, name, prefix=b""):
        with self._lock:
            if name not in self._digests:
                h = hashlib.new(name, prefix)
                for p in self.pieces():
                    h.update(p)
                self._digests[name] = h.hexdigest()
            return self._digests[name]

    @property
    def sha256(self):
        return self._digest("sha256")

    @property
    def git_sha1(self):
        return self._digest("sha1", b"blob %d\0" % self.size)


class Bytes(Content):
    def __init__(self, data):
        super().__init__()
        self.data = bytes(data)
        self.size = len(self.data)

    def piece(self, start, end):
        return memoryview(self.data)[start:end]


class OnDisk(Content):
    """A file on disk, read on demand; it must not change while served."""

    def __init__(self, path):
        super().__init__()
        self.path = os.fspath(path)
        self.size = os.stat(self.path).st_size
        self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def piece(self, start, end):
        return os.pread(self._fd, end - start, start)

    def __del__(self):
        fd = getattr(self, "_fd", -1)
        if fd >= 0:
            os.close(fd)


@functools.lru_cache(maxsize=4)
def _noise(seed):
    return random.Random(f"fakehub-{seed}").randbytes(2 * PIECE)


class Generated(Content):
    """`size` bytes that depend on the seed and differ from MiB to MiB.

    Nothing is stored: each block is a digest of its number followed by a
    window of one block of noise, so any range is made when it is asked for
    and two swapped blocks never hash the same.
    """

    HEAD = 32

    def __init__(self, seed, size):
        super().__init__()
        self.seed = seed
        self.size = size

    def piece(self, start, end):
        number = start // PIECE
        base = number * PIECE
        head = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        at = int.from_bytes(head[:4], "big") % PIECE
        block = head + _noise(self.seed)[at:at + PIECE - self.HEAD]
        return memoryview(block)[start - base:end - base]


class Lfs:
    """Marks a file as kept in LFS, whatever its size."""

    def __init__(self, content):
        self.content = as_content(content)


class Git:
    """Marks a file as kept in git, whatever its size."""

    def __init__(self, content):
        self.content = as_content(content)


def as_content(value):
    if isinstance(value, Content):
        return value
    if isinstance(value, str):
        return Bytes(value.encode())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Bytes(value)
    if isinstance(value, os.PathLike):
        return OnDisk(value)
    raise TypeError(f"not a file's content: {value!r}")
