/**
 * Every code's example fails with that code and, fixed, does not: models are checked and compiled, shell lines are
 * typed into a folder of their own, library calls are made. What no command can bring about names the test that
 * provokes it.
 */

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RffcError } from '../grammar/diagnostic.js';
import * as rffc from '../index.js';
import { diagnosticCodes } from '../runtime/diagnostics.js';
import { type Called, callerIn } from '../test/support/calling.js';
import { itemsFor } from '../test/support/effort.js';
import { notOnWindows } from '../test/support/needs.js';
import { type CodeExample, fileOf, linesOf, type Typed } from './explain/example.js';
import { codeExamples } from './explain/examples.js';
import { findTerm, terms } from './explain/terms.js';

const root = join(import.meta.dirname, '..');
const world = mkdtempSync(join(tmpdir(), 'rffc-explain-'));
afterAll(() => rmSync(world, { recursive: true }));

/** The small model with a param, as the shell's examples have it. */
const small = fileOf({
  params: 'param theta = 1.5',
  train: 'train { data: digits(train: 40, test: 20), epochs: 2, batch: 20 }',
  objective:
    'objective { goodness: mean(h^2), positive: softplus(goodness - theta), negative: softplus(theta - goodness) }',
});

type Of<K extends CodeExample['kind']> = CodeExample & { kind: K };
function examplesOf<K extends CodeExample['kind']>(kind: K): [string, Of<K>][] {
  return [...codeExamples].filter((entry): entry is [string, Of<K>] => entry[1].kind === kind);
}

/** A folder with the files of the shell examples. */
beforeAll(async () => {
  writeFileSync(join(world, 'model.rff'), small);
  const { train, test } = await rffc.loadDataset({ name: 'digits', options: { train: 40, test: 20 } });
  const pixelsOf = (split: rffc.Split) => {
    const values = new Float32Array(split.count * 784);
    split.gather(
      Int32Array.from({ length: split.count }, (_, i) => i),
      values,
    );
    return Uint8Array.from(values, (value) => Math.round(255 * value));
  };
  const digit = pixelsOf(test).subarray(0, 784);
  writeFileSync(join(world, 'digit.png'), encode({ width: 28, height: 28, data: digit, channels: 1 }));
  const picture = (name: string, width: number, data: Uint8Array) =>
    writeFileSync(join(world, name), encode({ width, height: width, data, channels: 1 }));
  picture(
    'paper.png',
    28,
    Uint8Array.from(digit, (pixel) => 255 - pixel),
  );
  picture('blank.png', 28, new Uint8Array(784));
  picture(
    'large.png',
    56,
    Uint8Array.from({ length: 56 * 56 }, (_, i) => digit[((i / 112) | 0) * 28 + (((i % 56) / 2) | 0)]!),
  );
  mkdirSync(join(world, 'photos', '3'), { recursive: true });
  cpSync(join(world, 'digit.png'), join(world, 'photos', '3', 'a.png'));
  mkdirSync(join(world, 'digits'));
  for (const [name, split] of Object.entries({ train, t10k: test })) {
    const { count } = split;
    const images = [Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]), pixelsOf(split)];
    const labels = [Buffer.from([0, 0, 8, 1, 0, 0, 0, count]), Uint8Array.from(split.y)];
    writeFileSync(join(world, 'digits', `${name}-images-idx3-ubyte`), Buffer.concat(images));
    writeFileSync(join(world, 'digits', `${name}-labels-idx1-ubyte`), Buffer.concat(labels));
  }
  const { code, err } = await callerIn(world)(['run', 'model.rff', '--out', 'runs/first', '--quiet']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

test('every code has an example, and every example has a code', () => {
  const lacking = [...diagnosticCodes.keys()].filter((code) => !codeExamples.has(code));
  expect(
    lacking,
    'add an entry to the table of cli/explain/*-examples.ts that the code belongs to, as model(fails, ' +
      'fixed) or shell(fails, fixed)',
  ).toEqual([]);
  expect([...codeExamples.keys()].filter((code) => !diagnosticCodes.has(code))).toEqual([]);
});

test('the compiler and the runtime, and so pages, do not include the examples', () => {
  for (const room of ['grammar', 'compiler', 'runtime'])
    for (const name of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }))
      if (/(?<!\.test)\.ts$/.test(name))
        expect(readFileSync(join(root, room, name), 'utf8'), `${room}/${name}`).not.toMatch(
          /from '.*\/cli\//,
        );
});

