#!/usr/bin/env python3
"""A publisher for scenes: serves documents over HTTP, behaves as told, remembers who asked.

    publisher.py [DIRECTORY] [--port N] [--host 127.0.0.1]

Binds a free port of loopback (or the one given) and prints it as the first line of stdout. Everything in
DIRECTORY is served under its path, with an ETag made of its bytes, Last-Modified and 304 handling. Python's
standard library only, one thread a connection, ends with SIGTERM, SIGINT or the end of its standard input
when --until-eof is given.

Control is HTTP too, JSON in and out, under /_control/ (never logged, never delayed):

    PUT    /_control/doc/PATH    how PATH answers from now on; members that are absent keep their default:
             {"body": "text"} or {"body_base64": "…"} or {"file": "name below DIRECTORY"}
             "status": 200            any; 304 is made by itself from the validators
             "headers": {"Retry-After": "120"}    sent as they are, more than one value as a list
             "type": "application/rss+xml"
             "etag": null             null: made of the body; "": none is sent; otherwise verbatim
             "last_modified": null    null: none is sent; otherwise verbatim
             "location": "/elsewhere"             with "status" 301, 302, 303, 307 or 308
             "encoding": "gzip"       or "deflate": the body is sent so, whatever was asked
             "delay": 0.0             seconds before the status line
             "drip": 0.0              seconds between two bytes of the body
             "length": null           a Content-Length that lies
             "cut": null              close the connection after so many bytes of the body
             "chunked": false
             "endless": false         repeat the body for ever, chunked
             "raw_base64": "…"        send exactly these bytes and close; nothing else counts
             "times": null            after so many answers the setting before this one is back
    DELETE /_control/doc/PATH    as if never set (a file of DIRECTORY is served again)
    GET    /_control/log         [{"n", "time", "mono", "end", "method", "path", "headers": {…}, "status", "peer"}, …]
                                 ?path=/feed.xml only these, ?since=N only n >= N. Header names in lower case.
    DELETE /_control/log         forget it
    GET    /_control/stats       {"requests", "at_once", "most_at_once", "paths": {path: count}}
    GET    /_control/ping        {"ok": true}

PATH may hold a query: /feed?page=2 is looked for first, then /feed. `time` is seconds since 1970, `mono` a
monotonic clock: its differences show the spacing of requests.

From Python, in the same process:

    with Publisher(directory) as publisher:
        publisher.set("/feed.xml", body="<rss…", headers={"Cache-Control": "max-age=600"})
        publisher.url("/feed.xml"); publisher.log("/feed.xml"); publisher.stats()
"""

import argparse
import base64
import gzip
import hashlib
import http.server
import json
import mimetypes
import os
import signal
import sys
import threading
import time
import urllib.parse
import zlib

TYPES = {".xml": "application/xml", ".rss": "application/rss+xml", ".atom": "application/atom+xml",
         ".json": "application/feed+json", ".html": "text/html; charset=utf-8"}
DEFAULTS = {"body": None, "body_base64": None, "file": None, "status": 200, "headers": {}, "type": None,
            "etag": None, "last_modified": None, "location": None, "encoding": None, "delay": 0.0,
            "drip": 0.0, "length": None, "cut": None, "chunked": False, "endless": False,
            "raw_base64": None, "times": None}


