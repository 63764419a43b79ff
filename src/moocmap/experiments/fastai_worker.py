"""Trains runs with fastai on torch: `python -m moocmap.experiments.fastai_worker FOLDER`.

Training is `Learner.fit_one_cycle` or `Learner.fit` with fastai's own Adam (decoupled weight decay), its
own schedule and its own freezing by parameter groups.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments import worker
from moocmap.experiments.bridge import TORCH_PARTS, as_ours, as_torch, parts_of
from moocmap.experiments.checkpoint import Arrays
from moocmap.experiments.data import Floats, Ints
from moocmap.experiments.weights import Weights, channels_in, zip_widths
from moocmap.experiments.worker import EpochEnd, PhaseTask
from moocmap.experiments.zoo import Layer

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what torch asks for to be deterministic on CUDA
with worker.quiet():
    import fastai
    import torch
    from fastai.callback.progress import ProgressCallback
    from fastai.callback.schedule import ParamScheduler  # noqa: F401 (gives Learner fit_one_cycle)
    from fastai.callback.training import BnFreeze
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Callback, Learner
    from fastai.metrics import accuracy
    from fastai.optimizer import Adam
    from fastai.torch_core import set_seed
    from torch import nn

STATE = ("grad_avg", "sqr_avg", "step")
"""What fastai's Adam keeps for each parameter."""


def prepare(threads: int | None) -> None:
    """Make torch deterministic and set its threads (None: torch's default)."""
    torch.use_deterministic_algorithms(True)
    if threads is not None:
        torch.set_num_threads(threads)


def device() -> torch.device:
    """Return the device to train on: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def facts() -> dict[str, Any]:
    """Tell versions, backend, accelerator and what makes training deterministic."""
    return {
        "software": {"fastai": fastai.__version__, "backend": "torch", "torch": torch.__version__},
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "determinism": "torch.use_deterministic_algorithms, seeded at each epoch",
    }


class Graph(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """A model made of layers as data: each takes the last output, or those that it names."""

    def __init__(self, layers: list[Layer], weights: Weights) -> None:
        super().__init__()
        self.layers = layers
        self.steps: list[tuple[str, list[str], str]] = []
        widths = zip_widths(layers, channels_in(layers, weights))
        for number, (layer, channels) in enumerate(widths):
            name = layer.get("name", f"{layer['layer']}-{number}")
            self.add_module(name, _module(layer, channels))
            self.steps.append((name, layer.get("inputs", []), layer.get("output", "")))

    def forward(self, images: Any) -> Any:
        """Return the last layer's output for images (n, channels, height, width)."""
        x, labelled = images, dict[str, Any]()
        for name, inputs, output in self.steps:
            given = [labelled[label] for label in inputs] if inputs else [x]
            x = self._modules[name](*given)
            if output:
                labelled[output] = x
        return x


def build(layers: list[Layer], weights: Weights) -> Graph:
    """Build a model and give it its weights; images are (n, channels, height, width)."""
    model = Graph(layers, weights)
    for name, layer, part, tensor in _tensors(model):
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(as_torch(layer, part, weights[name]).copy()))
    return model


def _module(layer: Layer, channels: int) -> nn.Module:
    if layer["layer"] not in MODULES:
        raise ValueError(f"no layer '{layer['layer']}' in fastai's worker")
    return MODULES[layer["layer"]](layer, channels)


def _conv(layer: Layer, channels: int) -> nn.Module:
    stride, padding, bias = layer.get("stride", 1), layer.get("padding", "same"), layer.get("bias", False)
    return nn.Conv2d(channels, layer["filters"], layer["kernel"], stride, padding, bias=bias)


def _depthwise_conv(layer: Layer, channels: int) -> nn.Module:
    stride, padding = layer.get("stride", 1), layer.get("padding", "same")
    return nn.Conv2d(channels, channels, layer["kernel"], stride, padding, groups=channels, bias=False)


