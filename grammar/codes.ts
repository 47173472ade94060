/**
 * The syntax errors: what each code means and what such a mistake looks like. The language reference prints this table.
 */
export interface CodeInfo {
  readonly title: string;
  readonly explanation: string;
}

export const syntaxCodes: Readonly<Record<string, CodeInfo>> = {
  RFF101: {
    title: 'unexpected character',
    explanation:
      'A character that .rff does not use. Lookalikes such as `;`, `→`, `−`, `×` or curly quotes are read ' +
      'as the character they resemble, so that the rest of the file is still checked.',
  },
  RFF102: {
    title: 'unterminated string',
    explanation: 'A string starts with `"` and ends with `"` on the same line.',
  },
  RFF103: {
    title: 'unterminated comment',
    explanation: 'A comment opened by `/*` is closed by `*/`. A `//` comment ends with its line.',
  },
  RFF104: {
    title: 'missing closing bracket',
    explanation:
      'A `{`, `[` or `(` is never closed. Where the closing bracket belongs is inferred from the ' +
      'declarations that follow and from their indentation.',
  },
  RFF105: {
    title: 'unmatched closing bracket',
    explanation: 'A `}`, `]` or `)` that closes nothing, or that does not match the bracket it should close.',
  },
  RFF106: {
    title: 'malformed number',
    explanation:
      'Numbers are written `12`, `0.7` or `5e-6`: digits on both sides of the point, no separators, no ' +
      'units. Names start with a letter or `_`.',
  },
  RFF107: {
    title: 'unknown escape sequence',
    explanation:
      'In a string, `\\"` is a quote and `\\\\` a backslash; there are no other escape sequences. Paths may ' +
      'use `/` on every system.',
  },
  RFF108: {
    title: 'missing value',
    explanation: 'An expression is expected here: after a colon, an operator, an opening bracket or a comma.',
  },
  RFF109: {
    title: 'unexpected text',
    explanation:
      'This does not fit what precedes it: a second value, an operator without a left operand, or a bracket ' +
      'or block that does not belong here.',
  },
  RFF110: {
    title: 'unknown declaration',
    explanation:
      'The declarations are `fn`, `connection` and `model` at the top of a file; `param`, `input`, `label`, ' +
      '`layer`, `connect`, `connection`, `decode`, `objective`, `schedule`, `train` and `evaluate` in a ' +
      'model; `phase` and `score` in a schedule.',
  },
  RFF111: {
    title: 'missing separator',
    explanation:
      'Two entries of a block share a line without a comma between them. Separate entries by a new line or a comma.',
  },
  RFF112: {
    title: 'chained comparison',
    explanation:
      '`a < b < c` would compare `c` with the result of `a < b`, which is 1 or 0. To require both, multiply ' +
      'the comparisons: `(a < b) * (b < c)`.',
  },
  RFF113: {
    title: 'missing name',
    explanation:
      "A name is expected after a declaration's keyword, an arrow, `as`, `from`, `extends` or `over`. `if`, " +
      '`then` and `else` are reserved.',
  },
  RFF114: {
    title: 'incomplete declaration',
    explanation:
      'A required part of the declaration is missing: its size or steps in `[ ]`, its block, `=`, `->`, `as ' +
      'TYPE`, or the range of a `score`.',
  },
  RFF115: {
    title: 'missing colon',
    explanation: 'A property is written `key: value`.',
  },
  RFF116: {
    title: 'misplaced declaration',
    explanation:
      'The declaration or property has no meaning in this block: a `phase` outside `schedule`, a `layer` ' +
      'outside `model`, a `model` inside another.',
  },
  RFF117: {
    title: 'positional argument after a named one',
    explanation: 'Positional arguments come first, then named ones: `rms_norm(h, eps: 1e-8)`.',
  },
  RFF118: {
    title: 'expression too large',
    explanation:
      'An expression has more than 1000 parts, or brackets nested more than 64 deep. Name parts of it with ' +
      '`fn` or `param`.',
  },
  RFF119: {
    title: 'not a .rff file',
    explanation:
      'The file seems to be of another kind: an image, an archive, a script, YAML, JSON. Models are text in ' +
      '.rff files (or model documents, the JSON of `rffc compile --emit model`); data sets are named inside ' +
      'a model.',
  },
  RFF120: {
    title: 'notation of another language',
    explanation:
      'An expression or call in the notation of PyTorch, NumPy, Python or JavaScript: modules and methods ' +
      '(`h.pow(2).mean(1)`), `c ? a : b`, `a if c else b`, `lr=1e-3`, tuples, `and`, `or`, lambdas. In ' +
      '.rff, functions are called by name alone, branches are written `if c then a else b`, named arguments ' +
      '`lr: 1e-3`, lists are in `[ ]`, and a comparison evaluates to 1 or 0.',
  },
  RFF121: {
    title: 'malformed size or range',
    explanation:
      'A size follows the name in square brackets, as one number or expression: `input image[28 * 28]`, ' +
      '`layer h1[200]`, `phase learn[10]`. The steps of a score are an inclusive range: `score ' +
      'learn[4..6]`.',
  },
  RFF122: {
    title: 'statement of another language',
    explanation:
      'A model is declarations, not statements: there are no imports, loops, classes or standalone calls. A ' +
      'function is written `fn f(x) = x^2`, a named number `param theta = 1.5`, a layer `layer h1[200]`.',
  },
  RFF123: {
    title: 'notation of YAML or JSON',
    explanation:
      'A block follows its keyword or name directly, without `:` or `=`: `train { … }`, `model m { … }`. ' +
      'Keys have neither quotes nor a leading dash, as in `epochs: 10`, and values are calls, not objects: ' +
      '`optimizer: adam(lr: 1e-3)`.',
  },
  RFF124: {
    title: 'malformed connection',
    explanation:
      'Connections are written `connect SOURCE -> TARGET as TYPE`, from left to right. Chains and lists are ' +
      'allowed: `connect image -> h1 -> h2, digit -> h1 as forward`.',
  },
};
