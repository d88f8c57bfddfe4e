"""`python -m rosesim` is the command `rosesim`."""

from rosesim.cli import main

if __name__ == "__main__":
    main()
