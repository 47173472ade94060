/**
 * Every network of models/ on every engine: two batches of training and a prediction of the same random data, of few
 * samples on narrow layers, tell the same losses and goodness. Whether a network learns is for models.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { loadModel } from '../compiler/compile.js';
import { type Graph, lower, type TensorInfo } from '../compiler/graph/index.js';
import { openCpu } from '../runtime/cpu/session.js';
import type { Session } from '../runtime/engine.js';
import { uniforms } from '../runtime/random/index.js';
import { lengthOf } from '../runtime/tensors.js';
import { openTfjs } from '../runtime/tfjs/load.js';
import { initializeParameters, resetSession } from '../runtime/train/parameters.js';
import { findGpu } from './support/adapter.js';

const folder = join(import.meta.dirname, '../models');
/** Of those that differ in their width alone, one. */
const widths = new Set(['mnist3x250', 'mnist3x1000', 'mnist3x2000']);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.rff'))
  .map((file) => basename(file, '.rff'))
  .filter((name) => !widths.has(name));

/**
 * The network of a text with layers of some forty units: a software GPU takes minutes for millions of weights, and what
 * is launched is the same. Layers of receptive fields are as wide as their patches make them.
 */
function narrow(text: string): string {
  if (/\bfield:/.test(text)) return text;
  const size = (units: string) => `${24 + (Number(units) % 31)}`;
  return text
    .replace(/^ *layer .*\{/gm, (line) =>
      line.replace(/\[(\d{3,})\]/g, (_, units: string) => `[${size(units)}]`),
    )
    .replace(/(?<=param units = )\d+/, size);
}

async function graphOf(name: string): Promise<Graph> {
  const file = join(folder, `${name}.rff`);
  const { document } = await loadModel({ text: narrow(readFileSync(file, 'utf8')), file });
  return lower(document, { batch: 3, predictBatch: 2, frames: 2 });
}

/** What two batches and a prediction tell: every output but those that are rows of activities. */
async function play(session: Session, graph: Graph): Promise<Map<string, Float32Array>> {
  const told = new Map<string, Float32Array>();
  const read = async (when: string, has: (t: TensorInfo) => boolean) => {
    for (const t of graph.tensors) {
      if (t.role === 'output' && has(t)) told.set(`${when} ${t.name}`, await session.read(t.name));
    }
  };
  const isPredicted = ({ name }: TensorInfo) => name.startsWith('predict/');
  try {
    resetSession(session, initializeParameters(graph.document));
    for (let batch = 0; batch < 2; batch++) {
      graph.tensors.forEach((t, site) => {
        if (t.role !== 'input') return;
        const u = uniforms(1, site, 0, batch, lengthOf(t.shape));
        // Another class than the true one, drawn as evenly as that.
        if (t.name === 'y')
          session.write(
            'y',
            Int32Array.from(u, (x) => x * 5),
          );
        else if (t.name === 'y_negative')
          session.write(
            t.name,
            Int32Array.from(u, (x) => 5 + x * 5),
          );
        else session.write(t.name, u);
      });
      await session.run('train', { epoch: 0, batch, trained: batch, rate: 1 });
      await read(`batch ${batch}`, (t) => !isPredicted(t));
    }
    await session.run('predict', { epoch: 0, batch: 0, trained: 2, rate: 1 });
    await read('prediction', isPredicted);
    return told;
  } finally {
    await session.dispose();
  }
}

const { gpu } = await findGpu();

describe.each(names)('%s', (name) => {
  test(gpu
    ? 'on cpu and webgpu as on the oracle'
    : 'on cpu as on the oracle; no adapter for webgpu', async () => {
    const graph = await graphOf(name);
    const { plan } = buildPlan(graph);
    const truth = await play(await openTfjs('tfjs-wasm', graph), graph);
    const sessions: [string, Session][] = [['cpu', await openCpu(plan, { threads: 2 })]];
    if (gpu) {
      const { openWebgpu } = await import('../runtime/webgpu/session.js');
      sessions.push(['webgpu', await openWebgpu(plan, gpu)]);
    }
    for (const [backend, session] of sessions) {
      const told = await play(session, graph);
      expect([...told.keys()]).toEqual([...truth.keys()]);
      for (const [tensor, values] of told) {
        const exact = truth.get(tensor)!;
        const scale = exact.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-2);
        const off = values.reduce((m, x, i) => Math.max(m, Math.abs(x - exact[i]!) / scale), 0);
        // What is not a number is further off than anything.
        expect(off, `${tensor} on ${backend}`).toBeLessThan(5e-3);
      }
    }
  }, 120_000);
});
