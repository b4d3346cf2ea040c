"""The servers that bench/queue compares: each started on a data folder of its own, reached on loopback or a unix
socket, and stopped by its own pid. What is set here, and why, is explained in bench/README.md."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def family(pid):
    """pid and all that descend from it."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            children = [int(p) for p in f.read().split()]
    except OSError:
        return [pid]
    return [pid] + [p for child in children for p in family(child)]


def stat(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


class Server:
    """One server and its settings; subclasses say how it is started."""
    binary = None       # found in PATH or at a fixed place; None: always there
    client = None       # what queue_client calls it, and builds only when its library is there
    durable = True      # synced before it says that it has an item
    window = 16         # hand-ins without an answer
    share = 1.0         # of the items of a run: a peer that is slow by nature gets fewer
    result = False
    keys = None
    seconds_to_start = 30

    def __init__(self, bench):
        self.bench = bench
        self.processes = []
        self.folder = None

    @property
    def label(self):
        return self.client

    def missing(self):
        if self.client not in self.bench.clients:
            return "its client library is not installed (scripts/setup --bench, then configure again)"
        if self.binary and not shutil.which(self.binary, path=os.environ["PATH"] + ":/usr/sbin:/usr/lib/rabbitmq/bin"):
            return "%s is not installed (scripts/setup --bench)" % self.binary
        return None

    def spawn(self, argv, **more):
        env = dict(os.environ, **more.pop("env", {}))
        log = open(os.path.join(self.folder, "log"), "ab")
        with log:
            self.processes.append(subprocess.Popen(argv, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                                   stderr=log, **more))
        return self.processes[-1]

    def start(self, folder):
        """Returns after the server answers; how long that took stands in self.ready_s."""
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        started = time.monotonic()
        self.launch()
        while not self.bench.client_ok(self):
            if time.monotonic() - started > self.seconds_to_start or self.processes[-1].poll() is not None:
                self.tell_log()
                self.stop()
                raise RuntimeError("%s did not start: %s" % (self.label, self.bench.why))
            time.sleep(0.02)
        self.ready_s = time.monotonic() - started

    def tell_log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            print("".join(f.readlines()[-20:]), end="")

    def pids(self):
        return [p for process in self.processes for p in family(process.pid)]

    def cpu_by_name(self):
        """Seconds of each kind of process of the server: the daemon and its parser children apart."""
        out = {}
        for s, pid in ((stat(p), p) for p in self.pids()):
            if s:
                with open("/proc/%d/comm" % pid) as f:
                    name = f.read().strip()
                out[name] = out.get(name, 0) + (int(s[11]) + int(s[12])) / TICKS
        return out

    def rss_mb(self):
        return sum(int(s[21]) * PAGE for s in map(stat, self.pids()) if s) / 1e6

    def stop(self, hard=False):
        for process in reversed(self.processes):
            pids = family(process.pid)
            for pid in pids if hard else [self.main_pid(process, pids)]:
                try:
                    os.kill(pid, signal.SIGKILL if hard else signal.SIGTERM)
                except ProcessLookupError:
                    pass
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def main_pid(self, process, pids):
        return process.pid

    def settle(self, items):
        """Seconds until the server itself says that it is done with all of them; None: it cannot be asked."""
        return None


class Dateline(Server):
    client = "dateline"

    @property
    def label(self):
        return "dateline" + (", RESULT" if self.result else "")

    def missing(self):
        path = os.path.join(self.bench.bin, "datelined")
        return None if os.access(path, os.X_OK) else "%s is not built" % path

    def config(self):
        f = self.folder
        return {"state": "state", "runtime": f, "log": {"level": "warning"}, "web": {"listen": "off"},
                "queue": {"max_items": 4000000}, "work": {"bind": [self.work]}, "intake": {"bind": [self.intake]},
                "live": {"bind": ["ipc://%s/live" % f]}, "replay": {"bind": ["ipc://%s/replay" % f]}}

    def endpoints(self):
        self.intake, self.work = "ipc://%s/intake" % self.folder, "ipc://%s/work" % self.folder

    def launch(self):
        if not getattr(self, "work", None):
            self.endpoints()
        self.address = "%s,%s" % (self.intake, self.work)
        self.file = os.path.join(self.folder, "dateline.yaml")
        with open(self.file, "w") as f:
            json.dump(self.config(), f)
        self.bench.seed(self.folder)
        self.spawn([os.path.join(self.bench.bin, "datelined"), "-c", self.file])

    def stop(self, hard=False):
        super().stop(hard)
        if not hard:
            self.work = None

    def status(self):
        done = subprocess.run([os.path.join(self.bench.bin, "dateline"), "status", "--json", "-c", self.file],
                              capture_output=True, text=True)
        if done.returncode != 0:
            return None
        answer = json.loads(done.stdout)
        return answer.get("status", answer)

    def settle(self, items):
        started = time.monotonic()
        while time.monotonic() - started < 30:
            s = self.status()
            if s and s["queue"]["done"] >= items:
                return time.monotonic() - started
            time.sleep(0.01)
        return float("inf")


class DatelineResult(Dateline):
    result = True


class DatelineTcp(Dateline):
    def endpoints(self):
        self.intake = "tcp://127.0.0.1:%d" % free_port()
        self.work = "tcp://127.0.0.1:%d" % free_port()

    @property
    def label(self):
        return "dateline, tcp"


class DatelineCurve(DatelineTcp):
    """Keys of the daemon and of one client that may do everything. Whatever the daemon binds speaks CURVE then."""
    @property
    def label(self):
        return "dateline, tcp + CURVE"

    def config(self):
        self.keys = self.folder
        for name in ("server", "client"):
            subprocess.run([os.path.join(self.bench.bin, "dateline"), "keygen", "--name", name, "--role", "operator",
                            os.path.join(self.folder, name)], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(self.folder, "authorised"), "w") as out:
            for name in ("server", "client"):
                with open(os.path.join(self.folder, name + ".pub")) as line:
                    out.write(line.read())
        return dict(super().config(), security={"key": "server", "authorised_keys": "authorised"})

    def settle(self, items):
        return None


class Redis(Server):
    binary, client = "redis-server", "redis"
    fsync = "always"

    @property
    def label(self):
        return "redis, " + self.fsync

    def launch(self):
        self.address = os.path.join(self.folder, "redis")
        self.spawn(["redis-server", "--port", "0", "--unixsocket", self.address, "--dir", self.folder, "--save", "",
                    "--appendonly", "yes", "--appendfsync", self.fsync, "--stream-node-max-entries", "100"])


class RedisEverysec(Redis):
    fsync, durable = "everysec", False


class RabbitMQ(Server):
    binary, client = "/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq"

    @property
    def label(self):
        return "rabbitmq, quorum"

    def launch(self):
        """epmd is ours too: rabbitmq-server would start one that outlives it."""
        epmd, port = free_port(), free_port()
        self.address = "127.0.0.1:%d" % port
        self.spawn(["epmd", "-port", str(epmd), "-address", "127.0.0.1"])
        with open(os.path.join(self.folder, "rabbitmq.conf"), "w") as f:
            f.write("listeners.tcp.local = %s\nlog.console = false\nlog.file.level = error\n" % self.address)
        with open(os.path.join(self.folder, "plugins"), "w") as f:
            f.write("[].\n")
        self.spawn([self.binary], env={
            "HOME": self.folder, "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_NODENAME": "bench@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_MNESIA_BASE": os.path.join(self.folder, "data"),
            "RABBITMQ_LOG_BASE": os.path.join(self.folder, "logs"), "RABBITMQ_PID_FILE": os.path.join(self.folder, "pid"),
            "RABBITMQ_CONFIG_FILE": os.path.join(self.folder, "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(self.folder, "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none"})

    def main_pid(self, process, pids):
        for pid in pids:
            try:
                with open("/proc/%d/comm" % pid) as f:
                    if f.read().strip() == "beam.smp":
                        return pid
            except OSError:
                pass
        return process.pid


class Beanstalkd(Server):
    binary, client = "beanstalkd", "beanstalkd"
    share = 0.1

    @property
    def label(self):
        return "beanstalkd, -f0"

    def launch(self):
        self.address = os.path.join(self.folder, "beanstalkd")
        if os.path.exists(self.address):
            os.unlink(self.address)
        data = os.path.join(self.folder, "data")
        os.makedirs(data, exist_ok=True)
        self.spawn(["beanstalkd", "-l", "unix:" + self.address, "-b", data, "-f0"])


class Nats(Server):
    binary, client = "nats-server", "nats"
    durable = False

    @property
    def label(self):
        return "nats, file"

    def launch(self):
        port = free_port()
        self.address = "nats://127.0.0.1:%d" % port
        path = os.path.join(self.folder, "nats.conf")
        with open(path, "w") as f:
            f.write('listen: "127.0.0.1:%d"\njetstream { store_dir: "%s/data" }\n' % (port, self.folder))
        self.spawn([shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin"), "-c", path])


ALL = {"dateline": Dateline, "dateline-result": DatelineResult, "redis": Redis, "redis-everysec": RedisEverysec,
       "rabbitmq": RabbitMQ, "beanstalkd": Beanstalkd, "nats": Nats}
