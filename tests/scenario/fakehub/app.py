"""What the two hosts answer when nothing misbehaves."""

import base64
import email.utils
import hashlib
import hmac
import json
import re
import time
import urllib.parse

from . import faults
from .wire import Response, reply

TYPES = {"models": "model", "datasets": "dataset", "spaces": "space"}
VERBS = {"revision", "tree", "refs", "auth-check", "paths-info", "commits"}
PUBLIC_IN_GATE = re.compile(r"README\.md|LICENSE.*")
BAD = object()      # a token nobody knows


def quote_path(path):
    return urllib.parse.quote(path, safe="/~", errors="surrogateescape")


def quote_segment(text):
    return urllib.parse.quote(text, safe="~", errors="surrogateescape")


def unquote(text):
    return urllib.parse.unquote(text, errors="surrogateescape")


class Refusal(Exception):
    """An error answer on its way up."""

    def __init__(self, status, message, code=None, headers=()):
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = list(headers)

    def response(self, api):
        head = list(self.headers)
        if self.code:
            head.append(("X-Error-Code", self.code))
        head.append(("X-Error-Message", self.message))
        if self.status == 401:
            head.append(("WWW-Authenticate",
                         'Bearer realm="Authentication required", charset="UTF-8"'))
        if api:
            return reply(self.status, json.dumps({"error": self.message}),
                         "application/json; charset=utf-8", head)
        return reply(self.status, self.message, headers=head)


def send_json(value, headers=()):
    return reply(200, json.dumps(value, ensure_ascii=False).encode(
        "utf-8", "surrogateescape"), "application/json; charset=utf-8", headers)


def bounds(header, size):
    """The half-open range a Range header asks for; None: none; (): bad."""
    m = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if not m or not any(m.groups()):
        return None
    first, last = m.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else ()
    start = int(first)
    end = min(size, int(last) + 1) if last else size
    if start >= size or end <= start:
        return ()
    return start, end


def send_content(req, content, headers):
    """200, 206 or 416."""
    head = list(headers) + [("Accept-Ranges", "bytes")]
    span = bounds(req.header("range"), content.size)
    if span == ():
        head.append(("Content-Range", f"bytes */{content.size}"))
        return reply(416, "range not satisfiable", headers=head)
    status = 200 if span is None else 206
    start, end = span or (0, content.size)
    if status == 206:
        head.append(("Content-Range", f"bytes {start}-{end - 1}/{content.size}"))
    return Response(status, head, end - start,
                    lambda: content.pieces(start, end))


