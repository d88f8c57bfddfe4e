"""What every room stands on: errors, the user's lines, limits of memory and of the stack."""
