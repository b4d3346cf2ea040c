"""Who gets what: workers that take some languages only, and workers that keep their output to themselves."""
import json
import os
import subprocess
import sys

import pytest

from conftest import ROOT, article, wait_for

pytest.importorskip("zmq")


def feed(language, first, count):
    """A feed that declares its language, or none."""
    declared = "<language>%s</language>" % language if language else ""
    items = "".join("<item><guid isPermaLink='false'>%d</guid><title>Headline %d</title><description>%s</description>"
                    "</item>" % (i, i, article(i)) for i in range(first, first + count))
    return '<?xml version="1.0"?><rss version="2.0"><channel><title>T%d</title>%s%s</channel></rss>' % (
        first, declared, items)


def stage(world):
    """Twenty items each of English, Russian and no language."""
    publisher = world.publish()
    sources = []
    for path, language, first in (("/en", "en-GB", 0), ("/ru", "ru", 100), ("/none", "", 200)):
        publisher.put(path, feed(language, first, 20))
        sources.append(world.feed(path, every="1h"))
    world.configure(sources)
    world.daemon()
    wait_for(lambda: world.queue()["ready"] == 60)


def sources_done(world):
    return {line["source"]["id"] for line in world.lines()}


def test_workers_take_the_languages_that_they_name_and_the_rest_is_told(world):
    stage(world)
    assert world.queue()["unroutable"] == {}  # nobody is here
    first = world.start("dateline-worker", "-c", world.config, "--languages", "en,und", log="worker")
    wait_for(lambda: world.queue()["done"] == 40)
    queue = world.queue()
    assert queue["ready"] == 20 and queue["unroutable"] == {"ru": 20} and not queue["stalled"]
    assert sources_done(world) == {"en", "none"}
    world.stop(first)
    world.configure(world.sources, worker={"languages": ["ru", "fi"]})
    world.worker()
    wait_for(lambda: world.queue()["done"] == 60)
    assert world.queue()["unroutable"] == {}
    assert len(world.lines()) == len(world.rows()) == 60
    workers = world.status()["workers"]
    assert [w["languages"] for w in workers] == [["ru", "fi"]] and "topics" in workers[0]["capabilities"]


def test_languages_that_are_none_stop_a_worker_with_the_reason(world):
    world.configure([])
    worker = world.start("dateline-worker", "-c", world.config, "--languages", "en,english", log="worker")
    assert worker.wait(30) == 78
    assert "language=english" in open(worker.log).read()


def test_a_worker_that_keeps_its_output_acknowledges_and_nothing_is_recorded(world):
    stage(world)
    worker = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "fake", "worker.py"), "--connect",
                               world.endpoint("work"), "--languages", "ru", "--ack"], stdout=subprocess.PIPE)
    try:
        wait_for(lambda: world.queue()["done"] == 20)
    finally:
        worker.terminate()
        out, _ = worker.communicate(timeout=30)
    assert sum(len(line["leases"]) for line in map(json.loads, out.splitlines()) if line["did"] == "ack") == 20
    assert world.status()["live"]["newest"] == 0
    world.worker()
    wait_for(lambda: world.queue()["done"] == 60)
    assert len(world.replay(40)) == 40 and sources_done(world) == {"en", "none"}
