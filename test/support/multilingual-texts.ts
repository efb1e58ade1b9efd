/**
 * Texts in many scripts for tests of tokenizers: sentences, code, runs of blanks, and seeded random mixtures. Always the
 * same ones; none holds half a surrogate pair.
 */
import { RandomNumbers } from './random.js';

/** Prompts and answers as PaliGemma knows them. */
const PROMPTS = [
  '',
  'caption en',
  'cap en\n',
  'describe en',
  'answer en Where is the cow standing?',
  'answer en this is a cow standing on the beach',
  'cow standing on the beach',
  'detect cow ; beach umbrella',
  'segment cow\n',
  'question en what is beside the cat?',
  'ocr',
  '<loc0051><loc0309><loc0708><loc0646> shoe',
  '<loc0051><loc0309><loc0708><loc0646> shoe ; <loc0000><loc1023><loc0512><loc0001> cat',
  ' <loc0100> <loc0200>',
  '<loc1024><loc12><loc00512><LOC0001><loc0001',
  '<seg000><seg127><seg128><seg1><seg064>cat',
  '<loc0000><seg000>x<loc0000>',
  'a<loc0001>b<seg001>c\n<loc0001>',
];

/** Spelled like pieces of the vocabulary that no text may turn into, and like parts of them. */
const LOOK_ALIKES = [
  '<0x41>',
  '<0x09>',
  '<0x0A><0x0a>',
  '<0xFF',
  '<mask>',
  '<2mass>',
  '[@BOS@]',
  '<unused0><unused98>',
  '<start_of_turn>user\nhello<end_of_turn>',
  '<start_of_image>',
  '<image>',
  '<BOS>',
  '< bos>',
  '<bos',
  'eos>',
  '<s></s>',
  '[INST] [/INST]',
  '<|endoftext|>',
  '\u2581',
  'a\u2581b\u2581\u2581c',
];

