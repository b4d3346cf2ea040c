#!/usr/bin/env python3
"""A really booted systemd runs what `cmake --install` put in place.

    tests/service/boot.py [BUILD]        as root; BUILD is build/release when not given

An overlay of / is booted by systemd-nspawn, Dateline is installed into it and set up with the commands of
docs/service.md; then everything that a service manager does to a service is done to it: start, status,
restart, kill, hang, stop, a wrong configuration, a reboot. The machine underneath is not touched: mounts
live in a mount namespace of this process, files in a tmpfs. Exit status 77: this cannot be done here.
"""
import ctypes
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOOT_S = 40    # until systemd says that it is up
PATIENCE = 30  # seconds that one step may take; never a measure of speed
UNITS = ("datelined.service", "dateline-worker@1.service", "dateline-worker@2.service")
BEGAN = time.monotonic()


class Skip(Exception):
    """This machine cannot boot another one in itself."""


def say(text):
    print("%5.1f s  %s" % (time.monotonic() - BEGAN, text), flush=True)


def wait_for(what, name, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %s s in vain: %s" % (seconds, name))
        time.sleep(0.1)


# ------------------------------------------------------------------------------------- the machine

class Machine:
    """An overlay of / in a folder, and the systemd that is booted in it."""

    def __init__(self, folder):
        self.folder = folder
        self.root = os.path.join(folder, "root")
        self.log = os.path.join(folder, "console.log")
        self.spawn = self.leader = None
        self.groups = self.control_groups()

    @staticmethod
    def control_groups():
        """systemd-nspawn makes these and leaves them behind."""
        return set(path for name in ("payload", "supervisor")
                   for path in glob.glob("/sys/fs/cgroup/**/" + name, recursive=True))

    def make(self):
        # Mounts made from here on are this process's own and end with it.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x00020000) != 0:  # CLONE_NEWNS
            raise Skip("no mount namespace: " + os.strerror(ctypes.get_errno()))
        self.mount("--make-rprivate", "/")
        self.mount("-t", "tmpfs", "-o", "size=1G,mode=755", "dateline-boot", self.folder)
        for name in ("root", "upper", "work"):
            os.mkdir(os.path.join(self.folder, name))
        self.mount("-t", "overlay", "overlay", "-o", "lowerdir=/,upperdir=%s/upper,workdir=%s/work"
                   % (self.folder, self.folder), self.root)
        self.forget_the_host()

    @staticmethod
    def mount(*args):
        done = subprocess.run(["mount", *args], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip("cannot mount: " + done.stderr.strip())

    def path(self, inside):
        return self.root + inside

    def forget_the_host(self):
        """What this machine runs at boot, its journal, and a Dateline that is installed on it."""
        for pattern in ("/etc/systemd/system/*.wants/*", "/etc/rc[S0-6].d/S*", "/var/log/journal", "/etc/dateline",
                        "/var/lib/dateline", "/etc/systemd/system/dateline*", "/usr/local/lib/systemd/system/dateline*"):
            for path in glob.glob(self.path(pattern)):
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        for name in ("passwd", "shadow", "group", "gshadow"):
            path = self.path("/etc/" + name)
            with open(path) as f:
                lines = [line for line in f if not line.startswith("dateline:")]
            with open(path, "w") as f:
                f.writelines(lines)
        with open(self.path("/etc/hostname"), "w") as f:
            f.write("dateline-boot\n")

    def boot(self):
        def die_with_me():  # nspawn shuts its machine down when it is terminated
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        with open(self.log, "ab") as out:
            self.spawn = subprocess.Popen(
                ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
                 "--system-call-filter=bpf", "--capability=CAP_BPF", "--machine=dateline-boot", "-D", self.root, "--boot"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=die_with_me,
                env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1"))
        try:
            wait_for(self.is_up, "systemd says that it is up", BOOT_S)
        except AssertionError as e:
            raise Skip("systemd does not come up here: %s\n%s" % (e, self.console()))

    def is_up(self):
        if self.spawn.poll() is not None:
            raise Skip("systemd-nspawn ended with %d: %s" % (self.spawn.returncode, self.console()))
        self.leader = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.spawn.pid)], capture_output=True,
                                     text=True).stdout.split()[:1]
        return self.leader and self.run("systemctl is-system-running", check=False)[1].strip() in ("running", "degraded")

    def console(self):
        with open(self.log, errors="replace") as f:
            return f.read()[-1500:]

    def run(self, command, check=True):
        """A shell command inside: (exit status, standard output, standard error)."""
        done = subprocess.run(["nsenter", "-t", self.leader[0], "-m", "-u", "-i", "-n", "-p", "--", "sh", "-c", command],
                              capture_output=True, text=True, timeout=60, cwd="/",
                              env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                                   "LANG": "C.UTF-8"})
        assert not check or done.returncode == 0, "%s: exit status %d: %s%s" % (
            command, done.returncode, done.stdout, done.stderr)
        return done.returncode, done.stdout, done.stderr

    def out(self, command):
        return self.run(command)[1]

    def poweroff(self):
        """Orderly; what does not end gets less and less polite, SIGKILL to its init ends all that is in it."""
        if not self.spawn:
            return True
        init = int(self.leader[0]) if self.leader else None
        for number in (signal.SIGRTMIN + 4, signal.SIGRTMIN + 14, signal.SIGKILL):
            if self.spawn.poll() is None and init:
                try:
                    os.kill(init, number)
                except ProcessLookupError:
                    pass
            try:
                self.spawn.wait(20 if number == signal.SIGRTMIN + 4 else 5)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            self.spawn.kill()
            self.spawn.wait()
        orderly = number == signal.SIGRTMIN + 4 and self.spawn.returncode == 0
        self.spawn = self.leader = None
        return orderly

    def clean(self):
        self.poweroff()
        for top in self.control_groups() - self.groups:
            for path, _, _ in os.walk(top, topdown=False):
                os.rmdir(path)
        for path in (self.root, self.folder):
            subprocess.run(["umount", "-l", path], stderr=subprocess.DEVNULL)

    # ---- what systemd knows of a unit
    def show(self, unit, name):
        return self.out("systemctl show --value -p %s %s" % (name, unit)).strip()

    def is_active(self, *units):
        return all(self.show(u, "ActiveState") == "active" for u in units)

    def failed_units(self):
        return set(line.split()[0] for line in self.out("systemctl list-units --failed --plain --no-legend").splitlines())

    def journal(self, more=""):
        return self.out("journalctl -q -b --no-pager -o short-precise %s" % more)


