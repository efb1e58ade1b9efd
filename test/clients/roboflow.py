"""Roboflow's client and supervision, unmodified, against a live server: URL_OF (which wants KEY), PICTURE. Ends with 0 when
both got what they should. With ANSWERS it reads the answers in that file instead, with another release of supervision."""
import json
import os
import sys
import tempfile
import urllib.parse
import urllib.request
import warnings

warnings.simplefilter("ignore")
import numpy as np
import supervision as sv


def check(name, found, expected):
    if found != expected:
        sys.exit(f"{name}: {found!r}, expected {expected!r}")


def read(answers):
    """supervision reads what the server answered: boxes of the text within 0.1 % of the side, those of JSON exactly."""
    # Its edges are loc / 1024 of the side, ours loc / 1023.
    boxes, worst = 0, 0
    for one in answers["texts"]:
        size = one["image"]
        side = (size["width"], size["height"])
        found = sv.Detections.from_vlm(sv.VLM.PALIGEMMA, one["response"], resolution_wh=side)
        edges = ("xmin", "ymin", "xmax", "ymax")
        expected = sorted([one["label"], *(one["box"][edge] for edge in edges)] for one in one["detections"])
        pairs = sorted([name, *xyxy] for name, xyxy in zip(found["class_name"].tolist(), found.xyxy.tolist()))
        check("labels", [pair[0] for pair in pairs], [one[0] for one in expected])
        for pair, own in zip(pairs, expected):
            worst = max(worst, *(abs(a - b) / side for a, b, side in zip(pair[1:], own[1:], side * 2)))
            boxes += 1
    if worst > 0.001:
        sys.exit(f"an edge differs by {worst} of the side")
    for one in answers["predictions"]:
        found = sv.Detections.from_inference(one)
        listed = one["predictions"]
        check("classes", list(found["class_name"]), [p["class"] for p in listed])
        check("class ids", found.class_id.tolist(), [p["class_id"] for p in listed])
        check("scores", found.confidence.tolist(), [p["confidence"] for p in listed])
        edges = [[p["x"] - p["width"] / 2, p["y"] - p["height"] / 2, p["x"] + p["width"] / 2, p["y"] + p["height"] / 2] for p in listed]
        if np.abs(found.xyxy - np.array(edges, dtype=float).reshape(-1, 4)).max(initial=0) > 1e-9:
            sys.exit("from_inference reads other boxes")
        check("masks", found.mask is not None, any("points" in p for p in listed))
    if boxes == 0 or not any("points" in p for one in answers["predictions"] for p in one["predictions"]):
        sys.exit("nothing was found, so nothing was compared")
    print(f"supervision {sv.__version__} reads {boxes} boxes of {len(answers['texts'])} texts, {worst:.5f} of the side apart at most, and {len(answers['predictions'])} answers in JSON")


if "ANSWERS" in os.environ:
    with open(os.environ["ANSWERS"]) as file:
        read(json.load(file))
    sys.exit(0)

from inference_sdk import InferenceConfiguration, InferenceHTTPClient
from inference_sdk.http.errors import HTTPCallErrorError
from inference_sdk.version import __version__
from PIL import Image

picture = os.environ["PICTURE"]
labels = ["white circle", "yellow square", "orange triangle"]


def client(key, **configuration):
    made = InferenceHTTPClient(api_url=os.environ["URL_OF"], api_key=key)
    made.configure(InferenceConfiguration(**configuration))
    return made


def status_of(call):
    try:
        call()
        return 200
    except HTTPCallErrorError as error:
        if not error.api_message or error.api_message == "N/A":
            sys.exit("an error without a message")
        return error.status_code


key = os.environ["KEY"]
own = client(key, class_filter=labels)
check("info", own.get_server_info().name, "node-paligemma")
check("registry", own.list_loaded_models().models[0].task_type, "lmm")
caption = own.infer_lmm(picture, model_id="paligemma", prompt="caption en")["response"]
for image in (Image.open(picture), np.array(Image.open(picture).convert("RGB"))[:, :, ::-1]):
    found = own.infer_lmm(image, model_id="paligemma", prompt="caption en", model_id_in_path=True, max_new_tokens=60)
    check("a caption", type(found["response"]), str)
two = own.infer_lmm([picture, picture], model_id="paligemma", prompt="caption en")
check("a list", [one["response"] for one in two], [caption, caption])



def detect(file, asked):
    """What our own route reads out of the same greedy answer, nothing left out."""
    query = {"labels": asked, "constrained": "false", "extra": "true", "duplicateIou": 1}
    address = os.environ["URL_OF"] + "/v1/detect?" + urllib.parse.urlencode(query, doseq=True)
    with open(file, "rb") as picture:
        request = urllib.request.Request(address, data=picture.read(), headers={"x-api-key": key})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


file = os.path.join(tempfile.mkdtemp(), "picture.png")
texts = []
for i in range(int(os.environ.get("COUNT", "1000"))):
    # Turned and stretched, it has another answer each time.
    image = Image.open(picture).convert("RGB").rotate(i % 90, fillcolor=(90, 90, 90)).resize((200 + i % 97, 160 + i % 83))
    image.save(file)
    asked = labels[: 1 + i % 3]
    answer = own.infer_lmm(file, model_id="paligemma", prompt="detect " + " ; ".join(asked))
    boxes = detect(file, asked)
    # A model that repeats itself is stopped there.
    if not answer["response"].startswith(boxes["raw"]):
        sys.exit(f"{answer['response']!r} is not what detect read, {boxes['raw']!r}")
    texts.append({"response": boxes["raw"], "image": answer["image"], "detections": boxes["detections"]})

predictions = [
    own.infer(picture, model_id="paligemma/detect"),
    own.infer(picture, model_id="paligemma/segment"),
    client(key).infer(picture, model_id="paligemma/segment/white circle"),
    *own.infer([picture, picture], model_id="paligemma/detect"),
]
drawn = client(key, class_filter=labels, visualize_predictions=True).infer(picture, model_id="paligemma/detect")
check("a visualization", drawn["visualization"][:4], "/9j/")
top = client(key).infer(picture, model_id="paligemma/classify/cat,circle")
check("classification", top["top"], "circle")
outputs = own.run_workflow("paligemma", "detect", images={"image": [picture, picture]}, parameters={"labels": labels})
predictions += [one["predictions"] for one in outputs]
check("a workflow", own.run_workflow("paligemma", "caption", images={"image": picture})[0]["text"], caption)

check("another workflow", status_of(lambda: own.run_workflow("acme", "count", images={"image": picture})), 501)
check("no labels", status_of(lambda: client(key).infer(picture, model_id="paligemma/detect")), 422)
check("no model", status_of(lambda: own.infer_lmm(picture, model_id="other", prompt="caption en")), 404)
for other in (None, "another-key"):
    check("no key", status_of(client(other).list_loaded_models), 401)
    check("no key", status_of(lambda: client(other).infer_lmm(picture, model_id="paligemma", prompt="caption en")), 401)
header = client(key, api_key_transport="header")
check("a model is loaded", header.load_model("paligemma").models[0].model_id, "paligemma")
check("a model is freed", [status_of(lambda: header.unload_model("paligemma")), status_of(header.unload_all_models)], [200, 200])
print(f"inference-sdk {__version__} got what it should")
answers = {"texts": texts, "predictions": predictions}
read(answers)
with open(os.environ["WRITE"], "w") as file:
    json.dump(answers, file)
