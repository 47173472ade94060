/**
 * `node dist/bench/webgpu.js`: a training batch and a prediction on the webgpu engine and on tfjs's WebGPU, on the same
 * adapter, in turn within one run, as a Markdown table of medians. `--model` and `--batch` choose another network than
 * mnist3x200 at 100, `--rounds` how often each has its turn.
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
    rounds: { type: 'string', default: '3' },
  },
});
const file = `models/${values.model}.rff`;
const { document } = await loadModel({ text: readFileSync(join(root, file), 'utf8'), file });
const graph = lower(document, { batch: Number(values.batch) });

const adapter = (await listBackends()).find(({ name }) => name === 'webgpu')!;
console.log(`${values.model} at ${values.batch}; ${adapter.detail}\n`);

interface Times {
  readonly train: number[];
  readonly predict: number[];
}
const times: Record<string, Times> = {
  webgpu: { train: [], predict: [] },
  'tfjs-webgpu': { train: [], predict: [] },
};
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [backend, own] of Object.entries(times)) {
    const { train, predict } = await bench(graph, { backend, batches: 1 }, openBackend);
    own.train.push(train.seconds);
    if (predict) own.predict.push(predict.seconds);
  }
}

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
console.log('| engine | a training batch, s | a prediction of all samples, s |\n| --- | --- | --- |');
for (const [backend, { train, predict }] of Object.entries(times))
  console.log(`| ${backend} | ${median(train).toPrecision(3)} | ${median(predict).toPrecision(3)} |`);
const [ours, theirs] = Object.values(times) as [Times, Times];
const ratio = (key: keyof Times) => `${(median(theirs[key]) / median(ours[key])).toFixed(1)} ×`;
console.log(`| ratio | ${ratio('train')} | ${ratio('predict')} |`);
