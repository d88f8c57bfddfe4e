"""Programs that also say something of themselves: decisions, growth, rounding, where a number went bad."""
