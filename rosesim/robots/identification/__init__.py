"""Parameters of a robot from its recorded motion, with their uncertainty.

`identify` is the whole of it. A `Record` is laid out on the model's time steps (record.py); a program replays it and
gives the differences with their Jacobian (replay.py) by the unknowns (unknowns.py); what the Jacobian says of the
estimate is in uncertainty.py, and what a user reads of it in identified.py.
"""
