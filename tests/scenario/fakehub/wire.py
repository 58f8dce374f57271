"""HTTP/1.1 on plain sockets: one listener, one thread for each connection.

Written on sockets, not on http.server, because a fake that misbehaves needs
the last word about every byte, about the length it declares and about how a
connection ends.
"""

import dataclasses
import os
import select
import socket
import struct
import threading
import time
import urllib.parse
from typing import Any, Callable, Optional

try:
    import fcntl
    import termios
except ImportError:     # on Windows
    fcntl = termios = None

MAX_HEAD = 128 * 1024
MAX_BODY = 16 << 20
REASONS = {
    200: "OK", 206: "Partial Content", 302: "Found", 307: "Temporary Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 416: "Range Not Satisfiable",
    429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Gone(Exception):
    """The peer closed, or the fake is stopping."""


class Request:
    def __init__(self, side, method, target, version, headers, body):
        self.side = side
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.version = version
        self.headers = headers
        self.body = body

    def header(self, name, default=None):
        for k, v in self.headers:
            if k.lower() == name.lower():
                return v
        return default

    def drop_header(self, name):
        self.headers = [h for h in self.headers if h[0].lower() != name.lower()]

    @property
    def args(self):
        return dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))

    @property
    def origin(self):
        return "http://" + self.header("host", "")


@dataclasses.dataclass
class Response:
    """An answer, and how to spoil it on its way out."""

    status: int
    headers: list = dataclasses.field(default_factory=list)
    size: int = 0                       # of the body
    pieces: Callable = lambda: ()       # yields the body
    # Transport
    reason: Optional[str] = None
    length: Any = "auto"                # declared; "auto": size; None: not declared
    chunked: bool = False
    close: bool = False
    cut_after: Optional[int] = None     # end the connection after so many bytes
    cut_how: str = "rst"                # or "fin"
    stall_after: Optional[int] = None
    stall_s: float = 3600.0
    rate: Optional[float] = None        # bytes/s of this answer alone
    flip_at: Optional[int] = None       # invert one bit of this byte of the body
    tail: int = 0                       # garbage after the body
    endless: bool = False               # garbage without end after the body
    raw: Optional[bytes] = None         # sent instead of everything else

    def header(self, name):
        for k, v in self.headers:
            if k.lower() == name.lower():
                return v
        return None

    def set_header(self, name, value):
        """Replaces a header; None removes it."""
        self.headers = [h for h in self.headers if h[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, str(value)))

    def set_body(self, data, content_type=None):
        self.size = len(data)
        self.pieces = lambda: iter((data,))
        if content_type:
            self.set_header("Content-Type", content_type)

    def body(self):
        return b"".join(bytes(p) for p in self.pieces())


def reply(status, body=b"", content_type="text/plain; charset=utf-8", headers=()):
    r = Response(status, list(headers))
    r.set_body(body.encode() if isinstance(body, str) else body, content_type)
    return r


class Throttle:
    """Bytes per second, shared by all connections; None is no limit."""

    def __init__(self):
        self.rate = None
        self._lock = threading.Lock()
        self._free = 0.0

    def reserve(self, n):
        """Returns the time (monotonic) at which n more bytes may go out."""
        with self._lock:
            now = time.monotonic()
            # A little credit after a pause, so that sleeping late costs no rate.
            self._free = max(self._free, now - 0.05) + n / self.rate
            return self._free

    def step(self):
        return max(1, min(64 * 1024, int(self.rate / 20)))


