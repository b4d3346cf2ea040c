"""Small file systems that a fault can be done to: a loop-mounted ext4, a tmpfs. Both need root."""
import fcntl
import os
import struct
import subprocess
import time

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN, linux/fs.h
NO_LOG_FLUSH = 2  # what is not on the disk is gone, the journal's open transaction too


class Unavailable(Exception):
    """No root, or a kernel without what is needed: the fault is skipped, in these words."""


def run(*args):
    done = subprocess.run(args, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable("%s: %s" % (" ".join(args[:3]), done.stderr.strip()[:200]))
    return done.stdout.strip()


def need_root():
    if os.geteuid() != 0:
        raise Unavailable("mounting needs root")


def is_mounted(path):
    """os.path.ismount() asks the file system, and one that was shut down answers no."""
    with open("/proc/self/mounts") as f:
        return any(line.split()[1] == os.path.realpath(path) for line in f)


class Mounted:
    def __init__(self, folder):
        need_root()
        self.path = os.path.join(folder, "mnt")
        os.makedirs(self.path, exist_ok=True)

    def unmount(self):
        """Whoever had files there has just died; the kernel may need a moment to let go."""
        for _ in range(400):
            if subprocess.run(["umount", self.path], capture_output=True).returncode == 0:
                return
            if not is_mounted(self.path):
                return
            time.sleep(0.05)
        raise RuntimeError("%s stays busy" % self.path)


class Ext4(Mounted):
    def __init__(self, folder, megabytes=512):
        super().__init__(folder)
        self.image = os.path.join(folder, "disk.img")
        with open(self.image, "wb") as f:
            f.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", self.image)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", self.image, self.path)

    def cut(self):
        """The power is gone: from here on nothing reaches the disk."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def again(self):
        self.unmount()
        self.mount()


class Tmpfs(Mounted):
    """With a ballast, whose removal makes room."""

    def __init__(self, folder, megabytes, ballast):
        super().__init__(folder)
        run("mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "tmpfs", self.path)
        self.ballast = os.path.join(self.path, "ballast")
        with open(self.ballast, "wb") as f:
            f.write(bytes(ballast << 20))

    def make_room(self):
        os.unlink(self.ballast)

    def free(self):
        fs = os.statvfs(self.path)
        return fs.f_bavail * fs.f_frsize
