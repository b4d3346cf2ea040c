"""Work over several hosts: a daemon and two workers, each in a network namespace of its own, joined by a bridge,
speaking TCP with keys. What the network does to them must not lose an item nor record one twice.

Needs root and network namespaces. The short form is a minute; DATELINE_NET=long takes the times of real outages.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BIN, World, article, rss, wait_for

LONG = os.environ.get("DATELINE_NET") == "long"
BATCH = 100 if LONG else 40  # items of one dropped file
NOTICED_S = 15  # a dead peer is seen in less (three heartbeats of three seconds, and a tick)
HOSTS = {"daemon": "10.77.0.1", "one": "10.77.0.2", "two": "10.77.0.3"}


def ip(*args, check=True):
    done = subprocess.run(["ip", *args], capture_output=True, text=True)
    assert not check or done.returncode == 0, (args, done.stderr)
    return done


def can_make_networks():
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    name = "dl%d-probe" % os.getpid()
    made = ip("netns", "add", name, check=False).returncode == 0
    bridged = made and ip("-n", name, "link", "add", "name", "bridge0", "type", "bridge", check=False).returncode == 0
    ip("netns", "del", name, check=False)
    return bridged


pytestmark = pytest.mark.skipif(not can_make_networks(), reason="network namespaces need root and a kernel that has them")


class Network:
    """A switch and a cable from it to each host."""

    def __init__(self):
        self.prefix = "dl%d-" % os.getpid()
        self.names = []
        self.add("switch")
        ip("-n", self.ns("switch"), "link", "add", "name", "bridge0", "type", "bridge")
        ip("-n", self.ns("switch"), "link", "set", "bridge0", "up")
        for host, address in HOSTS.items():
            self.add(host)
            ip("-n", self.ns("switch"), "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", self.ns(host))
            ip("-n", self.ns("switch"), "link", "set", host, "master", "bridge0", "gso_max_segs", "1", "up")
            ip("-n", self.ns(host), "address", "add", address + "/24", "dev", "eth0")
            # One packet a segment, as on a real cable: loss is to hit single packets.
            ip("-n", self.ns(host), "link", "set", "eth0", "gso_max_segs", "1", "up")

    def ns(self, host):
        return self.prefix + host

    def add(self, host):
        ip("netns", "add", self.ns(host))
        self.names.append(self.ns(host))
        ip("-n", self.ns(host), "link", "set", "lo", "up")

    def inside(self, host, *command):
        return ["ip", "netns", "exec", self.ns(host), *command]

    def cable(self, host, plugged):
        ip("-n", self.ns("switch"), "link", "set", host, "up" if plugged else "down")

    def lose(self, host, percent):
        """Of the packets in and out."""
        for hook in ("input", "output"):
            rules = ("add table ip loss%s; add chain ip loss%s c { type filter hook %s priority 0; }; "
                     "add rule ip loss%s c numgen random mod 100 < %d counter drop" % (hook, hook, hook, hook, percent))
            subprocess.run(self.inside(host, "nft", rules), check=True, capture_output=True)

    def lost(self, host):
        """How many packets lose() has dropped."""
        rules = subprocess.run(self.inside(host, "nft", "list ruleset"), check=True, capture_output=True, text=True)
        return sum(int(n) for n in re.findall(r"counter packets (\d+)", rules.stdout))

    def close(self):
        for name in self.names:
            ip("netns", "del", name, check=False)


class Hosts(World):
    """The daemon's host has the world's configuration, a worker's host knows two keys and an address."""

    def __init__(self, folder, net):
        super().__init__(folder)
        self.net, self.fed, self.where = net, 0, "daemon"
        os.mkdir(os.path.join(folder, "in"))
        with open(os.path.join(folder, "authorised"), "w") as f:
            self.keygen("daemon")
            f.write(self.keygen("one") + self.keygen("two"))
        self.configure([{"kind": "directory", "path": "in", "id": "wire"}],
                       work={"bind": [self.endpoint("work"), "tcp://*:5570"]}, sinks=[],
                       security={"key": "daemon.key", "authorised_keys": "authorised"})
        for name in ("one", "two"):
            host = {"security": {"key": name + ".key", "server_key": "daemon.key.pub"},
                    "worker": {"connect": ["tcp://%s:5570" % HOSTS["daemon"]]}, "log": {"level": "debug"},
                    "state": name, "runtime": name, "sources": [],
                    "sinks": [{"kind": "jsonl", "path": name + ".jsonl"}]}
            with open(os.path.join(folder, name + ".yaml"), "w") as f:
                json.dump(host, f)

    def keygen(self, name):
        return subprocess.run([os.path.join(BIN, "dateline"), "keygen", "--name", name, name + ".key"], check=True,
                              capture_output=True, text=True, cwd=self.folder).stdout

    def start(self, name, *args, log=None):
        log = os.path.join(self.folder, "%s-%d.log" % (self.where, len(self.logs)))
        self.logs.append(log)
        with open(log, "wb") as out:
            process = subprocess.Popen(self.net.inside(self.where, os.path.join(BIN, name), *args), stderr=out,
                                       stdout=subprocess.DEVNULL, cwd=self.folder)
        process.log = log
        self.processes.append(process)
        return process

    def worker(self, name):
        self.where = name
        try:
            return self.start("dateline-worker", "-c", name + ".yaml", "--name", name)
        finally:
            self.where = "daemon"

    def feed(self, files=1):
        for _ in range(files):
            items = [("g%d" % i, "Story %d" % i, article(i)) for i in range(self.fed, self.fed + BATCH)]
            hidden = os.path.join(self.folder, "in", ".%d.rss" % self.fed)
            with open(hidden, "w") as f:
                f.write(rss(items))
            os.rename(hidden, os.path.join(self.folder, "in", "%d.rss" % self.fed))
            self.fed += BATCH

    def workers(self):
        return sorted(w["name"] for w in self.status()["workers"])

    def both(self):
        return self.workers() == ["one", "two"]

    def expect_all_once(self):
        """Everything that was fed is recorded, once, and the books balance."""
        wait_for(lambda: self.settled(self.fed), seconds=120)
        queue = self.queue()
        assert queue["accepted"] == self.fed and queue["done"] == self.fed and queue["dead"] == 0, queue
        headlines = sorted(r["item"]["headlines"][0]["value"] for r in self.replay(self.fed))
        assert headlines == sorted("Story %d" % i for i in range(self.fed))


