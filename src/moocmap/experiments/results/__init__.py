"""Reading what was measured: records, tables, tests, plots."""
