/** Fast weights against the matrix they stand for, computed explicitly in f64, one row at a time. */
import { expect, test } from 'vitest';
import { openTfjs } from '../../runtime/tfjs/load.js';
import { initializeParameters } from '../../runtime/train/parameters.js';
import { documentOf } from '../../test/support/parity.js';
import { lower } from './index.js';

const [d, n1, n2, steps, batch] = [4, 3, 5, 4, 2];
const [decay, rate, backRate, lr, damping] = [0.8, 0.5, 0.25, 0.3, 0.7];

const text = `
connection plain { bias: off }
connection fast { fast: decay(${decay}), rate: ${rate} }
connection back extends fast { rate: ${backRate}, sign: -1 }
model recall {
  input image[${d}]
  label digit[3]
  layer h1[${n1}], h2[${n2}] { activation: tanh(z), normalize: h / (1 + sum(abs(h))), damping: ${damping} }
  connect image -> h1 -> h2, digit -> h2 as plain
  connect h1 -> h2, h2 -> h2 as fast
  connect h2 -> h1 as back
  objective { goodness: mean(h^2), positive: softplus(goodness - 0.5), negative: softplus(0.3 - goodness) }
  schedule { phase learn[${steps}] { } }
  negatives: given()
  train { data: tensors("none.safetensors"), batch: ${batch}, optimizer: sgd(lr: ${lr}) }
}`;

type Vector = readonly number[];
type Matrix = readonly Vector[];
const times = (m: Matrix, v: Vector): number[] =>
  m.map((row) => row.reduce((sum, w, i) => sum + w * v[i]!, 0));
const plus = (...vectors: readonly Vector[]): number[] =>
  vectors[0]!.map((_, i) => vectors.reduce((sum, v) => sum + v[i]!, 0));
const zeros = (n: number): number[] => Array.from({ length: n }, () => 0);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const normalize = (h: Vector) => h.map((x) => x / (1 + h.reduce((sum, y) => sum + Math.abs(y), 0)));

/** The matrix of a fast connection for one row: A ← decay · A + rate · a bᵀ after every step. */
class FastMatrix {
  private a: number[][];
  constructor(
    rows: number,
    cols: number,
    private readonly strength: number,
  ) {
    this.a = Array.from({ length: rows }, () => zeros(cols));
  }
  apply(x: Vector): number[] {
    return times(this.a, x);
  }
  take(target: Vector, source: Vector): void {
    this.a = this.a.map((row, i) => row.map((x, j) => decay * x + this.strength * target[i]! * source[j]!));
  }
}

test('default to a rate that depends on the size of their source', () => {
  const ratesOf = (types: string) =>
    documentOf(text.replace(/connection fast[\s\S]*?(?=model)/, types)).fast_weights.map((c) => [
      c.name,
      c.rate,
    ]);
  const back = 'connection back extends fast { sign: -1 }';
  const scaled = (by: number) => [
    ['h2.h1.fast', by / n1],
    ['h2.h2.fast', by / n2],
    ['h1.h2.back', by / n2],
  ];
  expect(ratesOf(`connection fast { fast: decay(1) } ${back}\n`)).toEqual(scaled(0.1));
  expect(ratesOf(`connection fast { fast: decay(1), rate: 2 / fan_in } ${back}\n`)).toEqual(scaled(2));
});

