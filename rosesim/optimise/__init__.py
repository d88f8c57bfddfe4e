"""How params are improved: rules of updates, their schedules, and the loop that asks for losses and gradients.

`train` and `view` both stand on it.
"""
