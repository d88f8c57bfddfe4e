"""Three dimensions: pictures of bodies in space, by rays."""
