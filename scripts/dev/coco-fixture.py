"""Makes test/fixtures/datasets/supervision with the writer of Roboflow's supervision: outlines, a crowd, an empty picture.

Usage: pip install supervision==0.31.2 pillow==13.0.0; python scripts/dev/coco-fixture.py
"""

import json
from pathlib import Path

import numpy as np
import supervision as sv
from PIL import Image

FOLDER = Path(__file__).parents[2] / "test/fixtures/datasets/supervision/train"
FOLDER.mkdir(parents=True, exist_ok=True)
NAMES = ["a.png", "b.png", "c.png"]
COLOURS = [(208, 48, 48), (48, 160, 64), (48, 80, 208)]
for i, (name, colour) in enumerate(zip(NAMES, COLOURS)):
    pixels = np.full((32, 48, 3), 224, np.uint8)
    pixels[8:24, 4 + 8 * i : 20 + 8 * i] = colour
    Image.fromarray(pixels).save(FOLDER / name)

square = np.zeros((1, 32, 48), bool)
square[0, 8:24, 4:20] = True
several = np.zeros((2, 32, 48), bool)
several[0, 8:24, 12:28] = True
several[1, 0:8, 0:8] = True
several[1, 20:30, 30:40] = True
annotations = [
    sv.Detections(xyxy=np.array([[4, 8, 20, 24]], float), mask=square, class_id=np.array([0])),
    sv.Detections(
        xyxy=np.array([[12, 8, 28, 24], [0, 0, 40, 30]], float),
        mask=several,
        class_id=np.array([1, 0]),
        data={"iscrowd": np.array([0, 1]), "area": np.array([256.0, 164.0])},
    ),
    sv.Detections.empty(),
]
paths = [str(FOLDER / name) for name in NAMES]
dataset = sv.DetectionDataset(["red square", "green square"], paths, dict(zip(paths, annotations)))
file = FOLDER / "_annotations.coco.json"
dataset.as_coco(annotations_path=str(file))
document = json.loads(file.read_text())
for image in document["images"]:
    # The same bytes every time.
    image["date_captured"] = "2026-01-01"
file.write_text(json.dumps(document) + "\n")
