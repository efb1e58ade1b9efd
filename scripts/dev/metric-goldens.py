"""Figures of the tools whose metrics src/evaluation/metrics reproduces, for test/unit/evaluation/metrics.

Usage: metric-goldens.py BIG_VISION VLM_EXAM OUTPUT
BIG_VISION: folder big_vision/evaluators/proj/paligemma/transfers of https://github.com/google-research/big_vision
VLM_EXAM: folder src/vlm_exam/tasks of https://github.com/roboflow/vlm-exam, of which text_scoring.py and qa.py are used
Needs: pip install pycocotools==2.0.11 pillow==13.0.0 jiwer==4.0.0 rapidfuzz==3.14.6 anls==0.0.2 anls-star==1.0.1 editdistance==0.8.1 scipy==1.17.1

Writes one file for each family: its cases, and for each metric the values in the order of the cases.
"""

import contextlib
import gzip
import json
import random
import re
import sys
from pathlib import Path

import anls
import anls_star
import jiwer
import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from detection_goldens import detection, polygons, refer_figures, referring

CASES = 10_000


def functions_of(folder, file, names):
    """The functions and tables of an evaluator, without the framework that it imports."""
    source = (Path(folder) / file).read_text()
    found = {"re": re, "np": np, "editdistance": __import__("editdistance")}
    for name in names:
        match = re.search(rf"^(def {name}\(|{name} = ).*?(?=^\S|\Z)(?:^[\])}}].*?$)?", source, re.M | re.S)
        exec("from __future__ import annotations\n" + match[0], found)
    return found


# --- cases ----------------------------------------------------------------------------------------------------------

ALPHABETS = [
    "ab", "abc ", "abcdefghij klmno.,-'", "0123456789.,-/$%", "AaBbÉé", "日本語 文字", "e\u0301a\u0308n\u0303 ",
    "👍🏽😀🎉 a", " \t\n\r\x1c\x85\u00a0\u2003\u3000\ufeffx", "ЖжİıßẞΣς", "if a\u200bb\u0000",
]


def text(rng, longest=40):
    alphabet = rng.choice(ALPHABETS)
    length = rng.choice([0, 1, 2, rng.randint(0, 12), rng.randint(0, longest)])
    if rng.random() < 0.02:
        length = rng.randint(60, 200)
    return "".join(rng.choice(alphabet) for _ in range(length))


