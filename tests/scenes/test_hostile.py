"""Documents made to hurt, of every type: each gives items or a refusal that says why, and no child is lost over one.

The table below is the set; most are a few words and a number of times. Each is read by itself in a jailed child with the
daemon's own limits, and what that child took of processor and memory is measured: its own, asked of the kernel at its end.
Then the same goes through `dateline parse`, for what comes out. Brotli has no magic and comes by HTTP alone."""
import base64
import errno
import gzip
import io
import json
import os
import re
import socket
import struct
import subprocess
import time
import zipfile
from functools import reduce

import pytest
from conftest import BIN

DATELINE = os.path.join(BIN, "dateline")
TIME = "2026-11-21T08:00:00Z"
CPU_S = 1.0  # LIMIT_PARSER_CPU_MS
MEMORY = 256 << 20  # LIMIT_PARSER_MEMORY
MANY = 100000

NAR = 'xmlns="http://iptc.org/std/nar/2006-10-01/"'
# How a text begins and ends in each type that is markup.
SHELLS = {
    "rss": ("<rss version='2.0'><channel><title>T</title><item><guid>g</guid><title>h</title><description>",
            "</description></item></channel></rss>"),
    "atom": ("<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><entry><id>g</id><title>h</title>"
             "<content type='xhtml'>", "</content></entry></feed>"),
    "nitf": ("<nitf><head><title>h</title></head><body><body.content><p>", "</p></body.content></body></nitf>"),
    "newsml": ("<newsItem %s guid='g' version='1'><contentMeta><headline>h</headline></contentMeta><contentSet><inlineXML>"
               % NAR, "</inlineXML></contentSet></newsItem>"),
    "article": ("<!DOCTYPE html><html><head><title>h</title></head><body><article><h1>h</h1><p>",
                "</p></article></body></html>"),
    "rdf": ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel>"
            "<title>T</title></channel><item rdf:about='http://a.example/1'><title>h</title><description>",
            "</description></item></rdf:RDF>"),
    "sitemap": ("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'>"
                "<url><loc>http://a.example/1</loc><news:news><news:title>h", "</news:title></news:news></url></urlset>"),
    "page": ("<!DOCTYPE html><html><body><ul><li><a href='/2026/a-b-c'>A headline of some words</a>", "</ul></body></html>"),
}
XML = ("rss", "rdf", "atom", "sitemap", "nitf", "newsml")
BOMB = "".join("<!ENTITY e%d '%s'>" % (i, ("&e%d;" % (i - 1)) * 10 if i else "ha" * 10) for i in range(12))


def shelled(kind, middle, before=""):
    head, tail = SHELLS[kind]
    return before + head + middle + tail


