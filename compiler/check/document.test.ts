/** Model documents from elsewhere: the schema, what it cannot express, and randomly mutated documents. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../grammar/parser.js';

import { check, checkCodes, validateDocument } from './index.js';
import {
  type CallValue,
  type NumberKind,
  type Parameter,
  type TableName,
  tables,
  type Value,
} from './tables.js';
import { inRange } from './values.js';

const source = `
connection forward { }
connection context { bias: off, init: zeros() }
connection local { field: patch([4, 4], size: 2, stride: 2, maps: 3), delay: 0 }
model small {
  input image[16] { normalize: layer_norm(h), embed: digit(at: 2) }
  label digit[3]
  layer a[12], b[5] { peer_norm: 0.1, optimizer: sgd(lr: 0.1, momentum: 0.9, nesterov: on) }
  layer c[4] { objective: other, activation: gelu(z) }
  connect image -> a as local
  connect image -> a -> b -> c as forward, connect digit -> c as context
  objective { goodness: mean(h^2), positive: softplus(goodness - 1), negative: softplus(n - goodness) }
  objective other { goodness: sum(h^2), pair: softplus(pos - neg), predict: min }
  connection quick { fast: decay(0.9) }
  connect b -> c as quick
  decode image from c, a { loss: mean(abs(x - y)), optimizer: adam() }

  schedule {
    phase settle[2] { label: mix(uniform, given, t / 2), input: frame(0), learn: off }
    phase learn[4]
    score learn[1..2] over b, c
  }
  negatives: latent_classifier(layers: [a, b])
  readout: softmax(layers: [b, c])
  train { data: tensors("x.safetensors"), augment: [shift(2), noise(0.1)], decay: cosine(5), validation: 0.1 }
  evaluate { data: idx("folder", normalize: [0, 1]) }
}`;
const parsed = parse(source);
const { document } = check(parsed.tree);
const [fast] = document?.fast_weights ?? [];

/** A deep copy with the value at `path` replaced. */
function replaced(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
  const keys = path.split('/');
  let at = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return copy;
}

