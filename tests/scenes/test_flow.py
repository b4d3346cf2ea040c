"""The queue's limits, its balance at every instant, fresh before archive, readiness and the watchdog."""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
import zmq
from conftest import BIN, ROOT, article, rss, wait_for


def fake_worker(world, *args):
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "fake", "worker.py"), "--connect",
                                world.endpoint("work"), *args], stdout=subprocess.DEVNULL)
    process.log = os.devnull
    world.processes.append(process)
    return process


def get(world, path):
    """Status and text of a page of the daemon."""
    try:
        with urllib.request.urlopen(world.status()["web"] + path, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def drop(world, folder, name, text):
    """Renamed in, so that it is whole when it is seen."""
    os.makedirs(os.path.join(world.folder, folder), exist_ok=True)
    path = os.path.join(world.folder, folder + "-" + name)
    with open(path, "w") as f:
        f.write(text)
    os.rename(path, os.path.join(world.folder, folder, name))


def directory(world, id, **more):
    os.makedirs(os.path.join(world.folder, id), exist_ok=True)
    return dict({"kind": "directory", "id": id, "path": id}, **more)


# ---- limits

@pytest.mark.parametrize("limit,reason", [({"max_items": 50}, "items"), ({"max_bytes": "64K"}, "bytes")])
def test_a_full_queue_holds_the_sources_says_so_and_lets_go_by_itself(world, limit, reason):
    total = 300
    world.configure([directory(world, "wire")], queue=dict(limit, min_free="0"), web={"listen": "127.0.0.1:0"})
    for i in range(total):
        drop(world, "wire", "%d.xml" % i, rss([("%d" % i, "Headline %d" % i, article(i, 200))]))
    world.daemon()
    held = wait_for(lambda: (s := world.status())["intake"]["held_by"] == [reason] and s)
    before = held["queue"]["accepted"]
    assert 0 < before < total and held["queue"]["bytes"] > 0
    code, text = get(world, "/readyz")
    assert code == 503 and text.startswith(reason + ": ") and "queue.max_" + reason in text, text
    assert get(world, "/healthz") == (200, "ok\n")
    assert "held back by " + reason in world.run("status").stdout.decode()
    assert 'dateline_held{reason="%s"} 1' % reason in get(world, "/metrics")[1]
    world.worker()
    wait_for(lambda: world.settled(total))
    after = world.status()
    assert after["intake"]["held_by"] == [] and after["queue"]["bytes"] == 0 and after["intake"]["holds"] >= 1
    assert get(world, "/readyz") == (200, "ready\n")
    assert len(world.lines()) == total


def test_the_bytes_that_wait_are_the_same_after_a_crash(world):
    world.configure([directory(world, "wire")])
    drop(world, "wire", "all.xml", rss([("%d" % i, "Headline %d" % i, article(i)) for i in range(100)]))
    daemon = world.daemon()
    wait_for(lambda: world.queue()["ready"] == 100)
    waiting = world.queue()["bytes"]
    assert waiting == sum(i["bytes"] for i in world.ask("queue", "list", "-n", "0")["items"])
    world.kill(daemon)
    world.daemon()
    assert world.queue()["bytes"] == waiting


@pytest.fixture
def small(world):
    """A file system of 96 MiB for the state."""
    if os.geteuid() != 0:
        pytest.skip("a small file system is mounted, which root may do")
    folder = os.path.join(world.folder, "small")
    os.mkdir(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "none", folder], check=True)
    yield folder
    for process in world.processes:
        if process.poll() is None:
            world.kill(process)
    subprocess.run(["umount", "-l", folder], check=True)


