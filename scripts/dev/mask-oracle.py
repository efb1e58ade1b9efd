"""Makes test/fixtures/masks with pycocotools and Pillow: python scripts/dev/mask-oracle.py REFERENCE_FOLDER.

Needs numpy, pillow, pycocotools, safetensors. REFERENCE_FOLDER holds mask-codec.safetensors. The pixels of the made-up
masks are not in the fixtures: test/unit/results/samples.ts makes the same ones by the same arithmetic.
"""
import base64
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco
from safetensors.numpy import load_file

HERE = Path(__file__).parents[2] / "test" / "fixtures" / "masks"
reference = load_file(Path(sys.argv[1]) / "mask-codec.safetensors")


def split_mix(n, seed):
    z = (np.arange(n, dtype=np.uint64) + np.uint64(seed * 1_000_003 + 1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def sample(kind, width, height, seed):
    """Row-major 0/1: noise, blobs of a wave, all, none, one corner."""
    y, x = np.mgrid[0:height, 0:width]
    if kind == "noise":
        return (split_mix(width * height, seed) & np.uint64(1)).astype(np.uint8).reshape(height, width)
    if kind == "wave":
        return ((x * x + 3 * y * y + seed * x * y) % 20011 < 9000).astype(np.uint8)
    if kind == "disc":
        return ((2 * x - width) ** 2 * height**2 + (2 * y - height) ** 2 * width**2 < width**2 * height**2).astype(np.uint8)
    return np.full((height, width), {"all": 1, "none": 0}[kind], np.uint8)


def rle(mask):
    return coco.encode(np.asfortranarray(mask))


def dump(name, cases):
    text = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / name).write_text(f"[\n{text}\n]\n")


# 1. Made-up masks, whole pictures: code, area, box.
cases = []
for kind, w, h, seed in [("noise", 1, 1, 1), ("noise", 1, 17, 2), ("noise", 17, 1, 3), ("noise", 23, 19, 4), ("wave", 224, 224, 1),
                         ("wave", 31, 200, 2), ("wave", 640, 11, 3), ("disc", 97, 61, 0), ("disc", 1600, 1200, 0), ("disc", 3, 900, 0),
                         ("all", 1, 1, 0), ("all", 4000, 4000, 0), ("all", 7, 5, 0), ("none", 4000, 4000, 0), ("none", 3, 4, 0)]:
    code = rle(sample(kind, w, h, seed))
    cases.append(dict(kind=kind, width=w, height=h, seed=seed, counts=code["counts"].decode(), area=int(coco.area(code)),
                      bbox=[int(v) for v in coco.toBbox(code)]))
dump("rle.json", cases)

# 2. Decoded masks: mode F, bilinear, > 0, at their place in a picture.
soft = reference["decoded"]
picked = [0, 7]


def eight_bits(values):  # 64ths: small in the fixture, exact in f32, and with zeros to threshold
    return np.clip(np.round(values * 64), -127, 127).astype(np.int8)


(HERE / "soft.json").write_text(json.dumps([base64.b64encode(eight_bits(soft[i]).tobytes()).decode() for i in picked]) + "\n")
cases = []
for which, (iw, ih), (x0, y0, x1, y1) in [
    (0, (224, 224), (10, 20, 74, 84)), (1, (224, 224), (75, 50, 165, 140)), (0, (224, 224), (0, 0, 224, 224)),
    (1, (50, 40), (3, 2, 40, 31)), (0, (9, 9), (4, 4, 5, 5)), (1, (9, 9), (2, 3, 3, 9)), (0, (800, 30), (10, 5, 790, 12)),
    (1, (30, 500), (5, 0, 22, 500)), (0, (300, 300), (100, 100, 164, 290)), (1, (300, 300), (20, 30, 290, 94)),
    (0, (4000, 4000), (1000, 300, 1701, 950)), (1, (224, 224), (221, 221, 224, 224)), (0, (100, 100), (0, 0, 63, 65))]:
    values = eight_bits(soft[picked[which]]).astype(np.float32) / 64
    small = np.asarray(Image.fromarray(values).resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR)) > 0
    full = np.zeros((ih, iw), np.uint8)
    full[y0:y1, x0:x1] = small
    code = rle(full)
    cases.append(dict(soft=which, image=[iw, ih], box=[x0, y0, x1, y1], counts=code["counts"].decode(), area=int(coco.area(code))))
dump("resized.json", cases)

# 3. The encoder's input: mode L, bilinear.
def fnv1a(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


cases = []
for kind, w, h, seed, (x0, y0, x1, y1) in [
    ("noise", 200, 150, 5, (10, 20, 190, 140)), ("wave", 224, 224, 4, (0, 0, 224, 224)), ("disc", 97, 61, 0, (3, 2, 95, 60)),
    ("noise", 40, 30, 6, (5, 5, 6, 6)), ("noise", 40, 30, 7, (5, 5, 6, 29)), ("wave", 900, 20, 5, (0, 7, 900, 9)),
    ("noise", 90, 90, 8, (9, 9, 73, 73)), ("noise", 90, 90, 9, (9, 9, 73, 90)), ("noise", 33, 21, 10, (0, 0, 33, 21))]:
    crop = Image.fromarray(sample(kind, w, h, seed)[y0:y1, x0:x1] * np.uint8(255))
    out = np.asarray(crop.resize((64, 64), Image.Resampling.BILINEAR))
    cases.append(dict(kind=kind, width=w, height=h, seed=seed, box=[x0, y0, x1, y1], fnv1a=fnv1a(out.tobytes()), row31=out[31].tolist()))
dump("crop.json", cases)
