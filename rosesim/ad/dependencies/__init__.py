"""What a trace may have read of Python's objects, and whether any of it has changed."""