# ----------------------------------------------------------------------------------- Dateline in it

class Dateline:
    def __init__(self, machine, build):
        self.m, self.build = machine, build
        self.dropped = self.extra = 0  # files, and items that came another way

    def install(self):
        subprocess.run(["cmake", "--install", self.build, "--prefix", "/usr"], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=self.m.root))

    def status(self):
        code, out, _ = self.m.run("dateline status --json", check=False)
        return json.loads(out)["status"] if code == 0 else None

    def workers(self):
        status = self.status()
        return sorted(w["name"] for w in status["workers"]) if status else []

    def is_whole(self):
        return len(self.workers()) == 2 and self.m.is_active(*UNITS)

    def main_pid(self):
        return int(self.m.show("datelined.service", "MainPID"))

    def parsers(self):
        return [int(p) for p in self.m.run("pgrep -P %d" % self.main_pid(), check=False)[1].split()]

    def drop(self):
        """One file of agency copy and one feed come into the watched folder; both reach both sinks."""
        self.dropped += 1
        n = self.dropped
        texts = {"copy-%d.txt" % n: "HAMBURG, Nov 21 (Example) - Harbour pilots of shift %d went back to work on Friday.\n\n"
                 "They had agreed on new hours the day before, a spokeswoman said.\n" % n,
                 "feed-%d.xml" % n: "<rss version='2.0'><channel><title>Council</title><item><guid>c%d</guid><title>Council meets"
                 " for session %d</title><description>The council of Exampleton met for session %d and spoke about"
                 " the budget of the libraries.</description></item></channel></rss>" % (n, n, n)}
        for name, text in texts.items():
            with open(self.m.path("/var/lib/dateline/in/." + name), "w") as f:
                f.write(text)
            os.chmod(f.name, 0o644)
            self.m.run("mv /var/lib/dateline/in/.%s /var/lib/dateline/in/%s" % (name, name))
        expected = 2 * n + self.extra
        wait_for(lambda: min(len(self.lines()), self.rows()) >= expected, "what was dropped is in both sinks")
        bodies = [r["item"]["bodies"][0]["value"] for r in self.lines() if r["item"].get("bodies")]
        assert len(self.lines()) == self.rows() == expected, "a record too many"
        assert any("shift %d" % n in b for b in bodies) and any("session %d" % n in b for b in bodies), bodies

    def lines(self):
        text = self.m.run("cat /var/lib/dateline/records.jsonl", check=False)[1]
        return [json.loads(line) for line in text.splitlines()]

    def rows(self):
        return int(self.m.run("sqlite3 /var/lib/dateline/records.db 'select count(*) from records'", check=False)[1] or 0)

    def alerts(self):
        """What the units' own processes said that nobody wants to read; systemd's lines about them are not theirs."""
        said = self.m.journal("-p err " + " ".join("_SYSTEMD_UNIT=%s" % u for u in UNITS))
        words = "Assertion|Sanitizer|runtime error|double free|jail forbids|parser child|SIGSYS"
        return said + self.m.run("journalctl -q -b --no-pager -g '%s'" % words, check=False)[1]


