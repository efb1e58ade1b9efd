"""Cases of boxes and masks, and the figures of pycocotools, scipy and big_vision. Part of metric-goldens.py."""

import contextlib
import io
import sys
import types
from pathlib import Path

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.optimize import linear_sum_assignment


def boxes(rng, is_mask):
    """A set of truths and of detections: crowds, ties, empty pictures, areas on the borders of the ranges."""
    images, categories = rng.randint(1, 10), rng.randint(1, 4)
    grid, style = rng.choice([1, 8, 32]), rng.randint(0, 3)
    longest = 120 if is_mask else 300

    def box():
        x, y = rng.randint(0, 100) // grid * grid, rng.randint(0, 100) // grid * grid
        size = rng.choice([(32, 32), (96, 96), (rng.randint(1, longest), rng.randint(1, longest)), (round(rng.random() * 100 + 0.5, 2), round(rng.random() * 100 + 0.5, 2))])
        return [x, y, *size]

    truths, found = [], []
    for image in range(1, images + 1):
        for _ in range(rng.choice([0, 0, 1, 2, 5])):
            b = box()
            area = rng.choice([b[2] * b[3], round(b[2] * b[3] * rng.random(), 2), 1024, 9216])
            truths.append(dict(image=image, category=rng.randint(1, categories), box=b, area=area, crowd=int(rng.random() < 0.1)))
        own = [one for one in truths if one["image"] == image]
        for _ in range(rng.choice([0, 1, 3, 8, 120 if rng.random() < 0.03 else 2])):
            b, category = box(), rng.randint(1, categories)
            if own and rng.random() < 0.7:
                near = rng.choice(own)
                b = [round(v + rng.choice([0, 0, 1, -1, rng.random() * 10 - 5]), 2) for v in near["box"]]
                b[2], b[3] = max(b[2], 0.5), max(b[3], 0.5)
                category = near["category"] if rng.random() < 0.9 else category
            found.append(dict(image=image, category=category, box=b, score=[1.0, round(rng.random(), 4), round(rng.random(), 1), 0.5][style]))
    if not found:
        found.append(dict(image=1, category=1, box=[0, 0, 5, 5], score=0.5))
    return dict(images=images, categories=categories, truths=truths, found=found)


SIDE = 160


def runs_of(box):
    """An ellipse in a box, as compressed run lengths."""
    x, y, w, h = box
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    inside = ((columns - x - w / 2) / (w / 2)) ** 2 + ((rows - y - h / 2) / (h / 2)) ** 2 <= 1
    rle = masks.encode(np.asfortranarray(inside.astype(np.uint8)))
    return dict(size=rle["size"], counts=rle["counts"].decode())


def coco_figures(case, kind):
    shape = (lambda one: dict(segmentation=one["rle"])) if kind == "segm" else (lambda one: dict(bbox=one["box"]))
    with contextlib.redirect_stdout(io.StringIO()):
        truths = COCO()
        truths.dataset = dict(
            images=[dict(id=i, width=SIDE, height=SIDE) for i in range(1, case["images"] + 1)],
            categories=[dict(id=i, name=str(i)) for i in range(1, case["categories"] + 1)],
            annotations=[
                dict(id=i + 1, image_id=one["image"], category_id=one["category"], area=one["area"], iscrowd=one["crowd"], bbox=one["box"], **({"segmentation": one["rle"]} if kind == "segm" else {}))
                for i, one in enumerate(case["truths"])
            ],
        )
        truths.createIndex()
        found = truths.loadRes([dict(image_id=one["image"], category_id=one["category"], score=one["score"], **shape(one)) for one in case["found"]])
        evaluation = COCOeval(truths, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(x) for x in evaluation.stats]


def detection(rng, count, is_mask):
    for _ in range(count):
        case = boxes(rng, is_mask)
        if is_mask:
            for one in case["truths"] + case["found"]:
                one["rle"] = runs_of(one["box"])
        yield dict(**case, figures=coco_figures(case, "segm" if is_mask else "bbox"), **({} if is_mask else {"matches": matches(case)}))