describe('models', () => {
  const said = async (text: string) =>
    (await rffc.diagnose({ text, file: 'model.rff' })).diagnostics.map(
      ({ code, message }) => `${code} ${message}`,
    );

  test.each(examplesOf('model'))('%s', async (code, { fails, fixed }) => {
    expect(await said(fileOf(fails))).toEqual([expect.stringContaining(code)]);
    const text = fileOf(fixed);
    expect(await said(text)).toEqual([]);
    expect((await rffc.compile({ text, file: 'model.rff' })).plan.programs.train).toBeDefined();
  });
});

describe('shell', () => {
  /** Types lines into a copy of the world; those before the last are to succeed. */
  async function typed(lines: readonly Typed[]): Promise<Called> {
    const folder = mkdtempSync(join(tmpdir(), 'rffc-shell-'));
    try {
      cpSync(world, folder, { recursive: true });
      const call = callerIn(folder);
      const results: Called[] = [];
      for (const line of lines) {
        expect(
          results.map(({ code }) => code),
          `before ${JSON.stringify(line)}: ${results.at(-1)?.err}`,
        ).toEqual(results.map(() => 0));
        if (typeof line === 'string') results.push(await oneLine(line, folder, call));
        else writeFileSync(join(folder, line.file), fileOf(line.model));
      }
      return results.at(-1)!;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** `rffc` in this process where it can be, all else in a shell. */
  async function oneLine(line: string, folder: string, call: ReturnType<typeof callerIn>): Promise<Called> {
    const [, name, value, words] = /^(?:(\w+)=(\S+) )?rffc(?: (.*))?$/.exec(line) ?? [];
    if (!/^(\w+=\S+ )?rffc( |$)/.test(line)) {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8' });
      return { code: status ?? 1, out: stdout, err: stderr };
    }
    // The processes of a sweep are plain Node, which cannot run TypeScript.
    if (words?.startsWith('sweep')) {
      const argv = [join(root, 'dist/cli/main.js'), ...words.split(' ')];
      const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' });
      return { code: status ?? 1, out: stdout, err: stderr };
    }
    const before = name === undefined ? undefined : process.env[name];
    if (name !== undefined) process.env[name] = value;
    try {
      return await call(words?.split(' ') ?? []);
    } finally {
      if (name !== undefined && before === undefined) delete process.env[name];
      else if (name !== undefined) process.env[name] = before;
    }
  }

  // Each takes a world of its own: `npm test` types every third, `npm run test:long` all.
  const usual = new Set(examplesOf('shell').flatMap(([code], i) => (i % 3 === 0 ? [code] : [])));
  const typedHere = itemsFor(examplesOf('shell'), ([code]) => usual.has(code));
  test.skipIf(notOnWindows).each(typedHere)('%s', async (code, { fails, fixed }) => {
    const wrong = await typed(fails);
    const codes = [...new Set(`${wrong.err}${wrong.out}`.match(/(?<=^(error|warning)\[)RFF\d+/gm))];
    expect(codes, wrong.err + wrong.out).toEqual([code]);
    const right = await typed(fixed);
    expect({ code: right.code, codes: right.err.match(/\[RFF\d+\]/g) }, right.err).toEqual({
      code: 0,
      codes: null,
    });
  });
});

describe('library', () => {
  /** A separate run for an example to change, with only the last checkpoint. */
  function copyOfRun(): string {
    const run = mkdtempSync(join(world, 'runs', 'copy-'));
    cpSync(join(world, 'runs', 'first'), run, { recursive: true });
    rmSync(join(run, 'checkpoint.previous.safetensors'), { force: true });
    return run;
  }

  /** Makes the calls of an example, and returns the codes of their errors and warnings. */
  async function codesOf(calls: string): Promise<string[]> {
    const { graph, plan } = await rffc.compile({ text: small, file: 'model.rff' });
    const session = await rffc.openBackend('cpu', plan, { threads: 1 });
    rffc.initialize(session, graph);
    const given: Readonly<Record<string, unknown>> = {
      ...rffc,
      graph,
      text: small,
      session,
      plan: JSON.parse(JSON.stringify(plan)),
      file: join(world, 'data.safetensors'),
      run: copyOfRun(),
    };
    const body =
      `${calls}\nif (typeof opened !== 'undefined') await opened.dispose();\n` +
      "return typeof diagnostics === 'undefined' ? [] : diagnostics;";
    try {
      const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
      const made = new AsyncFunction(...Object.keys(given), body) as (
        ...values: unknown[]
      ) => Promise<{ code: string }[]>;
      return (await made(...Object.values(given))).map(({ code }) => code);
    } catch (error) {
      if (error instanceof RffcError) return error.diagnostics.map(({ code }) => code);
      throw error;
    } finally {
      await session.dispose();
    }
  }

  test.each(examplesOf('library'))('%s', async (code, { fails, fixed }) => {
    expect([...new Set(await codesOf(fails))]).toEqual([code]);
    expect(await codesOf(fixed)).toEqual([]);
  });
});

describe('circumstances', () => {
  test('cover the codes that no command can provoke on every machine', () => {
    expect(examplesOf('circumstance').map(([code]) => code)).toEqual([
      ...['RFF812', 'RFF813', 'RFF821', 'RFF822', 'RFF823'],
      ...['RFF830', 'RFF831', 'RFF832', 'RFF833', 'RFF834', 'RFF835', 'RFF836'],
      ...['RFF840', 'RFF841', 'RFF842', 'RFF844', 'RFF845', 'RFF846', 'RFF847'],
      ...['RFF614', 'RFF620'],
      'RFF776',
    ]);
  });

  test.each(examplesOf('circumstance'))('%s is provoked by a test', (code, { test: file }) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(code);
  });
});

describe('printed', () => {
  const call = callerIn(world);

  test.each([...diagnosticCodes.keys()])('%s, within 100 columns but for code', async (code) => {
    const { out } = await call(['explain', code]);
    const { title, explanation } = diagnosticCodes.get(code)!;
    expect(out.replace(/\s+/g, ' ')).toContain(`${code}: ${title} ${explanation.replace(/\s+/g, ' ')}`);
    expect(out).toMatch(/\n(Fails|Happens, for example):\n\n {2}\S[\s\S]*\n\n(Fixed|Fix):\n\n {2}\S/);
    const { example } = JSON.parse((await call(['explain', code, '--json'])).out) as { example: CodeExample };
    expect(example.kind).toBe(codeExamples.get(code)!.kind);
  });

  test('underlines the error and shows its message', async () => {
    const { out } = await call(['explain', '501']);
    expect(out).toMatch(/\n {2}layer h1\[20\], h2\[20\] \{ dampign: 0\.7 \}\n {25}\^{7} \S.*dampign/);
  });
});

describe('terms', () => {
  const required = [
    ...[
      'conv',
      'clip',
      'npz',
      'gap',
      'theta',
      'goodness',
      'margin',
      'settle',
      'phase',
      'step',
      'row',
      'frame',
    ],
    ...['damping', 'lateral', 'batchnorm', 'dropout', 'softmax', 'scheduler', 'early stopping', 'checkpoint'],
    ...[
      'resume',
      'seed',
      'augmentation',
      'validation split',
      'GPU',
      'mixed precision',
      'ONNX',
      'learning rate',
    ],
    ...['weight decay', 'momentum', 'hard negatives', 'label smoothing', 'early_stopping', 'learning-rate'],
    ...['place', 'candidate label', 'convolutions', 'BatchNorm'],
  ];
  test.each(required)('%s leads to a term', async (word) => {
    const { code, out } = await callerIn(world)(['explain', ...word.split(' ')]);
    expect(code).toBe(0);
    expect(out).toMatch(/\nSee (docs\/LANGUAGE|README)\.md, “.+”\.\n$/);
  });

  test('are each found by unique words', () => {
    const words = terms.flatMap(({ name, also }) => [name, ...also]).map((word) => findTerm(word)!.name);
    const own = terms.flatMap(({ name, also }) => [name, ...also].map(() => name));
    expect(words.filter((name, i) => name !== own[i])).toEqual([]);
  });

  test.each(terms.filter(({ model }) => model).map((term) => [term.name, term] as const))(
    'what to write for %s checks and compiles',
    async (_, { model }) => {
      const text = fileOf(model!);
      const { diagnostics } = await rffc.diagnose({ text, file: 'model.rff' });
      expect(diagnostics.filter(({ code }) => code !== 'RFF210').map(({ message }) => message)).toEqual([]);
      await rffc.compile({ text, file: 'model.rff' });
      expect(linesOf(model!).some(({ shown }) => shown)).toBe(true);
    },
  );

  test('link to the documentation', () => {
    for (const {
      name,
      see: [page, heading],
    } of terms)
      expect(
        existsSync(join(root, page)) && readFileSync(join(root, page), 'utf8').match(/^#+ .*$/gm),
        name,
      ).toContainEqual(expect.stringMatching(new RegExp(`^#+ \`?${heading}\`?$`)));
  });
});
