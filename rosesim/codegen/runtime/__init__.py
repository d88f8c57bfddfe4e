"""Machine code in this process: how Python calls it, distributes it over threads and stops it."""
