"""scripts/quickstart --once, as a new user runs it: twice, and everything it prints is a valid record."""
import collections
import json
import os
import subprocess

from conftest import ROOT, schema_errors


def quickstart():
    done = subprocess.run([os.path.join(ROOT, "scripts", "quickstart"), "--once"], capture_output=True, text=True,
                          timeout=580)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_all_sample_items_come_through_twice():
    with open(os.path.join(ROOT, "samples", "expected")) as f:
        expected = int(f.read())
    assert expected >= 60
    for _ in range(2):
        records = quickstart()
        assert len(records) == expected
        assert [r["seq"] for r in records] == list(range(1, expected + 1))
        errors = {r["item"]["uri"]: schema_errors(r["item"]) for r in records}
        assert {uri: e for uri, e in errors.items() if e} == {}
        assert {r["source"]["id"] for r in records} == {"courier", "herald", "gazette", "kurier", "vestnik", "diario",
                                                       "bulletin", "wire"}
        assert {r["analysis"]["language"]["code"] for r in records} >= {"en", "de", "ru", "es"}
        agencies = {r["analysis"]["dateline"]["agency"] for r in records if (r["analysis"].get("dateline") or {}).get("agency")}
        assert len(agencies) >= 8, agencies
        events = collections.Counter(r["event"] for r in records)
        assert events["update"] == 1 and events["new"] == expected - 1
        assert sum(r["duplicateOf"] is not None for r in records) >= 8
        # The pages' menus, captions and legal lines are not in any text.
        texts = "\n".join(r["item"]["bodies"][0]["value"] for r in records if r["item"].get("bodies"))
        for chrome in ("cookies", "Subscribe to our newsletter", "All rights reserved", "Most read", "Share on", "Archive photo"):
            assert chrome not in texts, chrome
