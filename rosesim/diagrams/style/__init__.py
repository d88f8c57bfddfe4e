"""From the three texts, read, to a problem: who matches, what is assigned, what it comes to.

headers -> matching -> assignment (the table path -> expression) -> dependencies -> evaluation -> layering
"""
