/** The commands as a user calls them, in this process with captured output: files in, text and exit codes out. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseSafetensors, toFloat32, toInt32, writeSafetensors } from '../runtime/safetensors.js';
import { callerIn } from '../test/support/calling.js';
import { clock } from './progress.js';

const models = fileURLToPath(new URL('../models/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rffc-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rffc = callerIn(folder);

const small = readFileSync(join(models, 'smoke3x4.rff'), 'utf8');
const misspelt = small.replace(/damping: +0.7/, 'dampign: 0.7');
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return name;
};
beforeEach(() => void write('small.rff', small));

describe('usage', () => {
  test('prints help and version to stdout', async () => {
    const help = await rffc(['--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const command of ['check', 'fmt', 'compile', 'run', 'eval', 'predict', 'bench', 'backends', 'data'])
      expect(help.out).toContain(`  ${command}`);
    expect((await rffc(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await rffc(['run', '--help'])).out).toContain('--resume <dir>');
  });

  test.each([
    [[], 'Usage'],
    [['chekc', 'small.rff'], 'unknown command `chekc`\nhint: did you mean `rffc check small.rff`?'],
    [['check'], 'missing argument: `rffc check` expects `<files...>`'],
    [['run', 'small.rff', '--epoch', '3'], 'did you mean `--epochs`?'],
    [['run', 'small.rff', '--epochs', '0'], 'at least 1'],
    [['run', 'small.rff', '--epochs', '2.5'], 'integer'],
    [['run', 'small.rff', '--seed', '-1'], 'integer'],
    [['run', 'small.rff', '--set', 'theta'], 'name=number'],
    [['run', 'small.rff', '--set', 'theta=high'], 'name=number'],
    [['run', 'small.rff', '--backend', 'gpu'], 'expected `auto`, `cpu`'],
    [['compile', 'small.rff', '--emit', 'svg'], 'invalid value `svg` of `--emit`: expected `ast`'],
    [['compile', 'small.rff', '--emit', 'ast,model'], 'several forms require an output directory'],
    [['compile', 'small.rff', '--emit', 'graph', '--explain'], 'cannot be combined with `--emit`'],
    [['compile', 'small.rff', '--no-pass', 'hosit'], 'did you mean `hoist`?'],
    [['compile', 'small.rff', '--no-pass', 'x'], 'passes: constants, hoist'],
    [['bench', 'small.rff', '--no-pass', 'fusoin'], 'did you mean `fusion`?'],
    [['bench', 'small.rff', '--batches', '0'], 'at least 1'],
    [
      ['bench', 'small.rff', '--backend', 'tfjs-cpu', '--profile'],
      '`--profile` is not supported on `tfjs-cpu`',
    ],
    [['run', 'small.rff', '--resume', 'runs/x'], 'takes the model from the run folder'],
    [['run', '--resume', 'runs/x', '--seed', '3'], '`--seed` cannot be combined with `--resume`'],
    [['predict', 'runs/x', '--out', 'p.safetensors'], 'missing option: `rffc predict` requires `--data'],
    [['data', 'fetch', 'digits'], 'no files to download'],
  ])('rffc %j is wrong usage', async (argv, message) => {
    const { code, err, out } = await rffc(argv);
    expect(err).toContain(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toMatch(/\n\s+at /);
  });

  test.each([
    [['check', 'absent.rff'], '`absent.rff` does not exist'],
    [['fmt', 'absent.rff'], '`absent.rff` does not exist'],
    [['compile', 'absent.rff'], '`absent.rff` does not exist'],
    [['run', 'absent.rff'], '`absent.rff` does not exist'],
    [['bench', 'absent.rff'], '`absent.rff` does not exist'],
    [['check', '.'], 'is a folder, not a file'],
    [['eval', 'runs/absent'], 'does not exist'],
    [['run', '--resume', 'runs/absent'], 'does not exist'],
    [['eval', '.'], 'is not a run folder'],
    [['data', 'info', 'mnits'], 'did you mean `mnist`?'],
    [['run', 'small.rff', '--set', 'thata=1'], 'thata'],
    [['run', 'small.rff', '--init', 'absent.safetensors', '--backend', 'tfjs-cpu'], 'absent.safetensors'],
  ])('rffc %j is bad input', async (argv, message) => {
    const { code, err, out } = await rffc(argv);
    expect(err).toContain(message);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe('check', () => {
  test('accepts valid files, including all models', async () => {
    const files = ['quickstart', 'mnist3x2000', 'mnist3x200', 'mnist3x250', 'mnist5x700', 'smoke3x4'].map(
      (name) => join(models, `${name}.rff`),
    );
    expect(await rffc(['check', ...files])).toEqual({
      code: 0,
      out: '',
      err: '6 files: 0 errors, 0 warnings\n',
    });
  });

  test('reports every file, even if one is missing', async () => {
    write('bad.rff', misspelt);
    const { code, err } = await rffc(['check', 'bad.rff', 'absent.rff', 'small.rff']);
    expect(code).toBe(1);
    expect(err).toContain('--> bad.rff:');
    expect(err).toContain('dampign: 0.7');
    expect(err).toContain('`absent.rff` does not exist');
    expect(err).toMatch(/3 files: 2 errors, 0 warnings\n$/);
  });

  test('reports at most ten errors per file, and one for another kind of file', async () => {
    const names = Array.from({ length: 13 }, (_, i) => `a${i}`);
    write('many.rff', small.replace('damping: ', `${names.map((n) => `${n}: 1`).join(', ')}, damping: `));
    const { err } = await rffc(['check', 'many.rff']);
    expect(err.match(/^error/gm)?.length).toBe(10);
    expect(err).toMatch(/\n\nand 3 more errors in many.rff\n1 file: 13 errors, 0 warnings\n$/);
    const { out } = await rffc(['check', 'many.rff', '--json']);
    expect(JSON.parse(out)).toMatchObject({ errors: 13 });
    writeFileSync(join(folder, 'picture.rff'), Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
    expect((await rffc(['check', 'picture.rff'])).err).toMatch(
      /^error\[RFF119\]: this is a PNG image, not a .rff file\n--> picture.rff\nhint: name a .rff file.*\n1 file: 1 error,/,
    );
  });

  test('for machines', async () => {
    write('bad.rff', misspelt);
    const { code, out, err } = await rffc(['check', '--json', 'bad.rff', 'small.rff']);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const result = JSON.parse(out) as {
      files: { file: string; diagnostics: { code: string; span: { line: number } }[] }[];
    };
    expect(result).toMatchObject({ errors: 1, warnings: 0 });
    expect(result.files.map(({ file, diagnostics }) => [file, diagnostics.length])).toEqual([
      ['bad.rff', 1],
      ['small.rff', 0],
    ]);
    expect(misspelt.split('\n')[result.files[0]!.diagnostics[0]!.span.line - 1]).toContain('dampign');
  });
});

describe('fmt', () => {
  test('formats files, and is idempotent', async () => {
    await rffc(['fmt', 'small.rff']);
    const canonical = readFileSync(join(folder, 'small.rff'), 'utf8');
    const loose = canonical.replace(/damping: +0.7/, 'damping :0.7');
    write('loose.rff', loose);
    expect(await rffc(['fmt', '--check', 'loose.rff', 'small.rff'])).toMatchObject({
      code: 1,
      out: 'loose.rff\n',
    });
    expect(readFileSync(join(folder, 'loose.rff'), 'utf8')).toBe(loose);
    expect(await rffc(['fmt', 'loose.rff'])).toMatchObject({ code: 0, out: 'loose.rff\n' });
    expect(readFileSync(join(folder, 'loose.rff'), 'utf8')).toBe(canonical);
    expect(await rffc(['fmt', '--check', 'loose.rff'])).toMatchObject({ code: 0, out: '' });
  });

  test('leaves a file with syntax errors, and a model document, alone', async () => {
    write('broken.rff', 'model m { layer h[ }');
    write('model.json', '{}');
    const { code, err } = await rffc(['fmt', 'broken.rff', 'model.json']);
    expect(code).toBe(1);
    expect(err).toContain('broken.rff:1');
    expect(err).toContain('`model.json` is a model document');
    expect(readFileSync(join(folder, 'broken.rff'), 'utf8')).toBe('model m { layer h[ }');
  });
});

describe('compile', () => {
  test('prints a summary', async () => {
    const { code, out, err } = await rffc(['compile', 'small.rff']);
    expect({ code, err }).toEqual({ code: 0, err: `wrote ${join('.rffc', 'smoke3x4.plan.json')}\n` });
    expect(out).toMatch(/^model +smoke3x4$/m);
    expect(out).toMatch(/^layers +h1\[4\], h2\[4\], h3\[4\]$/m);
    // 784·4 + 4, 4·4 + 4 twice forward and twice backward, 10·4 + 4, three times 4·4 + 4.
    expect(out).toMatch(/^parameters +3,324 /m);
  });

  test('each form, to a file or a folder', async () => {
    const { code } = await rffc([
      'compile',
      'small.rff',
      '--emit',
      'ast,model,graph,plan,wat,wgsl,cuda,dot,dot-graph',
      '-o',
      'forms',
    ]);
    expect(code).toBe(0);
    const text = (name: string) => readFileSync(join(folder, 'forms', `small.${name}`), 'utf8');
    expect(JSON.parse(text('ast.json'))).toMatchObject({ kind: 'file' });
    expect(JSON.parse(text('model.json'))).toMatchObject({ rffc: 1, name: 'smoke3x4' });
    expect(JSON.parse(text('graph.json'))).toMatchObject({ layers: ['h1', 'h2', 'h3'], learnSteps: 10 });
    expect(text('dot')).toContain('"h1" -> "h2" [label="forward, delay 1"');
    expect(text('graph.dot')).toMatch(/^digraph [\s\S]*cluster_predict/);
    expect(JSON.parse(text('plan.json'))).toMatchObject({
      rffc: 'plan',
      source: { file: '../small.rff' },
      model: { name: 'smoke3x4' },
    });
    expect(text('wat')).toMatch(/^\(module\n[\s\S]*\(func \$rows_0 /);
    expect(text('wgsl')).toMatch(/^\/\/ chunk0: [\s\S]*@compute @workgroup_size\([\s\S]*fn main\(/);
    expect(text('cu')).toMatch(/extern "C" __global__ [\s\S]*rows_0\(/);
  });

  test('a model document gives the same graph', async () => {
    write('small.json', (await rffc(['compile', 'small.rff', '--emit', 'model'])).out);
    const graphs = await Promise.all(
      ['small.rff', 'small.json'].map((file) => rffc(['compile', file, '--emit', 'graph'])),
    );
    expect(graphs[1]).toEqual(graphs[0]);
    expect((await rffc(['compile', 'small.json', '--set', 'theta=1'])).err).toContain(
      '`--set` does not apply to a model document',
    );
    write('cut.json', '{"rffc": 1,');
    expect(await rffc(['compile', 'cut.json'])).toMatchObject({ code: 1, out: '' });
  });

  test('--set overrides a param', async () => {
    const [plain, set] = await Promise.all(
      [[], ['--set', 'theta=9.5']].map((more) => rffc(['compile', 'small.rff', '--emit', 'model', ...more])),
    );
    expect(plain!.out).not.toContain('9.5');
    expect(JSON.parse(set!.out)).toMatchObject({ params: { theta: 9.5 } });
  });
});

describe('data and backends', () => {
  test('lists and tells', async () => {
    expect((await rffc(['data', 'list'])).out).toMatch(/^mnist /m);
    expect(JSON.parse((await rffc(['data', 'list', '--json'])).out)).toContainEqual(
      expect.objectContaining({ name: 'digits' }),
    );
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const info = await rffc(['data', 'info', 'mnist', '--data-dir', 'empty']);
    expect(info.code).toBe(0);
    expect(info.out).toContain('ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db');
    expect(info.out).toContain('rffc data fetch mnist');
  });

  test('cpu and tfjs-cpu work everywhere, and cpu says what multiplies matrices', async () => {
    const { code, out } = await rffc(['backends', '--json']);
    expect(code).toBe(0);
    const backends = JSON.parse(out) as { name: string; detail: string }[];
    expect(backends).toContainEqual(expect.objectContaining({ name: 'tfjs-cpu', available: true }));
    expect(backends[0]).toMatchObject({ name: 'cpu', available: true });
    expect(backends[0]!.detail).toMatch(/^SIMD kernels on \d+ threads, products by \S/);
  });
});

describe('run, eval, predict', () => {
  const quick = ['--backend', 'tfjs-cpu', '--limit', '40'];
  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const tensors = (path: string) => parseSafetensors(readFileSync(join(folder, path))).tensors;

  test('a run writes its folder, and another with the same seed writes the same bytes', async () => {
    const first = await rffc(['run', 'small.rff', ...quick, '--out', 'one']);
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^test accuracy \d+\.\d\d % \(\d+ of 40\)/);
    expect(first.out).toContain('saved to one\n');
    expect(first.err).toMatch(/epoch 2\/2 {2}loss h1 +\d/);
    const metrics = lines(join(folder, 'one/metrics.jsonl'));
    expect(
      metrics.filter(({ event }) => event === 'epoch').map(({ epoch, trained }) => [epoch, trained]),
    ).toEqual([
      [1, 2],
      [2, 4],
    ]);
    expect(metrics.at(-1)).toMatchObject({
      lr: 5e-4,
      loss: { h1: expect.any(Number), h3: expect.any(Number) },
    });
    const config = JSON.parse(readFileSync(join(folder, 'one/config.json'), 'utf8')) as unknown;
    expect(config).toMatchObject({
      seed: 1234,
      batch: 20,
      backend: 'tfjs-cpu',
      settings: { limit: 40 },
      model: { text: small },
    });

    const second = await rffc(['run', 'small.rff', ...quick, '--out', 'two', '--quiet', '--json']);
    expect(second.err).toBe('');
    expect(
      second.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { event: string }).event),
    ).toEqual(['epoch', 'epoch', 'done']);
    for (const file of ['checkpoint.safetensors', 'best.safetensors']) {
      expect(readFileSync(join(folder, 'two', file)).equals(readFileSync(join(folder, 'one', file)))).toBe(
        true,
      );
    }
    const third = await rffc(['run', 'small.rff', ...quick, '--out', 'other', '--seed', '5', '--quiet']);
    expect(third.code).toBe(0);
    expect(
      readFileSync(join(folder, 'other/checkpoint.safetensors')).equals(
        readFileSync(join(folder, 'one/checkpoint.safetensors')),
      ),
    ).toBe(false);

    expect(await rffc(['run', 'small.rff', ...quick, '--out', 'one'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('already contains a run'),
    });
  });

  test.each(['--eval-every', '--judge-every'])('%s evaluates every n epochs', async (option) => {
    const out = `every${option}`;
    await rffc(['run', 'small.rff', ...quick, '--epochs', '3', option, '2', '--out', out, '--quiet']);
    const accuracies = lines(join(folder, out, 'metrics.jsonl'))
      .filter(({ event }) => event === 'epoch')
      .map(({ test_accuracy: accuracy }) => accuracy !== null);
    expect(accuracies).toEqual([false, true, true]);
    expect(JSON.parse(readFileSync(join(folder, out, 'config.json'), 'utf8'))).toMatchObject({
      settings: { evalEvery: 2 },
    });
  });

  test('Ctrl-C finishes the batch and exits with 130; resuming gives the bytes of an uninterrupted run', async () => {
    await rffc(['run', 'small.rff', ...quick, '--epochs', '3', '--out', 'whole', '--quiet']);
    let interrupt = () => {};
    const stopped = await rffc(['run', 'small.rff', ...quick, '--epochs', '3', '--out', 'parts', '--json'], {
      onInterrupt(listener) {
        interrupt = listener;
        return () => {};
      },
      // The first epoch's line is the moment.
      out: () => interrupt(),
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain('finishing this batch');
    const resumed = await rffc(['run', '--resume', 'parts']);
    expect(resumed.code).toBe(0);
    const last = (run: string) => readFileSync(join(folder, run, 'checkpoint.safetensors'));
    expect(last('parts').equals(last('whole'))).toBe(true);
    const measures = (run: string) =>
      lines(join(folder, run, 'metrics.jsonl')).map(({ epoch, trained, loss }) => ({ epoch, trained, loss }));
    expect(measures('parts')).toEqual(measures('whole'));

    expect(await rffc(['run', '--resume', 'parts'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('all 3 epochs'),
    });
    expect((await rffc(['run', '--resume', 'parts', '--epochs', '4', '--quiet'])).code).toBe(0);
    expect(lines(join(folder, 'parts/metrics.jsonl')).at(-1)).toMatchObject({ epoch: 4, trained: 8 });
  });

  test('eval and predict agree, and a network starts from the weights of another', async () => {
    await rffc(['run', 'small.rff', ...quick, '--out', 'evaluated', '--quiet']);
    const shown = await rffc(['eval', 'evaluated', '--backend', 'tfjs-cpu', '--limit', '30']);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(
      /^accuracy \d+\.\d\d % \(\d+ of 30\): digits, test split, evaluated\/best\.safetensors/,
    );

    const count = 17;
    const x = Float32Array.from({ length: count * 784 }, (_, i) => Math.sin(i * i));
    const y = Int32Array.from({ length: count }, (_, i) => i % 10);
    await writeSafetensors(
      join(folder, 'mine.safetensors'),
      new Map([
        ['x', { dtype: 'F32' as const, shape: [count, 784], data: x }],
        ['y', { dtype: 'I32' as const, shape: [count], data: y }],
      ]),
    );
    const predicted = await rffc([
      'predict',
      'evaluated',
      '--backend',
      'tfjs-cpu',
      '--data',
      'mine.safetensors',
      '--out',
      'made/p.safetensors',
    ]);
    expect(predicted.out).toMatch(
      /^accuracy \d+\.\d\d % \(\d+ of 17\)\n17 samples labelled in made\/p\.safetensors\n$/,
    );
    // From -1 to 1 is not how the digits are shown to the network.
    expect(predicted).toMatchObject({ code: 0, err: expect.stringContaining('warning[RFF761]') });
    const labels = toInt32(tensors('made/p.safetensors').get('label')!);
    const goodness = toFloat32(tensors('made/p.safetensors').get('goodness')!);
    expect(goodness).toHaveLength(count * 10);
    labels.forEach((label, i) => {
      expect(goodness[i * 10 + label]).toBe(Math.min(...goodness.subarray(i * 10, (i + 1) * 10)));
    });
    const evaluated = JSON.parse(
      (await rffc(['eval', 'evaluated', '--backend', 'tfjs-cpu', '--data', 'mine.safetensors', '--json']))
        .out,
    ) as { correct: number };
    expect(evaluated).toMatchObject({
      samples: 17,
      correct: labels.filter((label, i) => label === y[i]).length,
    });

    const init = ['--init', 'evaluated/checkpoint.safetensors', '--out', 'warm', '--epochs', '1', '--quiet'];
    expect((await rffc(['run', 'small.rff', ...quick, ...init])).code).toBe(0);
    write('wider.rff', small.replace('h1[4]', 'h1[5]'));
    const misfit = await rffc([
      'run',
      'wider.rff',
      ...quick,
      '--init',
      'evaluated/checkpoint.safetensors',
      '--out',
      'wide',
    ]);
    expect(misfit).toMatchObject({
      code: 1,
      err: expect.stringContaining('`h1.image.forward.weight` is [4, 784]: the model expects [5, 784]'),
    });
    expect(existsSync(join(folder, 'wide'))).toBe(false);
  });

  test('quotes paths in suggested commands, and stacks them on narrow terminals', async () => {
    const run = ['run', 'small.rff', ...quick, '--epochs', '1', '--out'];
    const wide = await rffc([...run, "my runs/it's"]);
    expect(wide.out).toContain("saved to my runs/it's\n");
    expect(wide.err).toMatch(/^ {2}rffc eval 'my runs\/it'\\''s' {2,}show the confusion matrix$/m);
    const narrow = await rffc([...run, 'other runs/x'], { terminal: true, columns: () => 50 });
    expect(narrow.err).toContain("  # show the confusion matrix\n  rffc eval 'other runs/x'\n");
    const { err } = await rffc([...run, 'other runs/x']);
    expect(err).toContain("resume it with `--resume '/");
  });

  test('redraws one line on a terminal, and erases it at the end', async () => {
    const { err } = await rffc(['run', 'small.rff', ...quick, '--epochs', '1', '--out', 'drawn'], {
      terminal: true,
    });
    expect(err).toContain('\r\x1b[Kepoch 1/1 █');
    const finished = err.split('\r\x1b[K').find((line) => line.startsWith('epoch 1/1  loss'));
    expect(finished).toMatch(
      /loss h1 +[\d.]+ h2 +[\d.]+ h3 +[\d.]+ {2}gap +[-\d.]+ {2}accuracy +[\d.]+ % {2}0:0\d {2}[\d.,]+ samples\/s\n/,
    );
  });
});

test('durations', () => {
  expect([0, 42.4, 725, 11_275, Number.NaN].map(clock)).toEqual(['0:00', '0:42', '12:05', '3:07:55', '–:––']);
});