class Connection:
    def __init__(self, listener, sock):
        self.listener = listener
        self.sock = sock
        self.buffer = b""

    # -- reading

    def _fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.buffer += data

    def read_request(self):
        """The next request, None at the end, or a Response that refuses it."""
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > MAX_HEAD:
                return reply(431, "headers too large")
            self._fill()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return reply(400, "bad request line")
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                return reply(400, "bad header")
            headers.append((name, value.strip()))
        req = Request(self.listener.side, *words, headers, b"")
        length = req.header("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            return reply(400, "bad content-length")
        if req.header("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self.buffer) < int(length):
            self._fill()
        req.body = self.buffer[:int(length)]
        self.buffer = self.buffer[int(length):]
        return req

    # -- writing

    def respond(self, req, resp, record):
        """Sends an answer; True when the connection can be used again."""
        if resp.raw is not None:
            self._send(resp.raw, resp, record)
            self.end("fin")
            return False
        chunked = resp.chunked or resp.endless
        keep = not resp.close and not resp.tail and not resp.endless
        length = resp.size if resp.length == "auto" else resp.length
        if req is not None:
            asked = req.header("connection", "").lower()
            keep = keep and "close" not in asked and req.version == "HTTP/1.1"
        if not chunked and (length is None or length != resp.size):
            keep = False
        head = [f"HTTP/1.1 {resp.status} {resp.reason or REASONS.get(resp.status, 'Status')}"]
        head += [f"{k}: {v}" for k, v in resp.headers]
        if chunked:
            head.append("Transfer-Encoding: chunked")
        elif length is not None:
            head.append(f"Content-Length: {length}")
        head.append("Connection: " + ("keep-alive" if keep else "close"))
        data = "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n"
        self.sock.sendall(data)
        if req is not None and req.method == "HEAD" or resp.status in (204, 304):
            return keep
        self._send_body(resp, record, chunked)
        if not keep:
            self.end("fin")
        return keep

    def _stream(self, resp):
        at = 0
        for piece in resp.pieces():
            n = len(piece)
            if resp.flip_at is not None and at <= resp.flip_at < at + n:
                piece = bytearray(piece)
                piece[resp.flip_at - at] ^= 0x10
            at += n
            yield piece
        left = resp.tail
        junk = b"GARBAGE!" * 8192
        while left > 0 or resp.endless:
            n = len(junk) if resp.endless else min(left, len(junk))
            left -= n
            yield junk[:n]

    def _send_body(self, resp, record, chunked):
        sent = 0
        for piece in self._stream(resp):
            view = memoryview(piece)
            while len(view):
                n = len(view)
                if resp.cut_after is not None:
                    n = min(n, resp.cut_after - sent)
                if resp.stall_after is not None and sent < resp.stall_after:
                    n = min(n, resp.stall_after - sent)
                if resp.cut_after is not None and n <= 0:
                    self._cut(resp.cut_how)
                if sent == resp.stall_after:
                    resp.stall_after = None
                    self.wait_until(time.monotonic() + resp.stall_s)
                    continue
                self._send(view[:n], resp, record, chunked)
                view = view[n:]
                sent += n
        # At the very end of the body the two may still be due.
        if resp.cut_after is not None and resp.cut_after <= sent:
            self._cut(resp.cut_how)
        if chunked:
            self.sock.sendall(b"0\r\n\r\n")

    def _cut(self, how):
        self.drain()
        self.end(how)
        raise Gone

    def _send(self, data, resp, record, chunked=False):
        """Sends body bytes at the allowed rate, in small steps if limited."""
        throttle = self.listener.throttle
        view = memoryview(data)
        while len(view):
            n = len(view)
            if throttle.rate:
                n = min(n, throttle.step())
                self.wait_until(throttle.reserve(n))
            if resp.rate:
                n = min(n, max(1, int(resp.rate / 20)))
                self.wait_until(time.monotonic() + n / resp.rate)
            if chunked:
                self.sock.sendall(b"%x\r\n" % n + view[:n] + b"\r\n")
                record.count(n)
            else:
                n = self.sock.send(view[:n])
                record.count(n)
            view = view[n:]

    def wait_until(self, deadline):
        """Sleeps, unless the peer goes away or the listener stops."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            if self.listener.stopping.wait(min(left, 0.1)):
                raise Gone
            if left > 0.1 and self.peer_gone():
                raise Gone

    def peer_gone(self):
        ready, _, _ = select.select([self.sock], [], [], 0)
        return bool(ready) and self.sock.recv(1, socket.MSG_PEEK) == b""

    def drain(self, limit_s=2.0):
        """Waits until the peer has acknowledged all that was sent."""
        end = time.monotonic() + limit_s
        if not hasattr(termios, "TIOCOUTQ"):
            time.sleep(0.05)    # nobody to ask
            return
        while time.monotonic() < end:
            left = fcntl.ioctl(self.sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
            if struct.unpack("i", left)[0] == 0:
                return
            time.sleep(0.002)

    def end(self, how):
        if how == "rst":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        else:
            try:
                self.sock.shutdown(socket.SHUT_WR)
                # Unread input would turn our close into a reset.
                self.sock.settimeout(0.5)
                while self.sock.recv(65536):
                    pass
            except OSError:
                pass
        self.sock.close()


class Listener:
    """A port that can be stopped and started again under the same number.

    Between the two, and until close(), the port is bound and nobody listens:
    connections are refused, and no other program is given it meanwhile.

    `handle(request)` returns (Response, record); it runs in the connection's
    thread.  Whatever a client does, up to dying in mid-body, ends quietly.
    """

    def __init__(self, side, handle, throttle, host="127.0.0.1", port=0):
        self.side = side
        self.handle = handle
        self.throttle = throttle
        self.host = host
        self.port = port
        self.stopping = threading.Event()
        self.refuse = 0             # this many connections are reset at once
        self.errors = []            # what should never have been raised
        self.open = set()
        self.most_open = 0
        self._lock = threading.Lock()
        self._sock = None
        self._held = None           # the port's second socket, which never listens
        self._thread = None

    @property
    def netloc(self):
        return f"{self.host}:{self.port}"

    def start(self):
        if self._sock:
            return
        if self._held is None and os.name == "posix":
            self._held = self._bound()
            self.port = self._held.getsockname()[1]
        s = self._bound()
        s.listen(128)
        self.port = s.getsockname()[1]
        self.stopping = threading.Event()
        self._sock = s
        self._thread = threading.Thread(target=self._accept, args=(s,), daemon=True)
        self._thread.start()

    def _bound(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((self.host, self.port))
        return s

    def close(self):
        """Stops, and gives the port back."""
        self.stop()
        if self._held:
            self._held.close()
            self._held = None

    def stop(self):
        """Refuses new connections and resets the open ones."""
        if not self._sock:
            return
        self.stopping.set()
        s, self._sock = self._sock, None
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()
        self._thread.join(5)
        with self._lock:
            socks = list(self.open)
        for c in socks:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self, listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                refuse = self.refuse > 0
                self.refuse -= refuse
                if not refuse:
                    self.open.add(sock)
                    self.most_open = max(self.most_open, self._count_open())
            if refuse:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
                sock.close()
                continue
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _count_open(self):
        """Without those the peer has closed: on a busy machine their threads see it late."""
        if not hasattr(select, "POLLRDHUP"):
            return len(self.open)
        poll, numbers = select.poll(), [s.fileno() for s in self.open]
        numbers = [n for n in numbers if n >= 0]    # a fault has closed the others
        for n in numbers:
            poll.register(n, select.POLLRDHUP)
        return len(numbers) - len(poll.poll(0))

    def _serve(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A small buffer keeps "bytes sent" close to "bytes received".
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 * 1024)
            self._converse(Connection(self, sock))
        except (Gone, OSError):
            pass
        except Exception as e:      # noqa: BLE001 - kept for the tests to see
            self.errors.append(e)
        finally:
            with self._lock:
                self.open.discard(sock)
                sock.close()

    def _converse(self, conn):
        while not self.stopping.is_set():
            req = conn.read_request()
            if isinstance(req, Response):
                req.close = True
                conn.respond(None, req, _NoRecord())
                return
            resp, record = self.handle(req)
            keep = False
            try:
                if resp is None:        # a fault: the connection just dies
                    conn.end("rst")
                    return
                keep = conn.respond(req, resp, record)
                record.finish("done")
            finally:
                record.finish("cut")
            if not keep:
                return


class _NoRecord:
    def count(self, n):
        pass
