"""Checking gradients: reverse mode against forward mode and differences, with a verdict in words.

`grads` has the functions that a user calls, `report` and `verdict` their results, `judge` the rules of decision.
"""
