"""What was asked and what was sent, kept for the tests and for scripts."""

import collections
import fnmatch
import json
import threading
import time


class Record:
    """One request.  `sent` counts body bytes handed to the kernel so far."""

    def __init__(self, log, number, req, kind):
        self._log = log
        self.number = number
        self.time = time.time()
        self.side = req.side            # "hub" or "cdn"
        self.kind = kind                # api, resolve, cache, cdn or other
        self.method = req.method
        self.target = req.target
        self.path = req.path
        self.query = req.query
        self.headers = list(req.headers)
        self.body = req.body
        self.status = None              # None: the connection was just dropped
        self.sent = 0
        self.outcome = None             # "done" or "cut"

    def header(self, name):
        for k, v in self.headers:
            if k.lower() == name.lower():
                return v
        return None

    @property
    def range(self):
        return self.header("range")

    def count(self, n):
        with self._log.changed:
            self.sent += n
            self._log.sent[self.side] += n
            if self.status in (200, 206) and self.kind in ("resolve", "cache", "cdn"):
                self._log.file_bytes += n
            self._log.changed.notify_all()

    def finish(self, outcome):
        with self._log.changed:
            if self.outcome is None:
                self.outcome = outcome
                self._log.write(self)
                self._log.changed.notify_all()

    def as_dict(self):
        return {"number": self.number, "time": round(self.time, 3),
                "side": self.side, "kind": self.kind, "method": self.method,
                "target": self.target, "headers": self.headers,
                "status": self.status, "sent": self.sent, "outcome": self.outcome}

    def __repr__(self):
        rng = f" {self.range}" if self.range else ""
        return (f"<{self.number} {self.side} {self.method} {self.target}{rng}"
                f" -> {self.status} {self.sent}B {self.outcome}>")


class Log:
    def __init__(self, path=None):
        self.changed = threading.Condition(threading.RLock())
        self._file = open(path, "a", buffering=1) if path else None
        self.clear()

    def clear(self):
        """Forgets all records; also sets the byte counters back to 0."""
        with self.changed:
            self.records = []
            self.sent = collections.Counter()
            self.file_bytes = 0     # file content only, not listings or errors

    def add(self, req, kind):
        with self.changed:
            r = Record(self, len(self.records) + 1, req, kind)
            self.records.append(r)
            return r

    def write(self, record):
        if self._file and not self._file.closed:
            self._file.write(json.dumps(record.as_dict()) + "\n")

    def close(self):
        with self.changed:
            if self._file:
                self._file.close()

    def find(self, side=None, kind=None, method=None, path=None, status=None):
        """Records that match all that is given; `path` is a glob on the target."""
        with self.changed:
            return [r for r in self.records
                    if (side is None or r.side == side)
                    and (kind is None or r.kind == kind)
                    and (method is None or r.method == method)
                    and (path is None or fnmatch.fnmatchcase(r.target, path))
                    and (status is None or r.status == status)]

    def wait(self, ready, timeout_s=30.0):
        """Waits until ready() holds; False when it does not in time."""
        end = time.monotonic() + timeout_s
        with self.changed:
            while not ready():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.25))
        return True
