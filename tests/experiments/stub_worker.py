"""A worker that trains nothing: it tells epochs and hands over a record written beforehand.

`STUB_RECORDS` names the folder of those records; `STUB_DOES` what it does instead of well: "fail" (a message,
status 1), "crash" (a traceback), "die" (a signal), "omit" (a record without predictions) or "hang".
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
spec = json.loads((folder / "spec.json").read_text())
does = os.environ.get("STUB_DOES", "")
print(json.dumps({"event": "start", "done": 0, "total": 6}), flush=True)
print("a library says something", flush=True)
for done in range(1, 7):
    print(json.dumps({"event": "epoch", "phase": "head", "done": done, "train_loss": 1 / done}), flush=True)
    if does == "hang":
        (folder / "pid").write_text(str(os.getpid()))
        time.sleep(60)
if does == "fail":
    print("error: classes [12] are not in the data", file=sys.stderr)
    sys.exit(1)
if does == "crash":
    raise RuntimeError("the loss exploded")
if does == "die":
    os.kill(os.getpid(), signal.SIGKILL)
shutil.copytree(Path(os.environ["STUB_RECORDS"]) / spec["run"], folder / "record")
if does == "omit":
    (folder / "record" / "predictions.csv").unlink()
