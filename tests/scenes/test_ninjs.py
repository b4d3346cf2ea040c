"""Every item that any parser case produces is valid ninjs 3.1."""
import glob
import json
import os
import subprocess

import pytest
from conftest import BIN, ROOT, SCHEMA, schema_errors


@pytest.mark.parametrize("kind", ["feeds", "articles", "pages", "wirecopy", "newsitems", "mails", "archives"])
def test_items_of_the_cases_are_valid(kind):
    if not os.path.exists(SCHEMA):
        print("the schema is not here: only required fields are checked")
    type_of = {"articles": "article", "pages": "page", "wirecopy": "wirecopy"}.get(kind, "auto")
    files = sorted(f for f in glob.glob(os.path.join(ROOT, "tests", "cases", kind, "*", "input*")))
    assert len(files) >= 5
    done = subprocess.run([os.path.join(BIN, "dateline"), "parse", "--type", type_of, "--url", "http://example.org/a/", *files],
                          capture_output=True, timeout=300)
    assert done.returncode in (0, 65), done.stderr[-2000:]
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(items) >= 5
    bad = {json.dumps(item)[:200]: schema_errors(item) for item in items}
    assert {k: v for k, v in bad.items() if v} == {}
