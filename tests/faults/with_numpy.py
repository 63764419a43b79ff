"""The command line of moocmap, whose libraries are all the pretended one in `numpy_worker`."""

import os
from pathlib import Path

from moocmap.cli import main
from moocmap.experiments.running import workers

PLACE = str(Path(__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [PLACE, os.environ.get("PYTHONPATH")]))
workers.WORKERS.update(dict.fromkeys(workers.WORKERS, workers.WorkerFacts("numpy_worker", ("numpy",))))

main()
