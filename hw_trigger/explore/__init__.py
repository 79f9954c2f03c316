"""Many designs at once: estimated in parallel, compared, and searched for the one that fits."""
