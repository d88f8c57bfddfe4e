"""Builds the documentation's site: `python docs/site/build.py OUT`. Any warning is an error: a dead link is one.

`--check` reads all pages and follows all links, and writes no page, in half the time.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main

HERE = Path(__file__).parent

if __name__ == "__main__":
    given = [a for a in sys.argv[1:] if a != "--check"]
    if len(given) != 1:
        raise SystemExit(
            "build.py takes a folder to write the site into, as in `python docs/site/build.py build/site`"
        )
    out, is_check = Path(given[0]), "--check" in sys.argv
    # What only looks: quotation marks, and links of the types in signatures, of which none is asked to be there.
    how = ["-b", "dummy", "-D", "smartquotes=0", "-D", "autodoc_typehints=none"] if is_check else ["-b", "html"]
    doctrees = out.with_name(f".{out.name}-doctrees")
    where = ["-c", str(HERE), "-d", str(doctrees), str(HERE.parents[1]), str(out)]
    raise SystemExit(main(["-q", "-W", "--keep-going", *how, *where]))
