/** Shared by the tests of the grammar: files that use all of the language. */

import fc from 'fast-check';

/** The complete model of the language page. */
export const example = `// The seed's benchmark: three recurrent layers of 2000 units on MNIST.

connection forward  { init: kaiming_uniform() }
connection backward { init: uniform(-0.05, 0.05), sign: -1 }
connection lateral  { init: orthogonal(gain: sqrt(2)) }
connection context  { init: normal(std: 3 * sqrt(2 / fan_in)), sign: -1 }

model mnist3x2000 {
  param theta = 1.5                       // goodness threshold; --set theta=1.25 changes it

  input image[784]
  label digit[10]

  layer h1[2000], h2[2000], h3[2000] {
    activation: leaky_relu(z, 0.01)
    normalize:  h / sqrt(mean(h^2) + 1e-8)
    damping:    0.7
  }

  connect image -> h1 -> h2 -> h3        as forward
  connect h3 -> h2 -> h1                 as backward
  connect digit -> h3                    as context
  connect h1 -> h1, h2 -> h2, h3 -> h3   as lateral

  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - theta)
    negative: softplus(theta - goodness)
    predict:  min
  }

  schedule {
    phase settle[3] { label: uniform, input: frame(0), learn: off, damping: off }
    phase learn[10] { label: given }
    score learn[4..6]
  }

  negatives: random_label()

  train {
    data:      mnist(normalize: [0.1307, 0.3081])
    epochs:    60
    batch:     500
    optimizer: rmsprop(lr: 5e-6)
    decay:     step(every: 10000, gamma: 0.9)
    seed:      1234
  }

  evaluate { batch: 5000 }
}
`;

/** What that model does not use. */
export const everything = `/* all of the language */
fn silu2(z, b = 1) = z * sigmoid(b * z)
fn spike(z) = step(z) derivative 1 / (1 + abs(z))^2

connection forward { init: kaiming_uniform(), bias: uniform(-1 / sqrt(fan_in), 1 / sqrt(fan_in)) }
connection local extends forward { field: patch([28, 28], size: 7, stride: 3, maps: 8), delay: 0 }

model all {
  param theta = 2^-1, param width = 3
  connection inner { bias: off, dropout: 0.1, learn: on }
  input image[28 * 28] { normalize: h, embed: digit(at: 0, scale: 1) }
  label digit[10]
  layer train[512], as[width * 2]
  layer label[10] { objective: pairwise, peer_norm: peer_norm(0.03, momentum: 0.9) }
  connect image -> train, train -> as, as -> label as local { delay: 0 }
  connect digit -> train as inner
  decode image from train, as { loss: mean(abs(x - y)), activation: sigmoid(z), bias: off }
  objective pairwise {
    goodness: if mean(h) > theta then sum(h^2) / n else -h^2
    pair: softplus(neg - pos), predict: max
  }
  schedule {
    phase phase[3] { label: mix(hidden, given, (t + 1) / 3), input: frame(t) }
    score phase[0..2] over train, as
  }
  negatives: latent_classifier(features: raw, layers: all, learn_from: positive, optimizer: sgd(0.1))
  train { data: tensors("a \\"quoted\\" name.safetensors"), validation: 5e-2 }
  evaluate { batch: 10, data: idx("C:/data") }
}
`;

/** A tree without spans, which leaves the meaning. The text of numbers is kept. */
export function withoutSpans(tree: unknown): unknown {
  return JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'span' ? undefined : value)));
}

/** What may follow a word: mostly nothing, sometimes a numbered comment. A line comment ends in `/`. */
export const gaps: fc.Arbitrary<(i: number) => string> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(() => '') },
  { weight: 1, arbitrary: fc.constant((i: number) => ` /* c${i} */`) },
  { weight: 1, arbitrary: fc.constant((i: number) => ` /* c${i}\n */`) },
  { weight: 1, arbitrary: fc.constant((i: number) => ` // c${i} /\n`) },
  { weight: 1, arbitrary: fc.constant((i: number) => `\n\n /* c${i} */ // c${i} /\n`) },
);