def _pad(layer: Layer, channels: int) -> nn.Module:
    return nn.ZeroPad2d((layer["before"], layer["after"]) * 2)


class Normalize(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """Pixels (0 to 1) minus a mean by a standard deviation, channel by channel, in the order asked for."""

    def __init__(self, mean: list[float], std: list[float], order: str) -> None:
        super().__init__()
        self.is_reversed = order == "bgr"
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Any) -> Any:
        """Return normalized images."""
        return ((images.flip(1) if self.is_reversed else images) - self.mean) / self.std


class Add(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """The sum of its inputs."""

    def forward(self, *inputs: Any) -> Any:
        """Return the sum of tensors of one shape."""
        return sum(inputs[1:], inputs[0])


class Concat(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """Its inputs side by side along the channels."""

    def forward(self, *inputs: Any) -> Any:
        """Return one tensor with the channels of all."""
        return torch.cat(inputs, dim=1)


MODULES: dict[str, Callable[[Layer, int], nn.Module]] = {
    "normalize": lambda layer, _: Normalize(layer["mean"], layer["std"], layer["order"]),
    "conv": _conv,
    "depthwise-conv": _depthwise_conv,
    "batchnorm": lambda layer, n: nn.BatchNorm2d(n, eps=layer["epsilon"], momentum=1 - layer["keep"]),
    "relu": lambda layer, _: nn.ReLU6() if layer.get("at_most") else nn.ReLU(),
    "pad": _pad,
    "maxpool": lambda layer, _: nn.MaxPool2d(layer["size"], layer.get("stride"), layer.get("padding", 0)),
    "average-pool": lambda layer, _: nn.AvgPool2d(layer["size"]),
    "global-average-pool": lambda *_: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "dense": lambda layer, channels: nn.Linear(channels, layer["units"]),
    "identity": lambda *_: nn.Identity(),
    "add": lambda *_: Add(),
    "concat": lambda *_: Concat(),
}
"""How torch builds each kind of layer that `moocmap.experiments.zoo` describes, given its input channels."""


def _tensors(model: Graph) -> Iterator[tuple[str, Layer, str, Any]]:
    """Go through a model's tensors: our name, the layer, the part of its weights, and the tensor."""
    for layer in model.layers:
        for part in parts_of(layer):
            tensor = getattr(model.get_submodule(layer["name"]), TORCH_PARTS[part])
            yield f"{layer['name']}/{part}", layer, part, tensor


def read_weights(model: Graph) -> Weights:
    """Return a model's weights by name, as `moocmap.experiments.weights` lays them out."""
    return {
        name: np.ascontiguousarray(as_ours(layer, part, tensor.detach().cpu().numpy())).copy()
        for name, layer, part, tensor in _tensors(model)
    }


class EpochBatches:
    """The batches of the current epoch, as a data set whose items are whole batches."""

    def __init__(self, batches: list[tuple[Floats, Ints]]) -> None:
        self.now = batches

    def __len__(self) -> int:
        return len(self.now)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = self.now[index]
        return _channels_first(images), torch.from_numpy(labels)


def _channels_first(images: Floats) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


class Epochs(Callback):  # type: ignore[misc]  # fastai has no types
    """Seeds each epoch, fetches its batches, and tells its figures after it."""

    order = 90  # after the Recorder (50) and SkipToEpoch (70)

    def __init__(self, task: PhaseTask, on_epoch: Callable[[EpochEnd], None]) -> None:
        self.task, self.on_epoch_end = task, on_epoch

    def before_epoch(self) -> None:
        """Start the epoch from its own seed and its own batches."""
        self.seen, self.loss_sum, self.right, self.begin = 0, 0.0, 0, perf_counter()
        set_seed(self.task.batches.library_seed(self.epoch), reproducible=True)
        self.dls.train.dataset.now = self.task.batches.epoch(self.epoch)

    def after_batch(self) -> None:
        """Add the batch to the epoch's training figures (the Recorder's are smoothed over steps)."""
        if self.training:
            labels = self.yb[0]
            self.seen += len(labels)
            self.loss_sum += float(self.loss.detach()) * len(labels)
            self.right += int((self.pred.detach().argmax(dim=1) == labels).sum())

    def after_epoch(self) -> None:
        """Hand over figures, weights and the optimizer's state; epochs skipped in resuming tell nothing."""
        if self.epoch < self.task.first_epoch:
            return
        validation_loss, validation_accuracy = self.recorder.log[2:4]
        rates = self.opt.hypers[-1]
        metrics = {
            "learning_rate": float(rates["lr"]),
            "momentum": float(rates["mom"]),
            "train_loss": self.loss_sum / self.seen,
            "train_accuracy": self.right / self.seen,
            "validation_loss": float(validation_loss),
            "validation_accuracy": float(validation_accuracy),
        }
        seconds = perf_counter() - self.begin
        self.on_epoch_end(
            EpochEnd(self.epoch, seconds, metrics, read_weights(self.model), _optimizer_state(self.opt))
        )


def make_learner(task: PhaseTask) -> Any:
    """Make a Learner with two parameter groups, body and head, frozen as the task says."""
    phase = task.phase
    validation = EpochBatches([(task.validation.images, task.validation.labels)])
    training = EpochBatches(task.batches.epoch(task.first_epoch))
    loaders = DataLoaders(
        *(DataLoader(part, bs=None, num_workers=0, device=device()) for part in (training, validation)),
        device=device(),
    )
    stands_still = phase["frozen_batchnorm"] == "inference"
    learner = Learner(
        loaders,
        build(task.layers, task.weights),
        loss_func=nn.CrossEntropyLoss(),
        opt_func=partial(Adam, sqr_mom=phase["optimizer"]["beta2"], eps=phase["optimizer"]["epsilon"]),
        splitter=partial(_groups, frozen=task.frozen),
        metrics=[accuracy],
        wd=phase["weight_decay"],
        wd_bn_bias=False,
        train_bn=not stands_still,
        cbs=[BnFreeze()] if stands_still else [],
    )
    learner.remove_cbs(ProgressCallback)
    learner.freeze_to(1 if task.frozen else 0)
    return learner


def _groups(model: Graph, frozen: frozenset[str]) -> list[list[nn.Parameter]]:
    """Split the parameters into the frozen group, if any, and the group that trains."""
    groups: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for name, module in model.named_children():
        groups[name not in frozen].extend(module.parameters())
    return [group for group in groups if group]


def train(task: PhaseTask, on_epoch: Callable[[EpochEnd], None]) -> None:
    """Train one phase with the Learner's own loop, from the task's first epoch to the phase's last."""
    phase = task.phase
    set_seed(task.batches.library_seed(task.first_epoch), reproducible=True)
    learner = make_learner(task)
    if task.optimizer:
        _restore_optimizer(learner.opt, task.optimizer)
    schedule = phase["schedule"]
    options = {"start_epoch": task.first_epoch, "cbs": [Epochs(task, on_epoch)]}
    with learner.no_logging():
        if schedule["kind"] == "one-cycle":
            learner.fit_one_cycle(
                phase["epochs"],
                phase["lr"],
                pct_start=schedule["warmup"],
                div=schedule["start_div"],
                div_final=schedule["final_div"],
                moms=tuple(schedule["momentum"]),
                **options,
            )
        else:
            learner.opt.set_hypers(mom=schedule["momentum"])
            learner.fit(phase["epochs"], phase["lr"], **options)


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


def logits(layers: list[Layer], weights: Weights, images: Floats) -> NDArray[np.float32]:
    """Return the logits (n, classes) of images in inference mode."""
    model = build(layers, weights).eval().to(device())
    with torch.inference_mode():
        batches = _channels_first(images).split(256)
        found = torch.cat([model(batch.to(device())).cpu() for batch in batches])
    return np.asarray(found.numpy())


if __name__ == "__main__":
    raise SystemExit(worker.main(worker.Library(prepare, facts, train, logits)))