describe('validateDocument', () => {
  it('accepts a document of the checker with every construct', () => {
    expect(parsed.diagnostics).toEqual([]);
    const result = validateDocument(JSON.parse(JSON.stringify(document)));
    expect(result.diagnostics).toEqual([]);
    expect(result.document).toEqual(document);
  });

  it.each([
    ['RFF330', 'layers/0/size', 0, /layers\/0\/size/],
    ['RFF330', 'layers/0/size', 1.5, /integer/],
    ['RFF330', 'layers/0/damping', 2, /<= 1/],
    ['RFF330', 'layers/0/extra', 2, /unknown property `extra`/],
    ['RFF330', 'layers', [], /layers/],
    ['RFF330', 'layers/0/optimizer', { name: 'sgdd' }, /sgdd/],
    ['RFF330', 'layers/0/optimizer', 3, /wrong type|object/],
    ['RFF330', 'layers/0/activation', ['tan', 'z'], /activation/],
    ['RFF330', 'layers/0/activation', [], /activation/],
    ['RFF330', 'layers/0/activation', null, /activation/],
    ['RFF330', 'connections/0/sign', 2, /1, -1/],
    ['RFF330', 'connections/0/name', 'a b', /name/],
    ['RFF330', 'train/optimizer', { name: 'rmsprop', lr: 0, alpha: 0.9, eps: 0, momentum: 0 }, /lr/],
    ['RFF330', 'train/data', { name: 'mnist', options: { size: 1 } }, /size/],
    ['RFF330', 'negatives', undefined, /negatives/],
    ['RFF332', 'rffc', 2, /version 2/],
    ['RFF203', 'connections/0/source', 'nobody', /nobody/],
    ['RFF331', 'connections/0/type', 'other', /a\.image\.local/],
    ['RFF205', 'layers/0/objective', 2, /objective 2/],
    ['RFF206', 'score/phase', 'lern', /lern/],
    ['RFF203', 'score/layers', ['d'], /`d`/],
    ['RFF203', 'negatives/layers', ['d'], /`d`/],
    ['RFF203', 'readout/layers', ['d'], /`d`/],
    ['RFF330', 'readout/epochs', 0, /epochs/],
    ['RFF513', 'readout/optimizer/nesterov', true, /Nesterov/],
    ['RFF330', 'fast_weights/0/decay', 1.5, /<= 1/],
    ['RFF330', 'fast_weights', undefined, /fast_weights/],
    ['RFF203', 'fast_weights/0/source', 'nobody', /nobody/],
    ['RFF331', 'fast_weights/0/type', 'other', /c\.b\.other/],
    ['RFF322', 'fast_weights/0', { ...fast, source: 'image', name: 'c.image.quick' }, /image/],
    ['RFF330', 'decoder/layers', [], /decoder/],
    ['RFF203', 'decoder/layers', ['d'], /`d`/],
    ['RFF402', 'decoder/loss', ['sub', 'x', 'y'], /a scalar per sample/],
    ['RFF411', 'decoder/loss', ['mean', 'x'], /depend on y/],
    ['RFF201', 'decoder/activation', 'h', /`h`/],
    ['RFF513', 'decoder/init', { name: 'uniform', low: 1, high: 0 }, /below/],
    ['RFF208', 'layers/1/name', 'a', /`a`/],
    ['RFF208', 'phases/1/name', 'settle', /settle/],
    ['RFF201', 'layers/0/activation', ['exp', 'h'], /`h`/],
    ['RFF508', 'layers/0/activation', ['exp', 'z', 'z'], /operands/],
    ['RFF402', 'layers/0/activation', ['mean', 'z'], /a value per unit/],
    ['RFF402', 'objectives/0/goodness', ['exp', 'h'], /a scalar per sample/],
    ['RFF403', 'objectives/0/positive', ['mean', 'goodness'], /mean/],
    ['RFF411', 'objectives/0/positive', 1, /goodness/],
    ['RFF407', 'layers/0/activation', ['div', 'z', 0], /zero/],
    ['RFF319', 'objectives/0/pair', 'pos', /pair/],
    ['RFF511', 'phases/0/input/index', 0.5, /0\.5/],
    ['RFF315', 'score/to', 4, /4/],
    ['RFF312', 'connections/0/field/maps', 2, /12/],
    ['RFF313', 'input/embed/at', 14, /14/],
    ['RFF513', 'layers/0/optimizer/momentum', 0, /Nesterov/],
    ['RFF311', 'evaluate/data', { name: 'mnist', options: {} }, /784/],
    ['RFF314', 'label', null, /label/],
    ['RFF321', 'negatives', { name: 'hybrid_images', grid: [4, 3], blur: 6 }, /4 × 3 has 12 values/],
    ['RFF330', 'negatives', { name: 'hybrid_images', grid: [4], blur: 6 }, /grid/],
  ])('%s: %s = %j', (code, path, value, message) => {
    const { document: found, diagnostics } = validateDocument(replaced(path, value), 'm.json');
    expect(found).toBeUndefined();
    const said = diagnostics.find((d) => d.code === code);
    expect(said, JSON.stringify(diagnostics)).toBeDefined();
    expect(said?.message).toMatch(message);
    expect(said?.file).toBe('m.json');
    for (const d of diagnostics) expect(Object.keys(checkCodes)).toContain(d.code);
  });

  it('reports a wrong choice once, without the other branches', () => {
    const { diagnostics } = validateDocument(replaced('input/embed/at', -1));
    expect(diagnostics.map((d) => d.message)).toEqual(['input/embed/at must be >= 0']);
  });

  it('rejects expressions of excessive depth or size', () => {
    let deep: unknown = 'z';
    for (let i = 0; i < 100_000; i++) deep = ['exp', deep];
    expect(
      validateDocument({ ...document, layers: [{ ...document?.layers[0], activation: deep }] }).diagnostics[0]
        ?.message,
    ).toMatch(/deep/);
    let wide: unknown = 'z';
    for (let i = 0; i < 15; i++) wide = ['add', wide, wide];
    expect(validateDocument(replaced('layers/0/activation', wide)).diagnostics.map((d) => d.code)).toEqual([
      'RFF410',
    ]);
  });

  it('never throws, whatever the document', () => {
    const paths: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (path) paths.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [k, v] of Object.entries(value)) walk(v, path ? `${path}/${k}` : k);
    };
    walk({ ...document, places: {} }, '');
    const junk = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
      fc.constantFrom<unknown>(
        'z',
        'h',
        'a',
        'image',
        'digit',
        'given',
        '__proto__',
        'constructor',
        null,
        undefined,
        Number.NaN,
        Infinity,
        -0,
        1e300,
        ['mean', 'h'],
        { name: 'mix' },
        [],
      ),
      fc
        .constantFrom(...paths)
        .map((path) =>
          path.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document),
        ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), junk, (path, value) => {
        const result = validateDocument(replaced(path, value));
        expect(result.document === undefined).toBe(result.diagnostics.some((d) => d.severity === 'error'));
      }),
      { numRuns: 600 },
    );
    fc.assert(
      fc.property(fc.anything(), (json) => validateDocument(json).document === undefined),
      { numRuns: 200 },
    );
  });
});