class Site:
    """What is served and what was asked; shared by all connections."""

    def __init__(self, directory):
        self.directory = os.path.realpath(directory) if directory else None
        self.lock = threading.Lock()
        self.docs = {}      # path -> stack of settings, the last one answers
        self.requests = []
        self.at_once = self.most_at_once = 0

    def set(self, path, settings):
        unknown = set(settings) - set(DEFAULTS)
        if unknown:
            raise ValueError("unknown: " + ", ".join(sorted(unknown)))
        entry = {**DEFAULTS, **settings}
        with self.lock:
            stack = self.docs.setdefault(path, [])
            if entry["times"] is None:
                stack.clear()
            stack.append(entry)

    def unset(self, path):
        with self.lock:
            self.docs.pop(path, None)

    def file(self, name):
        """The bytes and time of a file below the directory, or None."""
        if not self.directory:
            return None
        path = os.path.realpath(os.path.join(self.directory, name.lstrip("/")))
        if os.path.commonpath([path, self.directory]) != self.directory or not os.path.isfile(path):
            return None
        with open(path, "rb") as f:
            return f.read(), os.stat(path).st_mtime, path

    def find(self, target):
        """The settings that answer this request, one use of them spent; None: 404."""
        plain = target.split("?", 1)[0]
        with self.lock:
            for path in (target, plain):
                stack = self.docs.get(path)
                while stack and stack[-1]["times"] is not None and stack[-1]["times"] <= 0:
                    stack.pop()
                if stack:
                    if stack[-1]["times"] is not None:
                        stack[-1]["times"] -= 1
                    return dict(stack[-1])
        found = self.file(urllib.parse.unquote(plain))
        if not found:
            return None
        _, changed, path = found
        kind = TYPES.get(os.path.splitext(path)[1]) or mimetypes.guess_type(path)[0]
        return {**DEFAULTS, "file": os.path.relpath(path, self.directory), "type": kind,
                "last_modified": http_date(changed)}

    def body(self, doc):
        if doc["body_base64"] is not None:
            return base64.b64decode(doc["body_base64"])
        if doc["file"] is not None:
            found = self.file(doc["file"])
            return found[0] if found else b""
        return (doc["body"] or "").encode()

    def begin(self, record):
        with self.lock:
            record["n"] = len(self.requests)
            self.requests.append(record)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)

    def end(self, record):
        with self.lock:
            record["end"] = time.monotonic()
            self.at_once -= 1

    def log(self, path=None, since=0):
        with self.lock:
            return [dict(r) for r in self.requests[since:] if path in (None, r["path"])]

    def forget(self):
        with self.lock:
            self.requests.clear()
            self.most_at_once = self.at_once

    def stats(self):
        with self.lock:
            paths = {}
            for r in self.requests:
                paths[r["path"]] = paths.get(r["path"], 0) + 1
            return {"requests": len(self.requests), "at_once": self.at_once,
                    "most_at_once": self.most_at_once, "paths": paths}


def http_date(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds))