def markup():
    """Every kind of damage in every kind of markup."""
    for kind, (head, tail) in SHELLS.items():
        yield kind + "-nested", shelled(kind, "<div>" * MANY)
        yield kind + "-nested-and-closed", shelled(kind, "<b>" * MANY + "x" + "</b>" * MANY)
        yield kind + "-attributes", shelled(kind, "<p " + " ".join("a%d='x'" % i for i in range(20000)) + ">x</p>")
        yield kind + "-giant-attribute", shelled(kind, "<p a='" + "x" * (4 << 20) + "'>x</p>")
        yield kind + "-open-quote", shelled(kind, "<p a='" * MANY)
        yield kind + "-open-comment", shelled(kind, "<!--" * MANY)
        yield kind + "-open-tag", head + "<" * (1 << 20)
        yield kind + "-end-tags", shelled(kind, "</p>" * 500000)
        yield kind + "-nul", shelled(kind, "a\0b" * 1000)
        yield kind + "-one-line", shelled(kind, "word " * 800000)
        yield kind + "-cut", head[:-4]
        yield kind + "-references", shelled(kind, "&#x110000;&#0;&nosuch;&amp" * 20000)
        yield kind + "-wrong-charset", "<?xml version='1.0' encoding='utf-16'?>" + shelled(kind, "caf\u00e9 " * 1000)
        yield kind + "-open-everything", shelled(kind, "<!-- <![CDATA[ <?x <a b='" * 1000) + "<"
        yield kind + "-duplicate-attributes", shelled(kind, "<p " + "a='x' " * MANY + ">x</p>")
        yield kind + "-names", shelled(kind, "".join("<%s>" % ("n" * 60 + str(i)) for i in range(40000)))
        yield kind + "-giant-name", shelled(kind, "<" + "a" * (4 << 20) + ">x")
        yield kind + "-utf16", (b"\xff\xfe" + shelled(kind, "\ud800 x \udc00 " * 50000).encode("utf-16-le", "surrogatepass"))
        yield kind + "-bad-utf8", shelled(kind, "").encode().replace(b"h", b"h\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80")
    for kind in XML:
        root = SHELLS[kind][0][1:].split()[0].split(">")[0]
        yield kind + "-entity-bomb", shelled(kind, "&e11;", "<!DOCTYPE %s [%s]>" % (root, BOMB))
        yield kind + "-one-long-entity", shelled(kind, "&a;" * MANY, "<!DOCTYPE %s [<!ENTITY a '%s'>]>" % (root, "x" * MANY))
        yield kind + "-entity-in-attribute", shelled(kind, "<p a='%s'/>" % ("&a;" * MANY), "<!DOCTYPE %s [<!ENTITY a '%s'>]>" % (root, "x" * MANY))
        yield kind + "-entity-loop", shelled(kind, "&a;", "<!DOCTYPE %s [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>" % root)
        yield kind + "-declarations", shelled(kind, "x", "<!DOCTYPE %s [%s]>" % (root, "<!ENTITY a 'b'>" * MANY))
        yield kind + "-default-attributes", shelled(kind, "<p/>" * MANY, "<!DOCTYPE %s [<!ATTLIST p %s>]>" % (
            root, " ".join("a%d CDATA 'x'" % i for i in range(200))))
        yield kind + "-charset-entity", shelled(kind, "&x;", "<!DOCTYPE %s [<!ENTITY x SYSTEM 'php://filter/resource=/etc/passwd'>]>" % root).encode("utf-16")
        yield kind + "-stylesheet", shelled(kind, "x", "<?xml-stylesheet href='file:///etc/passwd'?>" * MANY)
        yield kind + "-comments", shelled(kind, "<!---->" * 500000)
        yield kind + "-cdata-flood", shelled(kind, "<![CDATA[]]>" * 500000)
        yield kind + "-external-entity", shelled(kind, "&x;", "<!DOCTYPE %s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" % root)
        yield kind + "-external-dtd", shelled(kind, "x", "<!DOCTYPE %s SYSTEM 'http://127.0.0.1:9/x.dtd'>" % root)
        yield kind + "-parameter-entity", shelled(
            kind, "x", "<!DOCTYPE %s [<!ENTITY %% p SYSTEM 'file:///etc/passwd'>%%p;]>" % root)
        yield kind + "-open-doctype", "<!DOCTYPE %s [<!ENTITY a '" % root + "x" * (1 << 20) + shelled(kind, "x")
        yield kind + "-xinclude", shelled(
            kind, "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>")
        yield kind + "-open-cdata", shelled(kind, "<![CDATA[" + "]]" * MANY)
        yield kind + "-instructions", shelled(kind, "<?a " * MANY)
        yield kind + "-namespaces", shelled(kind, "".join("<a:b xmlns:a='urn:%d'/>" % i for i in range(20000)))


