"""The constructs: loops, scans, branches, reductions, accumulation."""
