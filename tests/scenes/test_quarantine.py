"""Documents that no item came of: set aside, explained, read again by hand, and not too many of them."""
import json
import os
import shlex
import shutil
import subprocess

import conftest
import pytest
from conftest import BIN, rss, wait_for

# What the document tells the child that was taken over, and what is to be said of it.
FATES = {
    "open": ("child-died", "made a system call that its jail forbids"),
    "bomb": ("child-died", "ran out of memory"),
    "crash": ("child-died", "was killed by SIGSEGV"),
    "exit": ("child-died", "exited with status 3"),
    "spin": ("deadline", "took longer to read than it may"),
    "junk": ("malformed-frame", "sent a malformed frame"),
    "bad-item": ("malformed-frame", "sent a malformed frame"),
    "what is this": ("not-understood", "nothing known"),
}


@pytest.fixture
def taken_over(world, monkeypatch):
    folder = os.path.join(world.folder, "bin")
    os.mkdir(folder)
    for name in ("datelined", "dateline"):
        shutil.copy(os.path.join(BIN, name), folder)
    shutil.copy(os.path.join(BIN, "rogue-parser"), os.path.join(folder, "dateline-parser"))
    monkeypatch.setattr(conftest, "BIN", folder)
    return folder


def drop(world, name, content):
    partial, path = os.path.join(world.folder, "partial"), os.path.join(world.folder, "in", name)
    with open(partial, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    os.utime(partial, (1, 1))
    os.rename(partial, path)
    return "file://" + path


def explain(world, what):
    answer = world.ask("explain", what)
    return answer["facts"], "\n".join(answer["lines"])


def quarantine(world):
    return world.status()["quarantine"]


def start(world):
    os.mkdir(os.path.join(world.folder, "in"))
    world.configure([{"kind": "directory", "id": "in", "path": "in"}])
    return world.daemon()


def test_whatever_a_child_came_to_its_document_is_explained_and_can_be_read_again(world, taken_over):
    start(world)
    urls = {word: drop(world, word.replace(" ", "_"), word) for word in FATES}
    wait_for(lambda: quarantine(world)["suspect"] == len(FATES) - 1 and quarantine(world)["refused"] == 1)
    for word, (reason, why) in FATES.items():
        facts, lines = explain(world, urls[word])
        assert facts["reason"] == reason and why in facts["why"], facts
        assert facts["kind"] == ("refused" if reason == "not-understood" else "suspect")
        assert facts["id"] in lines and facts["file"] in lines and facts["replay"] in lines
        assert explain(world, facts["id"])[0] == facts
        wait_for(lambda: os.path.exists(facts["file"]))
        with open(facts["file"], "rb") as f:
            assert f.read() == word.encode()
        assert os.stat(facts["file"]).st_mode & 0o77 == 0
        command = shlex.split(facts["replay"])
        assert command[0] == "dateline"
        again = subprocess.run([os.path.join(taken_over, "dateline"), *command[1:]], capture_output=True, timeout=60)
        assert again.returncode == 65 and why in again.stderr.decode(), again
    _, lines = explain(world, "in")
    assert lines.count("set aside: quarantine:") == 5 and "set aside: %d more" % (len(FATES) - 5) in lines


def test_what_was_set_aside_outlives_a_restart_and_half_of_one_is_removed(world, taken_over):
    daemon = start(world)
    url = drop(world, "a", "junk")
    wait_for(lambda: quarantine(world)["suspect"] == 1)
    facts, _ = explain(world, url)
    world.stop(daemon)
    folder = os.path.dirname(facts["file"])
    assert sorted(os.listdir(folder)) == ["1.document", "1.json"]
    for name in ("7.document", "8.partial"):
        open(os.path.join(folder, name), "w").close()
    with open(os.path.join(folder, "9.json"), "w") as f:
        f.write("no JSON")
    open(os.path.join(folder, "9.document"), "w").close()
    world.daemon()
    assert explain(world, url)[0] == facts
    assert sorted(os.listdir(folder)) == ["1.document", "1.json"]
    other = drop(world, "b", "exit")
    wait_for(lambda: quarantine(world)["suspect"] == 2)
    assert explain(world, other)[0]["id"] == "quarantine:2"


def test_a_refused_document_of_a_feed_is_explained_by_its_url_and_its_source(world):
    publisher = world.publish()
    publisher.put("/other", b"\x7fELF\0\0\0 it's not a feed", type="application/rss+xml; charset=koi8-r")
    world.configure([world.feed("/other")])
    world.daemon()
    wait_for(lambda: quarantine(world)["refused"] == 1)
    facts, lines = explain(world, "quarantine:1")
    assert facts["reason"] == "not-understood" and facts["kind"] == "refused"
    assert facts["url"] == publisher.url + "/other" and facts["charset"] == "koi8-r"
    assert "--charset koi8-r" in facts["replay"] and "--url " + publisher.url in facts["replay"]
    _, lines = explain(world, publisher.url + "/other")  # it is the source's address as well
    assert "set aside: quarantine:" in lines
    # Asked again and again, it is there once: the newest.
    wait_for(lambda: quarantine(world)["refused_ever"] >= 3)
    assert quarantine(world)["refused"] == 1


def test_documents_over_a_limit_and_pushed_ones_are_set_aside_too(world):
    start(world)
    url = drop(world, "deep", '{"version":"https://jsonfeed.org/version/1.1","items":' + "[" * 5000)
    wait_for(lambda: quarantine(world)["refused"] == 1)
    facts, _ = explain(world, url)
    assert facts["reason"] in ("over-limit", "not-understood")
    world.run("push", "--type", "rss", "--url", "http://a.example/it's", "-", stdin=b"\0\1\2 nothing", check=False)
    wait_for(lambda: quarantine(world)["refused"] == 2)
    facts, _ = explain(world, "http://a.example/it's")
    assert facts["source"] == "push" and facts["type"] == "rss"
    command = shlex.split(facts["replay"])
    assert command[command.index("--url") + 1].startswith("http://a.example/it")


def test_only_the_newest_are_kept_and_refusals_push_out_no_suspect(world, taken_over):
    start(world)
    suspect = drop(world, "suspect", "junk")
    wait_for(lambda: quarantine(world)["suspect"] == 1)
    for i in range(120):
        drop(world, "refused-%03d" % i, "no %d" % i)
    wait_for(lambda: quarantine(world)["refused_ever"] + quarantine(world)["lost"] == 120)
    counts = quarantine(world)
    assert counts["refused"] <= 100 and counts["suspect"] == 1
    assert explain(world, suspect)[0]["reason"] == "malformed-frame"
    folder = os.path.join(world.folder, "state", "quarantine")
    wait_for(lambda: len(os.listdir(folder)) == 2 * (counts["refused"] + counts["suspect"]))
    assert world.run("explain", "quarantine:99999", check=False).returncode == 66


def test_a_readable_feed_leaves_nothing(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("g", "h", "some text of it")]), type="application/rss+xml")
    world.configure([world.feed("/feed", full_text="never")])
    world.daemon()
    wait_for(lambda: world.queue()["accepted"] == 1)
    assert not any(quarantine(world).values())
    assert not os.path.exists(os.path.join(world.folder, "state", "quarantine"))
    assert "set_aside" in json.dumps(world.ask("explain", "feed"))
