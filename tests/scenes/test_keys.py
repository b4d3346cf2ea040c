"""Keys: who is let in over TCP, who is not, and what a revoked key costs."""
import os
import signal
import socket
import subprocess
import time

import pytest

from conftest import BIN, PATIENCE, article, rss, wait_for


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Secured:
    """A daemon on loopback TCP with keys; `authorised` is what stands in its file."""

    def __init__(self, world, **more):
        self.world = world
        self.authorised = {}
        self.work, self.live, self.replay, self.control = ("tcp://127.0.0.1:%d" % p for p in free_ports(4))
        self.keygen("daemon")
        self.write()
        world.publish()
        world.configure([world.feed("/f.rss")], work={"bind": [self.work], "lease": "5s"},
                        live={"bind": [self.live], "heartbeat": "200ms"}, replay={"bind": [self.replay]},
                        control={"bind": self.control},
                        security={"key": "daemon.key", "authorised_keys": "authorised"}, **more)

    def path(self, name):
        return os.path.join(self.world.folder, name)

    def keygen(self, name, roles="worker"):
        done = subprocess.run([os.path.join(BIN, "dateline"), "keygen", "--name", name, "--role", roles, name + ".key"],
                              capture_output=True, text=True, cwd=self.world.folder)
        assert done.returncode == 0, done.stderr
        with open(self.path(name + ".key.pub")) as f:
            assert f.read() == done.stdout
        return done.stdout

    def write(self):
        with open(self.path("authorised"), "w") as f:
            f.write("# who is let in\n" + "".join(self.authorised.values()))

    def let_in(self, name, roles="worker", more=""):
        self.authorised[name] = self.keygen(name, roles).rstrip("\n") + more + "\n"
        self.write()

    def reload(self, daemon):
        before = open(daemon.log).read().count("authorised keys")
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: open(daemon.log).read().count("authorised keys") > before)

    def worker(self, name, key=None):
        """One of another host: only its own key and the daemon's public one."""
        return self.world.start("dateline-worker", "--connect", self.work, "--key", (key or name) + ".key",
                                "--server-key", "daemon.key.pub", "--name", name, log="worker")

    def ask(self, key, *args, endpoints=None):
        return subprocess.run([os.path.join(BIN, "dateline"), *args, *(endpoints or ("--connect", self.control)),
                               *(("--key", key + ".key", "--server-key", "daemon.key.pub") if key else ())],
                              capture_output=True, text=True, cwd=self.world.folder, timeout=PATIENCE)

    def tail(self, key, n):
        return self.ask(key, "tail", "--json", "--since", "0", "-n", str(n),
                        endpoints=("--connect", self.live, "--replay", self.replay))

    def publish(self, n, first=0):
        self.world.publisher.put("/f.rss", rss([("g%d" % i, "Story %d" % i, article(i)) for i in range(first, first + n)]),
                                 type="application/rss+xml")

    def workers(self):
        return sorted(w["name"] for w in self.world.status()["workers"])

    def auth(self):
        return self.world.status()["security"]["auth"]


def says(process, text):
    return lambda: text in open(process.log).read()


def test_items_flow_over_tcp_with_keys(world):
    s = Secured(world)
    s.let_in("desk")
    s.let_in("reader", "subscriber")
    s.let_in("boss", "operator")
    s.publish(30)
    world.daemon()
    s.worker("desk")
    wait_for(lambda: world.settled(30))
    out = s.tail("reader", 30)
    assert out.returncode == 0, out.stderr
    assert len(out.stdout.splitlines()) == 30
    assert s.ask("boss", "status").returncode == 0
    assert s.workers() == ["desk"]


def test_the_configuration_of_the_daemon_is_enough_on_its_host(world):
    s = Secured(world)
    s.publish(10)
    world.daemon()
    world.worker("local")
    wait_for(lambda: world.settled(10))
    assert len(world.lines()) == 10
    assert len(world.replay(10)) == 10


def test_who_is_not_let_in_hears_why(world):
    s = Secured(world)
    s.let_in("desk")
    s.keygen("stranger")
    s.let_in("late", "operator", " until=2026-01-01")
    daemon = world.daemon()
    for key, reason in (("stranger", "unknown"), ("desk", "role"), ("late", "expired")):
        done = s.ask(key, "status")
        assert done.returncode == 77 and "refuses this key" in done.stderr, done.stderr
        assert s.auth()[reason] == 1
        assert "reason=%s socket=control" % reason in open(daemon.log).read()
    done = s.ask(None, "status")
    assert done.returncode == 77 and "keys" in done.stderr, done.stderr
    wait_for(lambda: s.auth()["handshake"] > 0)
    out = s.tail("desk", 1)
    assert out.returncode == 76 and "refuses this key" in out.stderr, out.stderr
    stranger = s.worker("stranger")
    wait_for(says(stranger, "not let in"))
    assert s.workers() == []


def test_a_publisher_hands_in_documents_and_nobody_else_does(world):
    intake = "tcp://127.0.0.1:%d" % free_ports(1)[0]
    s = Secured(world, intake={"bind": [intake]})
    world.configure(s.world.sources + [{"kind": "push", "id": "push"}])
    s.let_in("desk")
    s.let_in("press", "publisher")
    world.daemon()
    with open(s.path("doc.rss"), "w") as f:
        f.write(rss([("p%d" % i, "Pushed %d" % i, article(i)) for i in range(5)]))
    done = s.ask("press", "push", "doc.rss", endpoints=("--connect", intake))
    assert done.returncode == 0, done.stderr
    assert world.queue()["accepted"] == 5
    done = s.ask("desk", "push", "doc.rss", endpoints=("--connect", intake))
    assert done.returncode == 77 and "refuses this key" in done.stderr, (done.returncode, done.stderr)
    assert s.auth()["role"] == 1