def feeds():
    rss = "<rss><channel><title>T</title>%s</channel></rss>"
    dates = ("0000-00-00", "9999-99-99", "Mon, 99 Foo 99999999999 99:99:99 +9999", "-1", "1" * 100000, "24:61", "\u0661" * 50)
    for i, date in enumerate(dates):
        yield "rss-date-%d" % i, rss % ("<item><guid>g</guid><title>h</title><pubDate>%s</pubDate></item>" % date)
    for i, date in enumerate(dates):
        yield "atom-date-%d" % i, "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>g</id><title>h</title><updated>%s</updated></entry></feed>" % date
        yield "json-date-%d" % i, '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"g","title":"h","date_published":"%s"}]}' % date
        yield "sitemap-date-%d" % i, shelled("sitemap", "h").replace("<news:title>", "<news:publication_date>%s</news:publication_date><news:title>" % date)
        yield "nitf-date-%d" % i, shelled("nitf", "x").replace("</title>", "</title><docdata><date.issue norm='%s'/></docdata>" % date)
        yield "newsml-date-%d" % i, shelled("newsml", "x").replace("<contentMeta>", "<itemMeta><versionCreated>%s</versionCreated></itemMeta><contentMeta>" % date)
        yield "mail-date-%d" % i, "From: a@b.example\nMessage-ID: <1@x>\nSubject: s\nDate: %s\n\nx" % date
        yield "article-date-%d" % i, shelled("article", "Some words of a text. " * 20).replace("<title>", "<meta property='article:published_time' content='%s'><title>" % date)
    yield "sitemap-urls", shelled("sitemap", "h").replace("</url>", "</url>" + "<url><loc>http://a.example/2</loc></url>" * 60000)
    yield "sitemap-index", "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>" + "<sitemap><loc>http://a.example/s</loc></sitemap>" * 60000
    yield "sitemap-images", shelled("sitemap", "h</news:title></news:news>" + "<image:image><image:loc>http://a/</image:loc></image:image>" * 50000)
    yield "rss-enclosures", rss % ("<item><guid>g</guid><title>h</title>" + "<enclosure url='http://a/b.jpg' type='image/jpeg'/>" * MANY)
    yield "rss-html-bomb", rss % ("<item><guid>g</guid><title>h</title><description>" + "&lt;div&gt;" * MANY + "</description></item>")
    yield "rss-escaped-again", rss % ("<item><guid>g</guid><title>" + "&amp;amp;" * MANY + "</title></item>")
    yield "rss-items", rss % ("<item><guid>g</guid></item>" * 200000)
    yield "rss-items-in-items", rss % ("<item><guid>g</guid><title>x" * 9000)
    yield "rss-categories", rss % ("<item><guid>g</guid>" + "".join("<category>c%d</category>" % i for i in range(50000)))
    yield "rss-links", rss % ("<item><guid>g</guid><link>http://" + "a" * (1 << 20) + "/</link></item>")
    yield "rss-names-of-marks", rss % ("<item><guid>g</guid><link>http://" + "a" + "\u0301\u0323" * 4000 + "/</link></item>")
    yield "atom-base-chain", SHELLS["atom"][0] + "<div xml:base='a/'>" * 5000
    yield "json-nested", '{"version":"https://jsonfeed.org/version/1.1","items":' + "[" * MANY
    yield "json-objects", '{"version":"https://jsonfeed.org/version/1.1","items":[' + "{}," * 500000 + "{}]}"
    yield "json-numbers", '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":%s}]}' % ("9" * 100000)
    yield "json-nested-objects", '{"version":"https://jsonfeed.org/version/1.1","items":[' + '{"a":' * MANY
    yield "json-nested-closed", '{"version":"https://jsonfeed.org/version/1.1","items":' + "[" * MANY + "]" * MANY + "}"
    yield "json-giant-string", '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_text":"' + "x" * (7 << 20)
    yield "json-escapes", '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_text":"' + "\\u0000\\ud800" * 500000 + '"}]}'
    yield "json-exponent", '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":1e%s}]}' % ("9" * 1000)
    yield "json-commas", '{"version":"https://jsonfeed.org/version/1.1","items":[' + "," * 5000000
    yield "json-html-bomb", json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_html": "<div>" * MANY}]})
    yield "json-utf16", '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"x"}]}'.encode("utf-16")
    yield "json-surrogates", '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"\\ud800\\udc","title":"\\u0000"}]}'
    yield "json-same-keys", '{"items":[{' + ",".join('"id":"%d"' % i for i in range(MANY)) + "}]}"
    yield "sitemap-entries", "<urlset>" + "<url><loc>http://x.example/a</loc></url>" * 200000
    yield "sitemap-entries-in-entries", "<sitemapindex>" + "<sitemap><loc>http://x.example/a" * 200000
    yield "sitemap-images", "<urlset><url><loc>http://x.example/a</loc>" + "<image:image><image:loc>http://x.example/i</image:loc>" * 100000
    yield "sitemap-long-address", "<urlset><url><loc>http://x.example/" + "a" * (1 << 20) + "</loc></url></urlset>"
    yield "sitemap-lines", "http://x.example/a\n" * 400000
    yield "ninjs-lines", '{"uri":"a","pubStatus":"usable","headline":"h"}\n' * 50000
    yield "ninjs-bad-lines", '{"uri":"a","pubStatus":"usable","headline":"h"}\n' + "{\n" * 500000
    yield "ninjs-nested", '{"uri":"a","pubStatus":"usable","headline":"h","x":' + '{"a":' * MANY
    yield "ninjs-subjects", '{"uri":"a","pubStatus":"usable","headline":"h","subject":[' + '{"name":"n"},' * MANY + '{"name":"n"}]}'
    yield "ninjs-associations", '{"uri":"a","headline":"h","associations":{' + '"a":{"uri":"b","headline":"c","associations":{' * 20000
    yield "ninjs-body", json.dumps({"uri": "a", "headline": "h", "body_xhtml": "<b>" * MANY + "x"})
    yield "ninjs-sequence", "\x1e{}\n" * MANY
    yield "ninjs-keys", '{"uri":"a","headline":"h",' + ",".join('"k%d":1' % i for i in range(MANY)) + "}"
    yield "ninjs-date", '{"uri":"a","pubStatus":"usable","headline":"h","embargoedUntil":"%s"}' % ("9" * 5000)


