"""TypeSafe's client against our server: questions about pictures, and failures."""

import os
from pathlib import Path

from typesafe_sdk import Box, Choice, Image, Noul, Score, TypeSafeClient
from typesafe_sdk import TypeSafeAuthenticationError, TypeSafeBadRequestError, TypeSafeNotFoundError

MODEL = "paligemma"
photo = Image(Path(os.environ["PICTURE"]))


def client(key=os.environ["KEY"]):
    return TypeSafeClient(base_url=os.environ["URL_OF"], api_key=key, model=MODEL)


def refused(error, **request):
    try:
        with client(request.pop("key", os.environ["KEY"])) as one:
            one.system_one(**{"state": photo, "questions": {"it": Noul(instructions="is it?")}, **request})
    except error as failure:
        return str(failure)
    raise AssertionError(f"no {error.__name__}")


with client() as one:
    answered = one.system_one(
        state={"photo": photo},
        questions={
            "circle": Noul(instructions="is there a white circle in `photo`?"),
            "colour": Choice(instructions="what color is the circle?", criteria={"blue": None, "orange": None}),
            "count": Score(instructions="how many shapes are there?", criteria=["1", "2", "3"]),
            "where": Box(instructions="The white circle"),
            "nowhere": Box(instructions=f"the elephant in {photo}"),
        },
    )
    assert answered.model == MODEL
    assert 0 < answered.nouls["circle"].noul < 1
    assert answered.choices["colour"].choice == "orange"
    assert abs(sum(answered.choices["colour"].probabilities.values()) - 1) < 1e-9
    count = answered.scores["count"]
    assert 1.5 < count.score <= 2 and count.legend == {0: "1", 1: "2", 2: "3"}
    box = answered.boxes["where"]
    assert 0.3 < box.box.left < box.box.right < 0.8 and box.confidence > 0.4, box
    assert answered.boxes["nowhere"].confidence < 0.05
    assert answered.usage.input_tokens > 0

    # Under a name of the caller's, and two pictures in one request.
    named = one.system_one(
        state="both",
        assets={"first-picture": photo, "second-picture": Image(photo.data)},
        questions={
            "first": Noul(instructions="is there a white circle in first-picture?"),
            "second": Noul(instructions="is there a white circle in second-picture?"),
        },
    )
    circle = answered.nouls["circle"].noul
    assert named.nouls["first"].noul == named.nouls["second"].noul == circle

assert "key" in refused(TypeSafeAuthenticationError, key="not-the-key")
assert "paligemma" in refused(TypeSafeNotFoundError, model="jev-latest")
assert "assets" in refused(TypeSafeBadRequestError, state="no picture")
print("ok   TypeSafe's client")
