"""One protocol for every detector on every channel: rows, records, their store, tables, comparisons and plots."""