def wires():
    yield "nitf-keywords", "<nitf><head><docdata><key-list>" + "<keyword key='a'/>" * MANY
    yield "nitf-bylines", "<nitf><body><body.head>" + "<byline><person>A B" * 20000
    yield "nitf-elements", "<nitf><body><body.content>" + "<p/>" * 600000
    yield "nitf-attributes", "<nitf><body><body.content>" + "<p %s/>" % ("".join(" a%d=''" % i for i in range(250))) * 4000
    yield "nitf-roots", "<nitf><head><title>h</title></head></nitf>" * 20000
    yield "newsml-items", "<newsMessage %s>" % NAR + "<newsItem guid='a'><contentMeta><headline>h</headline></contentMeta></newsItem>" * 20000
    yield "newsml-items-in-items", "<newsMessage %s>" % NAR + "<newsItem guid='a'>" * MANY
    yield "newsml-embargo", shelled("newsml", "x").replace("<contentMeta>", "<itemMeta><embargoed>9999-99-99</embargoed></itemMeta><contentMeta>")
    yield "nitf-embargo", shelled("nitf", "x").replace("</title>", "</title><docdata><date.release norm='99999999T999999Z'/></docdata>")
    yield "nitf-table", shelled("nitf", "<table>" + "<tr><td>x" * 100000)
    yield "nitf-media", shelled("nitf", "<media><media-reference source='http://a/b.jpg'/><media-caption>x" * 30000)
    yield "newsml-packages", "<newsMessage %s><itemSet>" % NAR + "<packageItem guid='p'><groupSet>" + "<itemRef residref='a'/>" * 90000
    yield "newsml-concepts", "<conceptItem %s guid='c'>" % NAR + "<concept><name>x</name></concept>" * 50000
    yield "newsml-subjects", shelled("newsml", "x").replace("</headline>", "</headline>" + "<subject qcode='a:b'><name>n</name></subject>" * 30000)
    yield "newsml-remote", shelled("newsml", "</inlineXML>" + "<remoteContent href='http://a/b.jpg' contenttype='image/jpeg'/>" * 50000)
    yield "newsml-inline-data", shelled("newsml", "x").replace("<inlineXML>", "<inlineData contenttype='text/html'>" + "&lt;div&gt;" * MANY + "</inlineData><inlineXML>")
    yield "newsml-html-in-nitf-in-html", shelled("newsml", "<html><body><nitf><body><body.content>" * 20000)
    yield "wirecopy-lines", "a\n" * 2000000
    yield "wirecopy-one-line", "word " * 1600000
    yield "wirecopy-datelines", "LONDON/" * 500000 + " (AP) - x"
    yield "wirecopy-blank", " \n" * 4000000
    yield "wirecopy-marks", "a" + "\u0301" * 2000000
    yield "text-controls", "\x01\x02\x03" * 100000
    yield "utf16-odd", "\ufeff<rss><channel>".encode("utf-16-le") + b"\x00"
    yield "utf32-cut", b"\xff\xfe\x00\x00" + b"<\x00\x00\x00r\x00\x00"
    yield "utf7", b"+ADw-rss+AD4-" * 1000
    yield "iso2022-escapes", b"\x1b$B" * 300000
    yield "noise", bytes((i * 7919 >> 3) & 255 for i in range(200000))
    yield "nothing", b""
    yield "nuls", b"\0" * (1 << 20)


