import pytest

from moocmap.experiments.results.record import Record, read_record
from moocmap.experiments.settings.model import Experiment

from .samples import make_experiment, write_fake_record

RIGHT = {("keras", 0): 0.8, ("keras", 1): 0.9, ("fastai", 0): 0.85, ("fastai", 1): 0.9}


@pytest.fixture
def experiment() -> Experiment:
    return make_experiment()


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Four records; `RIGHT` says on which share of the test images their models are right."""
    home = tmp_path_factory.mktemp("records")
    read = []
    for run in make_experiment().runs():
        record = write_fake_record(run, home / f"work-{run.id}", RIGHT[run.library, run.seed])
        read.append(read_record(record.rename(home / run.id)))
    return read
