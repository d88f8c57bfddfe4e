"""What a user writes: types, values, control flow, functions; and how tracing makes programs of it."""
