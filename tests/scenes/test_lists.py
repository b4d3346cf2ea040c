"""Sources that list articles without their text: sitemaps, their children, and pages whose links are picked."""
import time

from conftest import wait_for

SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
TEXT = " ".join("The council of the harbour town voted on part %d of its plan." % i for i in range(12))


def day(ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago * 86400))


def story(publisher, path, headline):
    publisher.put(path, "<!doctype html><html lang=en><head><title>%s</title></head><body><article><h1>%s</h1><p>%s</p>"
                  "<p>%s ends here.</p></article></body></html>" % (headline, headline, TEXT, headline), type="text/html")


def urlset(publisher, path, entries, **how):
    """entries: (path, date or None)"""
    publisher.put(path, '<?xml version="1.0"?><urlset %s>%s</urlset>' % (SITEMAP, "".join(
        "<url><loc>%s%s</loc>%s</url>" % (publisher.url, at, "<lastmod>%s</lastmod>" % date if date else "")
        for at, date in entries)), type="application/xml", **how)


def index(publisher, path, children, **how):
    publisher.put(path, "<sitemapindex %s>%s</sitemapindex>" % (SITEMAP, "".join(
        "<sitemap><loc>%s%s</loc>%s</sitemap>" % (publisher.url, at, "<lastmod>%s</lastmod>" % date if date else "")
        for at, date in children)), type="application/xml", **how)


def source(world, kind, path, **more):
    return dict({"kind": kind, "url": world.publisher.url + path, "id": kind, "every": "1s", "allow_private": True}, **more)


def headlines(world):
    return sorted(row[4] for row in world.rows())


def begin(world, *sources):
    world.configure(list(sources))
    world.daemon()
    world.worker()


def settled(world, n):
    wait_for(lambda: world.settled(n))


def polls(world, name="sitemap"):
    return next(s for s in world.ask("sources")["sources"] if s["id"] == name)["asks"]


def polled(world, more=2):
    """Waits until polls that begin from now on have ended."""
    before = polls(world)
    wait_for(lambda: polls(world) >= before + more)


def test_an_entry_of_a_sitemap_comes_out_with_its_pages_headline_and_text(world):
    p = world.publish()
    story(p, "/n/ferry", "Ferry back in service after the storm")
    story(p, "/n/old", "What happened long ago")
    urlset(p, "/sitemap.xml", [("/n/old", day(30)), ("/n/ferry", day(0.1))])
    begin(world, source(world, "sitemap", "/sitemap.xml"))
    settled(world, 1)
    assert headlines(world) == ["Ferry back in service after the storm"]
    record = world.lines()[0]
    assert TEXT in record["item"]["bodies"][0]["value"]
    assert record["url"] == p.url + "/n/ferry"
    story(p, "/n/bridge", "Bridge closed for a week")
    urlset(p, "/sitemap.xml", [("/n/old", day(30)), ("/n/ferry", day(0.1)), ("/n/bridge", day(0))])
    settled(world, 2)
    assert headlines(world) == ["Bridge closed for a week", "Ferry back in service after the storm"]
    assert p.log("/n/old") == []


def test_the_past_of_a_sitemap_without_dates_is_remembered_and_not_asked(world):
    p = world.publish()
    entries = [("/n/%d" % i, None) for i in range(130)]
    for at, _ in entries:
        story(p, at, "Story at %s of this town" % at)
    urlset(p, "/sitemap.xml", entries)
    begin(world, source(world, "sitemap", "/sitemap.xml"))
    settled(world, 100)
    story(p, "/n/new", "The new story that came later")
    urlset(p, "/sitemap.xml", entries + [("/n/new", None)])
    settled(world, 101)
    polled(world)
    asked = {e["path"] for e in p.log() if e["path"].startswith("/n/")}
    assert asked == {"/n/%d" % i for i in range(100)} | {"/n/new"}


