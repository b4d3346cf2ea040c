"""The stage that every fault is played on: a real daemon with workers and two sinks in a folder of its own, a
feeder that keeps it under load, and what is needed to judge it afterwards (oracle.py).

Built on the scenes' World (tests/scenes/conftest.py): everything that is started is stopped by its own pid.
"""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenes"))

import zmq  # noqa: E402
from conftest import BIN, ROOT, World  # noqa: E402

import oracle  # noqa: E402
from push import Pusher  # noqa: E402

FAULTS_BIN = os.environ.get("DATELINE_FAULTS_BIN", os.path.join(ROOT, "build", "faults"))
CREDIT = 64
FILE_ITEMS = 40
AHEAD = 2000  # items that the feeder keeps before the daemon: workers are never without
PATIENCE = 60
STILL_S = 45  # longer than a silent worker's leases and the longest back-off
READY_S = 30


class Violation(Exception):
    """An invariant does not hold, or a run proved nothing."""

    def __init__(self, what, evidence=None):
        super().__init__(what)
        self.lost, self.doubled = (oracle.lost(evidence), oracle.doubled(evidence)) if evidence else ("", "")


class Stage(World):
    def __init__(self, name, seed, bin=BIN, lease="2s"):
        super().__init__(tempfile.mkdtemp(prefix="dateline-fault-%s-" % name, dir="/tmp"))
        self.random, self.bin, self.context = random.Random("%s %s" % (name, seed)), bin, zmq.Context.instance()
        self.daemon_process, self.workers, self.expected, self.disks, self.life = None, [], set(), [], 0
        self.inbox, self.files = os.path.join(self.folder, "in"), 0
        self.offered, self.next, self.lock = [], 1, threading.Lock()
        self.feeding, self.feeders, self.pusher, self.done = threading.Event(), [], None, 0
        self.samples, self.restarts, self.last, self.at_rest = [], [], None, {}
        self.redelivered = self.in_flight = 0
        os.mkdir(self.inbox)
        self.configure([{"kind": "directory", "path": "in", "id": "inbox", "every": "1s"},
                        {"kind": "push", "id": "pushed"}],
                       log={"level": "info"}, worker={"credit": CREDIT}, work={"lease": lease, "max_deliveries": 100})
        self.place_state(os.path.join(self.folder, "state"))
        self.place_records(self.folder)

    def place_state(self, path):
        self.state = path
        self.configure(self.sources, state=path)

    def place_records(self, folder):
        self.records = folder
        self.configure(self.sources, sinks=[{"kind": "jsonl", "path": os.path.join(folder, "records.jsonl")},
                                            {"kind": "sqlite", "path": os.path.join(folder, "records.db")}])

    def mount(self, disk):
        """Unmounted when nobody lives on it any more."""
        self.disks.append(disk)
        return disk

    def empty_inbox(self):
        """What was not taken over is not offered again."""
        for name in os.listdir(self.inbox):
            os.unlink(os.path.join(self.inbox, name))

    # ---- actors
    def start(self, name, *args, log=None, env=None):
        path = os.path.join(self.folder, "%s-%d.log" % (log or name, len(self.logs)))
        self.logs.append(path)
        with open(path, "wb") as out:
            process = subprocess.Popen([os.path.join(self.bin, name), *args], stderr=out, stdout=subprocess.DEVNULL,
                                       cwd=self.folder, env={**os.environ, **(env or {})})
        process.log = path
        self.processes.append(process)
        return process

    def up(self, env=None, ready=True):
        """Starts the daemon. What it says of itself first is held against the last sample before it went."""
        self.daemon_process = self.start("datelined", "-c", self.config, env=env)
        self.life += 1
        if ready:
            before, after = self.last, self.wait_ready()
            if before:
                self.restarts.append((before, after))
        return self.daemon_process

    def wait_ready(self):
        end = time.monotonic() + READY_S
        while (sample := self.sample()) is None:
            code = self.daemon_process.poll()
            if code is not None:
                raise Violation("datelined ended with %d at its start: %s" % (code, self.tail(self.daemon_process)))
            if time.monotonic() > end:
                raise Violation("datelined was not ready after %d s" % READY_S)
            time.sleep(0.01)
        return sample

    def hire(self, env=None):
        process = self.start("dateline-worker", "-c", self.config, "--name", "w%d" % len(self.logs), log="worker", env=env)
        self.workers.append(process)
        return process

    def kill(self, process):
        self.expected.add(process)
        super().kill(process)

    def tail(self, process, size=600):
        with open(process.log, errors="replace") as f:
            return f.read()[-size:].strip()

    # ---- asking
    def ask_control(self, request, seconds=2.0):
        """The daemon's answer, or None when it is not there."""
        socket = self.context.socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        try:
            socket.connect(self.endpoint("control"))
            socket.send(json.dumps(request).encode())
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if socket.poll(20):
                    return json.loads(socket.recv())
                if self.daemon_process.poll() is not None:
                    return None
            return None
        finally:
            socket.close()

    def status_now(self):
        answer = self.ask_control({"do": "status"})
        return answer and answer.get("status", answer)

    def sample(self):
        """The queue as it says itself, kept for I7; None when nobody answers."""
        status = self.status_now()
        if not status:
            return None
        self.last = status["queue"]
        self.samples.append(self.last)
        return self.last

    def until(self, what, seconds=PATIENCE, step=0.02, why=""):
        end = time.monotonic() + seconds
        while True:
            sample = self.sample()
            if sample and what(sample):
                return sample
            if time.monotonic() > end:
                raise Violation("waited %d s in vain for %s, last %s" % (seconds, why or "the queue", sample))
            time.sleep(step)

    # ---- feeding
    def number(self, count, series="a"):
        """So many new ids, offered from now on."""
        with self.lock:
            items = ["%s-%06d" % (series, n) for n in range(self.next, self.next + count)]
            self.next += count
            self.offered += items
        return items

    def offer(self, count):
        """One file of so many new items, complete when it is seen; the ids."""
        items = self.number(count)
        self.files += 1
        path = os.path.join(self.inbox, "%06d.json" % self.files)
        with open(path + ".part", "w") as f:
            f.write(oracle.feed(items))
        os.rename(path + ".part", path)
        return items

    def serve(self):
        """A feed of two items over HTTP beside the directory, asked every second. Before up()."""
        self.publish().put("/feed", oracle.feed(self.number(2, "f")), type="application/feed+json")
        self.configure(self.sources + [World.feed(self, "/feed")])

    def watch(self):
        """Keeps `done` for the feeders: they ask for themselves, samples are what the faults look at."""
        status = self.status_now()
        if status:
            self.done = status["queue"]["done"]

    def has_room(self):
        return len(self.offered) - self.done < AHEAD

    def fill_inbox(self, limit):
        while not self.feeding.is_set() and not (limit and len(self.offered) >= limit):
            if self.has_room():
                self.offer(FILE_ITEMS)
            else:
                self.feeding.wait(0.01)

    def keep_watch(self):
        while not self.feeding.is_set():
            self.watch()
            self.feeding.wait(0.02)

    def feed(self, limit=None):
        """Keeps about AHEAD items before the daemon until stop_feeding(), or until `limit` were offered: files in its
        directory, and batches over the intake socket."""
        self.feeding.clear()
        self.feeders = [threading.Thread(target=self.fill_inbox, args=(limit,), daemon=True),
                        threading.Thread(target=self.keep_watch, daemon=True)]
        if not limit:
            self.pusher = Pusher(self)
            self.feeders.append(self.pusher)
        for thread in self.feeders:
            thread.start()

    def stop_feeding(self):
        """The pusher ends when all of its batches were taken."""
        self.feeding.set()
        if self.pusher:
            self.pusher.stop.set()
        for thread in self.feeders:
            thread.join(PATIENCE)
            if thread.is_alive():
                raise Violation("a batch was never taken: %d unanswered" % len(self.pusher.unanswered))
        self.feeders = []

    def settle(self):
        """Everything that was offered is done or dead, or nothing has moved for STILL_S."""
        total, moved, at = len(self.offered), None, time.monotonic()
        while True:
            q = self.sample() or {}
            if q and q["accepted"] >= total and q["done"] + q["dead"] == q["accepted"]:
                return True
            now = (q.get("accepted"), q.get("done"), q.get("dead"))
            if now != moved:
                moved, at = now, time.monotonic()
            if time.monotonic() - at > STILL_S or self.daemon_process.poll() is not None:
                return False
            time.sleep(0.02)

    # ---- what is left behind
    def resources(self):
        pid = self.daemon_process.pid
        with open("/proc/%d/status" % pid) as f:
            rss = int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1)) // 1024
        return {"fds": sum(1 for fd in os.listdir("/proc/%d/fd" % pid) if not self.is_table(pid, fd)), "rss_mb": rss}

    def is_table(self, pid, fd):
        """The store's own files: they grow with the state, and are bounded there."""
        try:
            return os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith(os.path.realpath(self.state))
        except OSError:
            return False

    def fresh(self):
        """I5, and the second half of I7: seconds until a fresh item is done, and what its coming moved."""
        def moved():
            s = self.status_now()
            return {"fetched": s["intake"]["fetched"], "accepted": s["queue"]["accepted"],
                    **{k: s["intake"].get(k, 0) for k in ("duplicate", "filtered", "refused")}}
        before, done, start = moved(), self.last["done"], time.monotonic()
        self.offer(1)
        try:
            self.until(lambda q: q["done"] > done, seconds=oracle.FRESH_S * 2)
        except Violation:
            return float("inf"), []
        return time.monotonic() - start, [(before, moved())]

    def dead(self):
        answer = self.ask_control({"do": "queue-dead"}) or {}
        return {m.group(1) for item in answer.get("items", []) if (m := oracle.ID.match(item.get("headline", "")))}

    def sqlite(self):
        return contextlib.closing(sqlite3.connect(os.path.join(self.records, "records.db")))

    def sqlite_check(self):
        with self.sqlite() as db:
            return db.execute("pragma integrity_check").fetchone()[0]

    def sqlite_records(self):
        with self.sqlite() as db:
            return [json.loads(row[0]) for row in db.execute("select record from records")]

    def lines(self):
        with open(os.path.join(self.records, "records.jsonl"), "rb") as f:
            data = f.read()
        if data and not data.endswith(b"\n"):
            raise Violation("records.jsonl ends with a torn line")
        return [json.loads(line) for line in data.splitlines()]

    def replay_all(self):
        done = self.last["done"]
        return self.replay(done) if done else []

    def evidence(self, fresh):
        seconds, fetched = self.fresh() if fresh else (None, [])
        self.sample()
        offered = set(self.offered)  # a file, a feed and a batch are offered again until they were taken
        return oracle.Evidence(
            offered=offered, accepted=offered, sinks={"jsonl": self.lines(), "sqlite": self.sqlite_records()},
            replay=self.replay_all(), dead=self.dead() if self.last["dead"] else set(), samples=self.samples,
            restarts=self.restarts, fetched=fetched, redelivered=self.redelivered, in_flight=self.in_flight,
            fresh_s=seconds, alerts=self.alerts(), ended=self.ended(), before=self.at_rest, after=self.resources(),
            whole={"sqlite": self.sqlite_check()})

    def ended(self):
        """Who ended by himself."""
        return ["%s status %s: %s" % (os.path.basename(p.args[0]), p.returncode, self.tail(p, 200))
                for p in self.processes if p.poll() is not None and p not in self.expected]

    def judge(self):
        """Waits for the end of all work, then looks for all seven; raises with all that is wrong."""
        self.stop_feeding()
        settled = self.settle()
        if self.daemon_process.poll() is not None:
            raise Violation("\n  ".join(["I6 hygiene: ended by itself: " + e for e in self.ended()]))
        evidence = self.evidence(fresh=settled)
        wrong = oracle.judge(evidence)
        if not settled:
            wrong.insert(0, "I5 liveness: nothing moved for %d s, %d offered: %s" % (STILL_S, len(self.offered), self.last))
        if self.pusher and self.pusher.refused:
            wrong.append("a batch was refused in part: %s" % self.pusher.refused[0])
        if wrong:
            raise Violation("\n  ".join(wrong), evidence)
        return evidence

    # ---- the end
    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.feeding.set()
        if self.pusher:
            self.pusher.stop.set()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.publisher:
            self.publisher.stop()
        for disk in self.disks:
            disk.unmount()
        if kind is None and not os.environ.get("DATELINE_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        elif kind is not None:
            print("  what it left is in %s" % self.folder, file=sys.stderr)

    def stop_well(self, seconds=20):
        """SIGTERM to all of them; each has to end with 0."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                self.expected.add(process)
                if process.wait(seconds) != 0:
                    raise Violation("%s did not stop cleanly: %s" % (process.args[0], self.tail(process)))


class Outcome:
    """One row of the table."""

    def __init__(self, fault):
        self.fault, self.rounds, self.acked, self.leased, self.lost, self.doubled = fault, 0, 0, 0, 0, 0
        self.skipped, self.note = False, ""

    def met(self, sample):
        """What the fault met: items acknowledged so far, leases not yet answered."""
        if sample:
            self.acked += sample["accepted"]
            self.leased += sample["leased"]
