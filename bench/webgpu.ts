/**
 * `node dist/bench/webgpu.js`: a training batch and a prediction on the webgpu engine and on tfjs's WebGPU, on the same adapter
 * in one run, as a Markdown table. `--model` and `--batch` choose another network than mnist3x200 at 100.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel } from '../compiler/compile.js';
import { lower } from '../compiler/graph/lower.js';
import { listBackends, openBackend } from '../runtime/backends.js';
import { bench } from '../runtime/bench/bench.js';

/** This file is run from `dist/bench`. */
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mnist3x200' },
    batch: { type: 'string', default: '100' },
    batches: { type: 'string', default: '3' },
  },
});
const file = `models/${values.model}.rff`;
const { document } = await loadModel({ text: readFileSync(join(root, file), 'utf8'), file });
const graph = lower(document, { batch: Number(values.batch) });

const adapter = (await listBackends()).find(({ name }) => name === 'webgpu')!;
console.log(`${values.model} at ${values.batch}; ${adapter.detail}\n`);
console.log('| engine | a training batch, s | a prediction of all samples, s |\n| --- | --- | --- |');
const results = [];
for (const backend of ['webgpu', 'tfjs-webgpu']) {
  const { train, predict } = await bench(graph, { backend, batches: Number(values.batches) }, openBackend);
  results.push({ train: train.seconds, predict: predict?.seconds ?? Number.NaN });
  console.log(
    `| ${backend} | ${train.seconds.toPrecision(3)} | ${predict?.seconds.toPrecision(3) ?? 'no label'} |`,
  );
}
const [ours, theirs] = results as [(typeof results)[0], (typeof results)[0]];
const ratio = (key: 'train' | 'predict') => `${(theirs[key] / ours[key]).toFixed(1)} ×`;
console.log(`| ratio | ${ratio('train')} | ${ratio('predict')} |`);