def test_little_space_left_holds_the_sources_until_there_is_more(world, small):
    world.configure([directory(world, "wire")], state="small/state", queue={"min_free": "40M"},
                    web={"listen": "127.0.0.1:0"})
    drop(world, "wire", "1.xml", rss([("1", "One", article(1))]))
    daemon = world.daemon()
    wait_for(lambda: world.queue()["accepted"] == 1)
    with open(os.path.join(small, "ballast"), "wb") as f:
        f.write(b"x" * (70 << 20))
    wait_for(lambda: world.status()["intake"]["held_by"] == ["disk"])
    code, text = get(world, "/readyz")
    assert code == 503 and text.startswith("disk: ") and "40M are wanted" in text, text
    drop(world, "wire", "2.xml", rss([("2", "Two", article(2))]))
    time.sleep(2)  # it would be taken within milliseconds
    assert world.queue()["accepted"] == 1
    os.unlink(os.path.join(small, "ballast"))
    wait_for(lambda: world.queue()["accepted"] == 2)
    assert get(world, "/readyz") == (200, "ready\n")
    world.stop(daemon)


def test_a_full_disk_is_waited_for_and_nothing_is_said_to_be_accepted(world, small):
    world.configure([directory(world, "wire")], state="small/state", queue={"min_free": "0"},
                    web={"listen": "127.0.0.1:0"})
    drop(world, "wire", "1.xml", rss([("1", "One", article(1))]))
    daemon = world.daemon()
    wait_for(lambda: world.queue()["accepted"] == 1)
    with open(os.path.join(small, "ballast"), "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    dropped = 1

    def is_full():  # the log was given its space before: that is used up first
        nonlocal dropped
        status = world.status()
        if not status["intake"]["hold"]["full"] and status["queue"]["accepted"] == dropped:
            drop(world, "wire", "more%d.xml" % dropped, rss([("m%d" % dropped, "More", article(dropped, 60000))]))
            dropped += 1
        return status["intake"]["hold"]["full"]
    wait_for(is_full, 120)
    code, text = get(world, "/readyz")
    assert code == 503 and "full: " in text, text
    assert world.queue()["accepted"] == dropped - 1
    os.unlink(os.path.join(small, "ballast"))
    wait_for(lambda: world.queue()["accepted"] == dropped)
    wait_for(lambda: get(world, "/readyz") == (200, "ready\n"))
    world.worker()
    wait_for(lambda: world.settled(dropped))
    world.stop(daemon)


# ---- the balance

class Prometheus:
    """The text format, read strictly: https://prometheus.io/docs/instrumenting/exposition_formats/"""
    SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? '
                        r'(-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|\+?Inf))$')
    TYPES = {"counter", "gauge", "summary", "histogram", "untyped"}

    def __init__(self, text):
        assert text.endswith("\n")
        self.samples, self.types, self.helps, order = {}, {}, {}, []
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                name, help = line[7:].split(" ", 1)
                assert name not in self.helps and help, line
                self.helps[name] = help
            elif line.startswith("# TYPE "):
                name, type = line[7:].split(" ")
                assert name not in self.types and type in self.TYPES and name in self.helps, line
                self.types[name] = type
                order.append(name)
            else:
                match = self.SAMPLE.match(line)
                assert match, "not a sample: %r" % line
                name = match[1]
                base = re.sub("_(sum|count|bucket)$", "", name)
                owner = name if name in self.types else base
                assert owner == order[-1], "%s stands apart from its type" % name
                if self.types[owner] == "counter":
                    assert name.endswith("_total"), "%s: a counter ends in _total" % name
                key = name + (match[2] or "")
                assert key not in self.samples, "%s twice" % key
                self.samples[key] = float(match[3])

    def __getitem__(self, name):
        return self.samples["dateline_" + name]


def check(queue):
    states = [queue[k] for k in ("ready", "leased", "delayed", "dead", "done")]
    assert min(states) >= 0 and queue["accepted"] == sum(states), queue


