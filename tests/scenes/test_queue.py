"""What an operator does with the queue: look, try again, throw away."""
import json
import os
import pty
import select
import subprocess
import sys
import time

from conftest import BIN, ROOT, article, rss, wait_for


def fake_worker(world, *args):
    log = os.path.join(world.folder, "fake-%d.jsonl" % len(world.processes))
    with open(log, "wb") as out:
        process = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "fake", "worker.py"), "--connect",
                                    world.endpoint("work"), *args], stdout=out, stderr=subprocess.STDOUT)
    process.log = log
    world.processes.append(process)
    return process


def stage(world, items, **settings):
    publisher = world.publish()
    publisher.put("/feed", rss([("%d" % i, "Headline %d" % i, article(i)) for i in range(items)]))
    world.configure([world.feed("/feed", every="1h")], **settings)
    world.daemon()
    wait_for(lambda: world.queue()["ready"] == items)


def bury(world, items):
    """All of them are given up by a worker that cannot do any."""
    stage(world, items, work={"max_deliveries": 1})
    worker = fake_worker(world, "--nack", "--credit", "512")
    wait_for(lambda: world.queue()["dead"] == items)
    world.stop(worker)


def ids(world, *more):
    return [i["id"] for i in world.ask("queue", *more, "-n", "0")["items"]]


def test_more_dead_than_one_answer_holds_are_listed_tried_again_and_purged(world):
    total = 1300
    bury(world, total)
    dead = world.ask("queue", "dead", "-n", "0")
    assert dead["dead"] == total and len({i["id"] for i in dead["items"]}) == total and dead["next"] is None
    first = dead["items"][0]
    assert first["reason"] == "1 deliveries failed, the last: as I was told" and first["worker"] == "fake"
    assert first["deliveries"] == 1 and first["deaths"] == 0 and first["uri"] and first["at"].startswith("20")
    assert len(world.ask("queue", "dead", "-n", "7")["items"]) == 7
    assert len(world.ask("queue", "list", "--state", "dead", "-n", "7")["items"]) == 7
    assert world.ask("queue", "dead", "--reason", "no such reason")["items"] == []

    again = world.run("queue", "requeue", "--all", "--json")
    assert json.loads(again.stdout)["changed"] == total
    queue = world.queue()
    assert queue["ready"] == total and queue["dead"] == 0
    item = world.ask("queue", "show", str(first["id"]))["item"]
    assert item["state"] == "ready" and item["deliveries"] == 0 and item["work"]["item"]["uri"] == first["uri"]

    out = world.run("queue", "purge", "--all-ready", "--yes").stdout.decode()
    assert out == "1,300 purged\n"
    queue = world.queue()
    assert queue["done"] == queue["purged"] == total and queue["ready"] == queue["dead"] == queue["bytes"] == 0
    assert world.status()["live"]["newest"] == 0, "a purged item was recorded"


def test_some_are_tried_again_and_done_and_the_numbers_outlast_a_crash(world):
    bury(world, 20)
    dead = ids(world, "dead")
    some = world.run("queue", "requeue", str(dead[0]), str(dead[0]), str(dead[1]), "99999", "--json", check=False)
    assert some.returncode == 66 and json.loads(some.stdout)["changed"] == 2
    assert "item 99999 is not dead" in some.stderr.decode()
    assert world.queue()["ready"] == 2 and ids(world, "list", "--state", "ready") == sorted(dead[:2])
    world.run("queue", "purge", str(dead[0]), str(dead[2]), "--yes")
    queue = world.queue()
    assert (queue["ready"], queue["dead"], queue["done"]) == (1, 17, 2)
    world.kill(world.processes[0])
    world.daemon()
    queue = world.queue()
    assert (queue["ready"], queue["dead"], queue["done"], queue["accepted"]) == (1, 17, 2, 20)
    assert ids(world, "dead") == sorted(dead[3:])
    world.worker()
    world.run("queue", "requeue", "--reason", "as I was told")
    wait_for(lambda: world.settled(20))
    assert world.queue()["dead"] == 0 and len(world.lines()) == len({r["item"]["uri"] for r in world.lines()}) == 18


