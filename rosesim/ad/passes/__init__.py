"""From program to program: what makes one smaller or quicker and leaves its meaning as it is."""
