"""A PostgreSQL server of a test's own: Debian's binaries, a cluster in a temporary folder, a private Unix
socket, no TCP unless a test asks for it. Run by root it runs as an unprivileged user, because initdb refuses root.

As a program it prints a conninfo, serves until its standard input ends, and leaves nothing behind; exit
status 77 when the server's binaries are not here.
"""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 60


def binaries():
    """The newest server's folder, or None."""
    found = [os.path.dirname(p) for p in glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    return max(found, key=lambda p: int(p.split("/")[4])) if found else None


def unprivileged():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise OSError("no unprivileged user")


class Server:
    def __init__(self, **settings):
        self.bin = binaries()
        self.folder = tempfile.mkdtemp(prefix="dateline-pg-", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        self.socket = self.folder  # where its Unix socket is; may be changed while it is stopped
        self.settings = dict({"fsync": "off", "listen_addresses": "", "port": "5432", "max_connections": "60",
                              "shared_buffers": "16MB"}, **settings)
        self.who = {}
        if os.getuid() == 0:
            user = unprivileged()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.process = None
        self.call("initdb", "-D", self.data, "-U", "dateline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def call(self, name, *args):
        done = subprocess.run([os.path.join(self.bin, name), *args], cwd="/", capture_output=True, text=True,
                              timeout=PATIENCE, **self.who)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def certify(self, name):
        """A new key and a certificate for this host name, signed by itself; the certificate's path. From the next start."""
        self.call("/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                  "-addext", "subjectAltName=DNS:" + name, "-keyout", os.path.join(self.data, "server.key"),
                  "-out", os.path.join(self.data, "server.crt"))
        return os.path.join(self.data, "server.crt")

    # ---- life and death
    def start(self):
        settings = dict(self.settings, unix_socket_directories=self.socket)
        args = [part for item in settings.items() for part in ("-c", "%s=%s" % item)]
        end = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < end, open(os.path.join(self.folder, "log")).read()[-2000:]
            # After a kill -9 the old backends may hold the shared memory for a moment: it is tried again.
            if self.process is None or self.process.poll() is not None:
                with open(os.path.join(self.folder, "log"), "ab") as log:
                    self.process = subprocess.Popen([os.path.join(self.bin, "postgres"), "-D", self.data, *args],
                                                    cwd="/", stderr=log, stdout=log, **self.who)
            time.sleep(0.05)
        return self

    def answers(self):
        done = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.socket,
                               "-p", self.settings["port"]], capture_output=True)
        return self.process is not None and self.process.poll() is None and done.returncode == 0

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def stop(self):
        """Fast: sessions are ended, what is committed is written."""
        if self.process and self.process.poll() is None:
            self.kill(signal.SIGINT)

    def backends(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
            return [int(pid) for pid in f.read().split()]

    def freeze(self, frozen=True):
        """Alive and silent, all of it: connections are accepted by the kernel, nobody answers."""
        for pid in [self.process.pid, *self.backends()]:
            try:
                os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)
            except ProcessLookupError:
                pass  # a backend that ended meanwhile

    def close(self):
        if self.process and self.process.poll() is None:
            self.freeze(False)
            self.kill(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what is in it
    def conninfo(self, database="postgres", user="dateline"):
        return "host=%s port=%s dbname=%s user=%s" % (self.socket, self.settings["port"], database, user)

    def sql(self, text, database="postgres"):
        """Rows as lines, columns divided by '|'."""
        done = subprocess.run([os.path.join(self.bin, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1",
                               self.conninfo(database), "-c", text], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


def main():
    if not binaries():
        return 77
    server = Server()
    try:
        print(server.start().conninfo(), flush=True)
        sys.stdin.read()
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
