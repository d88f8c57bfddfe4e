"""How params are improved: update rules, their schedules, and the loop that requests losses and gradients.

`train` and `view` both stand on it.
"""
