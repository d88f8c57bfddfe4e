"""Functions from functions to functions: `grad`, `jvp`, `vjp`, `vmap` and similar ones."""
