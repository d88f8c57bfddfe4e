"""Batches in SIMD lanes: several runs of a `vmap` execute at once."""