def changed(rng, given):
    """Like `given`, with some edits."""
    out = list(given)
    for _ in range(rng.choice([0, 1, 1, 2, 3, len(out) // 2])):
        at = rng.randint(0, len(out))
        kind = rng.randint(0, 2)
        if kind == 0:
            out.insert(at, rng.choice(rng.choice(ALPHABETS)))
        elif out:
            at = min(at, len(out) - 1)
            if kind == 1:
                del out[at]
            else:
                out[at] = rng.choice(rng.choice(ALPHABETS))
    return "".join(out)


def pairs(rng):
    """Answer and truth."""
    for _ in range(CASES):
        truth = text(rng)
        yield [changed(rng, truth) if rng.random() < 0.8 else text(rng), truth]


WORDS = '''yes no none zero one two ten a an the dont doesnt cant couldnt've she's somebody'd y'alld've its red car
  Red. two-way 24/7 $2,000.50 u.s.a. 3.5 C++ well-known, left-handed "stop" (old) no! who? @home 1,000 12 o'clock new
  york café 中国 it's. . , / -'''.split()


def phrase(rng):
    words = [rng.choice(WORDS) for _ in range(rng.choice([1, 1, 2, 3]))]
    return rng.choice([" ", " ", "  ", "\n", "\t", ", "]).join(words) + rng.choice(["", "", "", " ", "."])


def votes(rng):
    """An answer, and the ten of a question."""
    for _ in range(CASES):
        pool = [phrase(rng) for _ in range(rng.choice([1, 2, 3, 6]))]
        truths = [rng.choice(pool) for _ in range(10)]
        answer = rng.choice(pool) if rng.random() < 0.8 else phrase(rng)
        yield [rng.choice([answer, answer, answer.upper(), answer + " "]), truths]


def number(rng):
    value = rng.choice([0, rng.randint(-200, 200), rng.random() * 100, rng.randint(1, 9) * 1e5, rng.random() * 1e-3])
    form = rng.choice(["{}", "{:.2f}", "{:.0f}", "{:e}", "{}%", " {} ", "{:+}", "{:,}", "{:_}", "{}%%", "{} %"])
    return form.format(value)


ODD_NUMBERS = ["", "inf", "-Infinity", "nan", "NaN", "1_0", "1__0", "_1", ".5", "5.", ".", "1e5", "1e", "0x10", "１２", "٣.٥", "+-1",
               "%", "50 %", "1,5", "five", "0", "0.0", "-0", "0%", "1e400", "\u00a07\u2003", "\ufeff7", "1\x1c"]


def numbers(rng):
    """Answer and truth, mostly values near each other."""
    for _ in range(CASES):
        truth = number(rng) if rng.random() < 0.8 else rng.choice(ODD_NUMBERS)
        answer = number(rng) if rng.random() < 0.3 else rng.choice([truth, truth.strip(), rng.choice(ODD_NUMBERS)])
        with contextlib.suppress(ValueError):
            if rng.random() < 0.5:
                factor = rng.choice([1.05, 0.95, 1.0499999, 1.06, 0.9, 1.04])
                answer = str(float(truth.rstrip("%")) * factor) + ("%" if truth.endswith("%") else "")
        yield [answer, truth]


COUNTS = '''none None zero one Two three seven ten eleven fifteen twenty twenty-one 0 1 2 3 7 15 20 21 many
  one. 2.0'''.split() + ["", " 3"]


def counts(rng):
    for _ in range(CASES):
        yield [rng.choice(COUNTS), rng.choice(COUNTS)]


MARKED = '''4 12 four Twelve twenty-one twenty one ninety-nine thirty-zero zero 007 -3 +5 1_0 ３ ٤٢ bars There are the a an The
  **4** `7` __x__ *seven* about and or 3.5 1,000 cats - = of 99999999999999999999 é İ ß'''.split()


def marked(rng):
    """Answers as chat models write them: marks of Markdown, fences, counts in sentences, line ends of Windows."""
    for _ in range(CASES):
        def one():
            words = [rng.choice(MARKED) for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 5]))]
            return rng.choice([" ", " ", "  ", "\n", " \n", "\t", "\r\n"]).join(words)

        truth = rng.choice([one(), one(), text(rng)])
        answer = rng.choice([truth, truth, changed(rng, truth), one()])
        frame = rng.choice(["{}", "{}", "```\n{}\n```", "```json\n{}\n```\n", " {} ", "the {}", "**{}**", "{}\n```", "```x1\n{}", "\r\n{}\r\n"])
        yield [frame.replace("{}", answer), truth]


# As JSON writes them. Python prints many of them otherwise, which is what the tool compares.
SPELLINGS = """0 -0 -0.0 0.0 7 12 12.0 12.00 -3 -3.50 100.0 1e2 1E+2 1.5 0.1 0.0001 0.00001 1e-5 1.50e-7 123456789.125 1e15 1e16 1e+16
  9999999999999998 9999999999999998.0 1e21 1e22 123456789012345678901.0 12345678901234567890 -12345678901234567891 5e-324 1.7976931348623157e308
  1e400 -1e400 0.30000000000000004 100000.0""".split()


class Spelled(str):
    """A number, as it is written."""


def spelled(rng):
    """A number, or a text that is like one."""
    given = rng.choice([rng.choice(SPELLINGS), rng.choice(SPELLINGS), f"{rng.uniform(-1, 1) * 10 ** rng.randint(-9, 24):.{rng.randint(0, 17)}{rng.choice('eg')}}"])
    number = json.loads(given)
    return rng.choice([Spelled(given), Spelled(given), given, str(number), f"{number:.2f}"])


