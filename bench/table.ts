/**
 * `npm run bench`: the tables of docs/BENCHMARKS.md, as Markdown: models by engines, and the gain of each pass; every
 * cell is a separate `rffc bench` process. Limited to about eight minutes on two cores.
 *
 * With `--write` the tables go into docs/BENCHMARKS.md, between its markers.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { passNames } from '../compiler/passes/pipeline.js';
import type { BenchReport, Timing } from '../runtime/bench/bench.js';

/** This file is run from `dist/bench`. */
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const page = join(root, 'docs/BENCHMARKS.md');

interface Engine {
  readonly name: string;
  readonly backend: string;
  readonly environment?: Readonly<Record<string, string>>;
}
const engines = {
  cpu: { name: 'cpu', backend: 'cpu' },
  own: { name: 'cpu, `RFFC_BLAS=off`', backend: 'cpu', environment: { RFFC_BLAS: 'off' } },
  wasm: { name: 'tfjs-wasm', backend: 'tfjs-wasm' },
} as const satisfies Record<string, Engine>;

/** Rounds per engine; engines that would take minutes are omitted. */
const models: readonly (readonly [string, Partial<Record<keyof typeof engines, number>>])[] = [
  ['quickstart', { cpu: 100, own: 100, wasm: 5 }],
  ['mnist3x200', { cpu: 30, own: 10, wasm: 3 }],
  ['mnist5x700', { cpu: 5, own: 2, wasm: 1 }],
  ['mnist3x2000', { cpu: 3, own: 1 }],
];

function bench(
  model: string,
  { backend, environment }: Engine,
  batches: number,
  more: readonly string[] = [],
) {
  const args = [join(root, 'dist/cli/main.js'), 'bench', join(root, `models/${model}.rff`), '--json'];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...args, '--backend', backend, '--batches', String(batches), ...more],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  if (status !== 0) throw new Error(`rffc bench ${model} --backend ${backend} failed:\n${stderr}`);
  process.stderr.write('.');
  return JSON.parse(stdout) as BenchReport;
}

const seconds = (value: number) => (value >= 0.1 ? value.toPrecision(3) : value.toFixed(4));

/** `0.0871 (1.07 × its products, 0.75 × as written)` in three cells. */
function cells(timing: Timing | null): string[] {
  if (!timing) return ['', '', ''];
  const ratio = (floor: number | undefined) =>
    floor === undefined ? '' : `${(timing.seconds / floor).toFixed(2)} ×`;
  return [seconds(timing.seconds), ratio(timing.floorSeconds), ratio(timing.naiveFloorSeconds)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |\n`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('');
}

function modelTable(): string {
  const rows: string[][] = [];
  for (const [model, rounds] of models) {
    for (const [key, batches] of Object.entries(rounds) as [keyof typeof engines, number][]) {
      const { train, predict } = bench(model, engines[key], batches);
      const samples = `${train.samples} / ${predict?.samples ?? '–'}`;
      rows.push([`${model}, ${engines[key].name}`, samples, ...cells(train), ...cells(predict)]);
    }
  }
  const floors = ['its products', 'as written'];
  return table(
    ['model, engine', 'samples', 'training batch, s', ...floors, 'prediction, s', ...floors],
    rows,
  );
}

/** Each pass disabled in turn; the naive floor is always the same work, so ratios to it are comparable. */
function passTable(): string {
  const model = 'mnist3x200';
  const share = (timing: Timing | null) => timing!.seconds / timing!.naiveFloorSeconds!;
  const measure = (more: readonly string[]) => {
    const { train, predict } = bench(model, engines.cpu, 10, more);
    return [share(train), share(predict)] as const;
  };
  const [train, predict] = measure([]);
  const row = (name: string, [t, p]: readonly [number, number]) => [
    name,
    t.toFixed(3),
    `${(t / train).toFixed(2)} ×`,
    p.toFixed(3),
    `${(p / predict).toFixed(2)} ×`,
  ];
  const without = (passes: readonly string[]) => measure(passes.flatMap((pass) => ['--no-pass', pass]));
  return table(
    [`${model} on cpu`, 'training / as written', 'slower', 'predicting / as written', 'slower'],
    [
      row('all passes', [train, predict]),
      ...passNames.map((pass) => row(`without ${pass}`, without([pass]))),
      row('without any', without(passNames)),
    ],
  );
}

const began = performance.now();
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`;
const { blas, threads } = bench('quickstart', engines.cpu, 1);
const text = [
  `Measured on ${machine}; ${threads} threads, ${blas ?? 'no BLAS'}.\n`,
  modelTable(),
  passTable(),
].join('\n');
process.stderr.write(`\n${Math.round((performance.now() - began) / 1000)} s\n`);
process.stdout.write(text);
if (process.argv.includes('--write')) {
  const [start, end] = ['<!-- npm run bench -->\n', '<!-- end -->'];
  const before = readFileSync(page, 'utf8');
  const [from, to] = [before.indexOf(start), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks the markers ${start.trim()} and ${end}`);
  writeFileSync(page, `${before.slice(0, from + start.length)}\n${text}\n${before.slice(to)}`);
}
