/** Predictions per layer, on two engines that share no code. */
import { afterAll, expect, test } from 'vitest';
import { loadModel } from '../../compiler/compile.js';
import { lower } from '../../compiler/graph/lower.js';
import { openBackend } from '../backends.js';
import { floatSplit } from '../data/dataset.js';
import type { Session } from '../engine.js';
import { predict } from './evaluate.js';
import { initializeParameters, resetSession } from './parameters.js';

const sessions: Session[] = [];
afterAll(async () => {
  for (const session of sessions) await session.dispose();
});

const [SAMPLES, CLASSES, INPUTS] = [11, 3, 6];
const data = floatSplit(
  Float32Array.from({ length: SAMPLES * INPUTS }, (_, i) => Math.sin(i)),
  new Int32Array(SAMPLES),
  undefined,
  1,
  INPUTS,
);

async function network(score: string, label = 'connect y -> h1, y -> h3 as forward') {
  const text = `connection forward { }
    connection backward { }
    model three {
      input x[${INPUTS}]
      label y[${CLASSES}]
      layer h1[5], h2[4], h3[3] { }
      connect x -> h1 -> h2 -> h3 as forward
      connect h3 -> h2 -> h1 as backward
      ${label}
      objective { goodness: mean(h^2), positive: goodness, negative: -goodness, predict: min }
      schedule { phase learn[5] { label: given } ${score} }
      negatives: ${label === '' ? 'hybrid_images(grid: [2, 3])' : 'random_label()'}
      ${label === '' ? 'readout: softmax(layers: [h2], epochs: 1, optimizer: sgd(lr: 0.1))' : ''}
      train { data: tensors("x.safetensors"), batch: 4, optimizer: sgd(lr: 0.1) }
    }`;
  return lower((await loadModel({ text, file: 'three.rff' })).document, { batch: 4, predictBatch: 4 });
}

async function predicted(backend: string, graph: Awaited<ReturnType<typeof network>>, layers = true) {
  const session = await openBackend(backend, graph, { threads: 1 });
  sessions.push(session);
  resetSession(session, initializeParameters(graph.document));
  return (await predict(session, graph, data, { layers }))!;
}

test.each(['cpu', 'tfjs-cpu'])(
  'the mean of the layers is the goodness that decides, on %s',
  async (backend) => {
    // 11 samples in chunks of 4: the last one is filled up.
    const { goodness, layers } = await predicted(backend, await network('score learn[2..4]'));
    expect([...layers.keys()]).toEqual(['h1', 'h2', 'h3']);
    goodness!.forEach((value, i) => {
      const mean = [...layers.values()].reduce((sum, own) => sum + own[i]! / 3, 0);
      expect(Math.abs(mean / value - 1)).toBeLessThan(1e-5);
    });
    for (const own of layers.values()) expect(own).toHaveLength(SAMPLES * CLASSES);
  },
);

test('both engines agree on each layer', async () => {
  const graph = await network('score learn[0..4] over h3, h1');
  const [cpu, oracle] = [await predicted('cpu', graph), await predicted('tfjs-cpu', graph)];
  // In the document's order.
  expect([...cpu.layers.keys()]).toEqual(['h1', 'h3']);
  for (const [name, own] of cpu.layers)
    own.forEach((value, i) => {
      expect(Math.abs(value - oracle.layers.get(name)![i]!)).toBeLessThan(1e-5);
    });
});

test('omits layers if only one is scored, no label is tried, or they are not requested', async () => {
  const graph = await network('score learn[2..4]');
  expect((await predicted('cpu', graph, false)).layers.size).toBe(0);
  expect((await predicted('cpu', await network('score learn[2..4] over h2'))).layers.size).toBe(0);
  const unheard = await network('', '');
  expect(unheard.tensors.map(({ name }) => name)).not.toContain('predict/goodness_layers');
});
