"""Words of captions, CIDEr and BLEU of pycocoevalcap, for test/unit/evaluation/metrics. Needs Java 8 or newer.

Usage: caption-goldens.py OUTPUT
Needs: pip install pycocoevalcap==1.2
"""

import contextlib
import gzip
import io
import json
import random
import sys
from pathlib import Path

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

# --- captions -------------------------------------------------------------------------------------------------------

COLOURS = "red blue green yellow white black brown gray-blue dark-red light-brown multi-colored two-tone".split()
THINGS = """man woman boy girl child dog cat horse bird sheep cow elephant zebra giraffe bus car truck train motorcycle bicycle
boat airplane bench table chair couch bed laptop keyboard phone book clock vase pizza cake sandwich banana apple broccoli
hot dog|teddy bear|fire hydrant|stop sign|parking meter|tennis racket|baseball bat|surfboard|skateboard|kite|umbrella""".replace("\n", " ")
THINGS = [w for part in THINGS.split("|") for w in (part.split() if part.startswith("man ") else [part])]
PLACES = """on the grass|in a field|at the beach|near a fence|on top of a table|in front of a building|next to a window|by the ocean
in the snow|down the street|inside a kitchen|under a tree|on a city street|at night|in the U.S.|in Washington D.C.|on Main St.
at 5 p.m.|at 10:30 a.m.|in New York|on the 2nd floor|in the living-room|at St. Mary's|near No. 10|on Jan. 5|in the '90s""".replace("\n", "|").split("|")
DOES = """sitting|standing|riding a wave|playing frisbee|eating|sleeping|running|looking at the camera|holding an umbrella|walking
jumping over a hurdle|flying a kite|taking a selfie|talking on a cell phone|brushing it's teeth|waiting""".replace("\n", "|").split("|")
OWNERS = "man's woman's dog's children's girls' boys' James' James's men's someone's its it's O'Brien's McDonald's Macy's".split()
CONTRACTED = """don't can't won't isn't doesn't it's he's she's they're I'm we've you'll they'd couldn't wouldn't've let's that's
there's what's who's ain't y'all cannot gonna wanna gotta lemme gimme 'tis 'twas o'clock ma'am rock'n'roll 'em 'til
c'mon d'Artagnan l'eau Hawai'i DON'T Can't IT'S don’t it’s they’re I’m ‘em rock 'n' roll|mac n' cheese""".replace("\n", " ")
CONTRACTED = [w for part in CONTRACTED.split("|") for w in (part.split() if "don't" in part else [part])]
NUMBERS = """1 2 3 10 24 100 1,000 2,500,000 3.5 0.5 .5 1/2 3/4 5 1/2 24/7 9/11 50/50 7-11 3-2 10-15 5'10" 6' 10" 1990s 80's '80s '05 1st 2nd 3rd
21st 2x4 4x4 3D 3-D #1 #42 No. 5 no. 7 100% 50 % 10:30 10:30am 5pm 7 p.m. 12/25/2010 2010-12-25 555-1234 (555) 555-1234 1-800-555-0199
20mph 10km/h 6ft 6 ft. tall|12 oz. can|10 lbs. of|20-year-old two-year-old 1.5m 3.5mm ½ 3½ 20°C 20 °C -5 +5 ~10 10+ 10th. 747s A380 F-16s B-52
2nd-floor 3.5-inch 1,000-foot 5,00 1.2.3 192.168.1.1 v1.2 mp3 H2O R2-D2 5' x 7'""".replace("\n", " ")
NUMBERS = [w for w in NUMBERS.split(" ")] + ["5 1/2", "No. 5", "no. 7", "7 p.m.", "(555) 555-1234", "6 ft. tall", "12 oz. can", "10 lbs. of bananas", "50 %", "20 °C", "5' x 7'"]
MONEY = "$5 $3.50 $1,000.00 US$5 C$10 HK$20 £5 £3.50 €10 10€ 10 € ¥500 50¢ 99¢ $5-$10 $1.5m $20/hr $1M ₹50".split(" ")
SHORT = """Mr. Smith|Mrs. Jones|Ms. Lee|Dr. Who|dr. pepper|St. Louis|Ave.|Blvd.|Inc.|Co.|Corp.|Ltd.|Jr.|Sr.|Ph.D.|U.S.|U.S.A.|U.K.|L.A.|D.C.|a.m.|p.m.|e.g.|i.e.
etc.|vs.|No. 5|no.|fig. 3|Jan. 5|Feb.|Sept. 11|Dec.|Mon.|Tues.|Sun.|J. Smith|J.R.R. Tolkien|B. Obama|Mt. Fuji|Ft. Worth|Sgt. Pepper|Capt. Hook|Prof. X
Lt. Dan|Gen. Lee|Gov.|Sen.|Rev.|approx. 5|dept.|est. 1990|oz.|lb.|lbs.|ft.|in.|min.|max.|a.k.a.|P.O. Box|B.C.|R.I.P.|O.K.|Calif.|Fla.|Mass.|Wash.""".replace("\n", "|").split("|")
SIGNS = """\"Stop\"|"No Parking"|'STOP'|“Yield”|‘Exit’|«Sortie»|„Halt“|``Stop''|"one way"|"don't walk"|("Keep Out")|"$5"|"A"|'hello|a sign: "wow"|"Wow!"|"Really?",|"OK."""
SIGNS = SIGNS.split("|") + ["\"U.S. Mail\"", "'Al's'", "the word 'love'", "\"", "'", "the letters 'A' and 'B'"]
MARKED = """black-and-white|x-ray|t-shirt|T-shirt|e-mail|co-op|mother-in-law|well-lit|close-up|half-eaten|one-way|U.S.-based|pre-1950|mid-1990s|jack-o'-lantern|jack-o-lantern
red/white|red/white/blue|and/or|he/she|w/|w/o|b/w|and / or|a - b|left--right|left — right|left–right|left – right|wait...|wait ... what|wait…|... and|. . .|hmm..|so....
(left)|(top left)|[left]|{left}|<b>bold</b>|<start>|(s)|dog(s)|(A)|:)|:-)|;)|:(|:D|:P|=)|<3|^_^|XD|:-D|:/|(:|8)|>:(|!!|!!!|?!|??|wow!what|what?!|yes!|no?
http://www.example.com/a?b=c|https://t.co/abc.|www.flickr.com|www.example.com/photos/1|flickr.com|example.org|foo@bar.com|@nasa|#nofilter|#1 fan|# 5|@ home|photo.jpg|IMG_0001.JPG|DSC0001.jpg
A&B|AT&T|R&B|M&M's|Q&A|a&b|B & W|H&M|&amp;|&lt;|C++|C#|F#|.NET|Node.js|E*Trade|Yahoo!|5*|***|*wow*|a+b|a = b|~|a_b|snake_case|__|x|\\|50%|100%-cotton|a,b|a;b|a:b|a.b|end.The|end. The|end.the
café|naïve|Zürich|São Paulo|jalapeño|piñata|crème brûlée|Björk|Ångström|Москва|北京|東京タワー|서울|Αθήνα|שלום|مرحبا|café's|Beyoncé|fiancée's|crêpe-maker
2 × 4|3×4|±5|x²|m²|™|LEGO®|©2010|© Getty Images|§5|†|•|·|→|★|♥|☺|😀|👍🏽|a😀b|🐶 dog|½ price|¼|№5|1º|¡Hola!|¿Qué?|5′10″|″|‐|non‑breaking|−5|soft\u00adhyphen|zero\u200bwidth|no\u00a0break|e\u0301te\u0301|ﬁsh|ＡＢＣ|，|。|「」|…|‥""".replace("\n", "|").split("|")
MARKED += ["|"]
LISTS = [THINGS, COLOURS, PLACES, DOES, OWNERS, CONTRACTED, NUMBERS, MONEY, SHORT, SIGNS, MARKED]


