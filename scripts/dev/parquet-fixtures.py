"""Makes the Parquet files of test/fixtures/datasets with the tools that write them: Hugging Face's datasets and pyarrow.

Usage: pip install datasets==5.2.0 pyarrow==26.0.1 pillow==13.0.0; python scripts/dev/parquet-fixtures.py
The pictures are those that test/fixtures/datasets/make.mjs has made.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, Features, Image, Sequence, Value

FIXTURES = Path(__file__).parents[2] / "test/fixtures/datasets"
COLOURS = ["red", "green", "blue"]


def target(name: str) -> str:
    file = FIXTURES / "parquet" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    return str(file)


# As push_to_hub and to_parquet write them, with the bytes inside.
PICTURES = [
    {"bytes": (FIXTURES / f"csv/pictures/{i}.png").read_bytes(), "path": f"{i}.png"} for i in (1, 2, 3)
]


# As DocVQA and TextVQA are on the hub: pictures inside, several questions about one of them.
answers = Dataset.from_dict(
    {
        "question_id": [2**53 + 1, 7, 8, 9],
        "question": ["what color?", "left or right?", "how many?", "what is it?"],
        "image": [PICTURES[0], PICTURES[1], PICTURES[0], PICTURES[2]],
        "answers": [["red", "Red", "red"], ["right"], ["1", "one"], ["square", "blue square"]],
        "question_type": ["color", "place", "count", "kind"],
        "confidence": [0.5, None, 1.0, 0.25],
    },
    features=Features(
        {
            "question_id": Value("int64"),
            "question": Value("string"),
            "image": Image(),
            "answers": Sequence(Value("string")),
            "question_type": Value("string"),
            "confidence": Value("float64"),
        }
    ),
)
# Two groups of rows.
answers.to_parquet(target("answers/data/validation-00000-of-00001.parquet"), batch_size=2)

# As CIFAR and most classification sets: values, whose names are in the file's metadata.
labels = Dataset.from_dict(
    {"image": PICTURES, "label": [0, 1, 0]},
    features=Features({"image": Image(), "label": ClassLabel(names=["warm", "cold", "other"])}),
)
labels.to_parquet(target("labels/data/train-00000-of-00002.parquet"))
labels.select([1]).to_parquet(target("labels/data/train-00001-of-00002.parquet"))

# As CORD: the document as text.
truth = [json.dumps({"gt_parse": {"total": {"price": 1}, "menu": [{"nm": c}]}}) for c in COLOURS]
Dataset.from_dict(
    {"image": PICTURES, "ground_truth": truth},
    features=Features({"image": Image(), "ground_truth": Value("string")}),
).to_parquet(target("documents/data/test-00000-of-00001.parquet"))

# Every compression, with and without an index of pages, and both versions of pages; paths in place of bytes.
rows = pa.table(
    {
        "file_name": [f"../../csv/pictures/{i}.png" for i in (1, 2, 3)] * 40,
        "text": [f"{colour} {'word ' * 12}{i}" for i, colour in enumerate(COLOURS * 40)],
    }
)
for codec in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]:
    pq.write_table(
        rows,
        target(f"codecs/{codec}.parquet"),
        compression=codec,
        row_group_size=50,
        data_page_version="2.0" if codec in ("zstd", "lz4", "gzip") else "1.0",
        write_page_index=codec in ("zstd", "gzip"),
        use_dictionary=codec != "snappy",
    )

# A group of rows in many pages, with an index of them.
pictures = pa.table(
    {
        "image": pa.array(
            [{"bytes": PICTURES[i % 3]["bytes"], "path": None} for i in range(30)],
            pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        ),
        "caption": [f"square {i}" for i in range(30)],
    }
)
pq.write_table(
    pictures, target("pages/train.parquet"), write_page_index=True, data_page_size=400, use_dictionary=False
)