def json_of(given):
    if isinstance(given, Spelled):
        return str(given)
    if isinstance(given, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{json_of(one)}" for k, one in given.items()) + "}"
    if isinstance(given, list):
        return "[" + ",".join(map(json_of, given)) + "]"
    return json.dumps(given, ensure_ascii=False)


def value(rng, depth, is_truth):
    """JSON; {"oneOf": [...]} for several values of which one is right."""
    if rng.random() < 0.2:
        return spelled(rng)
    kind = rng.random()
    if depth == 0 or kind < 0.45:
        return rng.choice([None, "", "x", "x1", "x2", "Total", "total 12", "12,50", 7, 12, True, False, 1.5, "ab cd", "日本"])
    if is_truth and kind < 0.55:
        return {"oneOf": [value(rng, depth - 1, True) for _ in range(rng.randint(1, 3))]}
    if kind < 0.75:
        return [value(rng, 0 if rng.random() < 0.6 else depth - 1, is_truth) for _ in range(rng.randint(0, 4))]
    return {k: value(rng, depth - 1, is_truth) for k in rng.sample("abcde", rng.randint(0, 4))}


def likeness(rng, truth):
    """An answer that is somewhat like a truth."""
    if isinstance(truth, dict) and "oneOf" in truth:
        return likeness(rng, rng.choice(truth["oneOf"]))
    if rng.random() < 0.1:
        return value(rng, 1, False)
    if isinstance(truth, list):
        out = [likeness(rng, one) for one in truth if rng.random() < 0.9]
        rng.shuffle(out)
        return out
    if isinstance(truth, dict):
        out = {k: likeness(rng, one) for k, one in truth.items() if rng.random() < 0.9}
        return {**out, "z": value(rng, 0, False)} if rng.random() < 0.2 else out
    return truth if rng.random() < 0.6 else value(rng, 0, False)


def shuffled(rng, given):
    if isinstance(given, dict):
        return {k: one if k == "oneOf" else shuffled(rng, one) for k, one in given.items()}
    if not isinstance(given, list):
        return given
    return rng.sample([shuffled(rng, one) for one in given], len(given))


def anls_of(answer, truth):
    """Of two texts of JSON."""
    return anls_star.anls_score(with_tuples(json.loads(truth)), json.loads(answer))


def documents(rng):
    """Without those where two matchings of lists are equally good and score differently: the solver decides there."""
    count = 0
    while count < CASES:
        truth = value(rng, 3, True)
        answer = likeness(rng, truth)
        # The package takes a list of texts for several right answers to a text.
        answer = [answer] if isinstance(truth, list) and isinstance(answer, str) else answer
        orders = [(answer, truth), *((shuffled(rng, answer), shuffled(rng, truth)) for _ in range(12))]
        texts = [(json_of(a), json_of(t)) for a, t in orders]
        if len({round(anls_of(a, t), 12) for a, t in texts}) == 1:
            count += 1
            yield list(texts[0])


def with_tuples(truth):
    if isinstance(truth, dict):
        if "oneOf" in truth:
            return tuple(with_tuples(one) for one in truth["oneOf"])
        return {k: with_tuples(one) for k, one in truth.items()}
    return [with_tuples(one) for one in truth] if isinstance(truth, list) else truth


STRINGS = ["", "x", "Total", "12,50", "e\u0301", "\u00e9", " x ", "a\r\nb", "a\nb", "\u2028", "\ufeffx", "x\x1c", "\"q\\", "日本", "👍🏽", "1", "/", "\ud800"]
JSON_NUMBERS = [0, 1, 1.0, -0.0, 12, 12.5, 1e21, 1e-7, 10**30, -3, 0.1]


