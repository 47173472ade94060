import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import { RffcError } from '../../grammar/diagnostic.js';
import type { Session } from '../engine.js';
import { CHECKPOINT, DAMAGED, PREVIOUS } from '../folder/folder.js';
import { writeSafetensors } from '../safetensors.js';
import {
  type CheckpointInfo,
  collectTensors,
  readCheckpoint,
  readLatest,
  restore,
  resumable,
  writeCheckpoint,
  writeLatest,
} from './checkpoint.js';

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
    written: new Set(),
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

const info: CheckpointInfo = {
  position: { epoch: 3, batch: 7, trained: 367 },
  accuracy: 0.934,
  best: 0.95,
  soFar: {
    loss: [1 / 3],
    goodnessPositive: [Math.PI],
    goodnessNegative: [1e-300],
    stepsPositive: [0.1, 0.2],
    stepsNegative: [0.3, 1e21],
    classifierLoss: null,
    decodeLoss: null,
  },
  sha256: 'abc',
};

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

test('round-trips parameters, optimizer state and position, without inputs and outputs', async () => {
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

test('ignores optimizer state when reading weights', async () => {
  const checkpoint = await readCheckpoint(await saved('weights.safetensors'), tensors, { state: false });
  expect([...checkpoint.tensors.keys()]).toEqual(['h1.x.forward.weight', 'h1.x.forward.bias']);
});

test('names every difference from the model', async () => {
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
    'RFF706 `h1.x.forward.weight` is [2, 4]: the model expects [2, 3]',
    'RFF706 `h1.x.forward.bias` [2] is missing',
    'RFF706 `optimizer/h1.x.forward.weight/square_avg` [2, 3] is missing',
    'RFF706 `h9.x.forward.bias` is not a tensor of the model',
  ]);
});

test('summarizes a file of another model', async () => {
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

test('rejects an invalid position', async () => {
  const path = join(folder, 'nonsense.safetensors');
  const position = { epoch: -1, batch: 0, trained: 1.5 };
  await writeCheckpoint(path, await collectTensors(memory(Math.sqrt)), { ...info, position });
  expect((await readCheckpoint(path, tensors, { state: true })).info).toBeNull();
});

test('rejects a missing file, and one truncated anywhere', async () => {
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

test('rejects a checkpoint with any bit changed', async () => {
  const bytes = readFileSync(await saved('flipped.safetensors'));
  const path = join(folder, 'flip.safetensors');
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << (at % 8);
    writeFileSync(path, flipped);
    const [first] = await diagnosticsOf(readCheckpoint(path, tensors, { state: true }));
    expect(first).toMatch(/^RFF(640|720) /);
  }
});

test('rejects a checkpoint without its checksum', async () => {
  const path = join(folder, 'unsigned.safetensors');
  await writeSafetensors(path, await collectTensors(memory(Math.sqrt)), { format: 'rffc-checkpoint-2' });
  expect(await diagnosticsOf(readCheckpoint(path, tensors, { state: true }))).toEqual([
    `RFF720 \`${path}\` is damaged: its content does not match its checksum`,
  ]);
});

/** A run's folder after checkpoints at these numbers of trained batches. */
async function savedRun(name: string, ...trained: readonly number[]): Promise<string> {
  const run = join(folder, name);
  mkdirSync(run);
  for (const count of trained) {
    const position = { epoch: 0, batch: count, trained: count };
    await writeLatest(run, await collectTensors(memory((k) => k * count)), { ...info, position });
  }
  return run;
}
const damage = (path: string) => {
  const bytes = readFileSync(path);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(path, bytes);
};

test('keeps the latest checkpoint and the previous one', async () => {
  const run = await savedRun('kept', 1, 2, 3);
  const latest = await readLatest(run, tensors);
  expect(latest).toMatchObject({ info: { position: { trained: 3 } }, warnings: [] });
  expect(latest!.checkpoint.tensors.get('h1.x.forward.bias')).toEqual(Float32Array.of(300, 303));
  const before = await readCheckpoint(join(run, PREVIOUS), tensors, { state: true });
  expect(before.info!.position.trained).toBe(2);
  expect(await readLatest(await savedRun('none'), tensors)).toBeUndefined();
});

test('renames a damaged one, and reads the previous one', async () => {
  const run = await savedRun('hurt', 1, 2);
  damage(join(run, CHECKPOINT));
  const latest = (await readLatest(run, tensors))!;
  expect(latest.info.position.trained).toBe(1);
  expect(latest.checkpoint.tensors.get('h1.x.forward.bias')).toEqual(Float32Array.of(100, 101));
  expect(latest.warnings).toHaveLength(1);
  expect(latest.warnings[0]!.message).toContain('checkpoint.safetensors` is damaged');
  expect(latest.warnings[0]!.message).toContain('resuming from the previous one, after epoch 0, batch 1');
  expect([existsSync(join(run, CHECKPOINT)), existsSync(join(run, DAMAGED))]).toEqual([false, true]);
  // Killed before it saves again, it resumes from there again.
  expect((await readLatest(run, tensors))!.info.position.trained).toBe(1);
  await writeLatest(run, await collectTensors(memory(Math.sqrt)), info);
  expect((await readLatest(run, tensors))!.info.position.trained).toBe(367);
  expect((await readCheckpoint(join(run, PREVIOUS), tensors, { state: true })).info!.position.trained).toBe(
    1,
  );
});

test('moves nothing if both are damaged, and names both', async () => {
  const run = await savedRun('lost', 1, 2);
  for (const name of [CHECKPOINT, PREVIOUS]) damage(join(run, name));
  const said = await diagnosticsOf(readLatest(run, tensors));
  expect(said).toHaveLength(2);
  expect(said[0]).toContain(CHECKPOINT);
  expect(said[1]).toContain(PREVIOUS);
  expect(existsSync(join(run, CHECKPOINT))).toBe(true);
});

test('can save again after a kill between linking and replacing', async () => {
  const run = await savedRun('between', 1);
  cpSync(join(run, CHECKPOINT), join(run, PREVIOUS));
  await writeLatest(run, await collectTensors(memory(Math.sqrt)), info);
  expect((await readCheckpoint(join(run, PREVIOUS), tensors, { state: true })).info!.position.trained).toBe(
    1,
  );
});
