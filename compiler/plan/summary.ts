/**
 * The costs of a plan, counted from its launches: kernels, floating-point operations, bytes read and written, memory;
 * and the summary that `rffc compile` prints.
 *
 * A matrix product m×n×k takes 2mnk operations and moves its three operands once; a block product, once per block. A
 * row kernel takes one operation per node and unit, and moves the rows of its views. A learning launch keeps its
 * gradient internal, which moves nothing.
 */
import { isOperator, operators } from '../expr/operators.js';
import { blockCount } from './blocks.js';
import type { Gemm, Launch, Plan, Region, RowsKernel, RowsLaunch, RowsView } from './plan.js';

export interface Figures {
  /** Launches. */
  readonly kernels: number;
  /** Matrix products, including those of learning launches. */
  readonly products: number;
  readonly flops: number;
  /** Bytes read and written. */
  readonly bytes: number;
}

/** The total cost of a program's launches in one run. */
export function figuresOf(plan: Pick<Plan, 'kernels'>, launches: readonly Launch[]): Figures {
  const rowCosts = plan.kernels.map(flopsOfRow);
  let products = 0;
  let flops = 0;
  let numbers = 0;
  const gemm = (g: Gemm, moved: number) => {
    products++;
    flops += 2 * g.m * g.n * g.k * blockCount(g);
    numbers += moved * blockCount(g);
  };
  const rows = (l: RowsLaunch, kept?: number) => {
    flops += l.variants * l.samples * rowCosts[l.kernel]!;
    numbers += movedByRows(plan.kernels[l.kernel]!, l, kept);
  };
  for (const l of launches) {
    switch (l.kind) {
      case 'gemm':
        gemm(l, l.m * l.k + l.k * l.n + (1 + l.beta) * l.m * l.n);
        break;
      case 'rows':
        rows(l);
        break;
      case 'learn':
        for (const p of l.products) gemm(p, p.m * p.k + p.k * p.n);
        rows(l.update, l.gradient.buffer);
        break;
      case 'patches':
        numbers += area(l.input) + area(l.output);
        break;
      case 'mean':
        flops += l.input.rows;
        numbers += l.input.rows + 1;
        break;
      case 'total':
        flops += area(l.input);
        numbers += area(l.input) + l.output.cols;
        break;
      case 'scatter':
        // Every row is added to the row of its class and to the total.
        flops += 2 * area(l.input);
        numbers += area(l.input) + l.index.rows + area(l.output);
        break;
      case 'onehot':
        numbers += l.index.rows + l.output.rows * (l.output.cols + l.tail.length);
        break;
      case 'dropout':
      case 'fill':
        numbers += area(l.output);
        break;
      case 'draw':
        flops += area(l.probabilities);
        numbers += area(l.probabilities) + l.truth.rows + l.uniform.rows + l.output.rows;
        break;
      default:
        throw new Error(`no such launch: ${JSON.stringify(l satisfies never)}`);
    }
  }
  return { kernels: launches.length, products, flops, bytes: 4 * numbers };
}

const area = (r: Region): number => r.rows * r.cols;

/** Operations of a row kernel per row. */
function flopsOfRow({ units, nodes, inputs }: RowsKernel): number {
  const isElement: boolean[] = [];
  let flops = 0;
  for (const node of nodes) {
    if (typeof node === 'number') isElement.push(false);
    else if (typeof node === 'string')
      isElement.push(inputs.find((i) => i.name === node)?.kind === 'element');
    else {
      const [op, ...args] = node;
      const wide = args.some((a) => isElement[a]);
      flops += wide ? units : 1;
      isElement.push(wide && isOperator(op) && operators[op].kind === 'element');
    }
  }
  return flops;
}

/** Numbers that a row launch reads and writes; broadcast rows are read once. */
function movedByRows(kernel: RowsKernel, l: RowsLaunch, kept: number | undefined): number {
  const rowsOf = (v: RowsView): number =>
    v.lookup
      ? l.variants * l.samples
      : (v.variantStride === 0 ? 1 : l.variants) * (v.sampleStride === 0 ? 1 : l.samples);
  const width = (kind: 'element' | 'row') => (kind === 'element' ? kernel.units : 1);
  const read = l.inputs.reduce(
    (sum, v, i) => sum + (v.buffer === kept ? 0 : rowsOf(v) * width(kernel.inputs[i]!.kind)),
    0,
  );
  return l.outputs.reduce((sum, v, i) => {
    const { kind, tail } = kernel.outputs[i]!;
    return sum + rowsOf(v) * (width(kind) + tail.length);
  }, read);
}

