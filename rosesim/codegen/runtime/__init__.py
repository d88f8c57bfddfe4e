"""Machine code in this process: how Python calls it, shares it among threads and stops it."""