def test_a_worker_that_is_authorised_later_comes_in_by_itself(world):
    s = Secured(world)
    line = s.keygen("desk")
    daemon = world.daemon()
    desk = s.worker("desk")
    wait_for(says(desk, "not let in"))
    s.authorised["desk"] = line
    s.write()
    s.reload(daemon)
    wait_for(lambda: s.workers() == ["desk"])


def test_revoking_a_worker_cuts_it_and_the_other_goes_on(world):
    s = Secured(world)
    s.let_in("stays")
    s.let_in("goes")
    s.publish(200)
    daemon = world.daemon()
    goes = s.worker("goes")
    wait_for(lambda: s.workers() == ["goes"])
    goes.send_signal(signal.SIGSTOP)  # it holds what it has
    s.publish(40, first=1000)
    wait_for(lambda: world.queue()["leased"] > 0)
    stays = s.worker("stays")
    wait_for(lambda: s.workers() == ["goes", "stays"])
    del s.authorised["goes"]
    s.write()
    s.reload(daemon)
    wait_for(lambda: s.workers() == ["stays"])
    goes.send_signal(signal.SIGCONT)
    wait_for(says(goes, "not let in"))
    wait_for(lambda: world.queue()["accepted"] >= 40 and world.settled(40))
    assert s.workers() == ["stays"]
    auth = s.auth()
    assert auth["cut"] == 1 and auth["unknown"] >= 1, auth
    assert world.queue()["dead"] == 0
    records = [(r["item"]["uri"], r["item"]["version"]) for r in world.replay(world.queue()["done"])]
    assert len(records) == len(set(records))
    assert stays.poll() is None


def test_a_key_that_expires_is_cut_at_that_time(world):
    s = Secured(world)
    world.daemon()
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6))
    s.let_in("desk", more=" until=" + until)
    s.reload(world.processes[0])
    desk = s.worker("desk")
    wait_for(lambda: s.workers() == ["desk"])
    wait_for(lambda: s.auth()["cut"] == 1)
    wait_for(says(desk, "not let in"))
    assert time.time() > time.mktime(time.strptime(until, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert s.auth()["expired"] >= 1


def test_a_revoked_subscriber_is_cut(world):
    s = Secured(world)
    s.let_in("reader", "subscriber")
    daemon = world.daemon()
    reader = subprocess.Popen([os.path.join(BIN, "dateline"), "tail", "--connect", s.live, "--replay", s.replay,
                               "--key", "reader.key", "--server-key", "daemon.key.pub"],
                              stderr=subprocess.PIPE, text=True, cwd=world.folder)
    world.processes.append(reader)
    wait_for(lambda: world.status()["live"]["subscriptions"] > 0)
    s.authorised.clear()
    s.write()
    s.reload(daemon)
    assert reader.wait(PATIENCE) == 76
    assert "refuses this key" in reader.stderr.read()
    world.processes.remove(reader)


def test_a_bad_file_of_keys_changes_nothing(world):
    s = Secured(world)
    s.let_in("desk")
    daemon = world.daemon()
    s.worker("desk")
    wait_for(lambda: s.workers() == ["desk"])
    with open(s.path("authorised"), "w") as f:
        f.write("# oops\nnot a key\n")
    s.reload(daemon)
    log = open(daemon.log).read()
    assert "authorised keys stay as they were" in log and "authorised:2: 'not' is not a public key" in log
    assert s.workers() == ["desk"] and s.auth()["cut"] == 0


@pytest.mark.parametrize("security, why", [
    (None, "reaches beyond loopback, which needs security.key and security.authorised_keys"),
    ({"key": "daemon.key"}, "reaches beyond loopback, which needs security.key and security.authorised_keys"),
    ({"authorised_keys": "authorised"}, "security: key is missing"),
])
def test_nothing_binds_beyond_loopback_without_keys(world, security, why):
    Secured(world)
    world.settings["work"] = {"bind": ["tcp://0.0.0.0:%d" % free_ports(1)[0]]}
    del world.settings["security"]
    world.configure(**({"security": security} if security else {}))
    done = subprocess.run([os.path.join(BIN, "datelined"), "-c", world.config], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 78, done.stderr
    assert why in done.stderr, done.stderr


def test_a_secret_that_others_can_read_is_refused(world):
    s = Secured(world)
    os.chmod(s.path("daemon.key"), 0o644)
    for args in (["-c"], ["-t", "-c"]):
        done = subprocess.run([os.path.join(BIN, "datelined"), *args, world.config], capture_output=True, text=True,
                              timeout=PATIENCE)
        assert done.returncode == 78 and "chmod 600" in done.stderr, done.stderr


def test_the_numbers_of_the_gate_are_metrics(world):
    s = Secured(world, web={"listen": "127.0.0.1:%d" % free_ports(1)[0]})
    world.daemon()
    s.keygen("stranger")
    s.ask("stranger", "status")
    import urllib.request
    with urllib.request.urlopen("http://%s/metrics" % world.settings["web"]["listen"]) as answer:
        text = answer.read().decode()
    assert 'dateline_auth_total{result="unknown"} 1\n' in text