def matches(case):
    """Right, found and there: the most pairs of one picture and category that overlap by 0.5."""
    right = counted = there = 0
    keys = {(one["image"], one["category"]) for one in case["truths"] + case["found"]}
    for key in sorted(keys):
        own = [one for one in case["truths"] if (one["image"], one["category"]) == key]
        things, crowds = [one for one in own if not one["crowd"]], [one for one in own if one["crowd"]]
        found = [one for one in case["found"] if (one["image"], one["category"]) == key]

        def overlaps(others, crowd):
            if not found or not others:
                return np.zeros((len(found), len(others)))
            return masks.iou([one["box"] for one in found], [one["box"] for one in others], [crowd] * len(others))

        outside = ~(overlaps(crowds, 1) >= 0.5).any(axis=1)
        fits = (overlaps(things, 0) >= 0.5) * (1 + 1e-6 * outside[:, None])
        rows, columns = linear_sum_assignment(fits, maximize=True)
        paired = {row for row, column in zip(rows, columns) if fits[row, column] > 0}
        right += len(paired)
        counted += sum(i in paired or bool(outside[i]) for i in range(len(found)))
        there += len(things)
    return [right, counted, there]


def polygons(rng):
    """Polygons of one thing, their pixels, and the overlap with another."""
    for _ in range(2000):
        height, width, style = rng.randint(1, 60), rng.randint(1, 60), rng.randint(0, 3)

        def point():
            return [
                [rng.randint(0, width), rng.randint(0, height)],
                [round(rng.random() * width, 3), round(rng.random() * height, 3)],
                [round((rng.random() * 1.6 - 0.3) * width, 3), round((rng.random() * 1.6 - 0.3) * height, 3)],
                [rng.randint(0, 2 * width) / 2, rng.randint(0, 2 * height) / 2],
            ][style]

        def polygon():
            return sum((point() for _ in range(rng.randint(3, 9))), [])

        thing, other = [polygon() for _ in range(rng.randint(1, 3))], [polygon()]
        runs, others = (masks.merge(masks.frPyObjects(one, height, width)) for one in (thing, other))
        crowd = int(rng.random() < 0.3)
        yield dict(
            height=height, width=width, thing=thing, other=other, counts=runs["counts"].decode(), area=int(masks.area(runs)),
            crowd=crowd, overlap=float(masks.iou([runs], [others], [crowd])[0][0]),
        )


def mask_of(shape):
    """64 x 64 values of whole numbers divided by 1,024, so that the test makes the same: an ellipse and noise."""
    a, b, row, column, size, noise, seed = shape
    y, x = np.mgrid[0:64, 0:64].astype(np.int64)
    random_bits = ((y * 64 + x + seed) * 2654435761 & 0xFFFFFFFF) >> 22
    return ((size - a * (y - row) ** 2 - b * (x - column) ** 2 + (random_bits - 512) * noise) / 1024).astype(np.float32)


def truth_of(row):
    """An ellipse in a picture."""
    a, b, middle, center, size = row["ellipse"]
    y, x = np.mgrid[0 : row["height"], 0 : row["width"]].astype(np.int64)
    return a * (y - middle) ** 2 + b * (x - center) ** 2 <= size


