"""Trains runs with fastai on torch: `python -m moocmap.experiments.fastai_worker FOLDER`.

Training is the Learner's own loop with fastai's own optimizers and its own freezing by parameter groups.
"""
