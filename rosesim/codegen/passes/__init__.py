"""From program to program, for the sake of machine code; and what is decided of a program as a whole."""