def test_of_an_index_the_newest_children_are_asked_and_again_when_they_have_news(world):
    p = world.publish()
    months = [("/m/%02d.xml" % i, day(30 * (6 - i))) for i in range(1, 7)]  # 06 is the newest
    for i, (at, date) in enumerate(months):
        story(p, "/n/%d" % i, "Story of month %d in this town" % i)
        urlset(p, at, [("/n/%d" % i, day(0.5) if i == 5 else date)], etag='"%d"' % i)
    index(p, "/sitemap.xml", months)
    begin(world, source(world, "sitemap", "/sitemap.xml"))
    settled(world, 1)
    polled(world)
    assert [len(p.log(at)) for at, _ in months] == [0, 0, 0, 1, 1, 1]
    # News in the newest child: it alone is asked again. A child that is new in the index is asked too.
    story(p, "/n/more", "More of this month in this town")
    story(p, "/n/next", "First of the next month in this town")
    urlset(p, "/m/06.xml", [("/n/5", day(0.5)), ("/n/more", day(0))], etag='"6b"')
    urlset(p, "/m/07.xml", [("/n/next", None)])
    index(p, "/sitemap.xml", months[:5] + [("/m/06.xml", day(0)), ("/m/07.xml", day(0))])
    settled(world, 3)
    polled(world)
    assert headlines(world) == ["First of the next month in this town", "More of this month in this town", "Story of month 5 in this town"]
    assert [len(p.log(at)) for at, _ in months] == [0, 0, 0, 1, 1, 2]
    assert len(p.log("/m/07.xml")) == 1


def test_what_is_known_of_children_outlasts_a_kill(world):
    p = world.publish()
    story(p, "/n/a", "The only story of this town")
    urlset(p, "/m/a.xml", [("/n/a", day(0))], etag='"a"')
    index(p, "/sitemap.xml", [("/m/a.xml", day(0)), ("/m/undated.xml", None)])
    urlset(p, "/m/undated.xml", [("/n/a", day(0))], etag='"u"')
    world.configure([source(world, "sitemap", "/sitemap.xml")])
    daemon = world.daemon()
    world.worker()
    settled(world, 1)
    polled(world)
    world.kill(daemon)
    asked = len(p.log("/m/undated.xml"))
    world.daemon()
    wait_for(lambda: len(p.log("/m/undated.xml")) > asked + 1)
    assert len(p.log("/m/a.xml")) == 1
    again = p.log("/m/undated.xml")[asked]
    assert {k.lower(): v for k, v in again["headers"].items()}["if-none-match"] == '"u"'
    assert world.queue()["accepted"] == 1


def test_a_page_that_fails_for_now_is_asked_again_and_one_that_is_gone_is_not(world):
    p = world.publish()
    p.put("/n/late", "busy", status=503)
    p.put("/n/gone", "none", status=404)
    urlset(p, "/sitemap.xml", [("/n/late", day(0)), ("/n/gone", day(0))], etag='"1"')
    begin(world, source(world, "sitemap", "/sitemap.xml"))
    wait_for(lambda: len(p.log("/n/late")) > 1)
    story(p, "/n/late", "The page that was busy at first")
    settled(world, 1)
    polled(world)
    assert headlines(world) == ["The page that was busy at first"]
    assert len(p.log("/n/gone")) == 1


def test_a_child_that_is_broken_holds_up_no_other(world):
    p = world.publish()
    story(p, "/n/a", "The story beside a broken list")
    p.put("/m/broken.xml", "<!doctype html><p>not found", type="text/html")
    urlset(p, "/m/good.xml", [("/n/a", day(0))])
    index(p, "/sitemap.xml", [("/m/broken.xml", day(0)), ("/m/none.xml", day(0.1)), ("/m/good.xml", day(0.2))])
    begin(world, source(world, "sitemap", "/sitemap.xml"))
    settled(world, 1)
    assert headlines(world) == ["The story beside a broken list"]


def test_a_page_gives_the_links_that_its_selectors_pick(world):
    p = world.publish()
    for i in range(4):
        story(p, "/n/%d" % i, "Story number %d of this town" % i)
    p.put("/list", "<!doctype html><ul id=news>%s<li class=ad><a href=/n/3>Buy</a></ul><a href=/n/2>Also a headline of many words here</a>"
          % "".join("<li><a href=/n/%d>No %d</a>" % (i, i) for i in range(2)), type="text/html")
    begin(world, source(world, "page", "/list", links="#news > li a", skip=".ad"))
    settled(world, 2)
    assert sorted(e["path"] for e in p.log() if e["path"].startswith("/n/")) == ["/n/0", "/n/1"]


