"""Scripted misbehaviour: what to do (an Action) and when (a Fault).

    hub.fault(status(429, {"Retry-After": "1"}), path="*/resolve/*", count=2)
    hub.fault(drop(after=1000), side="cdn", nth=(1, 3))
    hub.fault(flip_bit(), side="cdn", probability=0.1)

An action sees the request before it is answered (`before`: it may change the
request or answer in the fake's place) and the answer before it is sent
(`after`).  All faults that match apply, in the order they were added.
"""

import fnmatch
import gzip
import json
import random
import re
import time

from .wire import reply


class Action:
    def before(self, req):
        return None

    def after(self, req, resp):
        """Returns the answer to send; None drops the connection unanswered."""
        return resp


class Fault:
    """An action, the requests it applies to, and how often.

    side         "hub", "cdn" or None for both
    path         glob, matched against path?query
    method       "GET", "HEAD" ...
    when         callable(request) -> bool, asked last
    nth          1-based ordinals among the matching requests (int or several)
    skip         leave the first so many matching requests alone
    count        apply at most so often
    probability  then by chance (seeded, so that a run can be repeated)
    """

    def __init__(self, action, side=None, path=None, method=None, when=None,
                 nth=None, skip=0, count=None, probability=None, seed=0):
        self.action = action
        self.side = side
        self.path = path
        self.method = method
        self.when = when
        self.nth = {nth} if isinstance(nth, int) else set(nth) if nth else None
        self.skip = skip
        self.count = count
        self.probability = probability
        self.dice = random.Random(seed)
        self.seen = 0
        self.hits = 0

    def wants(self, req):
        """Called once for each request, under the hub's lock."""
        if self.side not in (None, req.side):
            return False
        if self.method not in (None, req.method):
            return False
        if self.path and not fnmatch.fnmatchcase(req.target, self.path):
            return False
        if self.when and not self.when(req):
            return False
        self.seen += 1
        if self.nth and self.seen not in self.nth:
            return False
        if self.seen <= self.skip:
            return False
        if self.count is not None and self.hits >= self.count:
            return False
        if self.probability is not None and self.dice.random() >= self.probability:
            return False
        self.hits += 1
        return True


class _After(Action):
    def __init__(self, change):
        self.change = change

    def after(self, req, resp):
        return self.change(req, resp)


class _Before(Action):
    def __init__(self, answer):
        self.answer = answer

    def before(self, req):
        return self.answer(req)


def _edit(change):
    """An action from a function that changes the answer in place."""
    def after(req, resp):
        change(req, resp)
        return resp
    return _After(after)


def _answer(code, body, content_type, headers):
    def make(req):
        h = headers(req) if callable(headers) else headers
        return reply(code, body, content_type, list((h or {}).items()))
    return _Before(make)


# -- instead of an answer

def status(code, headers=None, body=b"", content_type="text/plain"):
    """A status of its own; `headers` may be a dict or a callable(request)."""
    return _answer(code, body, content_type, headers)


def html():
    """A captive portal: 200 and a page for whatever was asked."""
    page = b"<!DOCTYPE html><html><body>Please accept our terms.</body></html>"
    return _answer(200, page, "text/html", None)


def raw(data):
    """These bytes instead of an HTTP answer, then the end of the connection."""
    def change(req, resp):
        resp.raw = data
    return _edit(change)


def reset():
    """The connection dies before the first byte of an answer."""
    return _After(lambda req, resp: None)


def redirect(url, code=302):
    """To `url`, or to url(request)."""
    return _answer(code, b"redirecting", "text/plain",
                   lambda req: {"Location": url(req) if callable(url) else url})


def redirect_loop(code=307):
    """To itself, for ever."""
    return redirect(lambda req: req.target, code)


# -- bodies and connections

def drop(after=0, how="rst"):
    """The connection ends after so many body bytes, by "rst" or "fin".

    The full length was declared.  All that was sent before has reached the
    peer when the end comes.
    """
    def change(req, resp):
        resp.cut_after, resp.cut_how = after, how
    return _edit(change)


def short(missing=1):
    """A body too short, whose declared length agrees with it."""
    def change(req, resp):
        _cap(resp, max(0, resp.size - missing))
    return _edit(change)


def _cap(resp, size):
    whole = resp.pieces

    def pieces():
        left = size
        for p in whole():
            p = p[:left]
            left -= len(p)
            if len(p):
                yield p
    resp.pieces, resp.size = pieces, size


def long(extra=1, declared=True):
    """Garbage behind the body, counted in the declared length or not."""
    def change(req, resp):
        resp.tail = extra
        resp.length = resp.size + extra if declared else resp.size
    return _edit(change)