def mails():
    head = "From: a@b.example\nMessage-ID: <1@x>\n"
    yield "mail-words", head + "Subject: " + "=?utf-8?q?a?= " * MANY + "\n\nx"
    yield "mail-open-words", head + "Subject: " + "=?utf-8?q?" * MANY + "\n\nx"
    yield "mail-word-charset", head + "Subject: =?%s?q?a?=\n\nx" % ("x" * 10000)
    yield "mail-header-lines", head + "X-A: b\n" * 1000000 + "\nx"
    yield "mail-folded", head + "Subject: a\n" + " b\n" * 1000000 + "\nx"
    yield "mail-parts", head + "Content-Type: multipart/mixed; boundary=a\n\n" + "--a\n\nx\n" * 500000
    yield "mail-nested", head + "".join("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(20000)) + "\nx"
    yield "mail-same-boundary", head + "Content-Type: multipart/mixed; boundary=a\n\n" + "--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 50000
    yield "mail-no-boundary", head + "Content-Type: multipart/mixed\n\n--\n--\n"
    yield "mail-long-boundary", head + "Content-Type: multipart/mixed; boundary=" + "a" * 1000000 + "\n\n" + "--aaa\n" * 100000
    yield "mail-quoted-open", head + 'Content-Type: multipart/mixed; boundary="' + "a" * 100000 + "\n\nx"
    yield "mail-base64-noise", head + "Content-Transfer-Encoding: base64\n\n" + "=!" * 1000000
    yield "mail-quoted-printable", head + "Content-Transfer-Encoding: quoted-printable\n\n" + "=" * 4000000
    yield "mail-charset", head + "Content-Type: text/plain; charset=" + "utf-7" * 1000 + "\n\nx\n" * 1000
    yield "mail-html-bomb", head + "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(
        b"<div>" * MANY).decode()
    yield "mail-base64-bomb", head + "Content-Transfer-Encoding: base64\nContent-Encoding: gzip\n\n" + base64.encodebytes(gzip.compress(b" " * (64 << 20))).decode()
    yield "mail-base64-of-nothing", head + "Content-Transfer-Encoding: base64\n\n" + "=\n" * 2000000
    yield "mail-header-flood", head + "".join("Received: from a%d by b%d\n" % (i, i) for i in range(150000)) + "\nx"
    yield "mail-one-header", head + "Subject: " + "x" * (6 << 20) + "\n\nx"
    yield "mail-header-without-end", head + "Subject: s\n" + "To: a@b\n" * 500000
    yield "mail-parameters", head + "Content-Type: text/plain" + "; a=b" * 500000 + "\n\nx"
    yield "mail-comments", "From: " + "(" * 1000000 + "a@b\nMessage-ID: <1@x>\n\nx"
    yield "mail-addresses", "From: " + "a@b.example, " * 300000 + "\nMessage-ID: <1@x>\nSubject: s\n\nx"
    yield "mail-alternatives", head + "Content-Type: multipart/alternative; boundary=a\n\n" + "--a\nContent-Type: text/html\n\n<p>x</p>\n" * 50000
    yield "mail-in-mail", head + "Content-Type: message/rfc822\n\n" * 50000 + "x"
    yield "mail-boundary-prefixes", head + "Content-Type: multipart/mixed; boundary=a\n\n" + "--aa\n--a-\n--\n" * 300000
    yield "mail-word-base64", head + "Subject: " + "=?utf-16?b?" + "2ADY" * 200000 + "?=\n\nx"
    yield "mail-entities", head + "Content-Type: text/html\n\n<!DOCTYPE html [%s]>&e11;" % BOMB
    yield "mail-nul", head + "Subject: a\0b\n\n\0\0x"


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as f:
        for name, content in members:
            f.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def overlapping():
    """A hundred entries of the directory for one member (D. Fifield, "A better zip bomb", 2019)."""
    one = zipped(("a", " ".join(str(i * i) for i in range(5000))))
    at, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    entry = one[at:end]
    return one[:at] + entry * 100 + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 100, 100, 100 * len(entry), at, 0)


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