const SENTENCES = [
  // Latin
  'The quick brown fox jumps over the lazy dog.',
  'Żółć gęślą jaźń, pchnąć w tę łódź jeża lub ośm skrzyń fig.',
  'Příliš žluťoučký kůň úpěl ďábelské ódy.',
  'Falsches Üben von Xylophonmusik quält jeden größeren Zwerg.',
  'Voix ambiguë d’un cœur qui, au zéphyr, préfère les jattes de kiwis.',
  'El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío.',
  'Pijamalı hasta yağız şoföre çabucak güvendi. İIıi',
  'Sævör grét áðan því úlpan var ónýt.',
  'Do bạch kim rất quý nên sẽ dùng để lắp vô xương.',
  'Chwaraeodd Llŷr y piano; ’s mhath sin, ḃí sé go hálainn.',
  'Ọjọ́ kan, ẹni tó ń bọ̀ wá sí ilé mi kò mọ̀ ọ́n.',
  'ŊAŊA ɓaawo ɗoo ƴettu ʼajaa',
  // Other alphabets
  'Съешь же ещё этих мягких французских булок, да выпей чаю.',
  'Щастя б’ється жук їх глицю в фон й ґедзь пріч.',
  'Љубазни фењерџија чађавог лица хоће да ми покаже штос.',
  'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Ὦ ἄνδρες Ἀθηναῖοι',
  'نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر',
  'الْحَمْدُ لِلَّهِ رَبِّ الْعَالَمِينَ ۝ ٠١٢٣٤٥٦٧٨٩',
  'یک متن فارسی با نیم‌فاصله: می‌خواهم بروم',
  'ٹھنڈ میں، ایک قحط زدہ گاؤں سے گذرتے وقت',
  'דג סקרן שט בים מאוכזב ולפתע מצא חברה. שָׁלוֹם',
  'ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश। १२३',
  'আমি বাংলায় গান গাই, ক্ষুদ্র জ্ঞান ৎ ঃ ১২৩',
  'ਪੰਜਾਬੀ ਵਿੱਚ ਲਿਖਿਆ ਹੋਇਆ',
  'ગુજરાતી ભાષામાં લખાણ',
  'யாமறிந்த மொழிகளிலே தமிழ்மொழி போல்',
  'తెలుగు భాషలో ఒక వాక్యం',
  'ಕನ್ನಡದಲ್ಲಿ ಒಂದು ವಾಕ್ಯ',
  'മലയാളത്തിൽ ഒരു വാക്യം ൻ ർ',
  'සිංහල භාෂාවෙන් ලියූ වාක්‍යයක්',
  'เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน ๑๒๓',
  'ຂໍ້ຄວາມພາສາລາວ',
  'သီဟိုဠ်မှ ဉာဏ်ကြီးရှင်သည်',
  'ខ្ញុំអាចញុំកញ្ចក់បាន',
  'བོད་སྐད་ཀྱི་ཚིག་གྲུབ།',
  'გთხოვთ ახლავე გაიაროთ რეგისტრაცია ႠႡႢ ᲐᲑᲒ',
  'Բել դղյակի ձախ ժամն օֆ ազգությանը ցպահանջ չճշտած',
  'ሰማይ አይታረስ ንጉሥ አይከሰስ።',
  'ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ',
  'ᐃᓄᒃᑎᑐᑦ ᖃᓂᐅᔮᖅᐸᐃᑦ',
  'ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ',
  'ⵜⴰⵎⴰⵣⵉⵖⵜ',
  // Han, kana, Hangul
  '我能吞下玻璃而不伤身体。',
  '我能吞下玻璃而不傷身體。「引號」、，；：？！…',
  'いろはにほへと ちりぬるを わかよたれそ つねならむ',
  '鳥啼く声す夢覚ませ。カタカナ ｶﾀｶﾅ ﾊﾟﾋﾟ 々〆〤',
  '키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.',
  '한글 ᄒᆞᆫ글 ㅋㅋㅋㅋㅋㅋ',
  '𠀀𠀁𠮷野家 㐀㐁 ㊀㊁ ㍻',
  // Emoji: modifiers, zero-width joiners, flags, keycaps, tags
  '😀😃😄 👍🏽 👩🏾‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇩🇪🇯🇵🇧🇷 1️⃣#️⃣ ❤️‍🔥 🫠🪿',
  '👩‍❤️‍💋‍👨🧑🏿‍🤝‍🧑🏻☺︎☺️',
  // Signs
  '∀x∈ℝ: ∃y > x² ⇒ ∑ᵢ₌₁ⁿ i = n(n+1)/2 ≤ ∞, √2 ≈ 1.414 ± 0.001',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒮𝒸𝓇𝒾𝓅𝓉 𝟙𝟚𝟛 ⅷ ½ ¾ ① ⑳ Ⓐ',
  '€£¥₹₽₿ © ® ™ § ¶ † ‡ • … ‰ ′ ″ ‹› «» „“ ‚‘',
  '←↑→↓ ⇐⇒ ┌─┬─┐ │ ├┼┤ █▓▒░ ■□▲△ ♠♣♥♦ ♪♫ ☀☁☂',
  '⠓⠑⠇⠇⠕ ☰☱☲ 🂡🀄 𝄞𝄢',
  // Combining marks, invisible signs, direction marks
  'e\u0301 e\u0301\u0323 o\u0302\u0301 a\u030a \u0301 n\u0303n\u0303 Z\u0351\u036b\u0343\u036a\u0302',
  'a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u034fh\u180ei',
  '\u200fעברית\u200e English \u202bمرحبا\u202c \u2067אבג\u2069 \u061c',
  'nbsp\u00a0thin\u2009ideographic\u3000ogham\u1680line\u2028paragraph\u2029next\u0085',
  '\u0000\u0001\u0007\u0008\u000b\u000c\u001b[31m\u007f\u0080\u009f',
  '\ufdd0\ufffe\uffff\u{1fffe}\u{10ffff}\ue000\u{f0000} \ufffd',
];

const CODE = [
  'function f(x) {\n\treturn x === 1 ? "a" : `b` + x;\n}\n',
  'def f(x: int) -> str:\n    """Doc."""\n    return f"{x!r:>10}"\n\n\nclass A(B):\n        pass\n',
  '#include <vector>\nint main(int argc, char** argv) { return *argv[0] ^ 0x7F; }\r\n',
  'SELECT a.*, COUNT(*) FROM "t" AS a WHERE x <> \'y\' -- comment\n',
  '<!DOCTYPE html>\n<div class="a b"><p>x</p><br/><table><tr><td>1</td></tr></table></div>',
  '<h1>a</h1><strong>b</strong><code>c</code><sup>d</sup><ul><li>e</li></ul>',
  '{"a": [1, 2.5e-10, null, true], "b": {"c": "\\u00e9\\n"}}',
  'https://example.org/a/b?c=d&e=f%20g#h user@example.org C:\\Users\\x\\y.txt ../../z',
  '$\\frac{\\partial f}{\\partial x} = \\sum_{i=0}^{n} \\alpha_i x^i$',
  'if [[ -n "$X" && ! -e /tmp/x ]]; then echo "$X" | sed -e \'s/a/b/g\' >&2; fi',
  '0 1 12 123 1234 12345 1,234,567.89 -0.5 1e10 0xDEADBEEF 2024-01-31T23:59:59Z +49 30 1234567',
  '....,,,,;;;;!!!!????----____====****####~~~~((([[[{{{}}}]]])))',
];

