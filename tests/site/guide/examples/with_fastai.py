# region setup
from fastai.vision.all import vision_learner
# endregion
# region training
learn.fit_one_cycle(3)
# endregion
