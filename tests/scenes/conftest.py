"""Scenes: the real release binaries, real sockets, a fake publisher.

Each scene gets a `world` of its own in a temporary folder. At its end everything that was started is
stopped by its own pid, and the logs are searched for what must never be in them.
"""
import base64
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("DATELINE_BIN", os.path.join(ROOT, "build", "release"))
SCHEMA = os.path.join(ROOT, "..", "shared", "schemas", "ninjs-schema_3.1.json")
PATIENCE = 60  # seconds that anything may take before a scene gives up; never a measure of speed


def wait_for(what, seconds=PATIENCE, step=0.05):
    """Polls `what` until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, "waited %s s in vain for %s" % (seconds, getattr(what, "__name__", what))
        time.sleep(step)


def schema_errors(item):
    """What is wrong with a ninjs item; without schema or validator only the required field is looked at."""
    try:
        import jsonschema
        with open(SCHEMA) as f:
            schema = json.load(f)
    except (ImportError, OSError):
        return [] if isinstance(item.get("uri"), str) and item["uri"] else ["no uri"]
    # The schema of places refers to geojson.org, which no test may ask.
    def local(node):
        if isinstance(node, dict):
            return {k: (True if k == "geoJSON" else local(v)) for k, v in node.items()}
        return [local(v) for v in node] if isinstance(node, list) else node
    validator = jsonschema.Draft202012Validator(local(schema), format_checker=jsonschema.FormatChecker())
    return ["%s: %s" % (list(e.path), e.message) for e in validator.iter_errors(item)]


class Publisher:
    """tests/fake/publisher.py, talked to over its own control paths."""

    def __init__(self, folder):
        self.process = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "fake", "publisher.py"), folder],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = "http://127.0.0.1:%d" % self.port

    def put(self, path, body, **how):
        """body: text or bytes; how: status, headers, type, etag, last_modified, delay, … as the publisher takes them."""
        if isinstance(body, str):
            body = body.encode()
        doc = dict(how, body_base64=base64.b64encode(body).decode())
        request = urllib.request.Request(self.url + "/_control/doc" + path, json.dumps(doc).encode(), method="PUT")
        urllib.request.urlopen(request).close()

    def log(self, path=None):
        with urllib.request.urlopen(self.url + "/_control/log") as answer:
            return [e for e in json.load(answer) if path is None or e["path"] == path]

    def stop(self):
        self.process.kill()
        self.process.wait()


class World:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.logs = []
        self.sources = []
        self.settings = {}
        self.config = os.path.join(folder, "dateline.yaml")
        self.publisher = None

    # ---- setting the stage
    def publish(self):
        folder = os.path.join(self.folder, "published")
        os.makedirs(folder, exist_ok=True)
        self.publisher = Publisher(folder)
        return self.publisher

    def endpoint(self, name):
        return "ipc://%s/run/%s" % (self.folder, name)

    def configure(self, sources=(), **settings):
        self.sources = list(sources)
        self.settings.update(settings)
        doc = {"state": "state", "runtime": "run", "log": {"level": "debug"},
               "fetch": {"per_host": 8, "spacing": "0s"},
               "live": {"bind": [self.endpoint("live")]}, "replay": {"bind": [self.endpoint("replay")]},
               "web": {"listen": "off"}, "sources": self.sources,
               "sinks": [{"kind": "jsonl", "path": "records.jsonl"}, {"kind": "sqlite", "path": "records.db"}]}
        doc.update(self.settings)
        with open(self.config, "w") as f:
            json.dump(doc, f, indent=1)  # JSON is YAML

    def feed(self, path, **more):
        return dict({"kind": "feed", "url": self.publisher.url + path, "id": path.strip("/").replace(".", "-"),
                     "every": "1s", "allow_private": True}, **more)

    # ---- actors
    def start(self, name, *args, log=None):
        log = os.path.join(self.folder, (log or name) + "-%d.log" % len(self.logs))
        self.logs.append(log)
        with open(log, "wb") as out:
            process = subprocess.Popen([os.path.join(BIN, name), *args], stderr=out, stdout=subprocess.DEVNULL,
                                       cwd=self.folder)
        process.log = log
        self.processes.append(process)
        return process

    def daemon(self, *args, ready=True):
        process = self.start("datelined", "-c", self.config, *args)
        if ready:
            wait_for(lambda: self.answers(process))
        return process

    def answers(self, process):
        assert process.poll() is None, "datelined ended with %s:\n%s" % (process.returncode, open(process.log).read()[-2000:])
        return self.run("status", "--json", check=False).returncode == 0

    def worker(self, name="w1"):
        return self.start("dateline-worker", "-c", self.config, "--name", name, log="worker")

    def run(self, *args, check=True, stdin=None, config=True):
        args = [os.path.join(BIN, "dateline"), *args] + (["-c", self.config] if config else [])
        done = subprocess.run(args, input=stdin, capture_output=True, cwd=self.folder, timeout=PATIENCE)
        if check:
            assert done.returncode == 0, "%s ended with %d: %s" % (args, done.returncode, done.stderr.decode()[-2000:])
        return done

    def ask(self, *args):
        return json.loads(self.run(*args, "--json").stdout)

    def status(self):
        answer = self.ask("status")
        return answer.get("status", answer)

    def queue(self):
        queue = self.status()["queue"]
        assert queue["accepted"] == sum(queue[k] for k in ("ready", "leased", "delayed", "dead", "done")), queue
        return queue

    def settled(self, accepted):
        """True once `accepted` items were accepted and all of them are done."""
        queue = self.queue()
        return queue["accepted"] >= accepted and queue["done"] + queue["dead"] == queue["accepted"]

    # ---- what came out
    def lines(self):
        try:
            with open(os.path.join(self.folder, "records.jsonl"), "rb") as f:
                data = f.read()
        except FileNotFoundError:
            return []
        assert data == b"" or data.endswith(b"\n"), "a torn line"
        return [json.loads(line) for line in data.splitlines()]

    def rows(self):
        with sqlite3.connect(os.path.join(self.folder, "records.db")) as db:
            return db.execute("select uri, version, event, language, headline, record from records").fetchall()

    def replay(self, n, *more):
        """The first n records of the live feed, from the first that is kept."""
        out = self.run("tail", "--since", "0", "--json", "-n", str(n), *more).stdout
        return [json.loads(line) for line in out.splitlines()]

    # ---- the end
    def stop(self, process, how=signal.SIGTERM, status=0):
        process.send_signal(how)
        assert process.wait(PATIENCE) == status
        return process

    def kill(self, process):
        process.kill()
        process.wait()

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    assert process.wait(20) == 0, "%s did not stop cleanly" % process.args
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise AssertionError("%s did not stop" % process.args)
        if self.publisher:
            self.publisher.stop()

    def alerts(self):
        bad = re.compile(r"Sanitizer|runtime error|Assertion|assert\(|<[0-2]>|core dumped|double free")
        return [line for log in self.logs for line in open(log, errors="replace") if bad.search(line)]


@pytest.fixture
def world():
    folder = tempfile.mkdtemp(prefix="dateline-scene-", dir="/tmp")
    w = World(folder)
    try:
        yield w
        w.close()
        assert w.alerts() == []
    finally:
        for process in w.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if w.publisher:
            w.publisher.stop()
        if not os.environ.get("DATELINE_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


# ---- documents

def article(n, words=60):
    return "Story %d. " % n + " ".join("word%d of story %d" % (i, n) for i in range(words // 4))


def rss(items, title="Example"):
    """items: (guid, headline, text[, link])"""
    out = ['<?xml version="1.0"?><rss version="2.0"><channel><title>%s</title>' % title]
    for guid, headline, text, *link in items:
        out.append("<item><guid isPermaLink='false'>%s</guid><title>%s</title><description>%s</description>%s</item>"
                   % (guid, headline, text, "<link>%s</link>" % link[0] if link else ""))
    return "".join(out) + "</channel></rss>"