# ------------------------------------------------------------------------------------------ steps

def it_is_installed(d):
    m = d.m
    d.install()
    m.run("systemd-sysusers && systemd-tmpfiles --create /usr/lib/tmpfiles.d/dateline.conf && systemctl daemon-reload")
    assert m.out("id -un dateline").strip() == "dateline"
    assert m.out("stat -c %U:%G:%a /var/lib/dateline").strip() == "dateline:dateline:750"
    m.run("datelined -t -c /etc/dateline/dateline.yaml")


def it_starts_and_is_enabled(d):
    m = d.m
    m.run("systemctl enable --now " + " ".join(UNITS))
    assert m.is_active("datelined.service"), "start returned before READY"
    wait_for(d.is_whole, "two workers connect")
    assert d.workers() == ["dateline-boot-1", "dateline-boot-2"], d.workers()
    wait_for(lambda: "2 workers" in m.show("datelined.service", "StatusText"), "the status line counts two workers")
    assert m.show("datelined.service", "User") == "dateline" and m.show("datelined.service", "CanReload") == "yes"


def root_and_the_group_may_ask(d):
    m = d.m
    m.run("useradd -M -N -g nogroup -G dateline operator1 && useradd -M -N -g nogroup stranger1")
    assert "workers" in m.out("runuser -u operator1 -- dateline status")
    assert m.run("runuser -u stranger1 -- dateline status", check=False)[0] == 77


def a_dropped_file_comes_out_of_both_sinks(d):
    m = d.m
    m.run("install -d -o dateline -g dateline -m 2770 /var/lib/dateline/in")
    m.run("sed -i 's/^#include:/include:/; s/^#  - {kind: sqlite/  - {kind: sqlite/' /etc/dateline/dateline.yaml")
    with open(m.path("/etc/dateline/sources.d/wire.yaml"), "w") as f:
        f.write("sources:\n  - {kind: directory, path: /var/lib/dateline/in, id: wire}\n")
    m.run("chmod 644 /etc/dateline/sources.d/wire.yaml && datelined -t -c /etc/dateline/dateline.yaml")
    m.run("systemctl restart " + " ".join(UNITS))
    wait_for(d.is_whole, "two workers connect after the restart")
    d.drop()