class HubSide:
    """The endpoint: API, resolve and resolve-cache."""

    def __init__(self, hub):
        self.hub = hub

    # -- entry

    @staticmethod
    def kind(path):
        if path.startswith("/api/resolve-cache/"):
            return "cache"
        if path.startswith("/api/"):
            return "api"
        return "resolve" if "/resolve/" in path else "other"

    def answer(self, req):
        api = req.path.startswith("/api/")
        try:
            resp = self._route(req)
        except Refusal as e:
            resp = e.response(api)
        self._common_headers(req, resp)
        return resp

    def _route(self, req):
        self._rate(req)
        if req.method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, "Method not allowed")
        segs = [unquote(s) for s in req.path.split("/")[1:]]
        if segs[:2] == ["api", "whoami-v2"]:
            return self._whoami(req)
        if segs[:2] == ["api", "resolve-cache"] and len(segs) > 3:
            return self._resolve_cache(req, segs[2:])
        if segs[0] == "api" and len(segs) >= 3 and segs[1] in TYPES:
            return self._api(req, TYPES[segs[1]], segs[2:])
        if "resolve" in segs:
            return self._resolve(req, segs)
        raise Refusal(404, "Sorry, we can't find the page you are looking for.")

    def _rate(self, req):
        """Counts the request, and refuses it when its bucket is empty."""
        bucket = {"api": "api", "other": "pages"}.get(self.kind(req.path), "resolvers")
        if not self.hub.take(bucket):
            head = [("Retry-After", self.hub.reset_s(bucket))] if self.hub.send_retry_after else []
            raise Refusal(429, "We had to rate limit you.", headers=head)

    def _common_headers(self, req, resp):
        kind = self.kind(req.path)
        bucket = {"api": "api", "other": "pages"}.get(kind, "resolvers")
        quota, window, left = self.hub.bucket(bucket)
        n = self.hub.next_id()
        trace = req.header("x-amzn-trace-id") or req.header("x-request-id")
        rid = f"Root=1-{n:08x}-{hashlib.md5(b'%d' % n).hexdigest()[:24]}"
        resp.headers += [
            ("Date", email.utils.formatdate(usegmt=True)),
            ("X-Request-Id", rid + (f";{trace}" if trace else "")),
            ("RateLimit", f'"{bucket}";r={left};t={self.hub.reset_s(bucket)}'),
            ("RateLimit-Policy", f'"fixed window";"{bucket}";q={quota};w={window}'),
        ]

    # -- who may

    def _caller(self, req):
        value = req.header("authorization")
        if value is None:
            return None
        token = value[7:] if value.lower().startswith("bearer ") else ""
        return self.hub.tokens.get(token, BAD)

    def _may(self, caller, repo):
        return (caller not in (None, BAD)
                and bool({"*", repo.id, f"{repo.type}/{repo.id}"} & caller["access"]))

    def _repo(self, req, repo_type, repo_id, content=None):
        """The repository, once the caller is known to be allowed to see it.

        content: the path of the file asked for, None for metadata.
        """
        caller = self._caller(req)
        repo = self.hub.repos.get((repo_type, repo_id))
        if repo is None or repo.private and not self._may(caller, repo):
            if caller is BAD:
                raise Refusal(401, "Invalid credentials in Authorization header")
            if caller is None:
                raise Refusal(401, "Invalid username or password.")
            raise Refusal(404, "Repository not found", "RepoNotFound")
        if repo.disabled:
            raise Refusal(403, "Access to this resource is disabled.")
        if (repo.gated and content is not None and not self._may(caller, repo)
                and not PUBLIC_IN_GATE.fullmatch(content)):
            text = f"Access to {repo.type} {repo.id} is restricted"
            if caller in (None, BAD):
                raise Refusal(401, f"{text}. You must have access to it and be "
                              "authenticated to access it. Please log in.", "GatedRepo")
            raise Refusal(403, f"{text} and you are not in the authorized list. "
                          "Visit its page to ask for access.", "GatedRepo")
        if caller is BAD and self.hub.bad_token == "reject":
            raise Refusal(401, "Invalid credentials in Authorization header")
        return repo

    def _commit(self, repo, revision):
        commit = repo.find(revision)
        if commit is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    # -- API

    def _whoami(self, req):
        caller = self._caller(req)
        if caller in (None, BAD):
            raise Refusal(401, "Invalid credentials in Authorization header")
        name = caller["name"]
        return send_json({
            "type": "user", "id": hashlib.md5(name.encode()).hexdigest()[:24],
            "name": name, "fullname": name, "orgs": [], "isPro": False,
            "auth": {"type": "access_token",
                     "accessToken": {"displayName": "fake", "role": "read"}}})

    def _split_id(self, segs):
        if len(segs) > 1 and segs[1] not in VERBS:
            return "/".join(segs[:2]), segs[2:]
        return segs[0], segs[1:]

    def _api(self, req, repo_type, segs):
        repo_id, rest = self._split_id(segs)
        moved = self.hub.moved.get((repo_type, repo_id))
        if moved:
            old = f"/api/{repo_type}s/{repo_id}"
            where = f"/api/{repo_type}s/{moved}" + req.path[len(old):]
            return self._moved(where, req, "application/json")
        verb = rest[0] if rest else "revision"
        if verb == "auth-check":
            self._repo(req, repo_type, repo_id, content="")
            return reply(200, "OK")
        repo = self._repo(req, repo_type, repo_id)
        if verb == "revision" and len(rest) in (0, 2):
            return self._info(req, repo, rest[1] if rest else "main")
        if verb == "tree" and len(rest) in (2, 3):
            return self._tree(req, repo, rest[1], rest[2] if len(rest) == 3 else "")
        if verb == "refs" and len(rest) == 1:
            return self._refs(req, repo)
        if verb == "paths-info" and len(rest) == 2 and req.method == "POST":
            return self._paths_info(req, repo, rest[1])
        if verb == "commits" and len(rest) == 2:
            return self._commits(req, repo, rest[1])
        raise Refusal(404, "Sorry, we can't find the page you are looking for.")

    def _moved(self, where, req, content_type):
        if req.query:
            where += "?" + req.query
        return reply(307, f"Temporary Redirect. Redirecting to {where}",
                     content_type, [("Location", where)])

    def _info(self, req, repo, revision):
        commit = self._commit(repo, revision)
        args = urllib.parse.parse_qsl(req.query)
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(commit.when))
        full = {
            "_id": repo.db_id, "id": repo.id, "author": repo.id.split("/")[0],
            "sha": commit.sha, "private": repo.private, "gated": repo.gated,
            "disabled": repo.disabled, "lastModified": when, "createdAt": when,
            "downloads": 0, "likes": 0, "tags": [],
            "usedStorage": sum(f.size for f in commit.files.values()),
        }
        if repo.type == "model":
            full["modelId"] = repo.id
        expand = [v for k, v in args if k == "expand"]
        if expand:
            return send_json({k: full[k] for k in ["_id", "id", *expand] if k in full})
        full["siblings"] = [{"rfilename": p} for p in sorted(commit.files)]
        if dict(args).get("blobs") == "true":
            full["siblings"] = [self._sibling(p, f) for p, f in sorted(commit.files.items())]
        return send_json(full)

    def _sibling(self, path, f):
        s = {"rfilename": path, "size": f.size, "blobId": f.oid}
        if f.lfs:
            s["lfs"] = {"sha256": f.etag, "size": f.size, "pointerSize": f.pointer_size}
        return s

    def _tree(self, req, repo, revision, folder):
        commit = self._commit(repo, revision)
        args = req.args
        if repo.tree_body is not None:
            return reply(200, repo.tree_body, "application/json; charset=utf-8")
        masked = bool(repo.gated) and not self._may(self._caller(req), repo)
        rows = commit.entries(folder, args.get("recursive") == "true", masked)
        if rows is None:
            raise Refusal(404, f"{folder} does not exist on \"{revision}\"", "EntryNotFound",
                          [("X-Repo-Commit", commit.sha)])
        rows += repo.extra_entries
        most = self.hub.page_size
        limit = min(most, int(args["limit"])) if args.get("limit", "").isdigit() else most
        start = self._offset(args["cursor"]) if "cursor" in args else 0
        head = []
        if start + limit < len(rows):
            pairs = [p for p in req.query.split("&") if p and not p.startswith("cursor=")]
            pairs.append("cursor=" + quote_segment(self._cursor(start + limit)))
            head.append(("Link", f'<{req.origin}{req.path}?{"&".join(pairs)}>; rel="next"'))
        return send_json(rows[start:start + limit], head)

    def _cursor(self, offset):
        text = json.dumps({"offset": offset})
        seal = hmac.new(self.hub.secret, text.encode(), "sha256").hexdigest()[:12]
        return base64.b64encode(f"{seal}{text}".encode()).decode()

    def _offset(self, cursor):
        try:
            offset = json.loads(base64.b64decode(cursor, validate=True)[12:])["offset"]
        except (ValueError, KeyError):
            offset = -1
        if offset < 0 or self._cursor(offset) != cursor:
            raise Refusal(400, "Invalid cursor")
        return offset

    def _refs(self, req, repo):
        def rows(table, prefix):
            return [{"name": n, "ref": prefix + n, "targetCommit": c}
                    for n, c in sorted(table.items())]
        out = {"branches": rows(repo.branches, "refs/heads/"), "converts": [],
               "tags": rows(repo.tags, "refs/tags/")}
        if req.args.get("include_prs") in ("1", "true"):
            out["pullRequests"] = [{"name": n, "ref": n, "targetCommit": c}
                                   for n, c in sorted(repo.pulls.items())]
        return send_json(out)

    def _paths_info(self, req, repo, revision):
        commit = self._commit(repo, revision)
        text = req.body.decode()
        if "json" in (req.header("content-type") or ""):
            paths = json.loads(text).get("paths", [])
        else:
            paths = [v for k, v in urllib.parse.parse_qsl(text) if k == "paths"]
        return send_json([commit.files[p].entry(p) for p in paths if p in commit.files])

    def _commits(self, req, repo, revision):
        commit, found = self._commit(repo, revision), []
        while commit:
            found.append({"id": commit.sha, "title": "update", "message": "",
                          "date": "2023-11-14T22:13:20.000Z", "authors": []})
            commit = repo.commits.get(commit.parent)
        # As the Hub does: pages by Link, whose cursor is opaque.
        start = self._offset(req.args["cursor"]) if "cursor" in req.args else 0
        size = self.hub.history_page
        headers = []
        if start + size < len(found):
            cursor = quote_segment(self._cursor(start + size))
            headers.append(("Link", f'<{req.origin}{req.path}?cursor={cursor}>; rel="next"'))
        return send_json(found[start:start + size], headers)

    # -- files

    def _resolve(self, req, segs):
        repo_type = TYPES.get(segs[0], "model")
        segs = segs[1:] if segs[0] in TYPES else segs
        at = segs.index("resolve")
        if at not in (1, 2) or len(segs) < at + 3:
            raise Refusal(404, "Sorry, we can't find the page you are looking for.")
        repo_id, revision, path = "/".join(segs[:at]), segs[at + 1], "/".join(segs[at + 2:])
        moved = self.hub.moved.get((repo_type, repo_id))
        if moved:
            where = req.path.replace(f"/{repo_id}/resolve/", f"/{moved}/resolve/", 1)
            return self._moved(where, req, "text/plain")
        repo = self._repo(req, repo_type, repo_id, content=path)
        commit, f = self._file(repo, revision, path)
        if f.lfs:
            return self._to_cdn(commit, repo, f, path)
        shape = repo.shape or ("B" if repo.gated or repo.private else self.hub.shape)
        if shape == "B":
            return self._git_file(req, commit, f, path)
        where = (f"/api/resolve-cache/{repo.type}s/{repo.id}/{commit.sha}/"
                 f"{quote_segment(path)}?{quote_segment('/' + '/'.join(segs))}="
                 f"&etag=%22{f.etag}%22")
        return reply(307, f"Temporary Redirect. Redirecting to {where}", headers=[
            ("Location", where), ("X-Repo-Commit", commit.sha), ("Accept-Ranges", "bytes")])

    def _file(self, repo, revision, path):
        commit = self._commit(repo, revision)
        if path not in commit.files:
            raise Refusal(404, "Entry not found", "EntryNotFound",
                          [("X-Repo-Commit", commit.sha)])
        return commit, commit.files[path]

    def _to_cdn(self, commit, repo, f, path):
        where = self.hub.sign(repo, f, path)
        return reply(302, f"Found. Redirecting to {where}", headers=[
            ("Location", where), ("X-Repo-Commit", commit.sha),
            ("X-Linked-Size", str(f.size)), ("X-Linked-ETag", f'"{f.etag}"'),
            ("Cache-Control", "no-store")])

    def _git_file(self, req, commit, f, path):
        name = path.rsplit("/", 1)[-1]
        plain = re.sub(r'[^ -~]|["\\]', "?", name)
        return send_content(req, f.content, [
            ("ETag", f'"{f.etag}"'), ("X-Repo-Commit", commit.sha),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Disposition",
             f"inline; filename*=UTF-8''{quote_segment(name)}; filename=\"{plain}\";")])

    def _resolve_cache(self, req, segs):
        if segs[0] not in TYPES:
            raise Refusal(404, "Not found")
        at = next((i for i in (2, 3) if i < len(segs) and len(segs[i]) == 40), None)
        if at is None or not re.fullmatch("[0-9a-f]{40}", segs[at]):
            raise Refusal(400, "resolve-cache takes a commit")
        path = "/".join(segs[at + 1:])
        repo = self._repo(req, TYPES[segs[0]], "/".join(segs[1:at]), content=path)
        commit, f = self._file(repo, segs[at], path)
        if f.lfs:
            if self.hub.resolve_cache_lfs == "redirect":
                return self._to_cdn(commit, repo, f, path)
            raise Refusal(404, "Entry not found", "EntryNotFound")
        return self._git_file(req, commit, f, path)


class CdnSide:
    """The second host: signed URLs of LFS objects, and nothing else."""

    def __init__(self, hub):
        self.hub = hub

    @staticmethod
    def kind(path):
        return "cdn"

    def answer(self, req):
        if req.header("authorization") is not None and self.hub.cdn_refuses_token:
            # As S3 does when a request carries a signature and a bearer token.
            return reply(400, "<Error><Code>InvalidArgument</Code><Message>Only one auth "
                         "mechanism allowed</Message></Error>", "application/xml")
        found = self.hub.signed(req)
        if found is None:
            return faults.expired().before(req)
        return send_content(req, found.content, [
            ("ETag", f'"{found.cdn_id}"'), ("Content-Type", "application/octet-stream"),
            ("Date", email.utils.formatdate(usegmt=True))])
