"""Watched directories."""
import os
import zipfile

from conftest import article, rss, wait_for

WIRE = "Harbour reopens\n\nWESTHAVEN, Nov. 16 (AP) -- The harbour reopened on Monday after a storm, number %d. " + article(5) + "\n"


def drop(world, name, text):
    path = os.path.join(world.folder, "wire", name)
    with open(path, "w") as f:
        f.write(text)
    return path


def stage(world):
    os.mkdir(os.path.join(world.folder, "wire"))
    world.configure([{"kind": "directory", "id": "wire", "path": "wire"}])


def test_files_that_were_there_before_the_start_are_read(world):
    stage(world)
    for i in range(30):
        drop(world, "%d.txt" % i, WIRE % i)
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(30))
    assert world.lines()[0]["analysis"]["dateline"]["agency"] == "AP"


def test_files_are_taken_when_complete_or_renamed_in_and_only_once(world):
    stage(world)
    world.daemon()
    world.worker()
    path = os.path.join(world.folder, "wire", "slow.txt")
    text = WIRE % 1
    with open(path, "w") as f:
        f.write(text[:100])
        f.flush()
        os.fsync(f.fileno())
        drop(world, "whole.txt", WIRE % 2)
        wait_for(lambda: world.settled(1))  # the unfinished one is not read
        f.write(text[100:])
    wait_for(lambda: world.settled(2))
    outside = os.path.join(world.folder, "outside.txt")
    with open(outside, "w") as f:
        f.write(WIRE % 3)
    os.rename(outside, os.path.join(world.folder, "wire", "renamed.txt"))
    wait_for(lambda: world.settled(3))
    bodies = [r["item"]["bodies"][0]["value"] for r in world.lines()]
    assert len(bodies) == 3 and all("story 5" in body for body in bodies)


def test_a_bad_file_is_named_and_stops_no_other(world):
    stage(world)
    drop(world, "empty.txt", "")
    drop(world, "scan.pdf", "%PDF-1.4 not a text")
    drop(world, "good.txt", WIRE % 1)
    drop(world, "feed.xml", rss([("1", "One", article(1)), ("2", "Two", article(2))]))
    daemon = world.daemon()
    world.worker()
    wait_for(lambda: world.settled(3))
    log = wait_for(lambda: "file not understood" in (t := open(daemon.log).read()) and t)
    assert "file=scan.pdf" in log and "PDF" in log
    assert "file is empty" in log and "file=empty.txt" in log
    drop(world, "empty.txt", WIRE % 2)
    wait_for(lambda: world.settled(4))


def test_after_a_restart_no_file_is_lost_or_recorded_again(world):
    stage(world)
    for i in range(10):
        drop(world, "%d.txt" % i, WIRE % i)
    daemon = world.daemon()
    world.worker()
    wait_for(lambda: world.settled(10))
    world.stop(daemon)
    drop(world, "while-down.txt", WIRE % 99)
    world.daemon()
    wait_for(lambda: world.settled(11))
    assert len(world.lines()) == 11


def test_a_file_name_of_any_bytes_gives_a_proper_url(world):
    stage(world)
    with open(os.path.join(world.folder, "wire").encode() + b"/caf\xe9 1#.txt", "w") as f:
        f.write(WIRE % 1)
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    url = "file://%s/wire/caf%%E9%%201%%23.txt" % world.folder
    assert world.lines()[0]["url"] == url
    assert world.ask("explain", url)["facts"]["uri"] == world.lines()[0]["item"]["uri"]


def test_an_old_file_that_is_read_again_is_no_newer_version(world):
    stage(world)
    feed = "<?xml version='1.0'?><rss version='2.0'><channel><title>F</title><item><guid>%d</guid><title>%s %d</title><description>%s</description></item></channel></rss>"
    for i in range(20):
        drop(world, "a%d.xml" % i, feed % (i, "First", i, article(i)))
    daemon = world.daemon()
    world.worker()
    wait_for(lambda: world.settled(20))
    for i in range(20):
        drop(world, "b%d.xml" % i, feed % (i, "Corrected", i, article(100 + i)))
    wait_for(lambda: world.settled(40))
    world.stop(daemon)
    for i in range(20):  # other times: all are read again
        os.utime(os.path.join(world.folder, "wire", "a%d.xml" % i))
    drop(world, "new.xml", feed % (99, "New", 99, article(99)))
    world.daemon()
    wait_for(lambda: world.settled(41))
    assert world.queue()["accepted"] == 41
    assert max(int(r["item"]["version"]) for r in world.lines()) == 2


def nitf(n):
    return ("<nitf><head><docdata><doc-id id-string='n-%d'/></docdata></head><body><body.head><hedline><hl1>Number %d</hl1>"
            "</hedline></body.head><body.content><p>%s</p></body.content></body></nitf>" % (n, n, article(n)))


MAIL = "From: Desk <desk@example.org>\nMessage-ID: <m@example.org>\nSubject: By mail\n\n" + article(6) + "\n"


def test_what_agencies_drop_is_read_packed_or_not(world):
    stage(world)
    drop(world, "one.xml", nitf(1))
    drop(world, "letter.eml", MAIL)
    with zipfile.ZipFile(os.path.join(world.folder, "wire", "two.zip"), "w", zipfile.ZIP_DEFLATED) as f:
        f.writestr("../../2.xml", nitf(2))
        f.writestr("3.xml", nitf(3))
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(4))
    found = {r["item"]["headlines"][0]["value"] for r in world.lines()}
    assert found == {"Number 1", "Number 2", "Number 3", "By mail"}