def endless():
    """A chunked body that goes on with garbage until the peer gives up."""
    def change(req, resp):
        resp.endless = True
    return _edit(change)


def chunked():
    """No declared length, but chunks."""
    def change(req, resp):
        resp.chunked = True
    return _edit(change)


def no_length():
    """No declared length; the end of the connection ends the body."""
    def change(req, resp):
        resp.length = None
    return _edit(change)


def flip_bit(at=0):
    """One bit wrong, same size."""
    def change(req, resp):
        resp.flip_at = at
    return _edit(change)


def zeros():
    """The right number of zero bytes."""
    def change(req, resp):
        size = resp.size

        def pieces():
            for start in range(0, size, 1 << 20):
                yield bytes(min(1 << 20, size - start))
        resp.pieces = pieces
    return _edit(change)


def body(data, content_type=None):
    """Another body, correctly declared."""
    def change(req, resp):
        resp.set_body(data, content_type)
    return _edit(change)


def stall(after=0, seconds=3600.0):
    """Nothing more after so many body bytes, the connection stays open."""
    def change(req, resp):
        resp.stall_after, resp.stall_s = after, seconds
    return _edit(change)


def drip(bytes_per_s):
    """A slow answer."""
    def change(req, resp):
        resp.rate = bytes_per_s
    return _edit(change)


def delay(seconds):
    """A pause before the answer."""
    def change(req, resp):
        time.sleep(seconds)
    return _edit(change)


def compressed():
    """gzip, though nobody asked for it; chunked and with a weak ETag."""
    def change(req, resp):
        if resp.status not in (200, 206):
            return
        resp.set_body(gzip.compress(resp.body()))
        resp.chunked = True
        resp.set_header("Content-Encoding", "gzip")
        if resp.header("ETag"):
            resp.set_header("ETag", "W/" + resp.header("ETag"))
    return _edit(change)


# -- headers

def headers(**changes):
    """Sets headers (`_` stands for `-`); None removes one."""
    def change(req, resp):
        for name, value in changes.items():
            resp.set_header(name.replace("_", "-"), value)
    return _edit(change)


def etag(value=None, name="ETag"):
    """Another ETag: `value`, or a new 64-hex one with each answer."""
    made = random.Random(value)

    def change(req, resp):
        if resp.header(name) is not None:
            resp.set_header(name, value or '"%064x"' % made.getrandbits(256))
    return _edit(change)


def ignore_range():
    """200 and the whole file, though a range was asked for."""
    def before(req):
        req.drop_header("range")
    return _Before(before)


def content_range(value="shift"):
    """206 with a Content-Range that is missing (None), "shift"ed by one,
    of a wrong "total", or just `value`."""
    def change(req, resp):
        old = resp.header("Content-Range")
        if resp.status != 206 or old is None:
            return
        a, b, n = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", old).groups())
        new = {"shift": f"bytes {a + 1}-{b + 1}/{n}",
               "total": f"bytes {a}-{b}/{n + 1}"}.get(value, value)
        resp.set_header("Content-Range", new)
    return _edit(change)


# -- the API's answers

def truncate(keep=20):
    """The first bytes of the body only, correctly declared: broken JSON."""
    def change(req, resp):
        resp.set_body(resp.body()[:keep])
    return _edit(change)


def edit_json(change_value):
    """change_value(parsed) -> what is sent instead, on 200 with JSON only."""
    def change(req, resp):
        if resp.status == 200 and "json" in (resp.header("Content-Type") or ""):
            new = change_value(json.loads(resp.body()))
            resp.set_body(json.dumps(new).encode())
    return _edit(change)


def masked_hashes():
    """LFS hashes as 64 asterisks, as one without access to a gate sees them."""
    def mask(value):
        for e in value if isinstance(value, list) else ():
            if "lfs" in e:
                e["lfs"]["oid"] = "*" * 64
        return value
    return edit_json(mask)


def next_link(url):
    """The Link to the next page leads to `url`, or to url(request)."""
    def change(req, resp):
        target = url(req) if callable(url) else url
        resp.set_header("Link", f'<{target}>; rel="next"')
    return _edit(change)


def repeat_cursor():
    """The next page is this page, for ever."""
    return next_link(lambda req: req.origin + req.target)


# -- the CDN

def expired():
    """The CDN's answer to a signature that is too old."""
    xml = (b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code>'
           b"<Message>Request has expired</Message></Error>")
    return status(403, {}, xml, "application/xml")
