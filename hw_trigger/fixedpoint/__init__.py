"""The fixed-point program, its formats and its golden model."""