const names = [
  'h',
  'x1',
  'train',
  'label',
  'layer',
  'phase',
  'as',
  'over',
  'from',
  'derivative',
  'a_long_name_for_a_unit',
];
const name = fc.constantFrom(...names);
const plainName = fc.constantFrom('h', 'h2', 'goodness', 'a_long_name_for_a_unit');
const words = (...parts: (string | fc.Arbitrary<string[]>)[]): fc.Arbitrary<string[]> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant([part]) : part)))
    .map((all) => all.flat());
const one = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string[]> => arbitrary.map((text) => [text]);
const joined = (item: fc.Arbitrary<string[]>, separator: string, minLength: number, maxLength: number) =>
  fc
    .array(item, { minLength, maxLength })
    .map((items) => items.flatMap((each, i) => (i > 0 ? [separator, ...each] : each)));

const { expression } = fc.letrec<{ expression: string[]; operand: string[]; argument: string[] }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('operand'),
    words(tie('operand'), one(fc.constantFrom('+', '-', '*', '/', '^')), tie('operand')),
    words(tie('operand'), '+', tie('operand'), '*', '-', tie('operand'), '<', tie('operand')),
    words('if', tie('operand'), '>=', tie('operand'), 'then', tie('expression'), 'else', tie('expression')),
  ),
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    one(plainName),
    one(fc.constantFrom('12', '0.7', '5e-6', '1E+3', '"a // b"')),
    words('(', tie('expression'), ')'),
    words(one(plainName), '(', joined(tie('argument'), ',', 0, 4), ')'),
    words('-', tie('operand')),
  ),
  argument: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    words('eps', ':', tie('expression')),
    words('over', ':', '[', joined(tie('expression'), ',', 0, 3), ']'),
  ),
}));

const separator = fc.constantFrom('\n', ',', ',', '\n\n\n');
/** Entries with a separator between them, and perhaps one after the last. */
const block = (entry: fc.Arbitrary<string[]>, maxLength: number): fc.Arbitrary<string[]> =>
  fc
    .tuple(fc.array(fc.tuple(entry, separator), { maxLength }), fc.boolean(), fc.boolean())
    .map(([entries, open, trail]) => {
      const inside = entries.flatMap(([each, between], i) =>
        i < entries.length - 1 || trail ? [...each, ...between] : each,
      );
      return ['{', ...(open ? ['\n'] : []), ...inside, ...(open ? ['\n'] : []), '}'];
    });
const property = words(one(name), ':', expression);
const properties = block(property, 4);
const sized = words(one(name), '[', expression, ']');
const chain = joined(one(name), '->', 2, 4);

/** The words of a valid file; `\n` and `,` where entries are separated. */
export const modelText = (): fc.Arbitrary<string[]> => {
  const item = fc.oneof(
    property,
    words('param', one(name), '=', expression),
    words('label', sized),
    words('input', sized, properties),
    words('layer', joined(sized, ',', 1, 3), properties),
    words('layer', sized),
    words('connect', joined(chain, ',', 1, 3), 'as', one(name)),
    words('connect', chain, 'as', one(name), properties),
    words('decode', one(name), 'from', joined(one(plainName), ',', 1, 3), properties),
    words('decode', one(name), 'from', one(name)),
    words('objective', properties),
    words('objective', one(name), properties),
    words('train', properties),
    words('evaluate', properties),
    words('connection', one(name), 'extends', one(name), properties),
    words(
      'schedule',
      block(
        fc.oneof(
          words('phase', sized, properties),
          words(
            'score',
            one(name),
            '[',
            expression,
            '..',
            expression,
            ']',
            'over',
            joined(one(name), ',', 1, 3),
          ),
          words('score', one(name), '[', expression, '..', expression, ']'),
        ),
        3,
      ),
    ),
  );
  return fc
    .tuple(
      words(
        'fn',
        one(plainName),
        '(',
        joined(one(plainName), ',', 0, 3),
        ')',
        '=',
        expression,
        'derivative',
        expression,
      ),
      words('connection', one(name), properties),
      words('model', one(name), block(item, 6)),
    )
    .map((items) => items.flatMap((each) => [...each, '\n']));
};
