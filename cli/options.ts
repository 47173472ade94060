/**
 * Options shared by several commands, and their parsers. An invalid value is wrong
 * usage: `usage.ts` reports it and the process exits with 2.
 */
import { InvalidArgumentError, Option } from 'commander';
import { backendNames } from '../runtime/backends.js';
import { valueKinds } from '../runtime/data/scale.js';
import { precisions } from '../runtime/engine.js';

/** What `rffc compile --emit` can print. */
export const EMIT_FORMS = [
  'ast',
  'model',
  'graph',
  'plan',
  'wat',
  'wgsl',
  'cuda',
  'dot',
  'dot-graph',
] as const;
export type EmitForm = (typeof EMIT_FORMS)[number];

/** A parser of integers from `least` on. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected an integer of at least ${least}`);
  };
}

/** A parser of numbers above zero. */
export function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a number above 0');
}

/** A parser of `28x28`: rows and columns. */
export function grid(text: string): { readonly rows: number; readonly columns: number } {
  const match = /^([1-9]\d*)[x×]([1-9]\d*)$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('expected rows and columns, for example 28x28');
  return { rows: Number(match[1]), columns: Number(match[2]) };
}

/** A parser of `mean,std`. */
export function normalize(text: string): { readonly mean: number; readonly std: number } {
  const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [mean, std] = parts;
  if (parts.length !== 2 || !Number.isFinite(mean) || !Number.isFinite(std) || std! <= 0)
    throw new InvalidArgumentError('expected mean and standard deviation, for example 0.1307,0.3081');
  return { mean: mean!, std: std! };
}

/** Collects repeated `--set name=number`. */
export function setting(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const match = /^\s*([A-Za-z_]\w*)\s*=\s*(.+)$/.exec(text);
  const value = Number(match?.[2]);
  if (!match || !Number.isFinite(value))
    throw new InvalidArgumentError('expected name=number, for example theta=1.25');
  return { ...before, [match[1]!]: value };
}

/** Collects the values of a repeated option. */
export function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Parses a comma-separated list of words, each in `allowed`. */
export function listOf<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(',').map((item) => {
      const found = allowed.find((name) => name === item.trim());
      if (!found)
        throw new InvalidArgumentError(`expected ${allowed.map((name) => `\`${name}\``).join(', ')}`);
      return found;
    });
}

// Functions, not values: commander keeps parsed values in the option itself.
export const setOption = () =>
  new Option('--set <name=number>', 'set a param of the model; may be repeated').argParser(setting);
export const modelOption = () => new Option('--model <name>', 'model to use, in a file with several');
export const backendOption = (preset?: string) => {
  const option = new Option('--backend <name>', 'backend to run on').choices(['auto', ...backendNames]);
  return preset === undefined ? option : option.default(preset);
};
export const threadsOption = () =>
  new Option('--threads <n>', 'CPU threads (default: one per core, at most 64)').argParser(whole(1));
export const precisionOption = () =>
  new Option(
    '--precision <type>',
    'precision of matrix-product operands: f16 on webgpu, tf32 or bf16 on cuda',
  ).choices(precisions);
export const deviceOption = () => new Option('--device <n>', 'CUDA device, from 0').argParser(whole(0));
export const dataDirOption = () =>
  new Option('--data-dir <dir>', 'data set directory (default: $RFFC_DATA, then the cache)');
export const limitOption = (what: string) => new Option('--limit <n>', what).argParser(whole(1));
export const jsonOption = (what = 'print JSON') => new Option('--json', what);

/** How the samples of `--data` are read: see `runtime/data/samples.ts`. */
export const sampleOptions = () => [
  new Option('--invert', 'invert images, for dark strokes on white paper'),
  new Option('--resize', 'fit images of other sizes to the size the network was trained on'),
  new Option(
    '--values <kind>',
    'what the numbers are: raw (pixels 0 to 255), unit (0 to 1), or normalized (default: inferred from type and range)',
  ).choices(valueKinds),
  new Option(
    '--normalize <mean,std>',
    'normalization of the training images, if the model does not have it',
  ).argParser(normalize),
];
