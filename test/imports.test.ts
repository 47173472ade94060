/**
 * Who may import whom. A row of the table is a room (a folder, or a file that stands by itself) and the rooms of its
 * own floor that it may import; they stand above it, so that no circle can form. Type imports count: who needs
 * another's types cannot be read without it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** The floors from the ground up. Each may import what lies below it; `grammar` imports nothing of ours. */
const FLOORS = ['grammar', 'compiler', 'runtime', 'cli'] as const;
type Floor = (typeof FLOORS)[number];

type Arrows = readonly (readonly [rooms: string, may: string])[];

const COMPILER: Arrows = [
  ['model vectors expr', ''],
  ['field', 'model'],
  ['influence rules', 'expr model'],
  ['check', 'expr field influence model rules'],
  ['graph', 'expr field influence model rules'],
  ['passes', 'expr field graph model vectors'],
  ['plan', 'check expr field graph influence model vectors'],
  ['kernels', 'expr graph passes plan vectors'],
  ['codegen', 'expr field plan'],
  ['network', 'graph plan'],
  ['build', 'graph kernels passes plan'],
  ['explain', 'build graph passes plan'],
  ['compile', 'build check graph model plan'],
];

const BASE = 'backend dispose engine tensors';
const ENGINE = `${BASE} cache-folder`;
const RUNTIME: Arrows = [
  ['engine dispose quiet files version shell cache-folder kinds protobuf random', ''],
  ['packages', 'version'],
  ['dawn', 'packages quiet'],
  ['tensors backend', 'engine'],
  ['safetensors-format', 'kinds'],
  ['safetensors', 'kinds safetensors-format'],
  ['cpu', BASE],
  ['webgpu', `${ENGINE} dawn files`],
  ['cuda', ENGINE],
  ['tfjs', 'backend dawn dispose engine packages random'],
  ['backends', 'backend cpu cuda engine tfjs webgpu'],
  ['data', 'cache-folder files kinds random safetensors'],
  ['train', 'data engine random tensors'],
  ['folder', 'data engine files shell train version'],
  ['report', 'data engine files folder protobuf train'],
  ['generate', 'data engine random report train'],
  ['onnx', 'protobuf train'],
  ['session-checks', 'engine train'],
  ['weight-bytes', 'engine safetensors-format session-checks'],
  ['run', 'data engine files folder report safetensors shell train weight-bytes'],
  ['weights', 'engine run safetensors session-checks weight-bytes'],
  ['sweep', 'cpu files folder random report train version'],
  ['bench', 'cpu cuda engine random run tensors'],
  ['pixels', 'data'],
  ['library', 'data engine session-checks train'],
  ['codes library-codes tool-codes', ''],
  ['diagnostics', 'codes data library-codes run tool-codes'],
];

/** What a room may not take from the floor below, though others may. */
const NEVER: readonly (readonly [rooms: string, never: string])[] = [
  // An engine runs the plan that it is given.
  ['runtime/cpu runtime/cuda runtime/webgpu', 'passes kernels build compile explain check'],
  // The oracle must share no code with what it is to check.
  ['runtime/tfjs', 'passes kernels plan codegen build compile explain check'],
  ['runtime/data runtime/random', 'graph passes kernels plan codegen build compile explain'],
];

interface Arrow {
  readonly from: string;
  readonly to: string;
}

const sources = (floor: Floor): string[] =>
  readdirSync(join(root, floor), { recursive: true, encoding: 'utf8' })
    .map((file) => `${floor}/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

/** What a file imports of ours: `import`, `export … from` and `import()`, of values or types. */
function arrowsOf(file: string): Arrow[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, path]) => ({
    from: file,
    to: posix.normalize(posix.join(posix.dirname(file), path!)).replace(/\.js$/, '.ts'),
  }));
}

const files = FLOORS.flatMap(sources);
const arrows = files.flatMap(arrowsOf);

const floorOf = (file: string): string => file.split('/')[0]!;
/** The folder or the file right on the floor. */
const roomOf = (file: string): string => file.split('/')[1]!.replace(/\.ts$/, '');
const words = (text: string): string[] => text.split(' ').filter(Boolean);
const show = ({ from, to }: Arrow): string => `${from} -> ${to}`;

/** The files of every circle, one after the other. */
function circles(): string[][] {
  const next = new Map(files.map((file) => [file, [] as string[]]));
  for (const { from, to } of arrows) next.get(from)!.push(to);
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}

describe('imports', () => {
  it('are found', () => {
    expect(arrows.length).toBeGreaterThan(1000);
    const isFile = new Set(files);
    const code = arrows.filter(({ to }) => to.endsWith('.ts') && FLOORS.some((f) => to.startsWith(`${f}/`)));
    expect(code.filter(({ to }) => !isFile.has(to)).map(show)).toEqual([]);
  });

  it('never climb to a floor above', () => {
    const level = (file: string) => FLOORS.indexOf(floorOf(file) as Floor);
    expect(arrows.filter(({ from, to }) => level(to) > level(from) || level(to) < 0).map(show)).toEqual([]);
  });

  it.each([
    ['compiler', COMPILER],
    ['runtime', RUNTIME],
  ] as const)('within %s follow the table', (floor, table) => {
    const allowed = new Map(
      table.flatMap(([rooms, may]) => words(rooms).map((r) => [r, words(may)] as const)),
    );
    const order = [...allowed.keys()];
    // The index of a floor only exports.
    const inside = arrows.filter(
      ({ from, to }) => floorOf(from) === floor && floorOf(to) === floor && roomOf(from) !== 'index',
    );
    const between = inside.filter(({ from, to }) => roomOf(from) !== roomOf(to));
    expect(
      between.filter(({ from, to }) => !allowed.get(roomOf(from))?.includes(roomOf(to))).map(show),
    ).toEqual([]);
    const used = new Set(between.map(({ from, to }) => `${roomOf(from)} -> ${roomOf(to)}`));
    const all = [...allowed].flatMap(([room, may]) => may.map((other) => `${room} -> ${other}`));
    expect(all.filter((arrow) => !used.has(arrow))).toEqual([]);
    const rooms = new Set(files.filter((f) => floorOf(f) === floor).map(roomOf));
    rooms.delete('index');
    expect(order.toSorted()).toEqual([...rooms].sort());
    for (const [room, may] of allowed)
      for (const other of may)
        expect(order.indexOf(other), `${room} -> ${other}`).toBeLessThan(order.indexOf(room));
  });

  it('of engines and data sets stay out of the optimizer', () => {
    const refused = NEVER.flatMap(([rooms, never]) =>
      arrows.filter(
        ({ from, to }) =>
          words(rooms).some((room) => from.startsWith(`${room}/`)) &&
          floorOf(to) === 'compiler' &&
          words(never).includes(roomOf(to)),
      ),
    );
    expect(refused.map(show)).toEqual([]);
  });

  it('make no circle', () => {
    expect(circles().map((path) => path.join(' -> '))).toEqual([]);
  });
});
