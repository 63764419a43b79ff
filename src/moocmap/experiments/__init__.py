"""What is measured: experiments as data, runs in processes of their own, records, tables and plots.

Nothing is imported here, so that a worker needs its own library, NumPy, pandas and scikit-learn only.
"""
