"""Trains runs with Keras: `python -m moocmap.experiments.keras_worker FOLDER`.

Training is `model.fit`. What Keras lacks stands here: momentum that a schedule moves, and augmentation and
mixing with random numbers that are the same for every library. The backend is TensorFlow unless
`KERAS_BACKEND` says otherwise.
"""
