/**
 * Generation on everything that can run it, against the same graph in f64, and its meaning against a timeline computed
 * by hand.
 */
import { describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { lowerGeneration } from '../compiler/graph/generation.js';
import { passNames } from '../compiler/passes/pipeline.js';
import { openCpu } from '../runtime/cpu/session.js';
import type { Session } from '../runtime/engine.js';
import { uniforms } from '../runtime/random/index.js';
import { openTfjs } from '../runtime/tfjs/load.js';
import { initializeParameters } from '../runtime/train/parameters.js';
import { findGpu } from './support/adapter.js';
import { documentOf } from './support/parity.js';
import { PlayerSession } from './support/player.js';
import { ReferenceSession } from './support/reference.js';

const [d, classes, batch, steps] = [9, 3, 5, 4];
const text = (input: string, label: string) => `
connection plain { }
connection fast { fast: decay(0.8) }
model dreaming {
  input image[${d}] ${input}
  label digit[${classes}]
  layer h1[7], h2[6] { activation: tanh(z), normalize: rms_norm(h, 0.1), damping: 0.6 }
  connect image -> h1 -> h2 -> h1 as plain
  connect h1 -> h1 as fast
  ${label}
  decode image from h2, h1 { activation: sigmoid(z) }
  objective { goodness: mean(h^2), positive: softplus(1 - goodness), negative: softplus(goodness - 1), predict: max }
  schedule { phase settle[2] { label: uniform, learn: off, damping: off }, phase learn[2] { } }
  negatives: latent_classifier()
  train { data: tensors("none.safetensors"), batch: 4 }
}`;
const models: readonly (readonly [string, string])[] = [
  ['a connected label', text('', 'connect digit -> h2 as plain')],
  ['an embedded label', text('{ embed: digit(at: 2), normalize: 2 * h }', '')],
];
const start = uniforms(3, 1, 0, 0, batch * d);
const labels = Float32Array.from({ length: batch * classes }, (_, i) =>
  Number(i % classes === Math.floor(i / classes) % classes),
);
const run = { epoch: 0, batch: 0, trained: 0, rate: 1 };

async function imageOf(session: Session, text: string): Promise<Float32Array> {
  try {
    const names = new Set(session.tensors.map((t) => t.name));
    for (const [name, values] of initializeParameters(documentOf(text)))
      if (names.has(name)) session.write(name, values);
    session.write('predict/x', start);
    session.write('predict/label', labels);
    await session.run('predict', run);
    return await session.read('predict/image');
  } finally {
    await session.dispose();
  }
}

const found = await findGpu();
describe.each(models)('with %s', (_, text) => {
  const graph = lowerGeneration(documentOf(text), batch, steps);
  const sessions: Record<string, () => Session | Promise<Session>> = {
    'the oracle': () => openTfjs('tfjs-cpu', graph),
    'its plan': () => new PlayerSession(buildPlan(graph).plan),
    ...Object.fromEntries(
      passNames.map((pass) => [
        `its plan without ${pass}`,
        () => new PlayerSession(buildPlan(graph, { without: [pass] }).plan),
      ]),
    ),
    cpu: () => openCpu(buildPlan(graph).plan, { threads: 2 }),
    ...(found.gpu
      ? {
          webgpu: async () =>
            (await import('../runtime/webgpu/session.js')).openWebgpu(buildPlan(graph).plan, found.gpu!),
        }
      : {}),
  };
  test.each(Object.keys(sessions))('%s generates the image', async (name) => {
    const exact = await imageOf(new ReferenceSession(graph), text);
    const ours = await imageOf(await sessions[name]!(), text);
    expect(ours.length).toBe(batch * d);
    ours.forEach((value, i) => {
      expect(value).toBeCloseTo(exact[i]!, 5);
    });
    // Different from the starting image, and from that of another label.
    expect(Math.max(...exact.map((v, i) => Math.abs(v - start[i]!)))).toBeGreaterThan(0.05);
  });
});

test('feeds back the decoded image', async () => {
  // With damping 1 and without recurrence, two steps from x equal one step from the result of one step.
  const still = text('', 'connect digit -> h1 as plain')
    .replace('damping: 0.6', 'damping: 1')
    .replace(
      'connect image -> h1 -> h2 -> h1 as plain',
      'connect image -> h1 as plain, connect h1 -> h2 as plain',
    )
    .replace('connect h1 -> h1 as fast', '')
    .replace('connection fast { fast: decay(0.8) }', '')
    .replace('from h2, h1', 'from h1');
  const document = documentOf(still);
  const after = async (count: number, from: Float32Array) => {
    const session = new ReferenceSession(lowerGeneration(document, batch, count));
    for (const [name, values] of initializeParameters(document))
      if (session.tensors.some((t) => t.name === name)) session.write(name, values);
    session.write('predict/x', from);
    session.write('predict/label', labels);
    await session.run('predict', run);
    return session.read('predict/image');
  };
  const once = await after(1, start);
  const twice = await after(1, once);
  (await after(2, start)).forEach((value, i) => {
    expect(value).toBeCloseTo(twice[i]!, 5);
  });
});
