"""Sinks on a disk that is full: the work is held, nothing torn is left, and it goes on when there is room."""
import os
import sqlite3
import subprocess

import pytest

from test_worker import Place, dispatcher, work


@pytest.fixture
def disk(tmp_path):
    """A file system of a few pages; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("cannot mount here: %s" % mounted.stderr.decode().strip())
    yield str(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("kind,name", [("jsonl", "r.jsonl"), ("sqlite", "r.db")])
def test_a_full_disk_is_waited_for_and_costs_nothing(tmp_path, disk, kind, name):
    place = Place(str(tmp_path))
    with open(place.path("dateline.yaml")) as f:
        settings = f.read().split("sinks:")[0]
    with open(place.path("dateline.yaml"), "w") as f:
        f.write("%ssinks:\n  - {kind: %s, path: %s}\n" % (settings, kind, os.path.join(disk, name)))
    os.symlink(os.path.join(disk, name), place.path(name))  # where the scene looks
    daemon = dispatcher.Dispatcher(place.endpoint)
    try:
        place.start()
        daemon.until(lambda: daemon.workers)
        items = [work(n, "The striker scored twice. " * 80) for n in range(200)]
        for k in range(0, 200, 20):
            daemon.give(daemon.workers[0], items[k:k + 20])
        daemon.until(lambda: "No space left on device" in open(place.path("log")).read())
        daemon.until(lambda: daemon.touched)
        assert len(daemon.results) < 200 and not daemon.nacks
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        daemon.until(lambda: len(daemon.results) == 200)
        if kind == "jsonl":
            assert len(place.lines()) == len(set(place.lines())) == 200
        else:
            assert place.rows() == 200
            db = sqlite3.connect(os.path.join(disk, name))
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            db.close()
    finally:
        daemon.close()
        place.end()