def test_purging_asks_on_a_terminal_and_refuses_without_one(world):
    bury(world, 3)
    refused = world.run("queue", "purge", "--dead", check=False)
    assert refused.returncode == 64 and "3 items" in refused.stderr.decode() and "--yes" in refused.stderr.decode()
    for answer, status, left in ((b"n\n", 77, 3), (b"y\n", 0, 0)):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([BIN + "/dateline", "queue", "purge", "--dead", "-c", world.config],
                                   stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
        shown = b""
        end = time.monotonic() + 30
        while b"[y/N]" not in shown and time.monotonic() < end:
            if select.select([ours], [], [], 0.5)[0]:
                shown += os.read(ours, 4096)
        assert b"3 items will be gone for good" in shown
        os.write(ours, answer)
        process.communicate(timeout=30)
        assert process.returncode == status and world.queue()["dead"] == left
        os.close(ours)
        os.close(theirs)


def test_what_is_meant_has_to_be_said(world):
    stage(world, 2)
    for wrong in (("requeue",), ("requeue", "x"), ("requeue", "--all", "1"), ("purge", "--yes"), ("purge", "--all", "--yes"),
                  ("purge", "--dead", "--all-ready", "--yes"), ("list", "--yes"), ("list", "--state", "asleep"),
                  ("show",), ("show", "0"), ("nonsense",), ("dead", "-n", "x")):
        assert world.run("queue", *wrong, check=False).returncode == 64, wrong
    assert world.run("queue", "show", "4711", check=False).returncode == 66
    assert world.queue()["ready"] == 2


def test_an_item_that_a_worker_holds_is_not_purged(world):
    stage(world, 2)
    worker = fake_worker(world, "--stall", "--credit", "1")
    wait_for(lambda: world.queue()["leased"] == 1)
    held = ids(world, "list", "--state", "leased")
    answer = world.run("queue", "purge", str(held[0]), "--yes", check=False)
    assert answer.returncode == 75 and "held by a worker" in answer.stderr.decode()
    assert "1 leased" in world.run("queue").stdout.decode()
    world.run("queue", "purge", "--all-ready", "--yes")
    assert (world.queue()["leased"], world.queue()["done"]) == (1, 1)
    world.kill(worker)


def test_a_poison_item_is_quarantined_by_name_and_its_neighbours_live(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("%d" % i, "Headline %d" % i, article(i) + (" POISON" if i == 13 else ""))
                                for i in range(40)]))
    world.configure([world.feed("/feed", every="1h")], work={"max_deliveries": 20})
    world.daemon()
    wait_for(lambda: world.queue()["ready"] == 40)
    deaths = 0
    worker = fake_worker(world, "--die-on", "POISON", "--credit", "16")

    def quarantined():
        nonlocal worker, deaths
        if worker.poll() is not None:
            deaths += 1
            worker = fake_worker(world, "--die-on", "POISON", "--credit", "16")
        queue = world.queue()
        return queue["dead"] == 1 and queue["done"] == 39
    wait_for(quarantined, 120)
    assert deaths == 3
    dead = world.ask("queue", "dead")["items"]
    assert [i["headline"] for i in dead] == ["Headline 13"]
    assert dead[0]["deaths"] == 3 and dead[0]["reason"] == "3 workers died holding it"
    assert "Headline 13" in world.run("queue", "dead").stdout.decode()
    world.stop(worker)
    world.worker()
    world.run("queue", "requeue", str(dead[0]["id"]))
    wait_for(lambda: world.queue()["done"] == 40)
    assert [r["item"]["headlines"][0]["value"] for r in world.lines()] == ["Headline 13"]


def test_sources_that_fill_more_than_one_answer_are_all_listed(world):
    world.configure([{"kind": "feed", "url": "http://127.0.0.1:1/%d" % i, "id": "s%d" % i, "every": "1d"}
                     for i in range(2300)])
    world.daemon()
    listed = [s["id"] for s in world.ask("sources")["sources"]]
    assert len(listed) == len(set(listed)) == 2300
    assert len(world.run("sources").stdout.splitlines()) == 2301
