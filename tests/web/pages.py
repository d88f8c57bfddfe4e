"""Pages of scenes, for tests."""

import runpy
import sys
import tempfile


def page_of(name):
    out = tempfile.mktemp(suffix=".html")
    sys.argv = ["thin", name, out]
    runpy.run_path("/tmp/thin.py", run_name="__main__")
    return open(out).read()
