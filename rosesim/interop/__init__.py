"""Where people already are: functions and scenes of rosesim in PyTorch, JAX, SciPy and Gymnasium.

Each module imports its package when it is imported itself, and nothing here imports a module.
"""
