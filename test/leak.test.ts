/** The oracle does not leak: tensor count and memory are constant over a long run. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { openBackend } from '../runtime/backends.js';
import { prepareTfjs } from '../runtime/tfjs/load.js';
import { effort } from './support/effort.js';
import { seedGraph } from './support/parity.js';
import { loadSeed } from './support/seed.js';

/** A leak shows after two; the rest is for what is freed late. */
const batches = effort(20, 100);

test.each(['tfjs-cpu', 'tfjs-wasm'] as const)(
  '%s holds no more after many batches than after one',
  async (backend) => {
    const { tensors } = loadSeed('dynamic-negatives');
    await prepareTfjs(backend);
    const before = tf.memory().numTensors;
    const session = await openBackend(backend, seedGraph('dynamic-negatives'));
    session.write('x', tensors.get('batch0/x')!.data);
    session.write('y', tensors.get('batch0/y')!.data);
    const play = async (trained: number) => {
      await session.run('train', { epoch: 0, batch: trained, trained, rate: 1 });
      await session.run('predict', { epoch: 0, batch: trained, trained, rate: 1 });
      return tf.memory();
    };
    const first = await play(0);
    for (let i = 1; i < batches; i++) await play(i);
    const last = await play(batches);
    expect(last.numTensors).toBe(first.numTensors);
    expect(last.numBytes).toBe(first.numBytes);
    await session.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);