def tree(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        return rng.choice([None, True, False, rng.choice(STRINGS), rng.choice(STRINGS), rng.choice(JSON_NUMBERS), [], {}])
    if kind < 0.65:
        return [tree(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return {k: tree(rng, depth - 1) for k in rng.sample(["a", "b", "c", "0", "a/b", "", "__proto__", "é"], rng.randint(0, 5))}


def written(rng, given):
    """JSON text in one of several spellings."""
    return json.dumps(given, ensure_ascii=rng.random() < 0.3, indent=rng.choice([None, None, 2, "\t"]), separators=rng.choice([None, (",", ":"), (" , ", " :\r\n")]))


def spoiled(rng, text):
    """Mostly as it is; sometimes in a code fence, sometimes no longer JSON, or other values."""
    if rng.random() < 0.35:
        text = rng.choice(["```json\n{}\n```", "```\n{}\n```", "```JSON \t\n{}\n```", "```json\n\n{}\n\n```", "```js\n{}\n```", "```json\r\n{}\r\n``` ",
                           "```json {}```", "Here: {}", "{}.", " {}\n", "\ufeff{}", "\x85{}\u3000", "```ſ\n{}\n```", "```jſon\x1c\n{}\n```"]).replace("{}", text, 1)
    if rng.random() < 0.15:
        old, new = rng.choice([("1", "1.0"), ("1", "1e0"), ("null", "NaN"), ("12", "1e400"), ("12.5", "-Infinity"), ("-0.0", "-0"), ("0", "00"), (",", ",,"), ('"b"', '"a"'),
                               ('"x"', "'x'"), ("true", "True"), ("}", ""), ("12", "1_2"), ("12", "1" * 4301), ("12", "1" * 4300), ('"x"', '"\t"'), ("[]", "[" * 300 + "]" * 300), ("é", "e\u0301")])
        text = text.replace(old, new, rng.choice([1, -1]))
    return text


def structures(rng):
    """Answer and truth, both as text."""
    count = 0
    while count < CASES:
        truth = tree(rng, 3)
        if isinstance(truth, (dict, list)):
            count += 1
            kind = rng.random()
            answer = tree(rng, 3) if kind < 0.15 else truth if kind < 0.35 else likeness(rng, truth)
            yield [spoiled(rng, written(rng, answer)), written(rng, truth)]


# --- files ----------------------------------------------------------------------------------------------------------

def plain(number):
    """A whole number as one, so that the files are small."""
    number = float(number)
    return int(number) if number.is_integer() else number


def write(folder, name, content):
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    data = re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", data).encode()
    (folder / f"{name}.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def scored(cases, rules):
    cases = list(cases)
    return {"cases": cases, "values": {name: [plain(rule(*case)) for case in cases] for name, rule in rules.items()}}


def main(big_vision, vlm_exam, output):
    folder = Path(output)
    sys.path.insert(0, vlm_exam)
    text_scoring = __import__("text_scoring")
    vqav2 = functions_of(big_vision, "vqav2.py", ["stripspace_vqav2", "postprocess_vqav2_text", "REPLACEMENTS", "PUNCT", "ARTICLES"])
    vqa = functions_of(big_vision, "vqa.py", ["anls_metric"])
    chart = functions_of(big_vision, "chartqa.py", ["_to_float", "_relaxed_match"])
    tally = functions_of(big_vision, "tallyqa.py", ["_number_word_to_numeral", "REPLACEMENTS"])

    exam = functions_of(vlm_exam, "qa.py", [
        *["_ARTICLES_PATTERN", "_MARKDOWN_PATTERN", "_CODE_FENCE_OPEN_PATTERN", "_CODE_FENCE_CLOSE_PATTERN", "_INTEGER_PATTERN", "_WORD_PATTERN"],
        *["_UNIT_WORDS", "_TENS_WORDS", "normalize_answer", "strict_match", "_words_to_int", "parse_count"],
        *["normalize_transcription", "transcription_similarity"],
    ])
    alike = exam["transcription_similarity"]

    def same_count(answer, truth):
        expected = exam["parse_count"](truth)
        if expected is None:
            return exam["strict_match"](truth, answer)
        return exam["parse_count"](answer) == expected

    def leave_one_out(answer, truths):
        truths = [vqav2["stripspace_vqav2"](one) for one in truths]
        answer = vqav2["stripspace_vqav2"](answer)
        if len(set(truths)) > 1:
            answer = vqav2["postprocess_vqav2_text"](answer)
            truths = [vqav2["postprocess_vqav2_text"](one) for one in truths]
        matches = answer == np.array(truths)
        return np.mean([np.clip(np.sum(np.delete(matches, i)) / 3, 0, 1) for i in range(10)])

    all_pairs = list(pairs(random.Random(1)))
    texts = scored(all_pairs, {
        "cer@jiwer": lambda a, t: jiwer.cer(t, a),
        "wer@jiwer": lambda a, t: jiwer.wer(t, a),
        "similarity@levenshtein": lambda a, t: Levenshtein.normalized_similarity(a, t),
        "similarity@indel": lambda a, t: fuzz.ratio(a, t) / 100,
        "anls@big_vision": lambda a, t: vqa["anls_metric"](t.lower(), a.lower()),
        "anls@docvqa": lambda a, t: anls.anls_score(a, [t]),
        "exact@strict": lambda a, t: a == t,
        "exact@lower": lambda a, t: a.lower() == t.lower(),
    })
    tenths = [all_pairs[i : i + 1000] for i in range(0, CASES, 1000)]
    texts["figures"] = {
        "cer@jiwer": [jiwer.cer([t for _, t in part], [a for a, _ in part]) for part in tenths],
        "wer@jiwer": [jiwer.wer([t for _, t in part], [a for a, _ in part]) for part in tenths],
    }
    write(folder, "texts", texts)
    write(folder, "votes", scored(votes(random.Random(2)), {
        "vqa@leave-one-out": leave_one_out,
        "vqa@min3": lambda answer, truths: min(1.0, sum(answer == one for one in truths) / 3.0),
    }))
    write(folder, "numbers", scored(numbers(random.Random(3)), {
        "relaxed@big_vision": lambda a, t: chart["_relaxed_match"](t.lower(), a.lower()),
    }))
    write(folder, "marked", scored(marked(random.Random(11)), {
        "similarity@vlm-exam": lambda a, t: alike(t, a),
        "ocr@vlm-exam": lambda a, t: alike(t, a) >= 0.95,
        "exact@vlm-exam": lambda a, t: exam["strict_match"](t, a),
        "count@vlm-exam": same_count,
        "exact@nospace": lambda a, t: "".join(a.split()) == "".join(t.split()),
    }))
    number_of = tally["_number_word_to_numeral"]
    write(folder, "counts", scored(counts(random.Random(4)), {"count@tallyqa": lambda a, t: number_of(a) == number_of(t)}))
    write(folder, "documents", scored(documents(random.Random(5)), {"anls@star": anls_of}))

    def leaf_f1(answer, truth):
        try:
            return text_scoring.field_score(text_scoring.parse_json(truth)[0], text_scoring.parse_json(answer)[0])["score"]
        except (ValueError, RecursionError):
            return 0

    write(folder, "structures", scored(structures(random.Random(9)), {"json-f1@vlm-exam": leaf_f1}))
    write(folder, "boxes", list(detection(random.Random(6), 300, False)))
    write(folder, "polygons", list(polygons(random.Random(8))))
    rows = list(referring(random.Random(10)))
    each, together = refer_figures(big_vision, rows)
    write(folder, "refer", dict(rows=[dict(**row, figures=[plain(v) for v in one]) for row, one in zip(rows, each)], figures=together))
    write(folder, "masks", list(detection(random.Random(7), 300, True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
