#!/usr/bin/env python3
"""Serves the samples from loopback, as publishers would: ETag and 304, pages made of templates.

usage: serve.py [PORT]     (0 or none: any free port; the address is the first line on stdout)

http://samples.invalid in the files becomes the server's own address. Files named *.story are put into
the page.html beside them. herald/atom.xml changes after it was asked once, as atom.update says.
"""
import hashlib
import html
import http.server
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {".xml": "application/xml", ".json": "application/feed+json", ".html": "text/html"}
asked = {}
lock = threading.Lock()


def read(*parts):
    with open(os.path.join(HERE, *parts), "rb") as f:
        return f.read()


def paragraphs(texts):
    return "\n".join("<p>%s</p>" % html.escape(t, quote=False) for t in texts)


def story_page(folder, name, base):
    """HEADLINE, STANDFIRST, AUTHOR, DATE, an empty line, paragraphs."""
    lines = read(folder, name + ".story").decode().split("\n")
    headline, standfirst, author, date = lines[:4]
    texts = "\n".join(lines[5:]).strip().split("\n\n")
    page = read(folder, "page.html").decode()
    split = 2 if "{{paragraphs:2}}" in page else 0
    values = {"headline": html.escape(headline), "standfirst": html.escape(standfirst),
              "author": author, "date": date, "base": base,
              "url": "%s/%s/%s.html" % (base, folder, name),
              "paragraphs:2": paragraphs(texts[:split]), "paragraphs:rest": paragraphs(texts[split:])}
    for key, value in values.items():
        page = page.replace("{{%s}}" % key, value)
    return page.encode()


def list_page(folder):
    rows = [line.split("\t") for line in read(folder, "list.index").decode().splitlines()]
    links = "\n".join('<div class="entry"><a href="/%s/%s.html">%s</a></div>' % (folder, name, html.escape(head))
                      for name, head in rows)
    return read(folder, "list.html").decode().replace("{{links}}", links).encode()


def updated(path, body):
    """The second and later answers carry the correction."""
    with lock:
        asked[path] = asked.get(path, 0) + 1
        first = asked[path] == 1
    if first:
        return body
    for line in read("herald", "atom.update").decode().splitlines():
        if "\t" in line and not line.startswith("#"):
            old, new = line.split("\t")
            body = body.replace(old.encode(), new.encode())
    return body


def find(path, base):
    """The body and media type of a path, or None."""
    folder, _, name = path.strip("/").partition("/")
    stem, ext = os.path.splitext(name)
    if path == "/notafeed":
        return list_page("bulletin"), "text/html"
    if folder not in ("courier", "herald", "gazette", "kurier", "vestnik", "diario", "bulletin"):
        return None
    if os.path.basename(name) != name or not name:
        return None
    if name == "list.html":
        return list_page(folder), "text/html; charset=utf-8"
    if ext == ".html" and os.path.exists(os.path.join(HERE, folder, stem + ".story")):
        return story_page(folder, stem, base), "text/html; charset=utf-8"
    if ext in (".xml", ".json") and os.path.exists(os.path.join(HERE, folder, name)):
        body = read(folder, name).replace(b"http://samples.invalid", base.encode())
        return (updated(path, body) if path == "/herald/atom.xml" else body), TYPES[ext]
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "samples"

    def log_message(self, *_):
        pass

    def do_GET(self):
        found = find(self.path.partition("?")[0], "http://%s:%d" % self.server.server_address[:2])
        body, kind = found or (b"not found\n", "text/plain")
        etag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        known = found and self.headers.get("If-None-Match") == etag
        self.send_response(304 if known else 200 if found else 404)
        self.send_header("ETag", etag)
        if not known:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print("http://%s:%d" % server.server_address[:2], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