def plain(rng):
    count = rng.choice(["a", "A", "The", "two", "Two", "a group of", "Several", "There is a", "This is a picture of a", "A close-up of a", "an"])
    return f"{count} {rng.choice([rng.choice(COLOURS) + ' ', '', ''])}{rng.choice(THINGS)} {rng.choice(DOES)} {rng.choice(PLACES)}"


def caption(rng):
    text = plain(rng)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        words = text.split(" ")
        words.insert(rng.randint(0, len(words)), rng.choice(rng.choice(LISTS)))
        text = " ".join(words)
    if rng.random() < 0.2:
        text += rng.choice([", ", ". ", "; ", " and ", " - ", ".", ","]) + plain(rng)
    text += rng.choice([".", ".", ".", "", "", " .", "!", "?", "...", " ", ".\n", ".)", ",", ":", ".\"", "\t"])
    if rng.random() < 0.15:
        text = rng.choice([str.upper, str.title, str.capitalize, lambda t: f'"{t}"', lambda t: f"({t})", lambda t: t.replace("\n", " ").replace(" ", "  "), lambda t: t.replace(" ", "\n", 1)])(text)
    return text


def scene(rng):
    """Captions that share words, as those of one picture do."""
    base = plain(rng).split(" ")
    for _ in range(10):
        words = list(base)
        for _ in range(rng.randint(0, 4)):
            at = rng.randint(0, len(words) - 1)
            kind = rng.randint(0, 2)
            if kind == 0:
                words[at] = rng.choice(rng.choice(LISTS[:7]))
            elif kind == 1:
                words.insert(at, rng.choice(["a", "the", "very", "and", "with", rng.choice(COLOURS)]))
            elif len(words) > 1:
                del words[at]
        yield " ".join(words) + rng.choice([".", "", " ."])


