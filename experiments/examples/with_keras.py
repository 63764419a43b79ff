"""Classifies images with Keras, from cleaning to interpretation.

python with_keras.py FOLDER            # a subfolder for each class; fetches ImageNet weights once
python with_keras.py FOLDER --random   # without weights: fetches nothing, but nothing is transferred
"""

# region setup
import hashlib
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.metrics import confusion_matrix

folder = Path(sys.argv[1])
weights = None if "--random" in sys.argv else "imagenet"
keras.utils.set_random_seed(0)
# endregion


# region cleaning
def is_readable(file):
    """Tell whether Pillow can decode an image."""
    try:
        Image.open(file).load()
    except OSError:
        return False
    return True


files = sorted(folder.glob("*/*.png"))
broken = [file for file in files if not is_readable(file)]
first = {}
for file in files:
    first.setdefault(hashlib.sha256(file.read_bytes()).digest(), file)
copies = [file for file in files if file not in first.values()]
for file in broken + copies:
    file.rename(file.with_suffix(".aside"))
# endregion

# region loading
training, validation = keras.utils.image_dataset_from_directory(
    folder,
    validation_split=0.25,
    subset="both",
    seed=0,
    image_size=(64, 64),
    batch_size=8,
)
classes = training.class_names
augment = keras.Sequential(
    [
        keras.layers.RandomFlip(),
        keras.layers.RandomContrast(0.2),
    ]
)
images, labels = next(iter(training))
print(images.shape, classes)
# endregion

# region model
body = keras.applications.MobileNet(
    input_shape=(64, 64, 3),
    weights=weights,
    include_top=False,
    pooling="avg",
)
model = keras.Sequential(
    [
        keras.Input((64, 64, 3)),
        augment,
        keras.layers.Rescaling(1 / 127.5, offset=-1),  # as MobileNet expects
        body,
        keras.layers.Dropout(0.2),
        keras.layers.Dense(len(classes), activation="softmax"),
    ]
)
# endregion


# region training
def train(epochs, rate):
    """Train what is not frozen; return the loss of each epoch."""
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01)
    model.compile(
        optimizer,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(training, validation_data=validation, epochs=epochs)
    return history.history["loss"]


body.trainable = False  # first the new head on the frozen body
losses = train(epochs=2, rate=3e-3)
body.trainable = True  # then everything, at a lower rate
losses += train(epochs=4, rate=1e-3)
# endregion

# region interpretation
images, labels = (np.concatenate(parts) for parts in zip(*validation, strict=True))
probabilities = model.predict(images)
guesses = probabilities.argmax(axis=1)
matrix = confusion_matrix(labels, guesses, labels=range(len(classes)))
loss_of_each = -np.log(probabilities[np.arange(len(labels)), labels])
worst = loss_of_each.argsort()[::-1][:5]
print(matrix)
for number in worst:
    print(classes[labels[number]], probabilities[number].round(2))
# endregion
