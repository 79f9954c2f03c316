"""Parts: what FPGAs have, each figure with its source, and those that users add."""
