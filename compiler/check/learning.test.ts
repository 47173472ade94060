/** Models that are valid in every part, but cannot learn or predict as a whole. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from '../../grammar/parser.js';
import { check } from './check.js';
import { validateDocument } from './document.js';

const models = new URL('../../models/', import.meta.url);
const shipped = (name: string) => readFileSync(new URL(`${name}.rff`, models), 'utf8');
const quickstart = shipped('quickstart');

/** The model with each `from` replaced, which must occur. */
function changed(
  text: string,
  ...changes: readonly (readonly [from: string | RegExp, to: string])[]
): string {
  return changes.reduce((all, [from, to]) => {
    const next = all.replace(from, to);
    expect(next, String(from)).not.toBe(all);
    return next;
  }, text);
}

/** All diagnostics except unused declarations. */
function said(text: string) {
  const { diagnostics } = check(parse(text).tree);
  return diagnostics.filter((d) => d.code !== 'RFF210');
}
const codes = (text: string) => said(text).map((d) => `${d.severity} ${d.code}`);

const unconnected = [/ {2}connect digit .*\n/, ''] as const;

describe('the score', () => {
  const score = (range: string) => changed(quickstart, ['score learn[1..3]', `score ${range}`]);

  test('is rejected before the label is shown', () => {
    const [only, ...more] = said(score('settle[0..1]'));
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      code: 'RFF333',
      severity: 'error',
      message: expect.stringContaining('no step up to the end of `settle[0..1]` shows `label: given`'),
      hint: expect.stringContaining('`score learn[0..3]`'),
    });
  });

  test('is rejected if the label arrives later, or never', () => {
    const three = shipped('mnist3x200');
    const [late] = said(changed(three, ['score learn[4..6]', 'score learn[0..1] over h1']));
    expect(late).toMatchObject({ code: 'RFF333', hint: expect.stringContaining('`score learn[2..9]`') });
    const apart = changed(
      quickstart,
      [/connect digit -> h1, /, 'connect '],
      [/ {2}connect h2 -> h1 .*\n/, ''],
      ['score learn[1..3]', 'score learn[1..3] over h1'],
    );
    expect(codes(apart)).toEqual(['warning RFF334', 'error RFF333']);
    expect(said(apart)[1]?.hint).toContain('`score learn[1..3] over h2`');
  });

  test('accepts the suggested fix', () => {
    const short = changed(
      shipped('mnist3x200'),
      ['phase learn[10]', 'phase learn[2]'],
      ['score learn[4..6]', 'score learn[0..1] over h1'],
    );
    const [found] = said(short).filter((d) => d.code === 'RFF333');
    const [, phase, range] = /`phase (learn\[\d+\])` and `score (learn\[\S+\])`/.exec(found!.hint!)!;
    const longer = changed(
      short,
      ['phase learn[2]', `phase ${phase}`],
      ['score learn[0..1]', `score ${range}`],
    );
    expect(codes(longer)).toEqual([]);
  });

  test('warns about layers that do not see the label by then, if others do', () => {
    const three = changed(shipped('mnist3x200'), ['score learn[4..6]', 'score learn[0..1]']);
    expect(said(three)).toMatchObject([
      { code: 'RFF339', severity: 'warning', hint: expect.stringContaining('`score learn[2..9]`') },
    ]);
    const short = changed(three, ['phase learn[10]', 'phase learn[2]']);
    // Neither do they see it while learning.
    expect(codes(short)).toEqual(['warning RFF334']);
    const apart = changed(
      shipped('hinton_recurrent'),
      [/ {2}connect h2 -> h1 .*\n/, ''],
      ['latent_classifier', 'hybrid_images'],
    );
    const text = apart.replace(/hybrid_images\(.*\)\)/, 'hybrid_images()');
    expect(said(text).map((d) => [d.code, d.hint])).toEqual([
      ['RFF339', 'score the others: `score run[2..4] over h2`'],
    ]);
  });

  test('is allowed not to see the label if a readout or a classifier predicts, with a warning', () => {
    const blind = score('settle[0..1]');
    expect(codes(changed(blind, ['random_label()', 'random_label()\n  readout: softmax()']))).toEqual([
      'warning RFF333',
    ]);
    expect(codes(changed(blind, ['random_label()', 'latent_classifier()']))).toEqual(['warning RFF333']);
    expect(codes(changed(blind, ['random_label()', 'hybrid_images()\n  readout: softmax()']))).toEqual([]);
  });
});

