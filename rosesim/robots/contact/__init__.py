"""Contact: which shapes may touch, where they touch, and two models of the force."""
