"""For all tests: compiled programs are kept in a folder of this run alone, not in the user's cache."""

import atexit
import gc
import os
import shutil
import tempfile

# At import, before xdist starts its workers, which inherit it.
if "ROSESIM_CACHE_DIR" not in os.environ:
    os.environ["ROSESIM_CACHE_DIR"] = tempfile.mkdtemp(prefix="rosesim-tests-")
    atexit.register(shutil.rmtree, os.environ["ROSESIM_CACHE_DIR"], ignore_errors=True)

# Where it is set, each process that a test starts would compile all of our modules, for a third of a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Programs are millions of small objects that stay: looking at them all again and again finds nothing.
gc.set_threshold(50_000, 20, 50)
