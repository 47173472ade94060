/** rffc as a library, as built and as a user imports it: `docs/examples/digits.ts` runs, and does as it says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as rffc from 'rffc';
import { afterAll, expect, test } from 'vitest';
import { learnDigits } from '../docs/examples/digits.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-library-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tiny = `
connection plain { }
model tiny {
  input image[4]
  label digit[2]
  layer h1[6]
  connect image -> h1, digit -> h1 as plain
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase learn[2] { label: given } }
  train { data: tensors("from memory"), epochs: 2, batch: 5, optimizer: sgd(lr: 0.1) }
}`;

/** Two kinds of samples that a line divides. */
function sorted(count: number): rffc.Split {
  const values = Float32Array.from(
    { length: 4 * count },
    (_, i) => Math.sin(i) + (Math.floor(i / 4) % 2 ? 2 : -2),
  );
  return rffc.samples(
    values,
    { inputSize: 4 },
    Int32Array.from({ length: count }, (_, i) => i % 2),
  );
}

test('the example learns digits', async () => {
  const lines: string[] = [];
  const file = join(folder, 'digits.safetensors');
  const { test, again, label, truth } = await learnDigits((line) => lines.push(line), file);
  expect(lines.map((line) => line.split(':')[0])).toEqual(['epoch 0', 'epoch 1', 'epoch 2']);
  // A guess is right once in ten times.
  expect(test.accuracy).toBeGreaterThan(0.5);
  expect(again).toEqual(test);
  expect(label >= 0 && label < 10).toBe(true);
  expect(truth >= 0 && truth < 10).toBe(true);
  expect((await rffc.readSafetensors(file)).tensors.get('h2.h1.forward.weight')?.shape).toEqual([64, 64]);
});

test('data from memory, callbacks, weights out and in, and ONNX', async () => {
  const { graph } = await rffc.compile({ text: tiny, file: 'tiny.rff' });
  const data = { train: sorted(100), test: sorted(40) };
  const session = await rffc.openBackend('tfjs-cpu', graph);
  rffc.initialize(session, graph);
  let batches = 0;
  const { test } = await rffc.train(session, graph, data, {}, { batch: () => void batches++ });
  expect(batches).toBe(2 * 20);
  expect(test!.samples).toBe(40);
  const before = await rffc.predict(session, graph, data.test);
  const file = join(folder, 'tiny.safetensors');
  await rffc.saveWeights(session, file);
  rffc.initialize(session, graph);
  expect(await rffc.predict(session, graph, data.test)).not.toEqual(before);
  await rffc.loadWeights(session, file);
  expect(await rffc.predict(session, graph, data.test)).toEqual(before);
  const { tensors } = await rffc.readSafetensors(file);
  const weights = new Map([...tensors].map(([name, tensor]) => [name, rffc.toFloat32(tensor)]));
  expect(rffc.exportOnnx(graph, weights, { version: '0' }).bytes.length).toBeGreaterThan(500);
  await session.dispose();
});

test('what is wrong comes as diagnostics', async () => {
  const wrong = await rffc
    .compile({ text: 'model m { layer h[3] { dampign: 1 } }', file: 'm.rff' })
    .catch((e) => e);
  expect(wrong).toBeInstanceOf(rffc.RffcError);
  for (const { code } of (wrong as rffc.RffcError).diagnostics)
    expect(rffc.diagnosticCodes.get(code)).toHaveProperty('explanation');
  expect(() => rffc.samples(new Float32Array(7), { inputSize: 4 })).toThrow('RFF709');
  writeFileSync(join(folder, 'none.safetensors'), 'no weights');
  const { graph } = await rffc.compile({ text: tiny, file: 'tiny.rff' });
  const session = await rffc.openBackend('tfjs-cpu', graph);
  await expect(rffc.loadWeights(session, join(folder, 'none.safetensors'))).rejects.toThrow('RFF640');
  await session.dispose();
});