export interface PlanFigures {
  /** For a training batch. */
  readonly train: Figures;
  /** For a prediction chunk. */
  readonly predict: Figures;
  /** Steps per training batch. */
  readonly steps: number;
  /** Launches per step of a training batch. */
  readonly kernelsPerStep: number;
  /** Total of all arenas. */
  readonly memory: number;
}

/** The costs of a plan. */
export function planFigures(plan: Plan): PlanFigures {
  const train = figuresOf(plan, plan.programs.train);
  const steps = plan.model.phases.reduce((n, phase) => n + phase.steps, 0);
  return {
    train,
    predict: figuresOf(plan, plan.programs.predict),
    steps,
    kernelsPerStep: train.kernels / steps,
    memory: plan.arenas.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The summary that `rffc compile` prints, one fact per line. */
export function summarize(plan: Plan): string {
  const { model, batch, predictBatch, frames, tensors, arenas } = plan;
  const { input, label, layers, connections, fast_weights, phases, train } = model;
  const { train: cost, predict, steps, kernelsPerStep, memory } = planFigures(plan);
  const numbers = (role: 'parameter' | 'state') =>
    tensors
      .filter((tensor) => tensor.role === role)
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const inFrames = frames > 1 ? `, ${frames} frames` : '';
  const withLabel = label ? `, label ${label.name}[${label.classes}]` : '';
  const lines: (readonly [string, string])[] = [
    ['model', model.name],
    ['input', `${input.name}[${input.size}]${inFrames}${withLabel}`],
    ['layers', layers.map(({ name, size }) => `${name}[${size}]`).join(', ')],
    [
      'connections',
      fast_weights.length === 0
        ? count(connections.length)
        : `${count(connections.length)} and ${count(fast_weights.length)} fast`,
    ],
    [
      'parameters',
      `${count(numbers('parameter'))} (and ${count(numbers('state'))} numbers of optimizer state)`,
    ],
    [
      'schedule',
      phases.map(({ name, steps: n, learn }) => `${name}[${n}]${learn ? ' learning' : ''}`).join(', '),
    ],
    [
      'training',
      `${train.data.name}, ${count(train.epochs)} epochs, batches of ${count(batch)}, ` +
        `${train.optimizer.name}(lr: ${short(train.optimizer.lr)})`,
    ],
    ['kernels', `${kernelsPerStep.toFixed(1)} per step: ${count(cost.kernels)} launches in ${steps} steps`],
    [
      'per batch',
      `${flopsText(cost.flops)} in ${count(cost.products)} products and row kernels, ${bytesText(cost.bytes)} moved`,
    ],
    [
      'prediction',
      label
        ? `${count(predictBatch)} samples at a time: ${count(predict.kernels)} launches, ` +
          `${flopsText(predict.flops)}, ${bytesText(predict.bytes)} moved`
        : 'none, without a label',
    ],
    [
      'memory',
      `${bytesText(memory)}: ${arenas
        .filter(({ bytes }) => bytes > 0)
        .map(({ name, bytes }) => `${name} ${bytesText(bytes)}`)
        .join(', ')}`,
    ],
  ];
  return lines.map(([key, value]) => `${key.padEnd(12)}${value}\n`).join('');
}

/** 1234567 → `1,234,567`. */
export function count(n: number): string {
  return n.toLocaleString('en');
}

/** `1.53 TFLOP`, `22.9 GFLOP`: three digits. */
export function flopsText(flops: number): string {
  return scaled(flops, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP', 'PFLOP']);
}

/** `1.22 GiB`, `118 MiB`: three digits. */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let scaledValue = value;
  // 999.6 would be rounded to four digits.
  while (scaledValue >= base - 0.5 && unit < units.length - 1) {
    scaledValue /= base;
    unit++;
  }
  const digits = unit === 0 || scaledValue >= 99.95 ? 0 : scaledValue >= 9.995 ? 1 : 2;
  return `${scaledValue.toFixed(digits)} ${units[unit]}`;
}

/** As it would be written in a model: 5e-6, not 0.000005. */
function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
