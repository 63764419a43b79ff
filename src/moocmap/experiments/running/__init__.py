"""Running an experiment: which runs, when, where, how long."""
