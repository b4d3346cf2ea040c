"""The release daemon with the real sandbox around a parser child that was taken over."""
import os
import shutil

import conftest
from conftest import BIN, wait_for


def test_a_child_that_opens_a_file_or_a_socket_or_forks_dies_and_the_daemon_goes_on(world, monkeypatch):
    taken_over = os.path.join(world.folder, "bin")
    os.mkdir(taken_over)
    for name in ("datelined", "dateline"):
        shutil.copy(os.path.join(BIN, name), taken_over)
    shutil.copy(os.path.join(BIN, "rogue-parser"), os.path.join(taken_over, "dateline-parser"))
    monkeypatch.setattr(conftest, "BIN", taken_over)
    os.mkdir(os.path.join(world.folder, "in"))
    for name, text in (("1", "open"), ("2", "socket"), ("3", "fork"), ("4", "signal"), ("5", "items 1")):
        with open(os.path.join(world.folder, "in", name), "w") as f:
            f.write(text)
        os.utime(os.path.join(world.folder, "in", name), (int(name), int(name)))
    world.configure([{"kind": "directory", "id": "in", "path": "in"}])
    daemon = world.daemon()
    wait_for(lambda: world.queue()["accepted"] == 1)
    parser = world.status()["parser"]
    assert parser["died"] == 4 and parser["documents"] == 5, parser
    with open(daemon.log) as f:
        log = f.read()
    for name in "1234":
        assert "file not understood source=in file=%s class=parse" % name in log
    assert log.count("made a system call that its jail forbids") >= 4
