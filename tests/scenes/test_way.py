"""From a source to a record."""
import json

from conftest import article, rss, schema_errors, wait_for

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Harbour reopens | Courier</title></head><body>
<nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<article><h1>Harbour reopens</h1>
<p>The harbour of Westhaven reopened on Monday after a storm that had closed it for three days, the port authority said.</p>
<p>The first ferry left for the islands shortly after six with 240 passengers on board, an official told reporters.</p>
<p>Eleven cargo ships had waited outside the breakwater during the storm, and the backlog will take two days to clear.</p>
</article><footer>All rights reserved</footer></body></html>"""


def test_items_of_a_feed_reach_both_sinks_and_the_live_feed_once(world):
    publisher = world.publish()
    publisher.put("/feed", rss([(i, "Headline %d" % i, article(i)) for i in range(20)]))
    world.configure([world.feed("/feed")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(20))
    lines, rows, live = world.lines(), world.rows(), world.replay(20)
    uris = {line["item"]["uri"] for line in lines}
    assert len(lines) == len(uris) == 20
    assert {row[0] for row in rows} == uris
    assert [record["seq"] for record in live] == list(range(1, 21))
    assert {record["item"]["uri"] for record in live} == uris
    for record in live:
        assert schema_errors(record["item"]) == []
        assert record["event"] == "new"
        assert record["source"]["id"] == "feed"
        assert record["analysis"]["language"]["code"]
        assert record["analysis"]["topics"][0]["uri"].startswith("http://cv.iptc.org/newscodes/mediatopic/")
        assert record["provenance"]


def test_a_teaser_gets_the_text_of_its_page(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("1", "Harbour reopens", "Ferries sail again.", publisher.url + "/harbour")]))
    publisher.put("/harbour", PAGE, type="text/html")
    world.configure([world.feed("/feed")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    body = world.lines()[0]["item"]["bodies"][0]["value"]
    assert "Eleven cargo ships" in body and "240 passengers" in body
    assert "rights reserved" not in body and "Sport" not in body
    assert len(publisher.log("/harbour")) == 1


def test_an_unchanged_feed_is_asked_with_its_validators_and_answers_304(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("1", "One", article(1))]), etag='"v1"', last_modified="Mon, 02 Nov 2026 10:00:00 GMT")
    world.configure([world.feed("/feed")])
    world.daemon()
    asks = wait_for(lambda: len(publisher.log("/feed")) >= 3 and publisher.log("/feed"))
    first, second = [ask["headers"] for ask in asks[:2]]
    assert "if-none-match" not in first
    assert second["if-none-match"] == '"v1"'
    assert second["if-modified-since"] == "Mon, 02 Nov 2026 10:00:00 GMT"
    assert "+http" in second["user-agent"]
    assert world.status()["intake"]["accepted"] == 1


def test_a_changed_text_is_an_update_and_a_changed_date_is_nothing(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("1", "One", article(1))]))
    world.configure([world.feed("/feed")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    publisher.put("/feed", rss([("1", "One", article(1)), ("2", "Two", article(2))]).replace(
        "</item>", "<pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate></item>"))
    wait_for(lambda: world.settled(2))
    publisher.put("/feed", rss([("1", "One, corrected", article(1)), ("2", "Two", article(2))]))
    wait_for(lambda: world.settled(3))
    events = [(r["event"], r["item"]["version"], r["item"]["headlines"][0]["value"]) for r in world.replay(3)]
    assert events == [("new", "1", "One"), ("new", "1", "Two"), ("update", "2", "One, corrected")]


def test_the_same_text_from_another_outlet_is_marked_and_from_the_same_outlet_dropped(world):
    publisher = world.publish()
    publisher.put("/a", rss([("1", "One", article(1))]))
    world.configure([world.feed("/a"), world.feed("/b", every="1s")])
    publisher.put("/b", rss([]))
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    publisher.put("/b", rss([("x", "Another headline", article(1))]))
    publisher.put("/a", rss([("1-again", "One", article(1)), ("2", "Two", article(2))]))
    wait_for(lambda: world.settled(3))
    records = world.lines()
    assert len(records) == 3
    first = next(r for r in records if r["source"]["id"] == "a" and r["item"]["headlines"][0]["value"] == "One")
    copy = next(r for r in records if r["source"]["id"] == "b")
    assert copy["duplicateOf"] == first["item"]["uri"]
    assert copy["story"]["id"] == first["story"]["id"] and copy["story"]["size"] == 2
    assert first["duplicateOf"] is None


def test_a_broken_feed_loses_no_good_item_and_harms_no_other_source(world):
    publisher = world.publish()
    broken = ("<rss version='2.0'><channel><title>Broken & more</title><item></item>"
              "<item><guid>1</guid><title>A &nbsp; B</title><description>%s" % article(1) +
              "<item><guid>2</guid><title>Second & last</title><description>%s</description></item>" % article(2) +
              "</channel></rss><p>junk")
    publisher.put("/broken", broken)
    publisher.put("/good", rss([("1", "Good", article(3))]))
    publisher.put("/html", "<html><body><h1>Maintenance</h1></body></html>", type="text/html")
    publisher.put("/gone", "", status=404)
    world.configure([world.feed(p) for p in ("/broken", "/good", "/html", "/gone")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(3))
    by_id = {s["id"]: s for s in world.ask("sources")["sources"]}
    assert {line["source"]["id"] for line in world.lines()} == {"broken", "good"}
    assert by_id["html"]["class"] == "not-a-feed"
    assert by_id["gone"]["class"] == "http4xx"
    assert by_id["good"].get("class") is None


def test_a_list_page_gives_the_articles_it_links_to(world):
    publisher = world.publish()
    publisher.put("/list", "<html><body><nav><a href='/'>Home</a></nav><h1>Latest</h1><ul>%s</ul></body></html>" % "".join(
        "<li><a href='/story-%d.html'>Harbour story number %d reopens after the storm</a></li>" % (i, i) for i in range(5)),
        type="text/html")
    for i in range(5):
        publisher.put("/story-%d.html" % i, PAGE.replace("Monday", "day %d" % i), type="text/html")
    world.configure([world.feed("/list", kind="page")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(5))
    assert all("Eleven cargo ships" in line["item"]["bodies"][0]["value"] for line in world.lines())


def test_compressed_and_foreign_charsets_arrive_as_clean_text(world):
    import gzip
    publisher = world.publish()
    text = "Порт возобновил работу в понедельник утром после шторма, сообщила администрация порта города. " * 3
    doc = rss([("1", "Порт открыт", text)]).replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="windows-1251"?>')
    publisher.put("/feed", gzip.compress(doc.encode("cp1251")),
                  type="application/xml", headers={"Content-Encoding": "gzip"})
    world.configure([world.feed("/feed", full_text="never")])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    record = world.lines()[0]
    assert record["item"]["headlines"][0]["value"] == "Порт открыт"
    assert record["analysis"]["language"]["code"] == "ru"


def test_records_survive_a_restart_and_the_sequence_goes_on(world):
    publisher = world.publish()
    publisher.put("/feed", rss([(i, "H%d" % i, article(i)) for i in range(3)]))
    world.configure([world.feed("/feed")])
    daemon = world.daemon()
    world.worker()
    wait_for(lambda: world.settled(3))
    epoch = world.status()["epoch"]
    world.stop(daemon)
    publisher.put("/feed", rss([(i, "H%d" % i, article(i)) for i in range(5)]))
    world.daemon()
    wait_for(lambda: world.settled(5))
    assert world.status()["epoch"] == epoch
    assert [r["seq"] for r in world.replay(5)] == [1, 2, 3, 4, 5]
    assert len(world.lines()) == 5
    assert json.dumps(world.lines()[0])  # readable to the end


def test_an_item_with_nothing_to_read_is_refused_and_its_page_asked_for_once(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("1", "", "", publisher.url + "/missing"), ("2", "Two", article(2))]))
    publisher.put("/missing", "", status=404)
    world.configure([world.feed("/feed")])
    world.daemon()
    wait_for(lambda: len(publisher.log("/feed")) >= 4)
    publisher.put("/feed", rss([("1", "", "", publisher.url + "/missing"), ("2", "Two", article(2)), ("3", "Three", article(3))]))
    wait_for(lambda: world.queue()["accepted"] == 2)
    assert len(publisher.log("/missing")) == 1
    assert world.status()["intake"]["filtered"] == 1


def test_one_id_for_two_entries_makes_no_versions_without_end(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("same", "One", article(1)), ("same", "Two", article(2))]))
    world.configure([world.feed("/feed")])
    world.daemon()
    wait_for(lambda: world.queue()["accepted"] == 2)
    for n in range(3):
        publisher.put("/feed", rss([("same", "One", article(1)), ("same", "Two", article(2)), (n, "N%d" % n, article(10 + n))]))
        wait_for(lambda: world.queue()["accepted"] == 3 + n)
    assert world.queue()["accepted"] == 5
