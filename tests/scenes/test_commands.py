"""The command line against a running daemon."""
import json
import subprocess

import pytest
from conftest import BIN, article, rss, wait_for


@pytest.fixture
def running(world):
    publisher = world.publish()
    publisher.put("/feed", rss([(i, "Headline %d" % i, article(i), publisher.url + "/story/%d?utm_source=x" % i)
                                for i in range(4)]))
    publisher.put("/extra", rss([("e", "Extra", article(99))], title="Extra Times"))
    world.configure([world.feed("/feed")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(4))
    return world


def test_status_shows_the_balance(running):
    text = running.run("status").stdout.decode()
    assert "4" in text and len(text.splitlines()) <= 40
    queue = running.queue()
    assert queue["done"] == 4 and queue["accepted"] == 4


def test_a_source_is_added_asked_remembered_and_removed(running):
    url = running.publisher.url + "/extra"
    running.run("source", "add", url, "--id", "extra", "--every", "1s", "--allow-private")
    wait_for(lambda: running.settled(5))
    assert any(s["id"] == "extra" for s in running.ask("sources")["sources"])
    running.stop(running.processes[0])
    running.daemon()
    assert any(s["id"] == "extra" for s in running.ask("sources")["sources"])
    running.run("source", "remove", "extra")
    wait_for(lambda: not any(s["id"] == "extra" for s in running.ask("sources")["sources"]))
    assert running.run("source", "remove", "extra", check=False).returncode == 66


def test_a_source_is_removed_while_its_pages_are_asked_for_and_added_again(running):
    pages = [("p%d" % i, "Teaser %d" % i, "Short.", running.publisher.url + "/page/%d" % i) for i in range(40)]
    running.publisher.put("/teasers", rss(pages))
    for i in range(40):
        running.publisher.put("/page/%d" % i, "<p>slow</p>", type="text/html", delay=2.0)
    add = ("source", "add", running.publisher.url + "/teasers", "--id", "teasers", "--allow-private")
    running.run(*add)
    wait_for(lambda: any(e["path"].startswith("/page/") for e in running.publisher.log()) or
             running.status()["fetch"]["active"] > 0)
    running.run("source", "remove", "teasers")
    assert not any(s["id"] == "teasers" for s in running.ask("sources")["sources"])
    running.run(*add)
    running.run("source", "remove", "teasers")
    running.stop(running.processes[0])
    running.daemon()
    assert not any(s["id"] == "teasers" for s in running.ask("sources")["sources"])


def test_refresh_asks_at_once(running):
    running.publisher.put("/slow", rss([("s", "Slow", article(50))]))
    running.run("source", "add", running.publisher.url + "/slow", "--id", "slow", "--every", "1h", "--allow-private")
    wait_for(lambda: running.settled(5))
    before = len(running.publisher.log("/slow"))
    running.run("source", "refresh", "slow")
    wait_for(lambda: len(running.publisher.log("/slow")) == before + 1)


def test_explain_answers_for_item_url_and_source(running):
    record = running.replay(1)[0]
    item = running.run("explain", record["item"]["uri"]).stdout.decode()
    assert "seq %d" % record["seq"] in item and record["item"]["headlines"][0]["value"] in item
    by_url = running.ask("explain", running.publisher.url + "/story/0")
    assert by_url["kind"] == "item" and by_url["facts"]["uri"]
    source = running.run("explain", "feed").stdout.decode()
    assert "Next asked" in source
    assert running.run("explain", "http://127.0.0.1/never-heard-of", check=False).returncode == 66


def test_tail_filters_by_topic_prefix_and_ends_after_n(running):
    assert len(running.replay(2, "--topic", "new.")) == 2
    human = running.run("tail", "--since", "0", "-n", "4").stdout.decode()
    assert len(human.splitlines()) == 4 and "Headline" in human and "\x1b" not in human


def test_tail_follows_live(running):
    tail = subprocess.Popen([BIN + "/dateline", "tail", "--json", "-n", "1", "-c", running.config], stdout=subprocess.PIPE)
    wait_for(lambda: running.status()["live"]["subscriptions"] > 0)
    running.publisher.put("/feed", rss([("late", "Breaking", article(77))]))
    out, _ = tail.communicate(timeout=60)
    assert json.loads(out)["item"]["headlines"][0]["value"] == "Breaking"


def test_queue_lists_what_waits_when_no_worker_is_there(world):
    publisher = world.publish()
    publisher.put("/feed", rss([(i, "Waiting %d" % i, article(i)) for i in range(3)]))
    world.configure([world.feed("/feed")])
    world.daemon()
    wait_for(lambda: world.queue()["ready"] == 3)
    answer = world.ask("queue")
    assert [i["state"] for i in answer["items"]] == ["ready"] * 3
    assert "Waiting 0" in world.run("queue").stdout.decode()


def test_parse_pipes_into_classify(world):
    feed = rss([("1", "Central bank keeps rate", "The central bank left its key interest rate unchanged on Thursday. " * 5)])
    items = world.run("parse", stdin=feed.encode(), config=False).stdout
    record = json.loads(world.run("classify", stdin=items, config=False).stdout)
    assert record["analysis"]["language"]["code"] == "en"
    assert record["item"]["uri"] == json.loads(items)["uri"]


def test_help_of_every_command_fits_a_screen(world):
    top = world.run("--help", config=False).stdout.decode()
    names = [line.split()[0] for line in top.splitlines() if line.startswith("  ") and line.strip()[0].isalpha()]
    assert {"parse", "classify", "train", "tail", "push", "status", "sources", "source", "queue", "explain"} <= set(names)
    for name in ("parse", "classify", "train", "tail", "push", "status", "sources", "source", "queue", "explain"):
        text = world.run(name, "--help", config=False).stdout.decode()
        assert 3 <= len(text.splitlines()) <= 24 and all(len(line) <= 100 for line in text.splitlines()), name