class Watcher(threading.Thread):
    """Asks for the status as fast as it is answered, and looks at each; the daemon may be down meanwhile."""

    def __init__(self, world):
        super().__init__()
        self.world, self.samples, self.fault, self.ended = world, 0, None, False

    def run(self):
        context = zmq.Context()
        try:
            while not self.ended:
                with context.socket(zmq.REQ) as s:
                    s.linger = 0
                    s.connect(self.world.endpoint("control"))
                    self.ask(s)
        except Exception as error:  # told by end()
            self.fault = error
        context.destroy(0)

    def ask(self, s):
        while not self.ended:
            s.send_json({"do": "status"})
            if not s.poll(500):
                return
            status = s.recv_json()["status"]
            check(status["queue"])
            i = status["intake"]
            assert i["fetched"] == i["accepted"] + i["duplicate"] + i["filtered"] + i["refused"], i
            self.samples += 1

    def end(self):
        self.ended = True
        self.join()
        if self.fault:
            raise self.fault


def test_the_counters_balance_in_every_sample_under_load_with_kills(world):
    feeds, items = 20, 200
    publisher = world.publish()
    for f in range(feeds):
        publisher.put("/f%d" % f, rss([("%d" % i, "Item %d of %d" % (i, f), article(f * items + i)) for i in range(items)]))
    world.configure([world.feed("/f%d" % f) for f in range(feeds)], web={"listen": "127.0.0.1:0"},
                    work={"max_deliveries": 2})
    random.seed(3)
    daemon = world.daemon()
    watchers = [Watcher(world) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    try:
        fake_worker(world, "--nack", "--credit", "4", "--name", "nacks")
        workers = [fake_worker(world, "--name", "w%d" % n, "--credit", "24", "--slow", "0.05") for n in range(2)]
        total, dead_seen = feeds * items, 0
        for n in range(6):
            metrics = Prometheus(get(world, "/metrics")[1])
            assert metrics["items_accepted_total"] == metrics["items_done_total"] + sum(
                metrics['queue_items{state="%s"}' % s] for s in ("ready", "leased", "delayed", "dead"))
            assert metrics["items_fetched_total"] == sum(metrics['items_outcome_total{outcome="%s"}' % s] for s in (
                "accepted", "duplicate", "filtered", "refused"))
            victim = random.randrange(len(workers))
            world.kill(workers[victim])
            workers[victim] = fake_worker(world, "--name", "w%d-%d" % (victim, n), "--credit", "24", "--slow", "0.05")
            if n in (2, 4):
                world.kill(daemon)
                daemon = world.daemon()
            dead_seen += world.queue()["dead"]
            world.run("queue", "requeue", "--all", check=False)
            world.run("queue", "purge", *[str(i["id"]) for i in world.ask("queue", "list", "--state", "ready", "-n", "3")["items"]],
                      "--yes", check=False)
            time.sleep(1)
        wait_for(lambda: world.queue()["accepted"] == total)
    finally:
        for watcher in watchers:
            watcher.end()
    samples = sum(w.samples for w in watchers)
    print("%d samples" % samples)
    assert samples > 1000, "only %d samples: this run proves little" % samples
    assert world.queue()["done"] > 0


def test_metrics_are_well_formed(world):
    world.configure([directory(world, "wire")], web={"listen": "127.0.0.1:0"})
    drop(world, "wire", "1.xml", rss([("1", "One", article(1)), ("1", "One", article(1)), ("2", "", "")]))
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    metrics = Prometheus(get(world, "/metrics")[1])
    for name in ("items_accepted_total", "items_filtered_total", "queue_bytes", "queue_oldest_item_age_seconds",
                 "store_sync_seconds_sum", "store_sync_seconds_count", "store_sync_max_seconds", "deliveries_total",
                 "redeliveries_total", 'acks_total{result="ack"}', "workers", "lease_expired_total",
                 'held{reason="disk"}', 'queue_ready_items{lane="backfill"}', "ready"):
        metrics[name]
    assert metrics["ready"] == 1 and metrics["store_sync_seconds_count"] > 0


# ---- fresh before archive

def test_a_fresh_item_goes_before_twenty_thousand_of_the_archive(world):
    archive = 20000
    world.configure([directory(world, "archive", lane="backfill"), directory(world, "wire")])
    for part in range(2):
        drop(world, "archive", "%d.xml" % part, rss([("%d" % i, "Old %d" % i, "Text %d of the archive." % i)
                                                     for i in range(part * archive // 2, (part + 1) * archive // 2)]))
    world.daemon()
    wait_for(lambda: world.queue()["ready"] == archive)
    drop(world, "wire", "fresh.xml", rss([("f", "Fresh", article(1))]))
    wait_for(lambda: world.queue()["lanes"] == {"live": 1, "backfill": archive})
    worker = fake_worker(world, "--credit", "1", "--count", "1")
    assert worker.wait(60) == 0
    wait_for(lambda: world.queue()["done"] == 1)
    assert world.replay(1)[0]["item"]["headlines"][0]["value"] == "Fresh"
    # and under way: behind what the worker has already, and nothing else
    worker = fake_worker(world, "--credit", "2", "--slow", "0.05")
    wait_for(lambda: world.queue()["done"] > 5)
    drop(world, "wire", "later.xml", rss([("l", "Later", article(2))]))
    wait_for(lambda: world.queue()["accepted"] == archive + 2)
    behind = world.queue()["done"]
    world.run("tail", "--since", "0", "-n", "1")
    wait_for(lambda: world.queue()["lanes"]["live"] == 0 and world.queue()["done"] > behind + 4)
    world.kill(worker)
    order = [r["item"]["headlines"][0]["value"] for r in world.replay(behind + 4)]
    assert "Later" in order


# ---- readiness and the watchdog

def test_an_item_that_waits_too_long_makes_it_unready(world):
    world.configure([directory(world, "wire")], queue={"max_age": "1s"}, web={"listen": "127.0.0.1:0"})
    world.daemon()
    assert get(world, "/readyz") == (200, "ready\n")
    drop(world, "wire", "1.xml", rss([("1", "One", article(1))]))
    wait_for(lambda: world.queue()["ready"] == 1)
    code, text = wait_for(lambda: (r := get(world, "/readyz"))[0] == 503 and r)
    assert text.startswith("age: ") and "no worker is connected" in text
    assert "age: " in world.run("status").stdout.decode()
    world.worker()
    wait_for(lambda: get(world, "/readyz")[0] == 200)


def test_a_disk_that_stops_answering_starves_the_watchdog(world):
    if not shutil.which("strace"):
        pytest.skip("strace holds the disk's answers back")
    path = os.path.join(world.folder, "notify")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(1)
    said = []

    def listen(seconds):
        """What the daemon told its manager in that time."""
        end, heard = time.monotonic() + seconds, []
        while time.monotonic() < end:
            try:
                heard.append(manager.recv(4096).decode())
            except socket.timeout:
                pass
        said.extend(heard)
        return "\n".join(heard)

    world.configure([directory(world, "wire")], web={"listen": "127.0.0.1:0"})
    os.environ.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="1500000")
    try:
        daemon = world.daemon(ready=False)
    finally:
        del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
    heard = listen(3)
    assert "READY=1" in heard and heard.count("WATCHDOG=1") >= 3
    web = world.status()["web"]
    trace = subprocess.Popen(["strace", "-f", "-qq", "-o", os.path.join(world.folder, "trace"), "-p", str(daemon.pid),
                              "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=90000000"],
                             stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        if trace.poll() is not None:
            pytest.skip("this machine lets nobody trace")
        drop(world, "wire", "1.xml", rss([("1", "One", article(1))]))
        wait_for(lambda: "STATUS=stands still: the disk" in listen(2), 60)
        assert "WATCHDOG=1" not in listen(4)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(web + "/readyz", timeout=20)
        assert error.value.code == 503 and error.value.read().decode().startswith("sync: ")
        assert world.queue()["accepted"] == 0, "accepted, and not on the disk"
    finally:
        trace.send_signal(signal.SIGTERM)
        trace.wait(20)
    wait_for(lambda: "WATCHDOG=1" in listen(1))
    wait_for(lambda: world.queue()["accepted"] == 1)
    assert "stands still, the watchdog is fed no more" in open(daemon.log).read()
    manager.close()