def referring(rng):
    """Answers to phrases: four positions and a mask; None where there are not enough tokens, which all are 16 equal codes."""
    for _ in range(2000):
        height, width = (rng.choice([rng.randint(1, 30), rng.randint(30, 150), rng.randint(100, 330)]) for _ in range(2))
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        middle, center, radius = rng.randint(0, height - 1), rng.randint(0, width - 1), rng.randint(1, max(height, width))
        row = dict(height=height, width=width, ellipse=[a, b, middle, center, radius * radius * rng.choice([1, 4, 9])])
        ys, xs = np.nonzero(truth_of(row))
        box = [float(np.float32(v)) for v in (ys.min() / height, xs.min() / width, (ys.max() + 1) / height, (xs.max() + 1) / width)]
        if rng.random() < 0.2:
            box = [float(np.float32(v / 1023)) for v in sorted(rng.sample(range(1024), 2)) + sorted(rng.sample(range(1024), 2))]
            box = [box[0], box[2], box[1], box[3]]
        spread = rng.choice([0, 1, 10, 60, 200])
        positions = [min(1023, max(0, round(v * 1023) + rng.randint(-spread, spread))) for v in box]
        if rng.random() < 0.2:  # On the thresholds, where the rounding of f32 decides.
            part, whole = rng.choice([(1, 2), (3, 4)])
            length, y1, x1 = rng.randint(1, 200), rng.randint(0, 500), rng.randint(0, 200)
            positions = [y1, x1, y1 + rng.randint(1, 500), x1 + whole * length]
            box = [float(np.float32(v / 1023)) for v in (*positions[:3], x1 + part * length)]
        if rng.random() < 0.06:
            positions[rng.randint(0, 3)] = rng.choice([-1, 1024, 0, 1023])
        answer = None if rng.random() < 0.03 else positions
        size = rng.choice([-2000, 0, 9000, rng.randint(0, 20000), 10**6])
        mask = [rng.randint(0, 20), rng.randint(0, 20), rng.randint(0, 63), rng.randint(0, 63), size, rng.choice([0, 0, 1, 5, 40]), rng.randint(0, 10**6)]
        yield dict(**row, box=box, positions=answer, mask=mask)


def refer_figures(folder, rows):
    """Runs the evaluator itself on one batch for each row; what it imports and does not need is left out."""
    names = ["big_vision", "big_vision.evaluators", "big_vision.evaluators.common", "big_vision.pp", "big_vision.pp.tokenizer", "big_vision.utils"]
    modules = {name: types.ModuleType(name) for name in [*names, "flax", "flax.linen", "jax", "jax.numpy", "tensorflow", "tensorflow.io"]}
    for name, module in modules.items():
        if "." in name:
            setattr(modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)
    modules["tensorflow.io"].gfile = None
    modules["big_vision.evaluators.common"].process_sum = lambda sums: sums
    modules["big_vision.utils"].get_local_slice_from_fsarray = lambda array: array
    jax = modules["jax"]
    jax.device_put, jax.device_get, jax.local_devices = (lambda x, _: x), (lambda x: x), (lambda backend: [None])
    sys.modules.update(modules)
    found = {"__name__": "segmentation"}
    exec((Path(folder) / "segmentation.py").read_text().partition("_KNOWN_MODELS")[0], found)
    loc0, seg0 = 1000, 3000

    def figures(rows):
        evaluator = object.__new__(found["Evaluator"])
        evaluator.steps, evaluator.det_ious = len(rows), (0.5, 0.75)
        evaluator.loc0, evaluator.seg0 = np.array([loc0]), np.array([seg0])
        evaluator.get_data_iter = lambda: iter(
            {"row": row, "_mask": np.array([True]), "objects/mask": truth_of(row)[None, :, :, None].astype(np.uint8), "objects/bbox": np.array([row["box"]], np.float32)} for row in rows
        )
        current = []

        def decode(_, batch):
            current[:] = [batch["row"]]
            positions = batch["row"]["positions"]
            return np.array([[loc0 + v for v in positions] + [seg0] * 16 if positions else [loc0, loc0, loc0 + 9, loc0 + 9] + [seg0] * 15])

        evaluator.decode = decode
        evaluator.reconstruct_masks = lambda _: mask_of(current[0]["mask"])[None, :, :, None]
        return [float(value) for _, value in evaluator.run(None)][:-1]

    return [figures([row]) for row in rows], figures(rows)
