"""Natural programs: simulations as a user writes them first, each beside the same in C.

`python -m benchmarks.natural` measures them all; a file is a kind of program.
"""
