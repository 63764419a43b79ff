"""Draws a small data set to try the other two files on: dots, level and upright stripes.

    python draw_images.py patterns

One file is broken and one is a copy of another, so that cleaning has something to find.
"""

import random
import shutil
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, EACH = 64, 32
folder = Path(sys.argv[1])
chance = random.Random(0)


def draw(kind: str) -> Image.Image:
    """Draw stripes or dots in random colours, at random places and distances."""
    paper = tuple(chance.randrange(150, 256) for _ in range(3))
    ink = tuple(chance.randrange(0, 110) for _ in range(3))
    image, step = Image.new("RGB", (SIZE, SIZE), paper), chance.randrange(12, 20)
    pen, places = ImageDraw.Draw(image), range(chance.randrange(step), SIZE, step)
    for x in places:
        if kind == "upright":
            pen.line((x, 0, x, SIZE), fill=ink, width=5)
        elif kind == "level":
            pen.line((0, x, SIZE, x), fill=ink, width=5)
        else:
            for y in places:
                pen.circle((x, y), 4, fill=ink)
    return image


for kind in ("dots", "level", "upright"):
    (folder / kind).mkdir(parents=True)
    for number in range(EACH):
        draw(kind).save(folder / kind / f"{number:03}.png")
(folder / "dots" / "broken.png").write_bytes(b"This is no image.")
shutil.copyfile(folder / "level" / "000.png", folder / "level" / "copy.png")
