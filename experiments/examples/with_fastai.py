"""Classifies images with fastai, from cleaning to interpretation.

python with_fastai.py FOLDER            # a subfolder for each class; fetches ImageNet weights once
python with_fastai.py FOLDER --random   # without weights: fetches nothing, but nothing is transferred
"""

# region setup
import hashlib
import sys
from pathlib import Path

from fastai.vision.all import (
    ClassificationInterpretation,
    ImageDataLoaders,
    Resize,
    accuracy,
    aug_transforms,
    get_image_files,
    models,
    set_seed,
    verify_image,
    vision_learner,
)

folder = Path(sys.argv[1])
pretrained = "--random" not in sys.argv
set_seed(0)
# endregion

# region cleaning
files = get_image_files(folder).sorted()
broken = files.filter(verify_image, negate=True)
first = {}
for file in files:
    first.setdefault(hashlib.sha256(file.read_bytes()).digest(), file)
copies = [file for file in files if file not in first.values()]
for file in broken + copies:
    file.rename(file.with_suffix(".aside"))
# endregion

# region loading
dls = ImageDataLoaders.from_folder(
    folder,
    valid_pct=0.25,
    seed=0,
    item_tfms=Resize(64),
    batch_tfms=aug_transforms(),
    bs=8,
    num_workers=0,
)
images, labels = dls.one_batch()
print(images.shape, list(dls.vocab))
# endregion

# region model
learn = vision_learner(
    dls,
    models.resnet18,
    pretrained=pretrained,
    metrics=accuracy,
)
# endregion

# region training
learn.freeze()  # first the new head on the frozen body
learn.fit_one_cycle(2, 3e-3)
losses = [epoch[0] for epoch in learn.recorder.values]
learn.unfreeze()  # then everything, the earlier layers more slowly
learn.fit_one_cycle(4, slice(1e-4, 1e-3))
losses += [epoch[0] for epoch in learn.recorder.values]
# endregion

# region interpretation
interpretation = ClassificationInterpretation.from_learner(learn)
matrix = interpretation.confusion_matrix()
print(matrix)
print(interpretation.most_confused())
loss_of_each, worst, files = interpretation.top_losses(5, items=True)
for file, loss in zip(files, loss_of_each, strict=True):
    print(file.parent.name, file.name, round(float(loss), 2))
# endregion
