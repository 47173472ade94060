/**
 * `rffc export --onnx` against onnx itself: its checker accepts the model, and the outputs match those of `rffc
 * predict`. Requires Python with onnx (Debian's python3-onnx).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { uniforms } from '../runtime/random/philox.js';
import {
  parseSafetensors,
  type Tensor,
  toFloat32,
  toInt32,
  writeSafetensors,
} from '../runtime/safetensors.js';
import { callerIn } from './support/calling.js';
import { describeUnless, unlessRequired } from './support/needs.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);

const python = [process.env.RFFC_PYTHON, '/usr/bin/python3', 'python3'].find(
  (name) => name !== undefined && spawnSync(name, ['-c', 'import onnx, numpy']).status === 0,
);
const missing = python ? undefined : unlessRequired('Python with onnx and numpy was not found');

/**
 * Recurrent, with fast weights, a decoder that prediction ignores, and every reduction and operator with its own form
 * in ONNX.
 */
const recurrent = `
fn bent(z) = gelu(z) + 0.1 * softplus(z) - 0.05 * sin(z) * sign(z) + 0.01 * floor(z) + (if z != 0 then 0 else 1)

connection plain { }
connection fast { fast: decay(0.8), rate: 0.3 / fan_in }
model recurrent {
  input image[6] { normalize: h / sqrt(mean(h^2) + 1e-8) }
  label digit[3]
  layer h1[9] { activation: bent(z), normalize: layer_norm(h, 1e-5), damping: 0.7 }
  layer h2[7] {
    activation: max(z, 0.1 * z) + tanh(z) * sigmoid(z) + cos(z) * min(z, 1)
    normalize: h / (amax(abs(h)) + 0.1)
  }
  connect image -> h1 -> h2 -> h1 as plain
  connect h1 -> h1, h2 -> h2, digit -> h1, digit -> h2 as plain
  connect h1 -> h2, h2 -> h2 as fast
  decode image from h2
  objective {
    goodness: sum(h^2) / n
    positive: softplus(goodness - 1)
    negative: softplus(1 - goodness)
    predict: min
  }
  schedule {
    phase settle[2] { label: uniform, learn: off, damping: off }
    phase learn[3] { label: given }
    score learn[1..2]
  }
  train { data: tensors("data.safetensors"), epochs: 2, batch: 8, optimizer: sgd(lr: 0.05) }
}`;

/** With frames, and with a layer that does not depend on the data. */
const framed = `
connection plain { bias: off }
model framed {
  input image[6] { normalize: rms_norm(h, 1e-8) }
  label digit[3]
  layer h1[8], h2[5], h3[4] { activation: relu(z) }
  connect image -> h1 -> h2 as plain
  connect h1 -> h1, digit -> h2, digit -> h3 as plain
  objective {
    goodness: mean(h^2)
    positive: softplus(1 - goodness)
    negative: softplus(goodness - 1)
    predict: max
  }
  schedule {
    phase blind[2] { label: hidden, input: hidden }
    phase seen[4] { label: given, input: frame(t) }
    score seen[0..3]
  }
  train { data: tensors("data.safetensors"), epochs: 2, batch: 8, optimizer: sgd(lr: 0.05) }
}`;

/** Patches of the image, of a layer with patches, and of one that the label has reached; with frames. */
const local = `
connection plain { }
connection small { field: patch([2, 3], size: 2, maps: 3), bias: off }
connection over  { field: patch([1, 2], size: 1, maps: 2), sign: -1 }
model local {
  input image[6] { normalize: rms_norm(h, 1e-8) }
  label digit[3]
  layer h1[6], h2[4] { activation: tanh(z) }
  connect image -> h1 as small
  connect h1 -> h2 as over
  connect digit -> h1 as plain
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule {
    phase settle[1] { label: uniform, learn: off }
    phase seen[3] { label: given, input: frame(t) }
  }
  train { data: tensors("data.safetensors"), epochs: 2, batch: 8, optimizer: sgd(lr: 0.05) }
}`;

/** The layers do not receive the label: a readout predicts. */
const unlabelled = `
connection plain { }
model unlabelled {
  input image[6]
  label digit[3]
  layer h1[8], h2[5] { activation: tanh(z) }
  connect image -> h1 -> h2 -> h1 as plain
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase learn[3] { input: frame(t) } }
  negatives: hybrid_images(grid: [2, 3], blur: 1)
  readout: softmax(features: raw, epochs: 2)
  train { data: tensors("data.safetensors"), epochs: 1, batch: 8, optimizer: sgd(lr: 0.05) }
}`;

