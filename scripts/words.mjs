// Words that a native engineer would not use here, with the usual ones. `npm run check` looks for them in comments, in
// messages and in Markdown, and names each place (scripts/check/words.mjs). What is in backticks or in a code block
// is not prose and is not looked at.
//
// `except`: phrases in which the word is right. `only`: where it means something else than in plain English.

/** Code and pages about tensors: elsewhere a product is of probabilities, and numbers are those of prices and pages. */
const TENSORS = [
  ...['native', 'test/native', 'test/parity', 'src/native', 'scripts', 'bench'],
  ...['docs/architecture.md', 'docs/performance.md', 'docs/platforms.md'],
];

export const WORDS = [
  {
    pattern: /\bbehind\b/i,
    say: 'after',
    except: [
      /behind (a|the) (reverse )?(proxy|load balancer|flag)/i,
      /(leave|leaves|leaving|left) (\w+ )?(\*\s+)?behind/i,
      /left\s+(\*\s+)?behind/i,
    ],
  },
  { pattern: /\bgives\b/i, say: 'returns, makes, has', except: [] },
  { pattern: /\b(stands|lies)\b/i, say: 'is', except: [/stands for/i] },
  { pattern: /\bsaid\b/i, say: 'generated, reported', except: [/that said/i] },
  { pattern: /\btold\b/i, say: 'reported, known', except: [/told apart/i] },
  {
    pattern: /\b(whoever|somebody|nobody|everybody)\b/i,
    say: 'the caller, a request, none',
    except: [],
  },
  {
    pattern: /\bproducts?\b/i,
    say: 'matmul',
    only: TENSORS,
    except: [
      /(dot|outer|inner|cross|scalar|element-?wise) products?/i,
      /Hadamard product/,
      // Of probabilities.
      /products? (of|over)\b/i,
    ],
  },
  {
    pattern: /\bnumbers\b/i,
    say: 'elements, values',
    only: TENSORS,
    except: [
      /(line|page|version|serial|token|frame|random|whole|layer|real|class|odd|even|magic|denormal) numbers/i,
      /numbers of|numbers are right/i,
    ],
  },
  {
    pattern: /\bsums\b/i,
    say: 'accumulators',
    only: TENSORS,
    except: [/check ?sums/i, /sums (of|to|up)\b/i],
  },
  { pattern: /\bdraft(s|ed)?\b/i, say: 'speculative tokens', except: [] },
  { pattern: /\b(kernel|matmul)s? of ours\b/i, say: 'our kernel, our matmul', except: [] },
  {
    pattern: /\bbundled\s+(\*\s+)?(demo\s+)?model\b/i,
    say: 'demo model, as it is a package of its own',
    except: [],
  },
];