def test_a_source_says_what_it_got_instead_of_a_feed(world):
    p = world.publish()
    p.put("/home", "<!doctype html><html><head><title>Post</title><link rel=alternate type=application/rss+xml href=/rss.xml></head>"
          "<body><article><h1>Welcome to the paper</h1><p>%s</p></article></body></html>" % TEXT, type="text/html")
    urlset(p, "/sitemap.xml", [("/n/1", None)])
    world.configure([dict(source(world, "feed", "/home"), id="home"), dict(source(world, "feed", "/sitemap.xml"), id="map")])
    world.daemon()

    def errors():
        found = {s["id"]: s["error"] for s in world.ask("sources")["sources"]}
        return found if all(found.values()) else None
    assert wait_for(errors) == {"home": "this is a page; its feed is at %s/rss.xml" % p.url,
                                "map": "a sitemap without headlines, not a feed; kind: sitemap reads it"}


def test_added_by_command_a_sitemap_and_a_page_keep_their_settings(world):
    p = world.publish()
    story(p, "/n/old", "What happened a month ago here")
    urlset(p, "/sitemap.xml", [("/n/old", day(30))])
    p.put("/list", "<!doctype html><p class=x><a href=/n/old>Old</a>", type="text/html")
    world.configure([])
    daemon = world.daemon()
    world.worker()
    world.run("source", "add", p.url + "/sitemap.xml", "--kind", "sitemap", "--id", "map", "--since", "all", "--allow-private", "--every", "1h")
    settled(world, 1)
    world.stop(daemon)
    world.daemon()
    row = next(s for s in world.ask("sources")["sources"] if s["id"] == "map")
    assert (row["kind"], row["interval_s"], row["auto"]) == ("sitemap", 3600.0, False)
    bad = world.run("source", "add", p.url + "/list", "--kind", "page", "--links", "p >", check=False)
    assert bad.returncode == 65 and b"links: at 4: an element is missing" in bad.stderr


def test_an_address_that_is_added_is_looked_at_first(world):
    p = world.publish()
    entry = "<item><guid>1</guid><title>A story of the town</title><description>%s</description></item>" % TEXT
    p.put("/rss.xml", "<rss><channel><title>Post</title>%s</channel></rss>" % entry, type="application/rss+xml")
    head = "<!doctype html><html><head><title>Post</title>%s</head><body><h1>Welcome to the paper</h1><p>%s</p></body></html>"
    feeds = "<link rel=alternate type=application/rss+xml title=Comments href=/comments.xml>" \
            "<link rel=alternate type=application/rss+xml href=/rss.xml>"
    p.put("/home", head % (feeds, TEXT), type="text/html")
    p.put("/bare", head % ("", TEXT), type="text/html")
    urlset(p, "/map.xml", [])
    world.configure([])
    world.daemon()

    def add(path, *more):
        answer = world.ask("source", "add", p.url + path, "--allow-private", *more)
        return answer["source"]["kind"], answer["source"]["url"], answer.get("found")
    assert add("/home") == ("feed", p.url + "/rss.xml", "a page with 2 feeds; the first is at %s/rss.xml" % p.url)
    assert add("/map.xml") == ("sitemap", p.url + "/map.xml", "a sitemap")
    assert add("/bare") == ("page", p.url + "/bare", "a page without a feed or a sitemap, taken as a list of links")
    p.put("/robots.txt", "User-agent: *\nDisallow:\nSitemap: http://elsewhere.example/x.xml\nsitemap: %s/other.xml # ours\n" % p.url,
          type="text/plain")
    assert add("/bare?2") == ("sitemap", p.url + "/other.xml",
                              "a page without a feed; its robots.txt names the sitemap %s/other.xml" % p.url)
    assert add("/bare?3", "--kind", "page") == ("page", p.url + "/bare?3", None)
    assert add("/not-there")[0] == "feed"
    again = world.run("source", "add", p.url + "/home", "--allow-private", check=False)
    assert again.returncode == 65 and b"has this address already (this is a page with 2 feeds" in again.stderr
    text = world.run("source", "add", p.url + "/rss.xml?2", "--allow-private", "--id", "two").stdout.decode()
    assert text.startswith("two: added as a feed (found: a feed); next ask ")


def test_an_address_that_does_not_answer_is_added_all_the_same(world):
    p = world.publish()
    p.put("/slow", "late", delay=30)
    world.configure([])
    world.daemon()
    answer = world.ask("source", "add", p.url + "/slow", "--allow-private")
    assert (answer["source"]["kind"], answer["found"]) == ("feed", "not looked at (no answer in time), taken for a feed")
