/** Which of the two losses and `predict` is reported as wrong, and what is suggested instead. */
import { expect, test } from 'vitest';
import { parse } from '../../grammar/parser.js';
import { check } from './check.js';

const objective = (properties: string, goodness = 'mean(h^2)') => `
connection c { }
model m {
  param theta = 1.5
  input image[4]
  label digit[2]
  layer h1[20] { }
  connect image -> h1, digit -> h1 as c
  objective { goodness: ${goodness}, ${properties} }
  schedule { phase learn[2] { label: given } }
  train { data: tensors("x") }
}`;

/** Code, underlined text and hint of all diagnostics, except that `theta` may be unused. */
function said(properties: string, goodness?: string) {
  const text = objective(properties, goodness);
  const { diagnostics } = check(parse(text).tree);
  return diagnostics
    .filter((d) => d.code !== 'RFF210')
    .map(({ code, severity, span, hint }) => [code, severity, text.slice(span!.start, span!.end), hint]);
}

const least = 'positive: softplus(goodness - theta), negative: softplus(theta - goodness)';
const greatest = 'positive: softplus(theta - goodness), negative: softplus(goodness - theta)';

test.each([
  [`${least}, predict: min`],
  [least],
  [`${greatest}, predict: max`],
  ['positive: max(goodness - theta + 1, 0), negative: max(theta + 1 - goodness, 0)'],
  ['positive: goodness, negative: exp(-goodness)'],
  ['positive: sigmoid(2 * (goodness - theta)), negative: 1 - tanh(goodness)'],
  // Rises and falls, so only the other loss tells a direction.
  ['positive: (goodness - theta)^2, negative: -0.1 * goodness'],
  ['positive: (goodness - theta)^2, negative: (goodness - 4)^2, predict: max'],
  ['pair: softplus(4 * (pos - neg))'],
  ['pair: softplus(neg - pos), predict: max'],
  ['pair: (pos - neg - theta)^2 + 0.1 * neg, predict: max'],
])('accepts losses with opposite directions: %s', (properties) => {
  expect(said(properties)).toEqual([]);
});

test('reports the loss that disagrees with the other two, and suggests its reverse', () => {
  const low = 'positive: softplus(goodness - theta), negative: 2 * softplus(goodness - theta)';
  expect(said(`${low}, predict: min`)).toEqual([
    [
      'RFF336',
      'error',
      '2 * softplus(goodness - theta)',
      '`positive` agrees with `predict: min`, so `negative` is wrong: write `negative: softplus(theta - goodness) * 2`',
    ],
  ]);
  expect(said(`${low}, predict: max`)).toEqual([
    [
      'RFF336',
      'error',
      'softplus(goodness - theta)',
      '`negative` agrees with `predict: max`, so `positive` is wrong: write `positive: softplus(theta - goodness)`',
    ],
  ]);
  const same = 'positive: softplus(goodness - theta), negative: softplus(goodness - theta)';
  expect(said(same)[0]).toEqual([
    'RFF336',
    'error',
    'softplus(goodness - theta)',
    expect.stringMatching(
      /the default, so `negative` is wrong: write `negative: softplus\(theta - goodness\)`$/,
    ),
  ]);
});

test('accepts the suggested replacement of the wrong loss', () => {
  for (const loss of [
    'softplus(goodness - theta)',
    'max(goodness - theta + 1, 0)',
    'goodness',
    '3 * goodness^3',
  ]) {
    const [[, , , hint]] = said(`positive: ${loss}, negative: 2 * ${loss}`) as [
      [string, string, string, string],
    ];
    const fixed = /`(negative: [^`]+)`$/.exec(hint)![1]!;
    expect(said(`positive: ${loss}, ${fixed}`), fixed).toEqual([]);
  }
});

test('without `predict`, names the fix for both of its values', () => {
  const [[, , underlined, hint]] = said(
    'positive: softplus(theta - goodness), negative: exp(theta - goodness)',
  ) as [[string, string, string, string]];
  expect(underlined).toBe('softplus(theta - goodness)');
  expect(hint).toContain('write `positive: softplus(goodness - theta)`');
  expect(hint).toContain('with `predict: max`, write `negative: exp(goodness - theta)`');
});

test('reports `predict` as wrong if both losses agree', () => {
  expect(said(`${least}, predict: max`)).toEqual([
    [
      'RFF413',
      'error',
      'max',
      'the losses agree with each other, so `predict` is wrong: write `predict: min`; to keep `max`, swap ' +
        '`positive` and `negative`',
    ],
  ]);
  expect(said(greatest)).toEqual([
    ['RFF413', 'error', 'objective', expect.stringContaining('`predict: max`')],
  ]);
  // A single loss cannot outvote `predict`.
  const [[code, , , hint]] = said('positive: (goodness - theta)^2, negative: goodness') as [string[]];
  expect([code, hint]).toEqual(['RFF413', 'write `predict: max`, or swap `positive` and `negative`']);
});

test('follows `pair` along its two goodnesses', () => {
  expect(said('pair: softplus(pos + neg)')).toEqual([
    [
      'RFF336',
      'error',
      'softplus(pos + neg)',
      expect.stringMatching(/must fall as `neg` grows.*softplus\(pos - neg\)/),
    ],
  ]);
  expect(said('pair: softplus(pos + neg), predict: max')[0]?.[3]).toMatch(/must fall as `pos` grows/);
  expect(said('pair: softplus(pos - neg), predict: max')[0]).toEqual([
    'RFF413',
    'error',
    'max',
    expect.stringContaining('swap `pos` and `neg`'),
  ]);
});

test('rejects equal losses that are not monotonic', () => {
  expect(said('positive: (goodness - theta)^2, negative: (goodness - theta)^2')[0]?.slice(0, 3)).toEqual([
    'RFF336',
    'error',
    '(goodness - theta)^2',
  ]);
});

test('considers only goodnesses that a layer can have', () => {
  // g^2 falls below zero, where mean(h^2) never is, and a mean of activities is.
  const squares = 'positive: goodness^2, negative: goodness^2 + goodness';
  expect(said(squares)[0]?.[0]).toBe('RFF336');
  expect(said(squares, 'mean(h)')).toEqual([]);
});
