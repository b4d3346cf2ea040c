"""Clients in another language, written from PROTOCOL.md alone."""
import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT, article, rss, wait_for

pytest.importorskip("zmq")
FAKE = os.path.join(ROOT, "tests", "fake")


def test_a_foreign_worker_does_the_whole_job(world):
    publisher = world.publish()
    publisher.put("/feed", rss([(i, "Headline %d" % i, article(i)) for i in range(50)]))
    world.configure([world.feed("/feed")])
    world.daemon()
    worker = subprocess.Popen([sys.executable, os.path.join(FAKE, "worker.py"), "--connect", world.endpoint("work")])
    try:
        wait_for(lambda: world.settled(50))
        assert len(world.replay(50)) == 50
    finally:
        worker.terminate()
        worker.wait()


def test_a_foreign_subscriber_misses_nothing_across_a_restart(world):
    publisher = world.publish()
    publisher.put("/feed", rss([(i, "Headline %d" % i, article(i)) for i in range(10)]))
    world.configure([world.feed("/feed")])
    daemon = world.daemon()
    world.worker()
    wait_for(lambda: world.settled(10))
    subscriber = subprocess.Popen([sys.executable, os.path.join(FAKE, "subscriber.py"), "--live", world.endpoint("live"),
                                   "--replay", world.endpoint("replay"), "--since", "0", "--count", "30"], stdout=subprocess.PIPE)
    try:
        publisher.put("/feed", rss([(i, "Headline %d" % i, article(i)) for i in range(20)]))
        wait_for(lambda: world.settled(20))
        world.kill(daemon)
        publisher.put("/feed", rss([(i, "Headline %d" % i, article(i)) for i in range(30)]))
        world.daemon()
        wait_for(lambda: world.settled(30))
        out, _ = subscriber.communicate(timeout=60)
        assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(1, 31))
    finally:
        if subscriber.poll() is None:
            subscriber.kill()
            subscriber.wait()
