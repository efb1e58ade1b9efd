// Words that a native engineer would not use here, with the usual ones. `npm run check` counts them in comments, in
// messages and in Markdown, and names each place (scripts/check/words.mjs). What stands in backticks or in a code block
// is not prose and is not looked at.
//
// `except`: phrases in which the word is right. `paths`: folders or files whose subject it is, with the reason.

export const WORDS = [
  {
    pattern: /\bbehind\b/i,
    say: 'after',
    except: [/behind (a|the) (reverse )?(proxy|load balancer|flag)/i],
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
    except: [
      /(line|page|version|serial|phone|token|frame|random|whole|real|natural|part|class|issue|odd|even|magic|denormal|prime) numbers/i,
      /numbers (of|are right)/i,
    ],
    paths: {
      'src/tasks/fields': 'reads numbers that people write',
      'test/unit/tasks/fields': 'reads numbers that people write',
    },
  },
  {
    pattern: /\bsums\b/i,
    say: 'accumulators',
    except: [/check ?sums/i, /sums (of|to|up)\b/i],
  },
  {
    pattern: /\bdraft(s|ed)?\b/i,
    say: 'speculative tokens',
    except: [],
  },
];
