"""Functions from functions to functions: `grad`, `jvp`, `vjp`, `vmap` and their kin."""
