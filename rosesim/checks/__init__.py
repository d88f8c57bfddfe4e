"""Checking gradients: reverse mode against forward mode and differences, with a verdict in words.

`grads` has what a user calls, `report` and `verdict` what comes of it, `judge` how it is decided.
"""