/* ---- the schema says what the tables say ---- */

/** Where a document contains calls of each table. */
const homes: Partial<Record<TableName, readonly [string, (call: CallValue) => unknown]>> = {
  init: ['connections/0/init', (call) => call],
  optimizer: ['train/optimizer', (call) => call],
  decay: ['train/decay', (call) => call],
  augment: ['train/augment/0', (call) => call],
  data: ['evaluate/data', ({ name, ...options }) => ({ name, options })],
  negatives: [
    'negatives',
    (call) => ({
      ...call,
      ...(call.layers === 'all' ? { layers: ['a'] } : {}),
      ...(call.grid === 'square' ? { grid: [4, 4] } : {}),
    }),
  ],
  readout: ['readout', (call) => (call.layers === 'all' ? { ...call, layers: ['a'] } : call)],
  peer_norm: ['layers/0/peer_norm', ({ name: _, ...rest }) => rest],
};

function sample(p: Parameter): Value | undefined {
  if (p.default !== undefined) return p.default;
  switch (p.kind.is) {
    case 'number':
      return [3, 0.5, 20].find((v) => inRange(p.kind as NumberKind, v));
    case 'text':
      return 'folder';
    case 'list':
      return [1, 1];
    default:
      return undefined;
  }
}

const calls = Object.entries(homes).flatMap(([table, home]) =>
  Object.keys(tables[table as TableName]).map((name) => [table as TableName, name, home] as const),
);

describe('the schema and the tables', () => {
  it.each(calls)('agree on %s %s', (table, name, [path, shape]) => {
    const { parameters } = tables[table][name]!;
    const full: CallValue = Object.assign(
      { name },
      ...parameters.map((p) => ({ [p.field ?? p.name]: sample(p) })),
    );
    // Size mismatches with the data set are irrelevant here.
    const shapeErrors = (call: CallValue) =>
      validateDocument(replaced(path, shape(call))).diagnostics.filter((d) => d.code === 'RFF330');
    expect(shapeErrors(full)).toEqual([]);
    for (const p of parameters) {
      const field = p.field ?? p.name;
      const { [field]: _, ...without } = full;
      expect(shapeErrors(without as CallValue).length > 0, `without ${field}`).toBe(!p.optional);
      expect(
        shapeErrors({ ...full, [field]: { name: 'nonsense' } }).length,
        `${field} of the wrong kind`,
      ).toBeGreaterThan(0);
      if (p.kind.is !== 'number') continue;
      for (const value of [-1, 0, 0.5, 1, 1.5, 2 ** 31, 2 ** 33]) {
        const fine = inRange(p.kind, value) && !(p.kind.integer && !Number.isInteger(value));
        // peer_norm of strength 0 is null in a document.
        if (table === 'peer_norm' && field === 'strength' && value === 0) continue;
        expect(shapeErrors({ ...full, [field]: value }).length === 0, `${field} = ${value}`).toBe(fine);
      }
    }
    expect(shapeErrors({ ...full, nonsense: 1 }).length).toBeGreaterThan(0);
  });
});
