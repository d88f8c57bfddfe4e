"""The backend: planned programs become the text of LLVM, and that what a target loads."""