@pytest.fixture
def hosts(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("net"))
    net = Network()
    hosts = None
    try:
        hosts = Hosts(folder, net)
        hosts.daemon()
        hosts.worker("one")
        hosts.worker("two")
        wait_for(hosts.both)
        hosts.feed()
        yield hosts
        hosts.close()
        assert hosts.alerts() == []
    finally:
        for process in hosts.processes if hosts else []:
            if process.poll() is None:
                process.kill()
                process.wait()
        net.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_two_hosts_share_the_work(hosts):
    hosts.feed(10)
    hosts.expect_all_once()
    written = [sum(1 for _ in open(os.path.join(hosts.folder, name + ".jsonl"))) for name in ("one", "two")]
    assert sum(written) >= hosts.fed and min(written) > 0, written


@pytest.mark.skipif(not shutil.which("nft"), reason="nft makes the loss")
def test_every_tenth_packet_is_lost(hosts):
    hosts.net.lose("daemon", 10)
    hosts.feed(5)
    hosts.expect_all_once()
    assert hosts.net.lost("daemon") > 10


def test_a_worker_is_cut_off_and_comes_back(hosts):
    hosts.feed(5)
    hosts.net.cable("one", False)
    began = time.monotonic()
    hosts.feed(5)
    wait_for(lambda: hosts.workers() == ["two"])
    assert time.monotonic() - began < NOTICED_S
    time.sleep(max(0, (60 if LONG else 8) - (time.monotonic() - began)))  # as long as the outage lasts
    hosts.net.cable("one", True)
    hosts.feed(2)
    wait_for(hosts.both, seconds=120)
    hosts.expect_all_once()


def test_a_cable_is_loose(hosts):
    for _ in range(5):
        hosts.net.cable("one", False)
        hosts.feed()
        time.sleep(1)  # the length of the fault
        hosts.net.cable("one", True)
        hosts.feed()
        time.sleep(1)
    hosts.expect_all_once()
    wait_for(hosts.both, seconds=120)


def test_a_host_of_a_worker_vanishes_and_a_new_one_takes_its_place(hosts):
    one = next(p for p in hosts.processes if "one.yaml" in p.args)
    one.send_signal(signal.SIGSTOP)  # it holds what it is given
    hosts.feed(5)
    wait_for(lambda: any(w["name"] == "one" and w["held"] for w in hosts.status()["workers"]))
    hosts.net.cable("one", False)
    hosts.kill(one)
    began = time.monotonic()
    wait_for(lambda: hosts.workers() == ["two"])
    assert time.monotonic() - began < NOTICED_S
    hosts.feed(2)
    time.sleep(max(0, (60 if LONG else 10) - (time.monotonic() - began)))  # as long as it is away
    hosts.net.cable("one", True)
    hosts.worker("one")
    wait_for(hosts.both)
    hosts.feed(2)
    hosts.expect_all_once()
