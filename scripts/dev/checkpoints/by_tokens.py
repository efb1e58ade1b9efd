"""Fine-tunes whose vocabulary or output matrix is no longer the base's: added tokens, and heads trained apart.

    PYTHONPATH=transformers[:peft] python by_tokens.py OUT

What must come out of them is computed afterwards, by golden.py with the newest transformers.
"""
import json
import shutil
from pathlib import Path

import torch
import transformers
from transformers import AutoTokenizer, PaliGemmaProcessor

from by_transformers import NUMBER, VERSION, load
from fixture import TOKENIZER, Fixture
from sizes import BOS, NEWLINE, VOCABULARY

ROW = dict(tool="transformers", version=VERSION, real=True)
PLAIN, SPECIAL = ["wombat", "<dent>", "big dent"], ["<damage>"]
PROMPTS = ["caption en", "detect wombat ; <damage>"]
TEXTS = ["wombat", "a wombat", "wombats", "awombat", "Wombat", "wom bat", "<dent>", " <dent> ", "x<dent>y", "a big dent", "big  dent", "bigdent",
         "<damage>wombat", "<damage> <damage>\n", "<loc0001><dent><seg005>", "<dent", "", "detect wombat ; <damage>\n"]


def processor_folder():
    folder = Path("tokenizer")  # stays: saving copies tokenizer.model from it
    folder.mkdir(exist_ok=True)
    for file in TOKENIZER.parent.iterdir():
        if "token" in file.name or file.name in ("preprocessor_config.json", "config.json"):
            shutil.copy(file, folder)
    return folder


def processor(fast=True):
    """As a fine-tune of the tiny checkpoint loads it: from the files of the hub, which have <image> as an added token."""
    folder = processor_folder()
    if not fast:
        return AutoTokenizer.from_pretrained(folder, use_fast=False)
    return PaliGemmaProcessor.from_pretrained(folder)


def add_tokens(tokenizer):
    tokenizer.add_tokens(PLAIN)
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL})
    return [tokenizer.convert_tokens_to_ids(t) for t in PLAIN + SPECIAL]


def train(model, ids):
    """The rows of the new tokens as training leaves them: far from what they began with, and likely to be generated."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        weight = model.get_input_embeddings().weight
        weight[ids] = (torch.randn(len(ids), weight.shape[1], generator=generator) * 6).to(weight.dtype)


def questions(f, cases, **more):
    """What golden.py is to answer, and what the tokenizer of this version made of some texts."""
    (f.path / "golden.json").write_text(json.dumps(dict(more, cases=[dict(image="scene0.png", **c) for c in cases])))


def plain_questions(f):
    """Of a model whose tokenizer is the base's."""
    encode = AutoTokenizer.from_pretrained(processor_folder()).encode
    questions(f, [dict(prompt=p, prefixIds=[BOS, *encode(p, add_special_tokens=False), NEWLINE]) for p in ("caption en", "detect red circle")],
              vocabulary=VOCABULARY)


def added(name, generation, how, rows=None, fast=True, **resize):
    row = dict(ROW, how=how, expected=dict(reads="itself"), golden=True)
    with Fixture(name, **row) as f:
        saved = processor(fast)
        tokenizer = saved.tokenizer if fast else saved
        ids = add_tokens(tokenizer)
        model = load(generation)
        if resize or rows == "resized":
            model.resize_token_embeddings(len(tokenizer), **resize)
        train(model, ids)
        f.row["expected"].update(added=dict(zip(PLAIN + SPECIAL, ids)), rows=model.get_input_embeddings().weight.shape[0])
        encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
        questions(f, [dict(prompt=p, prefixIds=[BOS, *encode(p), NEWLINE]) for p in PROMPTS],
                  vocabulary=len(tokenizer), texts=[dict(text=t, ids=encode(t)) for t in TEXTS])
        model.save_pretrained(f.path)
        saved.save_pretrained(f.path)
        for needless in ("README.md", "chat_template.jinja"):
            Path(f.path, needless).unlink(missing_ok=True)


def other_head(model):
    generator = torch.Generator().manual_seed(9)
    old = model.get_output_embeddings().weight
    return torch.nn.Parameter((torch.randn(old.shape, generator=generator) * 0.7).to(old.dtype))


def untied(name, generation):
    with Fixture(name, **ROW, how="tie_word_embeddings false, lm_head trained apart", golden=True,
                 expected=dict(reads=f"paligemma{generation}", head="apart")) as f:
        model = load(generation)
        model.config.tie_word_embeddings = model.config.get_text_config().tie_word_embeddings = False
        model.get_output_embeddings().weight = other_head(model)
        model.save_pretrained(f.path)
        plain_questions(f)


def head_of_adapter(name):
    import peft

    with Fixture(name, tool="peft", version=peft.__version__, real=True, golden=True,
                 how="modules_to_save=['lm_head'], merge_and_unload, save_pretrained: text_config still says tied",
                 expected=dict(reads="paligemma2", head="apart")) as f:
        model = load(2)
        model = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["v_proj"], modules_to_save=["lm_head"]))
        head = model.base_model.model.lm_head.modules_to_save["default"]
        head.weight = other_head(model.base_model.model)
        model.merge_and_unload().save_pretrained(f.path)
        plain_questions(f)


def main():
    torch.manual_seed(0)  # for the rows that resizing draws
    if NUMBER[0] >= 5:
        added("added-tokens-resized", 2, "add_tokens, resize_token_embeddings(len(tokenizer))", rows="resized")
        untied("head-apart", 2)
        head_of_adapter("peft-merged-head")
    elif NUMBER >= (4, 57):
        added("added-tokens-multiple-of-64", 2, "add_tokens, resize_token_embeddings(…, pad_to_multiple_of=64)", pad_to_multiple_of=64)
    else:
        added("added-tokens-in-padding", 1, "add_tokens, no resize: the rows after <image> were there")
        added("added-tokens-slow-tokenizer", 1, "add_tokens to the slow tokenizer, resize", rows="resized", fast=False)
        untied(f"head-apart-transformers-{VERSION}", 1)


if __name__ == "__main__":
    main()
