"""Ids and texts of Hugging Face's tokenizers for tokens added in fine-tuning, as test/fixtures/tokenizer/added-tokens.json.

    pip install tokenizers==0.23.3
    python scripts/dev/added-tokens-oracle.py

The tokenizer is that of the tiny PaliGemma 2 with the tokens below. Texts: some by hand, and fragments joined at random.
"""
import json
import random
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, __version__

ROOT = Path(__file__).resolve().parents[2] / "test" / "fixtures"
TOKENIZER = ROOT / "checkpoints" / "tiny-paligemma2" / "tokenizer.json"

# As add_tokens("…") and as additional_special_tokens make them, then every flag, overlaps, odd texts, and a piece (#).
TOKENS = [
    {"content": "<defect>"},
    {"content": "<OD>", "special": True},
    {"content": "<defect>s"},
    {"content": "cat", "single_word": True},
    {"content": "<left>", "lstrip": True, "normalized": False},
    {"content": "<right>", "rstrip": True, "normalized": False},
    {"content": "<both>", "lstrip": True, "rstrip": True, "special": True},
    {"content": "<nleft>", "lstrip": True, "normalized": True},
    {"content": "New York", "normalized": True},
    {"content": "a<", "normalized": True},
    {"content": "été", "single_word": True, "normalized": False},
    {"content": "部品", "normalized": True},
    {"content": "🔧", "special": True},
    {"content": "#", "single_word": True, "lstrip": True, "normalized": False},
]
FRAGMENTS = [t["content"] for t in TOKENS] + [
    " ", " ", "  ", "\n", "\n\n", "\t", "\u00a0", "\u3000", "a", "b", "the cat", "cats", "concat", "red", "_", "9", "é",
    "<loc0012>", "<seg003>", "<", ">", "<defect", "defect>", "New", "York", "部", "品", "\U0001F527\u200d", "\u0301", "<image>",
    "<eos>", "détect", "e\u0301t\u00e9", "\u2581", "Ωmega", "x\u0000y",
]
BY_HAND = [
    "", "<defect>", "detect <defect> ; <defect>s", "<OD>", "a <OD> b", "cat", "the cat.", "cats concat cat9 cat_ _cat écat",
    "cat-cat cat,cat", "a  <left>  b", "a \n\t<right> \n b", "x <both> y", "a <nleft> b", "a\n<nleft>\nb", "in New York now",
    "New  York", "NewYork", "a<loc0001>", "aa<b", "été étés l'été", "部品と部 品", "🔧🔧 x🔧y", "# a #b #", "<right>\n\n <left>",
    "<right> <right> <left> <left>", "<defect><defect>s<defect>", "<<defect>>", "<defect>\u0301", "cat\u0301", "cat\u200dx",
]

tokenizer = Tokenizer.from_file(str(TOKENIZER))
for token in TOKENS:
    made = AddedToken(**{"normalized": not token.get("special", False), **token})
    (tokenizer.add_special_tokens if token.get("special") else tokenizer.add_tokens)([made])
contents = {t["content"] for t in TOKENS}
added = [t for t in json.loads(tokenizer.to_str())["added_tokens"] if t["content"] in contents]
assert len(added) == len(TOKENS)

random.seed(7)
texts = BY_HAND + ["".join(random.choices(FRAGMENTS, k=random.randint(2, 9))) for _ in range(400)]
cases = []
for text in texts:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    # <image>, <eos> and the like are no text for us: prompts.ts and the engine place them.
    if any(id in (0, 1, 2, 3, 1792, 1793) for id in ids) or "\u2581" in text:
        continue
    cases.append([text, ids, tokenizer.decode(ids, skip_special_tokens=False)])
out = ROOT / "tokenizer" / "added-tokens.json"
out.write_text(
    json.dumps({"tokenizers": __version__, "added_tokens": added}, ensure_ascii=False)[:-1]
    + ', "cases": [\n' + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]}\n",
    encoding="utf-8",
)
print(len(cases), "cases,", out.stat().st_size, "bytes")
