"""Outside of all parts."""
# region setup
import keras
# endregion

# region training
model.fit(images, labels)  # <b>*not* bold</b> & `plain`
# endregion
