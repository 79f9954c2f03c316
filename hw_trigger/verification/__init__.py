"""Do all executors compute the same codes? The comparison of any two of them, and the table of all comparisons."""