def encode(body, encoding):
    if encoding == "gzip":
        return gzip.compress(body, mtime=0)
    if encoding == "deflate":
        return zlib.compress(body)
    return body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "publisher"
    sys_version = ""
    timeout = 120

    def log_message(self, *args):
        pass

    # ---- control

    def read_json(self):
        length = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(length) or b"{}")

    def answer_json(self, status, value):
        body = (json.dumps(value) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def control(self):
        site = self.server.site
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        what = parts.path[len("/_control/"):]
        try:
            if what.startswith("doc/") and self.command in ("PUT", "POST"):
                site.set(self.path[len("/_control/doc"):], self.read_json())
                return self.answer_json(200, {"ok": True})
            if what.startswith("doc/") and self.command == "DELETE":
                site.unset(self.path[len("/_control/doc"):])
                return self.answer_json(200, {"ok": True})
            if what == "log" and self.command == "GET":
                return self.answer_json(200, site.log(query.get("path"), int(query.get("since", 0))))
            if what == "log" and self.command == "DELETE":
                site.forget()
                return self.answer_json(200, {"ok": True})
            if what == "stats" and self.command == "GET":
                return self.answer_json(200, site.stats())
            if what == "ping":
                return self.answer_json(200, {"ok": True})
        except ValueError as error:
            return self.answer_json(400, {"ok": False, "error": str(error)})
        return self.answer_json(404, {"ok": False, "error": "no such control"})

    # ---- documents

    def is_current(self, etag, last_modified):
        """RFC 9110, 13.2.2: If-None-Match, weakly compared, counts before If-Modified-Since."""
        asked = self.headers.get("If-None-Match")
        if asked is not None:
            tags = [t.strip().removeprefix("W/") for t in asked.split(",")]
            return bool(etag) and (etag.removeprefix("W/") in tags or "*" in tags)
        return last_modified is not None and self.headers.get("If-Modified-Since") == last_modified

    def send_head(self, status, doc, etag, extra):
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        if doc["last_modified"]:
            self.send_header("Last-Modified", doc["last_modified"])
        if doc["location"]:
            self.send_header("Location", doc["location"])
        for name, values in doc["headers"].items():
            for value in values if isinstance(values, list) else [values]:
                self.send_header(name, str(value))
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()

    def send_body(self, body, doc, chunked):
        if doc["cut"] is not None:
            body = body[:doc["cut"]]
            self.close_connection = True
        step = 1 if doc["drip"] else max(len(body), 1)
        while True:
            for at in range(0, len(body), step):
                piece = body[at:at + step]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                if doc["drip"]:
                    self.wfile.flush()
                    time.sleep(doc["drip"])
            if not doc["endless"]:
                break
        if chunked and doc["cut"] is None:
            self.wfile.write(b"0\r\n\r\n")

    def answer(self, doc, record):
        if doc["delay"]:
            time.sleep(doc["delay"])
        if doc["raw_base64"] is not None:
            self.wfile.write(base64.b64decode(doc["raw_base64"]))
            self.close_connection = True
            return
        plain = self.server.site.body(doc)
        etag = doc["etag"]
        if etag is None:
            etag = '"%s"' % hashlib.sha256(plain).hexdigest()[:16] if doc["status"] == 200 else ""
        if doc["status"] == 200 and self.is_current(etag, doc["last_modified"]):
            record["status"] = 304
            self.send_head(304, doc, etag, {})
            return
        record["status"] = doc["status"]
        body = encode(plain, doc["encoding"])
        chunked = doc["chunked"] or doc["endless"]
        extra = {"Content-Type": doc["type"] or "application/xml"}
        if doc["encoding"]:
            extra["Content-Encoding"] = doc["encoding"]
        if chunked:
            extra["Transfer-Encoding"] = "chunked"
        else:
            extra["Content-Length"] = str(len(body) if doc["length"] is None else doc["length"])
        if doc["length"] is not None:
            self.close_connection = True
        self.send_head(doc["status"], doc, etag, extra)
        if self.command != "HEAD":
            self.send_body(body, doc, chunked)

    def handle_request(self):
        if self.path.startswith("/_control/"):
            return self.control()
        site = self.server.site
        record = {"time": time.time(), "mono": time.monotonic(), "end": None, "method": self.command,
                  "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                  "status": 404, "peer": "%s:%d" % self.client_address[:2]}
        site.begin(record)
        try:
            doc = site.find(self.path) or {**DEFAULTS, "status": 404, "body": "not found\n", "type": "text/plain"}
            self.answer(doc, record)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            record["status"] = record["status"] or 0
            self.close_connection = True
        finally:
            site.end(record)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_request


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    site = None

    def handle_error(self, request, client_address):
        pass  # a client that goes away is no event of ours


class Publisher:
    """The same within a test's own process."""

    def __init__(self, directory=None, host="127.0.0.1", port=0):
        self.site = Site(directory)
        self.server = Server((host, port), Handler)
        self.server.site = self.site
        self.host, self.port = self.server.server_address[:2]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path="/"):
        return "http://%s:%d%s" % (self.host, self.port, path)

    def set(self, path, **settings):
        self.site.set(path, settings)

    def unset(self, path):
        self.site.unset(path)

    def log(self, path=None, since=0):
        return self.site.log(path, since)

    def stats(self):
        return self.site.stats()

    def forget(self):
        self.site.forget()


def main():
    parser = argparse.ArgumentParser(description="a scriptable publisher; see the top of the file")
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    args = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Publisher(args.directory, args.host, args.port) as publisher:
        print(publisher.port, flush=True)
        if args.until_eof:
            threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        stop.wait()


if __name__ == "__main__":
    main()