def the_dry_runs_find_parser_and_models(d):
    m = d.m
    m.run("install -m 644 /var/lib/dateline/in/copy-1.txt /tmp/copy.txt")
    record = json.loads(m.out("runuser -u stranger1 -- sh -c 'dateline parse /tmp/copy.txt | dateline classify'"))
    assert record["analysis"]["topics"] and record["analysis"]["language"]["code"] == "en", record


PUBLISHER = """
import functools, http.server, ssl
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv/publisher/www")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("/srv/publisher/cert.pem", "/srv/publisher/key.pem")
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def a_feed_is_fetched_over_tls_inside_the_unit(d):
    """Names, sockets, certificates and curl's threads under the unit's filters."""
    m = d.m
    os.makedirs(m.path("/srv/publisher/www"))
    with open(m.path("/srv/publisher/serve.py"), "w") as f:
        f.write(PUBLISHER)
    with open(m.path("/srv/publisher/www/feed.xml"), "w") as f:
        f.write("<rss version='2.0'><channel><title>Harbour</title><item><guid>h1</guid><title>Ferry sails again</title>"
                "<description>%s</description></item></channel></rss>" % ("The ferry to Exampleton sails again today. " * 12))
    m.run("cd /srv/publisher && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem"
          " -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>&1 && cat cert.pem >>/etc/ssl/certs/ca-certificates.crt")
    m.run("systemd-run -q --unit=publisher /usr/bin/python3 /srv/publisher/serve.py")
    wait_for(lambda: m.run("bash -c '</dev/tcp/127.0.0.1/8443'", check=False)[0] == 0, "the publisher listens")
    m.run("dateline source add https://localhost:8443/feed.xml --id harbour --allow-private")
    try:
        wait_for(lambda: any("The ferry" in line["item"]["bodies"][0]["value"] for line in d.lines()), "the feed's item")
    except AssertionError as e:
        raise AssertionError("%s; %s" % (e, m.run("dateline explain harbour", check=False)[1]))
    d.extra += 1


def the_parser_is_jailed_inside_the_unit(d):
    parsers = d.parsers()
    assert parsers, "no parser child"
    for pid in parsers:
        status = d.m.out("cat /proc/%d/status" % pid)
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert fields["Name"].startswith("dateline-parser") and fields["Seccomp"].strip() == "2", status
        # The unit's own filters are the daemon's too; the jail is one more.
        daemon = d.m.out("grep Seccomp_filters /proc/%d/status" % d.main_pid()).split()[1]
        assert int(fields["Seccomp_filters"]) == int(daemon) + 1, status
    assert d.status()["parser"]["died"] == 0


def a_signal_to_everyone_leaves_the_parsers_alive(d):
    parsers, daemon = d.parsers(), d.main_pid()
    d.m.run("systemctl kill --kill-who=all -s HUP datelined.service")
    d.m.run("kill -INT %s; kill -TERM %s" % ((" ".join(map(str, parsers)),) * 2))
    time.sleep(0.5)
    assert d.parsers() == parsers and d.main_pid() == daemon, "SIGHUP, SIGINT or SIGTERM ended a process of the unit"
    assert d.status()["parser"]["died"] == 0


def a_killed_daemon_comes_back(d):
    """However often: no number of failures makes systemd give up."""
    for n in range(1, 7):
        old = wait_for(d.main_pid, "a daemon runs")
        d.m.run("kill -9 %d" % old)
        wait_for(lambda: d.main_pid() not in (0, old), "there is a new daemon")
        assert d.m.show("datelined.service", "NRestarts") == str(n)
    wait_for(d.is_whole, "daemon and workers are back")
    assert all(d.m.show(u, "NRestarts") == "0" for u in UNITS[1:]), "a worker ended with its daemon"
    d.drop()


def a_killed_worker_comes_back(d):
    d.m.run("systemctl kill -s KILL dateline-worker@1.service")
    wait_for(lambda: d.m.show("dateline-worker@1.service", "NRestarts") == "1" and d.is_whole(), "the worker is back")
    d.drop()


def a_hanging_daemon_is_replaced(d):
    m = d.m
    folder = "/run/systemd/system/datelined.service.d"
    m.run("mkdir -p %s && printf '[Service]\\nWatchdogSec=2s\\nTimeoutAbortSec=2s\\n' >%s/short.conf" % (folder, folder))
    m.run("systemctl daemon-reload && systemctl restart datelined.service")
    wait_for(d.is_whole, "workers connect after the restart")
    time.sleep(3)
    old = d.main_pid()
    assert m.show("datelined.service", "NRestarts") == "0", "the watchdog bites a daemon that is well"
    m.run("kill -STOP %d" % old)
    wait_for(lambda: d.main_pid() not in (0, old) and d.is_whole(), "the watchdog replaces the daemon")
    assert m.run("journalctl -q -b -u datelined.service -g 'Watchdog timeout'", check=False)[0] == 0
    m.run("rm -r %s && systemctl daemon-reload && systemctl restart datelined.service" % folder)
    wait_for(d.is_whole, "workers connect after the restart")
    d.drop()


def it_stops_cleanly_and_workers_wait(d):
    m = d.m
    m.run("systemctl stop datelined.service")
    assert (m.show("datelined.service", "Result"), m.show("datelined.service", "ExecMainStatus")) == ("success", "0")
    assert m.is_active(*UNITS[1:]), "a worker did not outlive its daemon"
    assert m.run("dateline status", check=False)[0] == 69
    m.run("systemctl start datelined.service")
    wait_for(d.is_whole, "workers find the daemon again")
    d.drop()
    m.run("systemctl stop dateline-workers.target")
    for unit in UNITS[1:]:
        assert (m.show(unit, "ActiveState"), m.show(unit, "Result")) == ("inactive", "success"), unit
    m.run("systemctl start dateline-workers.target")
    wait_for(d.is_whole, "the target starts the enabled workers")


def nothing_alarming_was_said(d):
    assert d.alerts() == "", d.alerts()
    assert d.m.failed_units() <= d.failed_before, d.m.failed_units()


def stays_down(d, word):
    """A restart fails, once, and the journal holds the word."""
    assert d.m.run("systemctl restart datelined.service", check=False)[0] != 0
    time.sleep(1.5)
    assert d.m.show("datelined.service", "ActiveState") == "failed" and d.m.show("datelined.service", "NRestarts") == "0"
    assert word in d.m.journal("-u datelined.service -n 20"), d.m.journal("-u datelined.service -n 20")


def a_wrong_configuration_is_said_once(d):
    d.m.run("cp -p /etc/dateline/dateline.yaml /root/good.yaml && echo 'sorces: []' >>/etc/dateline/dateline.yaml")
    stays_down(d, "sorces")
    d.m.run("cp -p /root/good.yaml /etc/dateline/dateline.yaml && systemctl restart datelined.service")
    wait_for(d.is_whole, "all is well with the old configuration")


def a_damaged_state_is_said_once(d):
    state = "/var/lib/dateline/state"
    d.m.run("systemctl stop datelined.service && cp -a %s /root/state && echo damaged >%s/CURRENT" % (state, state))
    stays_down(d, state)
    d.m.run("rm -r %s && cp -a /root/state %s && systemctl restart datelined.service" % (state, state))
    wait_for(d.is_whole, "all is well with the old state")
    d.drop()


def everything_is_back_after_a_reboot(d):
    m = d.m
    seen = len(d.lines())
    assert m.poweroff(), "no orderly shutdown:\n" + m.console()
    m.boot()
    wait_for(d.is_whole, "daemon and workers start by themselves")
    assert len(d.lines()) == seen and d.rows() == seen
    d.drop()
    nothing_alarming_was_said(d)


def keys_are_taken_and_read_again_by_reload(d):
    """As docs/scaling.md has it, over TCP; the workers of the daemon's host need no key of their own."""
    m = d.m
    folder = "/etc/systemd/system/dateline-worker@.service.d"
    restart = "systemctl daemon-reload && systemctl restart datelined.service dateline-workers.target"
    m.run("install -d %s && cp /usr/share/doc/dateline/examples/remote-worker.conf %s" % (folder, folder))
    m.run("install -d -o dateline -g dateline -m 0750 /etc/dateline/keys && touch /etc/dateline/authorised_keys")
    m.run("dateline keygen --name here /etc/dateline/keys/datelined.key && chown dateline: /etc/dateline/keys/datelined.key")
    m.run("cp /etc/dateline/dateline.yaml /root/plain.yaml")
    m.run("echo 'security: {key: keys/datelined.key, authorised_keys: authorised_keys}' >>/etc/dateline/dateline.yaml")
    m.run("echo 'work: {bind: [\"tcp://127.0.0.1:5570\"]}' >>/etc/dateline/dateline.yaml")
    m.run("datelined -t -c /etc/dateline/dateline.yaml && " + restart)
    wait_for(d.is_whole, "daemon and workers have keys")
    d.drop()
    m.run("dateline keygen --name alice --role operator /root/alice.key")
    assert m.run("dateline status --key /root/alice.key", check=False)[0] == 77
    old = d.main_pid()
    m.run("cat /root/alice.key.pub >>/etc/dateline/authorised_keys && systemctl reload datelined.service")
    wait_for(lambda: m.run("dateline status --key /root/alice.key", check=False)[0] == 0, "the new key is let in")
    assert d.main_pid() == old and m.show("datelined.service", "ActiveState") == "active"
    m.run("rm -r %s && cp /root/plain.yaml /etc/dateline/dateline.yaml && %s" % (folder, restart))
    wait_for(d.is_whole, "daemon and workers are without keys again")


