"""Items under an embargo: accepted, kept through whatever happens, seen by nobody before their time."""
import datetime
import json
import os
import signal
import time

from conftest import wait_for

TEXT = "The council of Lindholm met on Tuesday and spoke of the harbour, of its old cranes and of the ferries. "


def at(seconds):
    """So many seconds from now, a whole one."""
    return datetime.datetime.fromtimestamp(int(time.time()) + seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(when):
    return datetime.datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()


def ninjs(number, text, **more):
    return dict({"uri": "urn:coast:%s" % number, "type": "text", "pubStatus": "usable", "headline": "Story %s" % number,
                 "body_text": "%s Number %s. %s" % (TEXT, number, text)}, **more)


def drop(world, name, *items):
    partial, path = os.path.join(world.folder, "partial"), os.path.join(world.folder, "in", name)
    with open(partial, "w") as f:
        f.write("".join(json.dumps(item) + "\n" for item in items))
    os.rename(partial, path)


def start(world):
    os.mkdir(os.path.join(world.folder, "in"))
    world.configure([{"kind": "directory", "id": "in", "path": "in"}])
    world.worker()
    return world.daemon()


def uri_of(world):
    return world.ask("queue", "list")["items"][0]["uri"]


def explained(world, uri):
    return "\n".join(world.ask("explain", uri)["lines"])


def test_an_item_is_held_until_its_time_through_kills_and_told(world):
    daemon = start(world)
    until = at(8)
    drop(world, "a.json", ninjs(1, "First.", embargoedUntil=until), ninjs(2, "Free."))
    wait_for(lambda: world.queue()["done"] == 1)
    queue = world.queue()
    assert queue["accepted"] == 2 and queue["delayed"] == 1 and queue["embargoed"] == 1 and queue["next_release"] == until
    uri = uri_of(world)
    listed = world.ask("queue", "list", "--state", "delayed")["items"]
    assert [item["embargo"] for item in listed] == [until]
    assert "embargo " + until in world.run("queue", "list").stdout.decode()
    assert "under an embargo until " + until in explained(world, uri)
    for how in (signal.SIGKILL, signal.SIGTERM):
        daemon.send_signal(how)
        daemon.wait(30)
        daemon = world.daemon()
        assert world.queue()["embargoed"] == 1
    assert [line["item"]["headlines"][0]["value"] for line in world.lines()] == ["Story 2"]
    wait_for(lambda: world.settled(2))
    assert time.time() >= seconds_of(until)
    line = [line for line in world.lines() if line["item"]["uri"] == uri][0]
    assert line["event"] == "new" and line["item"]["version"] == "1"
    records = world.replay(2)
    assert [record["item"]["uri"] == uri for record in records] == [False, True]
    assert "done: recorded" in explained(world, uri)


def test_a_withdrawal_before_its_time_leaves_nothing_to_see(world):
    start(world)
    drop(world, "1.json", ninjs(1, "First.", embargoedUntil=at(4)))
    wait_for(lambda: world.queue()["embargoed"] == 1)
    uri = uri_of(world)
    drop(world, "2.json", ninjs(1, "First.", pubStatus="canceled"))
    wait_for(lambda: world.queue()["done"] == 1)
    assert world.queue()["embargoed"] == 0
    assert "withdrawn by its publisher while it was under an embargo" in explained(world, uri)
    time.sleep(5)
    assert world.lines() == [] and world.status()["live"]["newest"] == 0


def test_a_correction_before_its_time_takes_its_place(world):
    start(world)
    drop(world, "1.json", ninjs(1, "First.", embargoedUntil=at(3600)), ninjs(2, "First.", embargoedUntil=at(3600)))
    wait_for(lambda: world.queue()["embargoed"] == 2)
    until = at(4)
    drop(world, "2.json", ninjs(1, "Second.", embargoedUntil=until), ninjs(2, "Lifted."))
    wait_for(lambda: len(world.lines()) == 1)
    assert "Lifted." in world.lines()[0]["item"]["bodies"][0]["value"]
    assert world.lines()[0]["event"] == "new"  # nobody has seen the one before
    wait_for(lambda: world.settled(4))
    assert time.time() >= seconds_of(until)
    texts = [line["item"]["bodies"][0]["value"] for line in world.lines()]
    assert len(texts) == 2 and "Second." in texts[1] and world.lines()[1]["event"] == "new"
    assert world.lines()[1]["item"]["version"] == "2"


def test_another_time_for_the_same_text_is_kept_too(world):
    daemon = start(world)
    drop(world, "1.json", ninjs(1, "First.", embargoedUntil=at(3)), ninjs(2, "First.", embargoedUntil=at(3600)))
    wait_for(lambda: world.queue()["embargoed"] == 2)
    later = at(3600)
    drop(world, "2.json", ninjs(1, "First.", embargoedUntil=later), ninjs(2, "First."))
    wait_for(lambda: len(world.lines()) == 1)
    assert world.lines()[0]["item"]["headlines"][0]["value"] == "Story 2"
    world.kill(daemon)
    world.daemon()
    time.sleep(3)
    assert world.queue()["next_release"] == later and world.queue()["accepted"] == 2 and len(world.lines()) == 1


def test_an_older_version_that_comes_again_moves_nothing(world):
    start(world)
    later = at(3600)
    drop(world, "1.json", ninjs(1, "First."))
    wait_for(lambda: world.settled(1))
    drop(world, "2.json", ninjs(1, "Second.", embargoedUntil=later))
    wait_for(lambda: world.queue()["embargoed"] == 1)
    drop(world, "3.json", ninjs(1, "First."), ninjs(2, "Last."))
    wait_for(lambda: len(world.lines()) == 2)
    assert world.queue()["embargoed"] == 1 and world.queue()["next_release"] == later
    assert not any("Second." in line["item"]["bodies"][0]["value"] for line in world.lines())


def test_versions_that_come_in_one_document_leave_one(world):
    start(world)
    until = at(4)
    drop(world, "1.json", ninjs(1, "First.", embargoedUntil=until), ninjs(1, "Second.", embargoedUntil=until),
         ninjs(2, "First.", embargoedUntil=until), ninjs(2, "First.", pubStatus="canceled"))
    wait_for(lambda: world.queue()["accepted"] >= 3)
    wait_for(lambda: world.settled(3) and world.queue()["embargoed"] == 0)
    assert time.time() >= seconds_of(until) or world.lines() == []
    wait_for(lambda: world.lines())
    assert ["Second." in line["item"]["bodies"][0]["value"] for line in world.lines() if line["event"] != "retraction"] == [True]
    assert not any("Story 2" in json.dumps(line) for line in world.lines())


def test_an_embargo_beyond_reason_is_refused_and_said(world):
    daemon = start(world)
    far = at(400 * 86400)
    drop(world, "1.json", ninjs(1, "First.", embargoedUntil=far), ninjs(2, "Free."))
    wait_for(lambda: world.settled(1))
    assert len(world.lines()) == 1
    with open(daemon.log) as f:
        assert "under an embargo of more than 366 days" in f.read()
    told = world.run("push", "--type", "ninjs", "-", check=False,
                     stdin=json.dumps(ninjs(3, "Pushed.", embargoedUntil=far)).encode())
    assert "more than 366 days" in (told.stdout + told.stderr).decode()
    told = world.run("push", "--type", "ninjs", "-", check=False,
                     stdin=json.dumps(ninjs(4, "Pushed.", embargoedUntil="9999-12-31T00:00:00Z")).encode())
    assert "under an embargo without an end" in (told.stdout + told.stderr).decode()
    drop(world, "2.json", ninjs(1, "First.", embargoedUntil=at(1)))
    wait_for(lambda: world.settled(2))
    assert len(world.lines()) == 2
