"""The library written in the language itself, above its derivatives. Each room is public under its own name:
`rosesim.control`, `rosesim.implicit`, `rosesim.integrate`, `rosesim.linalg`, `rosesim.random`,
`rosesim.rotations`."""