def packed():
    feed = shelled("rss", "x").encode()
    spaces = b" " * (64 << 20)
    bomb = gzip.compress(spaces)
    one = zipped(("a.xml", feed))
    directory, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    yield "gzip-bomb", bomb
    yield "gzip-in-gzip", gzip.compress(bomb)
    yield "gzip-eight-times", reduce(lambda data, _: gzip.compress(data), range(8), feed)
    yield "gzip-cut", gzip.compress(feed)[:-12]
    yield "gzip-members", gzip.compress(b"") * 100000
    yield "gzip-header-alone", b"\x1f\x8b\x08"
    yield "gzip-name-without-end", b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"a" * 1000000
    yield "gzip-checksum", patched(gzip.compress(feed), -8 % len(gzip.compress(feed)), b"\0\0\0\0")
    yield "zstd-header-alone", b"\x28\xb5\x2f\xfd"
    yield "zstd-window", b"\x28\xb5\x2f\xfd\x00\xff" + b"\x01\x00\x00" * 100
    yield "zstd-size", b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8 + b"\x01\x00\x00"
    # RFC 8878, section 3.1.1.2.2: blocks of one byte 128 KiB times
    yield "zstd-bomb", b"\x28\xb5\x2f\xfd\x00\x58" + (struct.pack("<I", (131072 << 3) | (1 << 1))[:3] + b" ") * 4000
    yield "zstd-frames", b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00" * 100000
    yield "zstd-skippable", (b"\x50\x2a\x4d\x18\x00\x00\x00\x00" * 500000) + b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"
    yield "zstd-dictionary", b"\x28\xb5\x2f\xfd\x03\xff\xff\xff\xff\x00" + b"\x01\x00\x00"
    yield "gzip-of-bomb-in-feed", gzip.compress(shelled("rss", "&e11;", "<!DOCTYPE rss [%s]>" % BOMB).encode())
    yield "gzip-slowly", gzip.compress(shelled("article", "<div>" * 1500000).encode())
    yield "gzip-noise-behind", gzip.compress(feed) + bytes((i * 7919 >> 3) & 255 for i in range(200000))
    yield "zip-stored-bomb", zipped(*(("a%d" % i, b"word " * 8000) for i in range(190)), method=zipfile.ZIP_STORED)
    yield "zip-of-bombs", zipped(*(("a%d.gz" % i, bomb) for i in range(100)), method=zipfile.ZIP_STORED)
    yield "zip-same-names", zipped(*(("a.xml" if i % 2 else "b.xml", feed) for i in range(2)))
    yield "zip-name-nul", patched(one, directory + 46, b"\0\0\0\0\0")
    yield "zip-method", patched(patched(one, 8, b"\x63\0"), directory + 10, b"\x63\0")
    yield "zip-crc", patched(patched(one, 14, b"\0\0\0\0"), directory + 16, b"\0\0\0\0")
    yield "zip-64-end", one[:end] + b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2**63, 2**63, 2**63, 2**63) + b"PK\6\7" + struct.pack(
        "<IQI", 0, 2**63, 1) + b"PK\5\6" + b"\xff" * 16 + b"\0\0"
    yield "zip-bomb", zipped(("a", spaces))
    yield "zip-many-small-bombs", zipped(*(("a%d" % i, b"word " * 20000) for i in range(900)))
    yield "zip-members", zipped(*(("a%d" % i, "") for i in range(5000)))
    yield "zip-overlapping", overlapping()
    yield "zip-in-zip", zipped(("a.zip", one))
    yield "zip-in-gzip", gzip.compress(zipped(("a", spaces)))
    yield "zip-paths", zipped(("../../../../etc/passwd", feed), ("/etc/shadow", feed), ("C:\\a", feed), ("a" * 60000, feed))
    yield "zip-end-alone", b"PK\5\6" + b"\xff" * 18
    yield "zip-without-end", one[:end]
    yield "zip-comment", one[:-2] + b"\xff\xff" + b"PK\5\6" * 10000
    yield "zip-size-too-large", patched(one, directory + 24, b"\xfe\xff\xff\x7f")
    yield "zip-packed-too-large", patched(one, directory + 20, b"\xfe\xff\xff\x7f")
    yield "zip-offset-in-directory", patched(one, directory + 42, struct.pack("<I", directory))
    yield "zip-directory-offset", patched(one, end + 16, b"\xff\xff\xff\x7f")
    yield "zip-count", patched(patched(one, end + 8, b"\xff\x03"), end + 10, b"\xff\x03")
    yield "zip-64", patched(one, directory + 20, b"\xff" * 8)
    yield "zip-encrypted", patched(patched(one, 6, b"\1"), directory + 8, b"\1")
    yield "zip-mails", zipped(*(("%d.eml" % i, "From: a@b\nMessage-ID: <%d@x>\nSubject: s\n\n%s" % (i, "text " * 50)) for i in range(900)))


