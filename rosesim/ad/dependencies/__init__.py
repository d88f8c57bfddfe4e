"""What a trace may have read from the world around it, and whether that has changed."""