const LONG = [
  'a'.repeat(300),
  'ab'.repeat(200),
  'aab'.repeat(150),
  'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  'pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(3),
  'antidisestablishmentarianismfloccinaucinihilipilification',
  'muvaffakiyetsizleştiricileştiriveremeyebileceklerimizdenmişsinizcesine',
  'हिन्दी'.repeat(30),
  '笑'.repeat(100),
  'ハ'.repeat(80),
  '👍'.repeat(50),
  '👨‍👩‍👧‍👦'.repeat(20),
  '1234567890'.repeat(30),
  '0'.repeat(100),
  '='.repeat(120),
  '-'.repeat(77),
  '. '.repeat(60),
  'ha'.repeat(61),
  'lol '.repeat(61),
  ('The quick brown fox jumps over the lazy dog. ' + 'Съешь же ещё этих мягких булок. ').repeat(20),
];

/** Runs of 1 to 40 of each blank, alone, between words, and mixed. */
function blanks(random: RandomNumbers): string[] {
  const texts: string[] = [];
  for (const blank of [' ', '\t', '\n', '\r', '\r\n', '\u00a0', '\u3000']) {
    for (let n = 1; n <= 40; n++) texts.push(blank.repeat(n), `a${blank.repeat(n)}b`);
  }
  for (let i = 0; i < 300; i++) {
    let text = '';
    for (let n = 1 + random.below(12); n > 0; n--) {
      text += random.of([' ', ' ', '\t', '\n', '\n', '\r', 'x', '  ', '\n\n', '    ', '}']);
    }
    texts.push(text);
  }
  return texts;
}

const BLOCKS: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x00, 0x1f],
  [0xa0, 0x24f],
  [0x250, 0x36f],
  [0x370, 0x52f],
  [0x531, 0x6ff],
  [0x900, 0xdff],
  [0xe00, 0x109f],
  [0x10a0, 0x13ff],
  [0x1e00, 0x20ff],
  [0x2100, 0x2bff],
  [0x3000, 0x33ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xffff],
  [0x10000, 0x10fff],
  [0x1d400, 0x1d7ff],
  [0x1f000, 0x1faff],
  [0x20000, 0x323af],
  [0xe0000, 0x10ffff],
];

function randomCharacter(random: RandomNumbers): string {
  const [first, last] = random.of(BLOCKS);
  return String.fromCodePoint(first + random.below(last - first + 1));
}

/** Characters from one block, or from all of them. */
function randomUnicode(random: RandomNumbers): string {
  const [first, last] = random.of(BLOCKS);
  const mixed = random.below(3) === 0;
  let text = '';
  for (let n = 1 + random.below(24); n > 0; n--) {
    text += mixed
      ? randomCharacter(random)
      : String.fromCodePoint(first + random.below(last - first + 1));
  }
  return text;
}

/** A piece of a text, cut at characters. */
function cut(text: string, random: RandomNumbers): string {
  const characters = [...text];
  const begin = random.below(characters.length);
  return characters.slice(begin, begin + 1 + random.below(40)).join('');
}

/** Some five thousand texts. */
export function multilingualTexts(): readonly string[] {
  const random = new RandomNumbers(20240514);
  const written = [...SENTENCES, ...CODE, ...PROMPTS.filter((t) => t !== '')];
  const texts = [...PROMPTS, ...LOOK_ALIKES, ...written, ...LONG, ...blanks(random)];
  for (let i = 0; i < 1200; i++) texts.push(cut(random.of(written), random));
  for (let i = 0; i < 800; i++) {
    texts.push(
      cut(random.of(written), random) +
        random.of(['', ' ', '\n', '  ']) +
        cut(random.of(written), random),
    );
  }
  for (let i = 0; i < 1800; i++) texts.push(randomUnicode(random));
  // Letters of few kinds merge in many ways: the order of merges shows.
  for (let i = 0; i < 600; i++) {
    const letters = random.of([
      'ab',
      'ei',
      'no ',
      '.-',
      'aá',
      '01',
      'иы',
      '。、',
      '/*',
      '= ',
      'ehs',
    ]);
    texts.push(Array.from({ length: 2 + random.below(60) }, () => random.of(letters)).join(''));
  }
  return [...new Set(texts)];
}
