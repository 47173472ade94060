/**
 * The settings that a sweep tries: from `lr=1e-5,5e-5` and `theta=1,1.5` to a list of trials, each a value for every
 * name. The same request gives the same trials, so that a sweep can go on where it stopped.
 */
import { failure } from '../../grammar/diagnostic.js';
import { closest } from '../../grammar/suggest.js';
import { below, uniformAt, words } from '../random/philox.js';
import { SITE } from '../random/sites.js';

/** What a name can be: one of some values, or anything between two. */
export type Choice = { readonly values: readonly number[] } | { readonly low: number; readonly high: number };

export interface Dimension {
  readonly name: string;
  readonly choice: Choice;
}

/** A value for every dimension. */
export type Settings = Readonly<Record<string, number>>;

export type Sampler = 'grid' | 'random';

/** Run options that a sweep can set where the model has no param of the name. */
export const runOptions = ['lr', 'epochs', 'batch', 'seed'] as const;
export type RunOption = (typeof runOptions)[number];
export const isRunOption = (name: string): name is RunOption => runOptions.some((option) => option === name);

/**
 * Reads what `--set` says: `name=1,1.5,2`, or `name=low..high`.
 * @param params of the model
 * @throws RffcError RFF901
 */
export function readSpace(texts: readonly string[], params: readonly string[]): Dimension[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const [, name = '', values = ''] = /^\s*([A-Za-z_]\w*)\s*=\s*(.+)$/.exec(text) ?? [];
    if (name === '') throw wrong(`\`--set ${text}\` is not name=values`, 'for example `--set lr=1e-5,5e-5`');
    if (!params.includes(name) && !isRunOption(name)) {
      const known = [...new Set([...params, ...runOptions])];
      const near = closest(name, known);
      throw wrong(
        `the model has no param \`${name}\``,
        near ? `did you mean \`${near}\`?` : `what can be set is ${known.join(', ')}`,
      );
    }
    if (seen.has(name)) throw wrong(`\`${name}\` is set twice`, 'give its values in one `--set`');
    seen.add(name);
    return { name, choice: readChoice(name, values, !params.includes(name)) };
  });
}

function readChoice(name: string, text: string, isOption: boolean): Choice {
  const number = (part: string): number => {
    const value = part.trim() === '' ? Number.NaN : Number(part);
    const whole = isOption && name !== 'lr';
    const least = name === 'seed' ? 0 : 1;
    if (!Number.isFinite(value)) throw wrong(`\`${part.trim()}\` of \`${name}\` is not a number`);
    if (whole && !(Number.isSafeInteger(value) && value >= least))
      throw wrong(`\`${name}\` cannot be ${value}`, `it is a whole number, at least ${least}`);
    if (isOption && name === 'lr' && value <= 0) throw wrong('`lr` must be above 0');
    return value;
  };
  const range = text.split('..');
  if (range.length === 1) return { values: [...new Set(text.split(',').map(number))] };
  const [low, high] = range.map(number) as [number, number];
  if (range.length > 2 || !(low < high))
    throw wrong(`\`${text}\` of \`${name}\` is no range`, 'a range is low..high');
  return { low, high };
}

/**
 * The trials of a sweep.
 *
 * `grid`: every combination, the last dimension fastest, up to `most`. `random`: `most` draws (every combination once,
 * in random order, where there are no more); a range is drawn from evenly, on a logarithmic scale where it begins above
 * 0.
 *
 * @param most how many trials; for `grid` all of them by default, for `random` 20
 * @throws RffcError RFF901 for a range on a grid
 */
export function trialsOf(
  space: readonly Dimension[],
  sampler: Sampler,
  most: number | undefined,
  seed: number,
): Settings[] {
  const ranged = space.find(({ choice }) => 'low' in choice);
  if (sampler === 'grid' && ranged)
    throw wrong(`a grid needs the values of \`${ranged.name}\` one by one`, 'or add `--sampler random`');
  const count = space.reduce((n, { choice }) => n * ('low' in choice ? Infinity : choice.values.length), 1);
  const wanted = Math.min(count, most ?? (sampler === 'grid' ? count : 20));
  if (wanted > 100_000)
    throw wrong(`there are ${wanted} combinations`, 'name fewer values, or add `--trials`');
  if (sampler === 'grid') return Array.from({ length: wanted }, (_, i) => combination(space, i));
  if (count <= 100_000)
    return shuffled(count, seed)
      .slice(0, wanted)
      .map((i) => combination(space, i));
  return Array.from({ length: wanted }, (_, trial) =>
    Object.fromEntries(space.map((dimension, d) => [dimension.name, draw(dimension, seed, trial, d)])),
  );
}

/** The i-th point of the grid. */
function combination(space: readonly Dimension[], index: number): Settings {
  let rest = index;
  const settings: [string, number][] = [];
  for (const { name, choice } of space.toReversed()) {
    const { values } = choice as { readonly values: readonly number[] };
    settings.unshift([name, values[rest % values.length]!]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(settings);
}

function shuffled(count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  const drawn = words(seed, SITE.sweep, 0, 0, count);
  for (let i = count - 1; i > 0; i--) {
    const j = below(drawn[i]!, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function draw({ name, choice }: Dimension, seed: number, trial: number, dimension: number): number {
  const u = uniformAt(seed, SITE.sweep, 1, trial, dimension);
  if ('values' in choice) return choice.values[Math.floor(u * choice.values.length)]!;
  const { low, high } = choice;
  // A whole number stays one, and both ends are drawn.
  if (isRunOption(name) && name !== 'lr') return low + Math.floor(u * (high - low + 1));
  // Four digits: as exact as a setting needs to be, and readable.
  const value = low > 0 ? low * (high / low) ** u : low + u * (high - low);
  return Number(value.toPrecision(4));
}

function wrong(message: string, hint?: string) {
  return failure('RFF901', message, hint === undefined ? {} : { hint });
}
