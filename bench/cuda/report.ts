/**
 * `node dist/bench/cuda/report.js`: the reference networks on an NVIDIA GPU in every precision, compared with their
 * matrix products, the same schedule in PyTorch (expert.py) and the webgpu engine, in one run, as Markdown. Cells that
 * cannot be measured are empty, with the reason on stderr.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listBackends } from '../../runtime/backends.js';
import type { BenchReport } from '../../runtime/bench/bench.js';

/** This file is run from `dist/bench/cuda`. */
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

const PRECISIONS = ['f32', 'tf32', 'bf16'] as const;
type Precision = (typeof PRECISIONS)[number];
/** Units per layer, and number of batches to time. */
const MODELS = [
  ['mnist3x200', 200, 100],
  ['mnist3x2000', 2000, 20],
] as const;
const PYTHON = process.env.PYTHON ?? 'python3';

function output(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return stdout;
  process.stderr.write(
    `${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim().slice(-2000)}\n`,
  );
  return undefined;
}

function bench(model: string, backend: string, precision: string, batches: number): BenchReport | undefined {
  const file = join(root, `models/${model}.rff`);
  const args = ['--backend', backend, '--precision', precision, '--batches', String(batches), '--json'];
  const text = output(process.execPath, [join(root, 'dist/cli/main.js'), 'bench', file, ...args]);
  return text === undefined ? undefined : (JSON.parse(text) as BenchReport);
}

interface Expert {
  readonly torch: string;
  readonly seconds: Readonly<Record<Precision, Readonly<Record<string, number>>>>;
}
function expert(units: number, batches: number): Expert | undefined {
  const script = join(root, 'bench/cuda/expert.py');
  const text = output(PYTHON, [script, '--units', String(units), '--batches', String(batches)]);
  // Lines before the last say what was omitted.
  return text === undefined ? undefined : (JSON.parse(text.trim().split('\n').at(-1)!) as Expert);
}

const ms = (seconds: number | undefined): string =>
  seconds === undefined ? '' : (1000 * seconds).toPrecision(4);
const ratio = (a: number | undefined, b: number | undefined): string =>
  a === undefined || b === undefined ? '' : `${(a / b).toFixed(2)} ×`;

const cuda = (await listBackends()).find(({ name }) => name === 'cuda')!;
console.log(`${cuda.detail}\n`);
if (!cuda.available) process.exit(1);
for (const [model, units, batches] of MODELS) {
  const theirs = expert(units, batches);
  console.log(`**${model}**, milliseconds per training batch${theirs ? `; PyTorch ${theirs.torch}` : ''}\n`);
  const ways = theirs ? Object.keys(theirs.seconds.f32) : [];
  const head = [
    'precision',
    'cuda',
    'its products',
    '× products',
    ...ways.map((w) => `PyTorch, ${w}`),
    'best / cuda',
    'prediction',
  ];
  console.log(`| ${head.join(' | ')} |\n| ${head.map((_, i) => (i === 0 ? '---' : '--:')).join(' | ')} |`);
  for (const precision of PRECISIONS) {
    const ours = bench(model, 'cuda', precision, batches);
    const seconds = theirs?.seconds[precision] ?? {};
    const best = theirs ? Math.min(...Object.values(seconds)) : undefined;
    const { train, predict } = ours ?? {};
    const row = [
      ...[precision, ms(train?.seconds), ms(train?.floorSeconds), ratio(train?.seconds, train?.floorSeconds)],
      ...ways.map((way) => ms(seconds[way])),
      ...[ratio(best, train?.seconds), ms(predict?.seconds)],
    ];
    console.log(`| ${row.join(' | ')} |`);
  }
  const page = bench(model, 'webgpu', 'f32', Math.ceil(batches / 4));
  console.log(
    page
      ? `\nOur webgpu engine: ${ms(page.train.seconds)} ms.\n`
      : '\nOur webgpu engine does not run here.\n',
  );
}
