import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import { RffcError } from '../../grammar/diagnostic.js';
import type { Session } from '../engine.js';
import { writeSafetensors } from '../safetensors.js';
import { collectTensors, readCheckpoint, restore, resumable, writeCheckpoint } from './checkpoint.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tensors: TensorInfo[] = [
  { name: 'h1.x.forward.weight', shape: [2, 3], type: 'f32', role: 'parameter' },
  { name: 'h1.x.forward.bias', shape: [2], type: 'f32', role: 'parameter' },
  { name: 'optimizer/h1.x.forward.weight/square_avg', shape: [2, 3], type: 'f32', role: 'state' },
  { name: 'x', shape: [1, 4, 3], type: 'f32', role: 'input' },
  { name: 'loss', shape: [1, 1], type: 'f32', role: 'output' },
];

function memory(fill: (k: number) => number): Session & { readonly values: Map<string, Float32Array> } {
  const values = new Map(
    tensors.map(({ name, shape }, i) => [
      name,
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => fill(100 * i + k)),
    ]),
  );
  return {
    backend: 'memory',
    tensors,
    values,
    write: (name, array) => void values.set(name, Float32Array.from(array)),
    run: async () => {},
    read: async (name) => values.get(name)!.slice(),
    dispose: async () => {},
  };
}

const info = { position: { epoch: 3, batch: 7, trained: 367 }, accuracy: 0.934, sha256: 'abc' };

async function saved(name: string): Promise<string> {
  const path = join(folder, name);
  await writeCheckpoint(path, await collectTensors(memory(Math.sqrt)), info);
  return path;
}

async function diagnosticsOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RffcError);
  return (error as RffcError).diagnostics.map(({ code, message }) => `${code} ${message}`);
}

test('parameters, optimizer state and position come back exactly; inputs and outputs stay out', async () => {
  const path = await saved('whole.safetensors');
  const checkpoint = await readCheckpoint(path, tensors, { state: true });
  expect([...checkpoint.tensors.keys()]).toEqual(tensors.slice(0, 3).map(({ name }) => name));
  expect(resumable(checkpoint, path)).toEqual(info);
  const session = memory(() => 0);
  restore(session, checkpoint);
  for (const { name } of tensors.slice(0, 3))
    expect(session.values.get(name)).toEqual(memory(Math.sqrt).values.get(name));
  expect(session.values.get('x')!.every((value) => value === 0)).toBe(true);
});

test('as weights alone, the optimizer state is passed over', async () => {
  const checkpoint = await readCheckpoint(await saved('weights.safetensors'), tensors, { state: false });
  expect([...checkpoint.tensors.keys()]).toEqual(['h1.x.forward.weight', 'h1.x.forward.bias']);
});

test('every difference to the model is named', async () => {
  const path = join(folder, 'other.safetensors');
  const f32 = (shape: number[]) => ({
    dtype: 'F32' as const,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)),
  });
  await writeSafetensors(
    path,
    new Map([
      ['h1.x.forward.weight', f32([2, 4])],
      ['h9.x.forward.bias', f32([2])],
    ]),
  );
  expect(await diagnosticsOf(readCheckpoint(path, tensors, { state: true }))).toEqual([
    "RFF706 `h1.x.forward.weight` is [2, 4], but the model's is [2, 3]",
    'RFF706 `h1.x.forward.bias` [2] is missing',
    'RFF706 `optimizer/h1.x.forward.weight/square_avg` [2, 3] is missing',
    'RFF706 `h9.x.forward.bias` is no tensor of the model',
  ]);
});

test('a file of quite another model is told in few lines', async () => {
  const path = join(folder, 'stranger.safetensors');
  const scalar = { dtype: 'F32' as const, shape: [1], data: new Float32Array(1) };
  await writeSafetensors(path, new Map(Array.from({ length: 50 }, (_, i) => [`layer${i}`, scalar])));
  const diagnostics = await diagnosticsOf(readCheckpoint(path, tensors, { state: false }));
  expect(diagnostics).toHaveLength(11);
  expect(diagnostics[10]).toBe('RFF706 … and 42 more differences');
});

test('weights from elsewhere can be read but not resumed', async () => {
  const path = join(folder, 'plain.safetensors');
  await writeSafetensors(path, await collectTensors(memory(Math.sqrt)));
  const checkpoint = await readCheckpoint(path, tensors, { state: true });
  expect(checkpoint.info).toBeNull();
  expect(() => resumable(checkpoint, path)).toThrow('RFF707');
});

test('a position that makes no sense is no position', async () => {
  const path = join(folder, 'nonsense.safetensors');
  const metadata = { format: 'rffc-checkpoint-1', epoch: '-1', batch: '0', trained: '1e9' };
  await writeSafetensors(path, await collectTensors(memory(Math.sqrt)), metadata);
  expect((await readCheckpoint(path, tensors, { state: true })).info).toBeNull();
});

test('a damaged or missing file is an error of ours wherever it is cut', async () => {
  const bytes = readFileSync(await saved('cut.safetensors'));
  const path = join(folder, 'damaged.safetensors');
  for (const length of [0, 4, 8, 9, 60, bytes.length - 1]) {
    writeFileSync(path, bytes.subarray(0, length));
    expect(await diagnosticsOf(readCheckpoint(path, tensors, { state: true }))).toHaveLength(1);
  }
  expect(
    await diagnosticsOf(readCheckpoint(join(folder, 'absent.safetensors'), tensors, { state: true })),
  ).toHaveLength(1);
});