describe('negative labels', () => {
  test.each(['random_label()', 'given()', 'latent_classifier()'])('%s need a connected label', (call) => {
    const text = changed(quickstart, unconnected).replace('random_label()', call);
    expect(codes(text)).toEqual(['error RFF338']);
    expect(said(text)[0]?.hint).toContain('`connect digit -> h1 as …`');
  });

  test('need a given label in a learning step', () => {
    const phase = 'phase learn[4]  { label: given }';
    expect(codes(changed(quickstart, [phase, 'phase learn[4] { label: uniform }']))).toEqual([
      'error RFF317',
    ]);
    const after = `phase learn[4] { label: uniform }, phase show[2] { label: given, learn: off }`;
    const late = changed(quickstart, [phase, after], ['score learn[1..3]', 'score show[0..1]']);
    expect(codes(late)).toEqual(['error RFF335']);
  });

  test('leave identical rows in layers that the label never reaches', () => {
    const text = changed(
      shipped('hinton_supervised'),
      ['delay: 0', 'delay: 1'],
      [/score .*/, 'score learn[0..0]'],
    );
    const [found] = said(text);
    expect(found).toMatchObject({
      code: 'RFF334',
      severity: 'warning',
      message: expect.stringContaining('`h2` and `h3`'),
    });
    // A fixed layer cannot learn anything wrong.
    const fixed = changed(
      quickstart,
      [/connect digit -> h1, /, 'connect '],
      [/ {2}connect h2 -> h1 .*\n/, ''],
      [
        /connect image -> h1 -> h2 +as forward/,
        'connect image -> h1 as forward { learn: off }\n  connect h1 -> h2 as forward',
      ],
      [/connect h1 -> h1, h2 -> h2 +as lateral/, 'connect h2 -> h2 as lateral'],
      ['score learn[1..3]', 'score learn[1..3] over h2'],
    );
    expect(codes(fixed)).toEqual([]);
  });

  test('hybrid images and their readout need no connected label', () => {
    const unlabelled = changed(quickstart, unconnected, ['random_label()', 'hybrid_images()']);
    expect(codes(unlabelled)).toEqual(['warning RFF318']);
    expect(codes(changed(unlabelled, ['hybrid_images()', 'hybrid_images()\n  readout: softmax()']))).toEqual(
      [],
    );
  });
});

describe('nothing learns', () => {
  const frozen = changed(quickstart, [/\{ init/g, '{ learn: off, init']);

  test('if every phase has `learn: off`', () => {
    const off = changed(quickstart, ['{ label: given }', '{ label: given, learn: off }']);
    expect(codes(off)).toEqual(['error RFF316']);
    const read = changed(off, ['random_label()', 'random_label()\n  readout: softmax()']);
    expect(said(read)[0]?.hint).toContain('set it in the connection types');
  });

  test('if every connection is fixed, unless something learns from the layers', () => {
    expect(codes(frozen)).toEqual(['error RFF316']);
    expect(codes(changed(quickstart, [/\{ init/g, '{ lr_scale: 0, init']))).toEqual(['error RFF316']);
    for (const instead of ['random_label()\n  readout: softmax()', 'latent_classifier()'])
      expect(codes(changed(frozen, ['random_label()', instead])), instead).toEqual([]);
    expect(codes(changed(frozen, ['  objective {', '  decode image from h1\n  objective {']))).toEqual([]);
  });

  test('if no derivative passes', () => {
    expect(codes(changed(quickstart, [/activation: .*/, 'activation: step(z)']))).toEqual([
      'error RFF316',
      'warning RFF412',
    ]);
  });
});

test('checks model documents alike', () => {
  const { document } = check(parse(quickstart).tree);
  const { diagnostics } = validateDocument({
    ...document,
    score: { ...document!.score, phase: 'settle', from: 0, to: 1 },
  });
  expect(diagnostics.map((d) => d.code)).toEqual(['RFF333']);
});

test('a tolerant check compiles a model that cannot learn, with a warning', () => {
  const off = changed(quickstart, ['{ label: given }', '{ label: given, learn: off }']);
  const { document, diagnostics } = check(parse(off).tree, { tolerant: true });
  expect(document).toBeDefined();
  expect(diagnostics.map((d) => [d.code, d.severity])).toEqual([['RFF316', 'warning']]);
});