test('are the decaying sum of outer products, and constant to learning', async () => {
  const document = documentOf(text);
  const initial = new Map(initializeParameters(document));
  expect([...initial.keys()]).toEqual(
    ['h1.image.plain', 'h2.h1.plain', 'h2.digit.plain'].map((name) => `${name}.weight`),
  );
  const x = Float32Array.from({ length: batch * d }, (_, i) => Math.sin(3 * i + 1));
  const labels = [Int32Array.of(0, 2), Int32Array.of(1, 0)] as const;

  /* ---- by matrices, in f64 ---- */
  const matrix = (name: string, cols: number): number[][] => {
    const flat = initial.get(`${name}.weight`)!;
    return Array.from({ length: flat.length / cols }, (_, r) => [...flat.slice(r * cols, (r + 1) * cols)]);
  };
  const weights = {
    image: matrix('h1.image.plain', d),
    h1: matrix('h2.h1.plain', n1),
    digit: matrix('h2.digit.plain', 3),
  };
  const rows = [0, 1].flatMap((polarity) =>
    Array.from({ length: batch }, (_, i) => ({
      positive: polarity === 0,
      x: [...x.slice(i * d, (i + 1) * d)],
      label: [0, 1, 2].map((k) => Number(labels[polarity as 0 | 1][i] === k)),
      h1: zeros(n1),
      h2: zeros(n2),
      across: new FastMatrix(n2, n1, rate),
      lateral: new FastMatrix(n2, n2, rate),
      back: new FastMatrix(n1, n2, backRate),
    })),
  );
  const expected: number[][] = [];
  for (let t = 0; t < steps; t++) {
    const moves: (() => void)[] = [];
    for (const row of rows) {
      const [s1, s2] = [normalize(row.h1), normalize(row.h2)];
      const z1 = plus(
        times(weights.image, row.x),
        row.back.apply(s2).map((v) => -v),
      );
      const z2 = plus(
        times(weights.h1, s1),
        times(weights.digit, row.label),
        row.across.apply(s1),
        row.lateral.apply(s2),
      );
      const move = (z: Vector, before: Vector) =>
        z.map((v, i) => (1 - damping) * before[i]! + damping * Math.tanh(v));
      [row.h1, row.h2] = [move(z1, row.h1), move(z2, row.h2)];
      const [a1, a2] = [normalize(row.h1), normalize(row.h2)];
      row.across.take(a2, a1);
      row.lateral.take(a2, a2);
      row.back.take(a1, a2);
      const slope = (h: Vector, z: Vector) => {
        const goodness = h.reduce((sum, v) => sum + v * v, 0) / h.length;
        const loss = row.positive ? sigmoid(goodness - 0.5) : -sigmoid(0.3 - goodness);
        return z.map(
          (v, i) => (loss / (2 * batch)) * ((2 * h[i]!) / h.length) * damping * (1 - Math.tanh(v) ** 2),
        );
      };
      const learn = (w: number[][], dz: Vector, source: Vector) =>
        moves.push(() => {
          dz.forEach((g, i) => {
            source.forEach((s, j) => {
              w[i]![j]! -= lr * g * s;
            });
          });
        });
      const [dz1, dz2] = [slope(row.h1, z1), slope(row.h2, z2)];
      learn(weights.image, dz1, row.x);
      learn(weights.h1, dz2, s1);
      learn(weights.digit, dz2, row.label);
    }
    for (const move of moves) move();
    expected.push(
      rows.flatMap((row) => row.h1),
      rows.flatMap((row) => row.h2),
    );
  }
  expected.push(weights.image.flat(), weights.h1.flat(), weights.digit.flat());

  /* ---- by the graph ---- */
  const session = await openTfjs('tfjs-cpu', lower(document, { observe: true }));
  try {
    for (const [name, values] of initial) session.write(name, values);
    session.write('x', x);
    session.write('y', labels[0]);
    session.write('y_negative', labels[1]);
    await session.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 });
    const names = [
      ...Array.from({ length: steps }, (_, t) =>
        ['h1', 'h2'].map((l) => `observe/learn[${t}]/${l}.h`),
      ).flat(),
      ...initial.keys(),
    ];
    for (const [i, name] of names.entries()) {
      const ours = await session.read(name);
      expect(ours.length).toBe(expected[i]!.length);
      ours.forEach((value, j) => {
        expect(value, `${name}[${j}]`).toBeCloseTo(expected[i]![j]!, 5);
      });
    }
  } finally {
    await session.dispose();
  }
});
