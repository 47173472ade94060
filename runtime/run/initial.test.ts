import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TensorInfo } from '../../compiler/graph/tensors.js';
import { type Tensor, writeSafetensors } from '../safetensors.js';
import { readInitialWeights } from './initial.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-initial-'));
afterAll(() => rmSync(folder, { recursive: true }));

const expected: TensorInfo[] = [
  { name: 'h1.x.forward.weight', shape: [2, 3], type: 'f32', role: 'parameter' },
  { name: 'h1.x.forward.bias', shape: [2], type: 'f32', role: 'parameter' },
  { name: 'optimizer/h1.x.forward.weight/square_avg', shape: [2, 3], type: 'f32', role: 'state' },
];
const f32 = (...shape: number[]): Tensor => {
  const data = new Float32Array(shape.reduce((a, b) => a * b)).map((_, i) => i / 2);
  return { dtype: 'F32', shape, data };
};

async function file(name: string, tensors: Readonly<Record<string, Tensor>>): Promise<string> {
  const path = join(folder, name);
  await writeSafetensors(path, new Map(Object.entries(tensors)));
  return path;
}

test('takes matching weights, and ignores optimizer state', async () => {
  const path = await file('whole.safetensors', {
    'h1.x.forward.weight': f32(2, 3),
    'h1.x.forward.bias': f32(2),
    'optimizer/h1.x.forward.weight/square_avg': f32(2, 3),
  });
  for (const missing of ['ok', 'error'] as const) {
    const { checkpoint, warnings } = await readInitialWeights(path, expected, missing);
    expect([...checkpoint.tensors.keys()].sort()).toEqual(['h1.x.forward.bias', 'h1.x.forward.weight']);
    expect(warnings).toEqual([]);
  }
});

test('with `ok`, warns of missing and of unused weights', async () => {
  const path = await file('part.safetensors', { 'h1.x.forward.weight': f32(2, 3), 'h9.weight': f32(4) });
  await expect(readInitialWeights(path, expected)).rejects.toThrow(
    'RFF706: `h1.x.forward.bias` [2] is missing',
  );
  const { checkpoint, warnings } = await readInitialWeights(path, expected, 'ok');
  expect([...checkpoint.tensors]).toEqual([['h1.x.forward.weight', f32(2, 3).data]]);
  expect(warnings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    "warning: 1 of the model's 2 tensors are missing and initialized normally: `h1.x.forward.bias`",
    'warning: not used, as the model has no such tensor: `h9.weight`',
  ]);
});

test('rejects weights of another shape, or of no parameter, even then', async () => {
  const shape = await file('shape.safetensors', { 'h1.x.forward.weight': f32(2, 4) });
  await expect(readInitialWeights(shape, expected, 'ok')).rejects.toThrow('is [2, 4]: the model');
  const other = await file('other.safetensors', { weight: f32(2, 4) });
  await expect(readInitialWeights(other, expected, 'ok')).rejects.toThrow(
    "contains none of the model's 2 tensors",
  );
});