const COUNT = 20;

/** Samples for training and then for prediction: [COUNT, 6], or [COUNT, frames, 6]. */
async function data(frames: number): Promise<Tensor> {
  const values = uniforms(11, 1, 0, 0, COUNT * frames * 6).map((u) => 2 * u - 1);
  const x: Tensor = { dtype: 'F32', shape: frames === 1 ? [COUNT, 6] : [COUNT, frames, 6], data: values };
  const y = Int32Array.from({ length: COUNT }, (_, i) => i % 3);
  await writeSafetensors(
    join(folder, 'data.safetensors'),
    new Map([
      ['x', x],
      ['y', { dtype: 'I32', shape: [COUNT], data: y }],
    ]),
  );
  return x;
}

/** A flat array as nested lists of a given shape. */
function nested(values: ArrayLike<number>, shape: readonly number[], at = 0): unknown {
  const [size = 0, ...rest] = shape;
  const stride = rest.reduce((product, n) => product * n, 1);
  return Array.from({ length: size }, (_, i) =>
    rest.length === 0 ? values[at + i] : nested(values, rest, at + i * stride),
  );
}

interface Checked {
  readonly label: number[];
  readonly goodness?: number[][];
  readonly softmax?: number[][];
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly ops: string[];
}

async function exported(name: string, text: string, frames: number) {
  writeFileSync(join(folder, `${name}.rff`), text);
  const x = await data(frames);
  const call = async (...argv: string[]) => {
    const { code, err } = await rffc(argv);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  };
  await call('run', `${name}.rff`, '--out', name, '--quiet', '--backend', 'tfjs-cpu');
  await call('export', name, '--onnx', `${name}.onnx`);
  await call(
    'predict',
    name,
    '--data',
    'data.safetensors',
    '--out',
    'p.safetensors',
    '--backend',
    'tfjs-cpu',
  );
  const { tensors } = parseSafetensors(readFileSync(join(folder, 'p.safetensors')));
  writeFileSync(join(folder, 'x.json'), JSON.stringify(nested(x.data as Float32Array, x.shape)));
  const script = join(import.meta.dirname, 'support/onnx_check.py');
  const { status, stderr } = spawnSync(python!, [script, `${name}.onnx`, 'x.json', 'out.json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const checked = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as Checked;
  return {
    checked,
    labels: [...toInt32(tensors.get('label')!)],
    scores: toFloat32((tensors.get('goodness') ?? tensors.get('softmax'))!),
  };
}

describeUnless(missing, 'export to ONNX', () => {
  test.each([
    ['recurrent', recurrent, 1, 'ArgMin', 'goodness'],
    ['framed', framed, 3, 'ArgMax', 'goodness'],
    ['local', local, 2, 'Gather', 'goodness'],
    ['unlabelled', unlabelled, 2, 'ArgMax', 'softmax'],
  ] as const)(
    '%s: the checker accepts it, and its outputs match those of predict',
    async (name, text, frames, choice, port) => {
      const { checked, labels, scores } = await exported(name, text, frames);
      expect(checked.ops).toContain(choice);
      expect(checked.inputs).toEqual([['x', 1, frames === 1 ? ['N', 6] : ['N', frames, 6]]]);
      expect(checked.outputs).toEqual([
        ['label', 7, ['N']],
        [port, 1, ['N', 3]],
      ]);
      expect(checked[port]).toHaveLength(COUNT);
      const flat = checked[port]!.flat();
      const largest = Math.max(...scores.map(Math.abs));
      const apart = flat.map((value, i) => Math.abs(value - scores[i]!));
      expect(Math.max(...apart)).toBeLessThan(1e-4 * largest);
      // The labels matter: a model that ignored them would give all the same goodness.
      expect(new Set(flat.slice(0, 3)).size).toBe(3);
      expect(checked.label).toEqual(labels);
    },
  );
});

test('a folder that is not a run is bad input', async () => {
  const { code, err } = await rffc(['export', '.', '--onnx', 'x.onnx']);
  expect(code).toBe(1);
  expect(err).toContain('is not a run folder');
});
