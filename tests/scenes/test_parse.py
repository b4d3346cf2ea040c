"""`dateline parse`: files in, ninjs lines out, through the parser children."""
import gzip
import json
import os
import subprocess

from conftest import BIN

DATELINE = os.path.join(BIN, "dateline")
TIME = "2026-11-21T08:00:00Z"


def parse(folder, *args, stdin=None):
    done = subprocess.run([DATELINE, "parse", "--fetched", TIME, *args], input=stdin, cwd=folder, capture_output=True,
                          timeout=120)
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode().splitlines()


def feed(*titles, more=""):
    items = "".join("<item><guid>%s</guid><title>%s</title><link>/x/%s</link></item>" % (t, t, t) for t in titles)
    return '<rss version="2.0"><channel><title>A feed</title>%s%s</channel></rss>' % (more, items)


def write(folder, name, body):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(body if isinstance(body, bytes) else body.encode())
    return name


def headlines(lines):
    return [json.loads(line)["headlines"][0]["value"] for line in lines]


def test_many_files_come_out_in_their_order(tmp_path):
    # Large and small ones in turn, so that children finish out of order.
    names = [write(tmp_path, "f%d" % i, feed("t%d" % i, more="<x>%s</x>" % ("y " * (200000 if i % 3 == 0 else 1))))
             for i in range(60)]
    code, lines, errors = parse(tmp_path, *names)
    assert (code, errors) == (0, [])
    assert headlines(lines) == ["t%d" % i for i in range(60)]


def test_a_bad_file_is_one_line_and_the_others_go_on(tmp_path):
    write(tmp_path, "one", feed("one"))
    write(tmp_path, "bad", b"%PDF-1.4\n\x00\x01")
    write(tmp_path, "two", feed("two"))
    code, lines, errors = parse(tmp_path, "one", "bad", "missing", "two")
    assert code == 65
    assert headlines(lines) == ["one", "two"]
    assert len(errors) == 2 and errors[0].startswith("dateline parse: bad: not understood: ")
    assert errors[1].startswith("dateline parse: missing: ")


def test_a_file_that_is_not_there_is_no_input(tmp_path):
    assert parse(tmp_path, "missing")[0] == 66


def test_standard_input_is_read_without_a_file_and_for_a_dash(tmp_path):
    for args in ((), ("-",)):
        code, lines, _ = parse(tmp_path, *args, stdin=feed("one").encode())
        assert code == 0 and headlines(lines) == ["one"]


def test_a_description_comes_first(tmp_path):
    code, lines, _ = parse(tmp_path, "--describe", stdin=feed("one", more="<ttl>30</ttl>").encode())
    assert code == 0 and len(lines) == 2
    assert json.loads(lines[0])["feed"]["title"] == "A feed"
    assert json.loads(lines[0])["feed"]["ttl"] == 1800


def test_the_same_comes_out_with_every_jail_and_without_a_child(tmp_path):
    text = feed("one", "two", "three").encode()
    here = parse(tmp_path, "--in-process", "--describe", stdin=text)
    assert here[0] == 0 and len(here[1]) == 4
    assert parse(tmp_path, "--describe", stdin=text) == here
    assert parse(tmp_path, "--jail", "none", "--describe", stdin=text) == here


def test_relative_links_start_at_the_url(tmp_path):
    _, lines, _ = parse(tmp_path, "--url", "http://example.org/feeds/all", stdin=feed("one").encode())
    assert "http://example.org/x/one" in lines[0]


def test_a_charset_can_be_said(tmp_path):
    text = feed("Москва").encode("windows-1251")
    _, lines, _ = parse(tmp_path, "--charset", "windows-1251", stdin=text)
    assert headlines(lines) == ["Москва"]


def test_compressed_files_are_opened(tmp_path):
    write(tmp_path, "feed.xml.gz", gzip.compress(feed("one").encode()))
    code, lines, _ = parse(tmp_path, "feed.xml.gz")
    assert code == 0 and headlines(lines) == ["one"]


def test_a_bomb_is_refused(tmp_path):
    write(tmp_path, "bomb.gz", gzip.compress(b" " * (64 << 20)))
    write(tmp_path, "large", b" " * ((8 << 20) + 1))
    code, lines, errors = parse(tmp_path, "bomb.gz", "large")
    assert code == 65 and lines == [] and len(errors) == 2
    assert all("over a limit" in line for line in errors)


def test_options_are_checked(tmp_path):
    for args in (("--type", "pdf"), ("--jail", "glass"), ("--fetched", "yesterday"), ("--nonsense",)):
        done = subprocess.run([DATELINE, "parse", *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert done.returncode == 64 and done.stderr and not done.stdout


def test_a_name_from_outside_does_not_reach_the_terminal_raw(tmp_path):
    write(tmp_path, "\x1b[31mred", b"")
    _, _, errors = parse(tmp_path, "\x1b[31mred")
    assert len(errors) == 1 and "\x1b" not in errors[0]
