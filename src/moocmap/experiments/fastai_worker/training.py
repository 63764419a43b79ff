"""Training and predicting: the Learner's loop on batches that are the same for every library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import Part
from moocmap.experiments.fastai_worker import augmentation
from moocmap.experiments.fastai_worker.backend import (
    SGD,
    Adam,
    BnFreeze,
    Callback,
    CancelFitException,
    CancelValidException,
    DataLoader,
    DataLoaders,
    GradientClip,
    Learner,
    ProgressCallback,
    device,
    nn,
    set_seed,
    torch,
)
from moocmap.experiments.fastai_worker.layers import Graph, build, read_weights
from moocmap.experiments.models.weights import Weights
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.training.augmentations import Fill
from moocmap.experiments.training.batches import INFERENCE_BATCH, Batch
from moocmap.experiments.training.checkpoint import Arrays
from moocmap.experiments.training.schedules import rates
from moocmap.experiments.training.targets import Targets, one_hot
from moocmap.experiments.training.worker import EpochEnd, OnEpoch, OnStep, PhaseTask, Pixels

STATE = ("grad_avg", "sqr_avg", "step")
"""What fastai's optimizers keep for each parameter."""


class TrainingBatches:
    """The batches of the current epoch, as a data set whose items are whole batches."""

    def __init__(self, task: PhaseTask) -> None:
        self.batches = task.batches
        self.start(task.first_epoch)

    def start(self, epoch: int) -> None:
        """Turn to an epoch (from 0)."""
        self.epoch, self.order = epoch, self.batches.order(epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return as_torch_batch(self.batches.batch(self.epoch, index, self.order))


class ValidationBatches:
    """The images of a part in their order, in batches."""

    def __init__(self, part: Part, classes: int) -> None:
        self.part, self.targets = part, one_hot(part.labels, classes).astype(np.float32)

    def __len__(self) -> int:
        return math.ceil(len(self.part) / INFERENCE_BATCH)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        cut = slice(index * INFERENCE_BATCH, (index + 1) * INFERENCE_BATCH)
        targets = self.targets[cut]
        weights = np.ones(len(targets), np.float32)
        return as_torch_batch(Batch(self.part.images[cut], Targets(targets, weights)))


def as_torch_batch(batch: Batch) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a model sees and what it is trained towards, as tensors."""
    inputs = {"images": batch.images}
    for name in ("matrices", "light"):
        if getattr(batch, name) is not None:
            inputs[name] = getattr(batch, name)
    if (mix := batch.targets.mix) is not None:
        inputs |= {"partners": mix.partners, "shares": mix.shares}
    wanted = {"targets": batch.targets.targets, "weights": batch.targets.sample_weights}
    return _tensors(inputs), _tensors(wanted)


def _tensors(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    # A batch cut from a memory-mapped file is read-only, which torch warns of: it becomes a copy.
    return {name: torch.from_numpy(np.require(array, None, ["C", "W"])) for name, array in arrays.items()}


def as_floats(images: Any) -> Any:
    """Return images (n, height, width, channels) as torch counts them: channels first, 0 to 1.

    In memory the channels stay last, as `layers.build` lays the weights out.
    """
    scaled = images.float() / 255.0 if images.dtype == torch.uint8 else images
    return scaled.permute(0, 3, 1, 2)


class Trainee(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """A network with what happens to its images before: scaled, and in training moved, lit and mixed.

    All of that runs on the accelerator where there is one.
    """

    def __init__(self, network: Graph, fill: Fill = "reflect", precision: str = "float32") -> None:
        super().__init__()
        self.network, self.fill, self.precision = network, fill, getattr(torch, precision)

    def forward(self, inputs: Mapping[str, Any]) -> Any:
        """Return the logits (n, classes; float32) of a batch."""
        images = as_floats(inputs["images"])
        if "matrices" in inputs or "light" in inputs:
            images = augmentation.apply(images, inputs.get("matrices"), inputs.get("light"), self.fill)
        if "partners" in inputs:
            images = augmentation.mix(images, inputs["partners"], inputs["shares"])
        with torch.autocast(images.device.type, self.precision, enabled=self.precision != torch.float32):
            return self.network(images).float()


def loss_of(logits: Any, wanted: Mapping[str, Any]) -> Any:
    """Return the mean cross-entropy, each image's with its weight."""
    losses = nn.functional.cross_entropy(logits, wanted["targets"], reduction="none")
    return (losses * wanted["weights"]).mean()


def accuracy(logits: Any, wanted: Mapping[str, Any]) -> Any:
    """Return the share of images whose likeliest class is the one they are mostly of."""
    return (logits.argmax(dim=1) == wanted["targets"].argmax(dim=1)).float().mean()


class Epochs(Callback):  # type: ignore[misc]  # fastai has no types
    """Seeds each epoch, turns to its batches, and tells its figures after it."""

    order = 90  # after the Recorder (50) and SkipToEpoch (70)

    def __init__(self, task: PhaseTask, on_epoch: OnEpoch) -> None:
        self.task, self.tell = task, on_epoch

    def before_epoch(self) -> None:
        """Start the epoch from its own seed and its own batches."""
        self.seen, self.loss_sum, self.right = 0, torch.zeros(()), torch.zeros(())
        self.begin = self.trained = perf_counter()
        set_seed(self.task.batches.library_seed(self.epoch), reproducible=True)
        self.dls.train.dataset.start(self.epoch)

    def after_batch(self) -> None:
        """Add the batch to the epoch's training figures (the Recorder's are smoothed over steps)."""
        if self.training:
            wanted = self.yb[0]
            n = len(wanted["targets"])
            self.seen += n
            self.loss_sum = self.loss_sum.to(self.loss.device) + self.loss.detach() * n
            self.right = self.right.to(self.loss.device) + accuracy(self.pred.detach(), wanted) * n

    def before_validate(self) -> None:
        """Note when training ends and validation begins."""
        self.trained = perf_counter()

    def after_epoch(self) -> None:
        """Hand over figures, weights and the optimizer's state; epochs skipped in resuming tell nothing."""
        if self.epoch < self.task.first_epoch:
            return
        validation_loss, validation_accuracy = self.recorder.log[2:4]
        group = self.opt.hypers[-1]
        metrics = {
            "learning_rate": float(group["lr"]),
            "momentum": float(group["mom"]),
            "train_loss": float(self.loss_sum) / self.seen,
            "train_accuracy": float(self.right) / self.seen,
            "validation_loss": float(validation_loss),
            "validation_accuracy": float(validation_accuracy),
        }
        now = perf_counter()
        end = EpochEnd(
            self.epoch,
            now - self.begin,
            self.trained - self.begin,
            metrics,
            read_weights(self.model.network),
            _optimizer_state(self.opt),
        )
        if self.tell(end):
            raise CancelFitException


class Scheduled(Callback):  # type: ignore[misc]  # fastai has no types
    """Sets the rates of each step, for schedules that fastai has none of (`cosine`, `exponential`)."""

    order = 60

    def __init__(self, task: PhaseTask) -> None:
        self.task = task

    def before_batch(self) -> None:
        """Set learning rate and momentum of each group of parameters."""
        if not self.training:
            return
        task = self.task
        step = self.epoch * len(task.batches) + self.iter
        peaks = _trained_peaks(task, len(self.opt.hypers))
        found = [rates(task.phase["schedule"], peak, step, task.steps) for peak in peaks]
        self.opt.set_hypers(lr=[one.learning_rate for one in found], mom=found[0].momentum)


class Steps(Callback):  # type: ignore[misc]  # fastai has no types
    """Tells the loss of each step."""

    order = 95

    def __init__(self, task: PhaseTask, on_step: OnStep) -> None:
        self.task, self.tell = task, on_step

    def before_epoch(self) -> None:
        """Turn to the epoch's batches."""
        self.dls.train.dataset.start(self.epoch)

    def after_batch(self) -> None:
        """Tell the step's loss; stop at once when asked to."""
        if self.training and self.tell(self.train_iter - 1, float(self.loss.detach())):
            raise CancelFitException


def make_learner(task: PhaseTask) -> Any:
    """Make a Learner with a parameter group for each group of layers, frozen as the task says."""
    phase = task.phase
    parts = TrainingBatches(task), ValidationBatches(task.validation, task.batches.classes)
    place = device()
    loaders = DataLoaders(
        *(DataLoader(part, bs=None, num_workers=0, device=place) for part in parts), device=place
    )
    stands_still = phase["frozen_batchnorm"] == "inference"
    callbacks = [BnFreeze()] if stands_still else []
    if phase["clip_norm"]:
        callbacks.append(GradientClip(phase["clip_norm"]))
    learner = Learner(
        loaders,
        Trainee(build(task.layers, task.weights), phase["augment"]["fill"], phase["precision"]),
        loss_func=loss_of,
        opt_func=_optimizer(phase),
        splitter=partial(_groups, task=task),
        metrics=[accuracy],
        wd=phase["weight_decay"] or 2 * phase["l2"],
        wd_bn_bias=False,
        train_bn=not stands_still,
        cbs=callbacks,
    )
    learner.remove_cbs(ProgressCallback)
    if phase["precision"] == "float16" and place.type == "cuda":
        learner.to_fp16()  # which scales the loss; on a processor it would do nothing at all
    learner.freeze_to(_frozen_groups(task))
    return learner


def _optimizer(phase: Mapping[str, Any]) -> Any:
    """Return fastai's optimizer: its weight decay is decoupled, or added to the gradient as L2's is.

    The gradient of l2 times a squared weight is twice l2 times the weight.
    """
    decoupled = not phase["l2"]
    settings = phase["optimizer"]
    if settings["kind"] == "sgd":
        momentum = float(np.max(phase["schedule"]["momentum"]))
        return partial(SGD, mom=momentum, decouple_wd=decoupled)  # without any, fastai keeps no sum
    return partial(Adam, sqr_mom=settings["beta2"], eps=settings["epsilon"], decouple_wd=decoupled)


def _groups(model: Trainee, task: PhaseTask) -> list[list[nn.Parameter]]:
    """Split the parameters into the groups of layers; groups without any are left out."""
    groups: list[list[nn.Parameter]] = [[] for _ in range(max(task.groups.values()) + 1)]
    for name, module in model.network.named_children():
        if name in task.groups:
            groups[task.groups[name]].extend(module.parameters())
    return [group for group in groups if group]


def _frozen_groups(task: PhaseTask) -> int:
    return len({task.groups[name] for name in task.frozen})


def _trained_peaks(task: PhaseTask, count: int) -> list[float]:
    """Return the (peak) learning rate of each of `count` parameter groups."""
    return task.peaks[-count:]


def train(task: PhaseTask, on_epoch: OnEpoch, on_step: OnStep | None = None) -> None:
    """Train one phase with the Learner's own loop, from the task's first epoch to the phase's last.

    With `on_step` it tells the loss of each step instead, and does not validate.
    """
    phase = task.phase
    set_seed(task.batches.library_seed(task.first_epoch), reproducible=True)
    learner = make_learner(task)
    if task.optimizer:
        _restore_optimizer(learner.opt, task.optimizer)
    schedule, peaks = phase["schedule"], np.array(_trained_peaks(task, len(learner.opt.hypers)))
    listens = Steps(task, on_step) if on_step else Epochs(task, on_epoch)
    options: dict[str, Any] = {"start_epoch": task.first_epoch, "cbs": [listens]}
    if on_step:
        options["cbs"].append(NoValidation())
    with learner.no_logging():
        if schedule["kind"] == "one-cycle":
            learner.fit_one_cycle(
                phase["epochs"],
                peaks,
                pct_start=schedule["warmup"],
                div=schedule["start_div"],
                div_final=schedule["final_div"],
                moms=tuple(schedule["momentum"]),
                **options,
            )
            return
        if schedule["kind"] == "constant":
            learner.opt.set_hypers(mom=schedule["momentum"])
        else:
            options["cbs"].append(Scheduled(task))
        learner.fit(phase["epochs"], peaks, **options)


class NoValidation(Callback):  # type: ignore[misc]  # fastai has no types
    """Leaves validation out."""

    def before_validate(self) -> None:
        """Skip it."""
        raise CancelValidException


def _optimizer_state(optimizer: Any) -> Arrays:
    states = optimizer.state_dict()["state"]
    return {
        f"{number}/{key}": np.array(torch.as_tensor(state[key]).cpu().numpy())
        for number, state in enumerate(states)
        for key in STATE
        if key in state
    }


def _restore_optimizer(optimizer: Any, arrays: Arrays) -> None:
    for number, (parameter, *_) in enumerate(optimizer.all_params()):
        state = optimizer.state[parameter]
        for key in STATE:
            array = arrays.get(f"{number}/{key}")
            if array is not None:
                tensor = torch.from_numpy(array.copy()).to(parameter.device)
                state[key] = int(array) if key == "step" else tensor


def logits(layers: list[Layer], weights: Weights, images: Pixels) -> NDArray[np.float32]:
    """Return the logits (n, classes) of images in inference mode."""
    model = Trainee(build(layers, weights)).eval().to(device())
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), INFERENCE_BATCH):
            batch = torch.from_numpy(np.require(images[start : start + INFERENCE_BATCH], None, ["C", "W"]))
            found.append(model({"images": batch.to(device())}).cpu())
    return np.asarray(torch.cat(found).numpy())