DOCUMENTS = dict(pair for table in (markup, feeds, wires, mails, packed) for pair in table())
UNCLEAR = re.compile("killed|died|took longer|CPU|out of memory|crash|deadline|signal")

# ---- a child of our own (daemon/parser/frame.h)
DOCUMENT, ITEM, DONE = 2, 4, 5
FETCHED_US = 1795248000 * 10**6


class Child:
    def __init__(self):
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen([os.path.join(BIN, "dateline-parser"), "--jail", "seccomp"], stdin=theirs, env={},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs.close()
        self.got = bytearray()
        self.frame()  # HELLO: the jail is shut, everything is loaded
        self.clock = (~self.process.pid << 3) | 2  # its processor time, as clock_getcpuclockid(3) makes it

    def frame(self):
        while len(self.got) < 5 or len(self.got) < 5 + struct.unpack_from("<I", self.got)[0]:
            data = self.socket.recv(1 << 20)
            assert data, "the child is gone"
            self.got += data
        end = 5 + struct.unpack_from("<I", self.got)[0]
        kind, payload = self.got[4], bytes(self.got[5:end])
        del self.got[:end]
        return kind, payload

    def read(self, document):
        """Items, the error, why, seconds of its processor time."""
        before, items = time.clock_gettime(self.clock), 0
        payload = struct.pack("<Iq", 0, FETCHED_US) + struct.pack("<I", 0) * 6 + document
        self.socket.sendall(struct.pack("<IB", len(payload), DOCUMENT) + payload)
        while True:
            kind, payload = self.frame()
            items += kind == ITEM
            if kind == DONE:
                error, reason = struct.unpack_from("<I", payload)[0], payload[28:28 + struct.unpack_from("<I", payload, 24)[0]]
                return items, error, reason.decode(), time.clock_gettime(self.clock) - before

    def peak(self):
        """Bytes that were in memory at most."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1)) << 10

    def close(self):
        self.socket.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def child():
    it = Child()
    yield it
    it.close()


def test_the_set_is_large_enough():
    assert len(DOCUMENTS) >= 400


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_gives_items_or_a_refusal_and_costs_little(tmp_path, child, name):
    content = DOCUMENTS[name]
    content = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    assert len(content) <= 8 << 20, "it would not come this far"
    items, error, reason, took = child.read(content)
    assert error == 0 or reason
    assert took < CPU_S, took
    assert child.peak() < MEMORY
    assert child.read(b"<rss><channel><item><guid>g</guid><title>h</title></item></channel></rss>")[:2] == (1, 0)  # it lives

    path = tmp_path / "document"
    path.write_bytes(content)
    done = subprocess.run([DATELINE, "parse", "--fetched", TIME, str(path)], capture_output=True, timeout=60)
    errors = done.stderr.decode()
    assert done.returncode == (65 if error else 0), errors
    assert not UNCLEAR.search(errors.replace(str(path), "")), errors
    assert len(errors.splitlines()) == (1 if done.returncode else 0)
    assert b"root:" not in done.stdout  # what an external entity of ours would bring
    # A limit leaves what was read before it, any other refusal leaves nothing.
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == (0 if error == errno.EBADMSG else items)
