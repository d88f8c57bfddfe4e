"""Batches in SIMD lanes: several runs of a `vmap` at once."""
