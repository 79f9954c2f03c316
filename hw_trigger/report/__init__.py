"""Closed-form estimates, plots, and the report as JSON and Markdown."""