STEPS = (
    it_is_installed, it_starts_and_is_enabled, root_and_the_group_may_ask, a_dropped_file_comes_out_of_both_sinks,
    the_dry_runs_find_parser_and_models, a_feed_is_fetched_over_tls_inside_the_unit,
    the_parser_is_jailed_inside_the_unit, a_signal_to_everyone_leaves_the_parsers_alive, a_killed_daemon_comes_back,
    a_killed_worker_comes_back, a_hanging_daemon_is_replaced, it_stops_cleanly_and_workers_wait,
    keys_are_taken_and_read_again_by_reload, nothing_alarming_was_said, a_wrong_configuration_is_said_once, a_damaged_state_is_said_once,
    everything_is_back_after_a_reboot)


# ------------------------------------------------------------------------------------------- main

def look_around(build):
    if os.geteuid() != 0:
        raise Skip("needs root")
    for program in ("systemd-nspawn", "nsenter", "sqlite3", "cmake", "ps", "openssl"):
        if not shutil.which(program):
            raise Skip("needs %s (scripts/setup installs it)" % program)
    with open("/proc/filesystems") as f:
        if "overlay" not in f.read().split() and subprocess.run(["modprobe", "overlay"], capture_output=True).returncode:
            raise Skip("needs overlayfs")
    for program in ("datelined", "dateline", "dateline-worker", "dateline-parser"):
        if not os.access(os.path.join(build, program), os.X_OK):
            raise Skip("%s/%s is not built" % (build, program))


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "release"))
    folder = machine = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        look_around(build)
        folder = tempfile.mkdtemp(prefix="dateline-boot-", dir="/tmp")
        machine = Machine(folder)
        machine.make()
        machine.boot()
        say("booted")
        d = Dateline(machine, build)
        d.failed_before = machine.failed_units()
        for step in STEPS:
            try:
                step(d)
            except Exception as e:
                say("FAILED: %s: %s" % (step.__name__.replace("_", " "), e))
                if machine.leader:
                    print(machine.run("journalctl -q -b --no-pager -o short-precise -g dateline | tail -60", check=False)[1])
                return 1
            say(step.__name__.replace("_", " "))
        if not machine.poweroff():
            say("FAILED: no orderly shutdown:\n" + machine.console())
            return 1
        say("powered off")
        return 0
    except Skip as e:
        print("skipped: %s" % e)
        return 77
    finally:
        if machine:
            machine.clean()
        if folder:
            os.rmdir(folder)


if __name__ == "__main__":
    sys.exit(main())
