"""What feeds say of themselves, against the cases that lie beside the tree in ../shared (skipped where they do not).

Each check of a case is either held, or stands in REFUSED with the reason; docs/feeds.md has the same reasons in words.
"""
import datetime
import html
import json
import os
import re
import subprocess
import urllib.parse

import pytest

from conftest import BIN, ROOT

CASES = os.path.join(ROOT, "..", "shared", "data", "feeds", "cases.jsonl")
TAG = re.compile(r"<!--.*?-->|<[A-Za-z/!?][^>]*>", re.S)

# What is not told, by the path of the check without its numbers.
REFUSED = {
    "how a text was written, not what it says": r".*_detail\.(type|base|language)|entries\.content\.(type|base|language)|"
                                                r"(feed|entries|entries\.source)\.links\.rel",
    "addresses of persons: their names are told, one address of the feed's is": r"(feed|entries)\.(author_detail|authors|contributors)\.(email|url)",
    "for Apple's directory": r"(feed|entries)\.itunes_(block|explicit)",
    "an item names its authors, not who helped": r"entries\.contributors\..*",
    "of the feed an entry was taken from, only title, authors and rights count": r"entries\.source\.(generator_detail|links|tags|subtitle|updated_parsed).*",
    "a keyword is a word": r"entries\.tags\.(label|scheme)",
    "an item has the name of a place, not a point": r"entries\.where\..*",
    "no news": r"entries\.comments",
    "HTTP headers are the fetcher's": r"modified",
    "a date as it was written": r"entries\.updated",
    "not told: a guid that is a link becomes one": r"entries\.guidislink",
}
# The charset of text/* without one was ASCII by RFC 3023; RFC 7303 and every browser look at the document.
# The language of an HTTP header is the fetcher's. A link that is empty (the document itself) leads nowhere new.
REFUSED_CASES = {"encoding/http_text_rss_xml_default.xml", "encoding/http_text_rss_xml_encoding.xml",
                 "wellformed/lang/http_content_language.xml", "wellformed/base/feed_link_xml_base_iri.xml"}
# A charset's superset that browsers take for it.
CHARSETS = {"gb2312": "gb18030", "iso-8859-1": "windows-1252", "us-ascii": "windows-1252"}
PLACES = {
    "title": "title", "title_detail.value": "title", "subtitle": "subtitle", "subtitle_detail.value": "subtitle", "info": "info",
    "rights": "copyright", "language": "language", "link": "url", "id": "id", "author": "author", "author_detail.name": "author",
    "authors.name": "author", "contributors.name": "contributors", "generator": "generator", "docs": "docs", "cloud.port": "cloud",
    "cloud.protocol": "cloud", "image.href": "image", "category": "categories", "tags.term": "categories", "tags": "categories",
    "updated_parsed": "updated", "published_parsed": "published", "publisher_detail.name": "publisher",
    "publisher_detail.email": "contact", "validity_start_parsed": "valid", "validity_end": "valid", "links.href": "url",
}


def plain(text):
    text = TAG.sub(" ", text)
    for _ in range(2):
        text = html.unescape(text)
    return re.sub(r"\s+", "", TAG.sub(" ", text))


def instant(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


def path_of(check):
    return ".".join(p for p in check["path"] if isinstance(p, str))


def refused(case, check):
    return case["id"] in REFUSED_CASES or any(re.fullmatch(p, path_of(check)) for p in REFUSED.values())


def is_checked_here(check):
    return check["path"][0] != "entries" or refused({"id": ""}, check)


def describe(case):
    with open(os.path.join(os.path.dirname(CASES), case["file"]), "rb") as f:
        data = f.read()
    headers = {key.lower(): value for key, value in (case.get("headers") or {}).items()}
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", headers.get("content-type", ""))
    url = urllib.parse.urljoin(case["url"], headers.get("content-location", ""))
    command = [os.path.join(BIN, "dateline"), "parse", "--in-process", "--describe", "--url", url]
    command += ["--charset", charset.group(1)] if charset else []
    done = subprocess.run(command + ["-"], input=data, capture_output=True, timeout=60)
    first = done.stdout.decode().split("\n", 1)[0]
    return json.loads(first)["feed"] if done.returncode == 0 else {}


def is_held(check, feed):
    path, want = path_of(check), check.get("value")
    if path == "encoding":
        return feed.get("charset") == CHARSETS.get(want.lower(), want.lower())
    if path == "version":
        return feed["type"] + feed["version"].replace(".", "") == want
    got = feed.get(PLACES[path.removeprefix("feed.")], "")
    if check["op"] == "absent":
        return got == ""
    if check["op"] == "len":
        return len(got) == want
    if path.endswith("_parsed") and "validity" not in path:
        return got != "" and instant(got) == instant(want)
    if "validity" in path:
        start, end = got.split("/")
        return instant(start if "start" in path else end) == instant(want)
    if path == "feed.links.href":
        host = urllib.parse.urlsplit(want)
        return got in (want, host._replace(netloc=host.netloc.encode("idna").decode()).geturl())
    if path.startswith("feed.cloud"):
        return want in re.split(r"[ :/]", got) or want == got.split(" ")[0]
    if isinstance(got, list):
        return plain(want) in [plain(g) for g in got]
    if re.search(r"author|publisher_detail", path):
        return plain(want) in plain(got)
    if path in ("feed.link", "feed.id", "feed.docs", "feed.image.href"):
        return got == want
    return plain(got) == plain(want)


@pytest.mark.skipif(not os.path.exists(CASES), reason="the cases do not lie in ../shared")
def test_feeds_say_of_themselves_what_they_say():
    with open(CASES, encoding="utf-8") as f:
        cases = [json.loads(line) for line in f]
    wrong, checked, left = [], 0, 0
    for case in cases:
        checks = [c for c in case["checks"] if is_checked_here(c)]
        if not checks:
            continue
        feed = describe(case)
        for check in checks:
            if refused(case, check):
                left += 1
            elif not is_held(check, feed):
                wrong.append((case["id"], path_of(check), check.get("value"), feed))
            else:
                checked += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert checked >= 90 and left <= 60
