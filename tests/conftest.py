"""Settings of all tests."""

from hypothesis import settings

# A machine that is busy with a training takes its time: slowness alone is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
