/** `rffc bench`: times training and prediction against their matrix products alone. */
import { dirname } from 'node:path';
import type { ModelChoice } from '../compiler/compile.js';
import { loadModel } from '../compiler/compile.js';
import { lower } from '../compiler/graph/lower.js';
import { openBackend } from '../runtime/backends.js';
import { type BenchReport, bench, type KernelTime, type Timing } from '../runtime/bench/bench.js';
import type { Precision } from '../runtime/engine.js';
import { readModelSource } from '../runtime/run/model.js';
import { readPlan } from '../runtime/run/plans.js';
import { framesOf } from './frames.js';
import { type Io, misuse, report } from './io.js';
import { passesOf } from './passes.js';

interface BenchCommandOptions extends ModelChoice {
  readonly backend: string;
  readonly batches?: number;
  readonly threads?: number;
  readonly precision?: Precision;
  readonly device?: number;
  readonly profile?: true;
  readonly batch?: number;
  readonly pass: readonly string[];
  readonly dataDir?: string;
  readonly json?: true;
}

export async function benchCommand(io: Io, file: string, options: BenchCommandOptions): Promise<number> {
  const { backend, batches, threads, precision, device, profile } = options;
  if (profile && !['auto', 'cpu', 'webgpu', 'cuda'].includes(backend))
    throw misuse(
      `\`--profile\` is not supported on \`${backend}\``,
      'use `--profile` with `--backend cpu`, `webgpu` or `cuda`',
    );
  const without = passesOf(options.pass);
  const compiled = await compiledFrom(io, file, options, without.length > 0);
  const result = await bench(
    compiled,
    {
      backend,
      without,
      profile: profile ?? false,
      ...(batches === undefined ? {} : { batches }),
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
      ...(device === undefined ? {} : { device }),
    },
    openBackend,
  );
  io.out(options.json ? `${JSON.stringify(result, null, 2)}\n` : table(result));
  return 0;
}

/** A model's graph, or a plan as read. */
async function compiledFrom(io: Io, file: string, options: BenchCommandOptions, changesPasses: boolean) {
  const source = readModelSource(io.cwd, file);
  const found = await readPlan(source);
  if (found) {
    const settled = (['set', 'model', 'batch'] as const).find((name) => options[name] !== undefined);
    if (settled || changesPasses)
      throw misuse(
        `\`--${settled ?? 'no-pass'}\` is fixed in the plan \`${file}\``,
        `compile the model with \`--${settled ?? 'no-pass'}\` again, or benchmark the .rff file`,
        'RFF728',
      );
    return found.plan;
  }
  const { document, warnings } = await loadModel(source, options);
  report(io, warnings);
  const frames = await framesOf(io, dirname(source.path), options.dataDir)(document.train.data);
  return lower(document, { frames, ...(options.batch === undefined ? {} : { batch: options.batch }) });
}

function table(result: BenchReport): string {
  const { model, backend, threads, blas, train, predict, profile } = result;
  const products = backend === 'cpu' ? `, products by ${blas ?? 'built-in WebAssembly'}` : '';
  const workers = threads === null ? '' : `, ${threads} thread${threads === 1 ? '' : 's'}`;
  const rows = [
    ['', 'seconds', 'its products', 'as written', '× products', '× as written', 'rounds'],
    row(`training ${train.samples.toLocaleString('en')}`, train),
    ...(predict ? [row(`predicting ${predict.samples.toLocaleString('en')}`, predict)] : []),
  ];
  const kept = train.floorSeconds === undefined ? rows.map((r) => [r[0]!, r[1]!, r[6]!]) : rows;
  return [
    `${model} on ${backend}${workers}${products}\n\n`,
    lines(kept),
    ...(profile
      ? [kernels('training', profile.train), kernels('one prediction chunk', profile.predict)]
      : []),
  ].join('');
}

function row(name: string, { seconds, floorSeconds, naiveFloorSeconds, rounds }: Timing): string[] {
  const text = (value: number | undefined) => (value === undefined ? '' : value.toPrecision(4));
  const ratio = (floor: number | undefined) => (floor === undefined ? '' : (seconds / floor).toFixed(3));
  const floors = [text(floorSeconds), text(naiveFloorSeconds)];
  return [name, text(seconds), ...floors, ratio(floorSeconds), ratio(naiveFloorSeconds), String(rounds)];
}

/** On the first worker; short kernels are omitted. */
function kernels(title: string, times: readonly KernelTime[]): string {
  const total = times.reduce((sum, { workSeconds, waitSeconds }) => sum + workSeconds + waitSeconds, 0);
  const ms = (seconds: number) => (1000 * seconds).toFixed(3);
  const shown = times.filter(({ workSeconds, waitSeconds }) => workSeconds + waitSeconds >= 0.002 * total);
  const rest = times.filter((time) => !shown.includes(time));
  const line = (name: string, of: readonly KernelTime[]) => {
    const sum = (value: (time: KernelTime) => number) => of.reduce((n, time) => n + value(time), 0);
    const work = sum((t) => t.workSeconds);
    return [
      name,
      String(sum((t) => t.launches)),
      ms(work),
      ms(sum((t) => t.waitSeconds)),
      `${((100 * work) / total).toFixed(1)} %`,
    ];
  };
  return `\n${lines([
    [title, 'launches', 'ms', 'ms waiting', 'share'],
    ...shown.map((time) => line(time.kernel, [time])),
    ...(rest.length > 0 ? [line('others', rest)] : []),
    line('all', times),
  ])}`;
}

/** Aligned columns: the first to the left, the others to the right. */
function lines(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((cells) => cells[c]!.length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
        .join('  ')
        .trimEnd()
        .concat('\n'),
    )
    .join('');
}
