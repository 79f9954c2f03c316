"""The bundle: one directory that holds all that inference needs."""