def words_of(captions):
    """One at a time: the tokenizer looks into the next line, so that a neutral one comes after each."""
    given = {0: [{"caption": one} for text in captions for one in (text, "x")]}
    return PTBTokenizer().tokenize(given)[0][::2]


# --- figures --------------------------------------------------------------------------------------------------------

def corpus(rng, number, pool):
    """Pictures: for each the caption that is judged, and those that it is compared with, as places in the pool."""
    size = number + 1 if number < 4 else rng.choice([rng.randint(1, 30), rng.randint(1, 200)])
    pictures = []
    for _ in range(size):
        first = rng.randrange(0, len(pool), 10)
        group = list(range(first, first + 10))
        answer = rng.choice(group) if rng.random() < 0.8 else rng.randrange(len(pool))
        pictures.append([answer, rng.sample(group, rng.randint(1, 5))])
    return pictures


def figures(pictures, words):
    truths = {i: [words[one] for one in references] for i, (_, references) in enumerate(pictures)}
    answers = {i: [words[answer]] for i, (answer, _) in enumerate(pictures)}
    with contextlib.redirect_stdout(io.StringIO()):
        cider, cider_rows = Cider().compute_score(truths, answers)
        bleu, bleu_rows = Bleu(4).compute_score(truths, answers)
    rows = dict(ciderRows=[float(v) for v in cider_rows], bleuRows=[float(v) for v in bleu_rows[3]]) if len(pictures) <= 40 else {}
    return dict(pictures=pictures, cider=float(cider), bleu=float(bleu[3]), **rows)


def write(folder, name, content):
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    (Path(folder) / f"{name}.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def main(output):
    rng = random.Random(1)
    captions = [caption(rng) for _ in range(5000)]
    write(output, "caption-words", list(zip(captions, words_of(captions))))
    rng = random.Random(2)
    pool = [text for _ in range(60) for text in scene(rng)] + [""] * 10
    words = words_of(pool)
    write(output, "corpora", dict(captions=pool, corpora=[figures(corpus(rng, i, pool), words) for i in range(200)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
