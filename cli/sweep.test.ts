/** Sweeps as a user calls them. Trials run in this process, but for the tests of what happens to processes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { RffcError } from '../grammar/diagnostic.js';
import type { Trial } from '../runtime/sweep/folder.js';
import type { Launch } from '../runtime/sweep/sweep.js';
import { callerIn, captured } from '../test/support/calling.js';
import type { Io } from './io.js';
import { launchProcess, type SweepCommandOptions, sweepCommand } from './sweep.js';

let folder: string;
const folders: string[] = [];
const small = readFileSync(fileURLToPath(new URL('../models/smoke3x4.rff', import.meta.url)), 'utf8');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rffc-sweep-'));
  folders.push(folder);
  writeFileSync(join(folder, 'small.rff'), small);
});
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true });
});

/** Runs a trial in this process, and keeps what it was called with. */
function inProcess(calls: string[][] = []): Launch {
  return async (argv, line) => {
    calls.push([...argv]);
    const { code, out, err } = await callerIn(folder)(argv);
    for (const text of out.split('\n')) line(text);
    return { code, signal: null, err };
  };
}

/** Calls the command; returns a failure's diagnostics. */
async function sweep(options: Partial<SweepCommandOptions>, launch: Launch, more: Partial<Io> = {}) {
  const { io, text } = captured(folder, more);
  const basis = {
    sampler: 'grid',
    backend: 'cpu',
    threads: 1,
    epochs: 1,
    batch: 20,
    limit: 40,
    jobs: 2,
  } as const;
  const code = await sweepCommand(io, 'small.rff', { ...basis, ...options }, launch).catch(
    (error: unknown) => {
      if (!(error instanceof RffcError)) throw error;
      io.err(error.message);
      return error.exitCode;
    },
  );
  return { code, ...text() };
}

const stateOf = (out: string) =>
  JSON.parse(readFileSync(join(folder, out, 'sweep.json'), 'utf8')) as { trials: Trial[] };

test('suggests commands that work, and none for a model that cannot predict', async () => {
  const known = await sweep({ set: ['theta=1'], out: 'known' }, inProcess());
  const [, command] = /^ {2}rffc (eval .+)$/m.exec(known.err)!;
  expect(await callerIn(folder)(command!.split(' '))).toMatchObject({ code: 0 });

  const blind = small.replace(/ {2}connect digit .*\n/, '').replace('random_label', 'hybrid_images');
  writeFileSync(join(folder, 'small.rff'), blind);
  const { code, out, err } = await sweep({ set: ['theta=1'], out: 'blind' }, inProcess());
  expect(code, err).toBe(0);
  expect(out).toContain('best: trial 1');
  expect(err).not.toContain('rffc eval');
});

test('trains a grid, names the best run, and writes the report', async () => {
  const calls: string[][] = [];
  const { code, out, err } = await sweep(
    { set: ['theta=1,1.5', 'lr=1e-4,1e-3'], out: 'grid' },
    inProcess(calls),
  );
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('4 trials of') });
  expect(calls).toHaveLength(4);
  expect(calls[1]!.join(' ')).toContain('--lr 0.001 --epochs 1 --batch 20 --set theta=1');
  const { trials } = stateOf('grid');
  const accuracies = trials.map(({ outcome }) => (outcome?.status === 'done' ? outcome.accuracy! : -1));
  expect(Math.min(...accuracies)).toBeGreaterThanOrEqual(0);
  const best = trials[accuracies.indexOf(Math.max(...accuracies))]!;
  expect(out).toContain(
    `best: trial ${best.number}, theta=${best.settings.theta} lr=${best.settings.lr}, in grid/00`,
  );
  expect(out).toMatch(/^trial {2}theta {6}lr {2}accuracy\n/);
  const config = JSON.parse(readFileSync(join(folder, 'grid/002/config.json'), 'utf8')) as {
    settings: { lr: number; set: object };
  };
  expect(config.settings).toMatchObject({ lr: 1e-3, set: { theta: 1 } });
  const page = readFileSync(join(folder, 'grid/sweep.html'), 'utf8');
  expect(page.match(/<circle/g)).toHaveLength(8);
  expect(page).toContain('lr (log scale)</text>');
});

test('a second call has nothing to do, and another request is rejected', async () => {
  await sweep({ set: ['theta=1,1.5'], out: 'again' }, inProcess());
  const calls: string[][] = [];
  const { code, out } = await sweep({ set: ['theta=1,1.5'], out: 'again' }, inProcess(calls));
  expect({ code, calls }).toEqual({ code: 0, calls: [] });
  expect(out).toContain('best: trial');
  const other = await sweep({ set: ['theta=1,2'], out: 'again' }, inProcess());
  expect(other).toMatchObject({ code: 1, err: expect.stringContaining('RFF902') });
  writeFileSync(join(folder, 'again/sweep.json'), '{"format": 1');
  expect((await sweep({ set: ['theta=1,1.5'], out: 'again' }, inProcess())).err).toContain('RFF903');
});

test('reports a failed trial, continues with the others, and retries it on demand', async () => {
  const set = ['lr=1e-4,1e30'];
  const first = await sweep({ set, out: 'diverging' }, inProcess());
  expect(first.code).toBe(0);
  expect(first.out).toMatch(/RFF712: /);
  expect(first.out).toContain('best: trial 1, lr=0.0001, in diverging/001 (1 of 2 failed)');
  const calls: string[][] = [];
  await sweep({ set, out: 'diverging' }, inProcess(calls));
  expect(calls).toHaveLength(0);
  await sweep({ set, out: 'diverging', retry: true }, inProcess(calls));
  expect(calls.map((argv) => argv[2])).toEqual([join(folder, 'diverging/002')]);
});

test('fails if every trial fails', async () => {
  const { code, err, out } = await sweep(
    { set: ['batch=100,200'], batch: undefined, out: 'none' } as never,
    (async () => ({
      code: null,
      signal: 'SIGKILL',
      err: '',
    })) as Launch,
  );
  expect(code).toBe(1);
  expect(err).toContain('RFF904: all 2 trials failed');
  expect(out).toContain('killed by SIGKILL');
});

test('stops if the model is changed meanwhile', async () => {
  const changing: Launch = async (argv, line, signal) => {
    const ended = await inProcess()(argv, line, signal);
    writeFileSync(join(folder, 'small.rff'), `${small}\n// changed\n`);
    return ended;
  };
  const { code, err } = await sweep({ set: ['theta=1,1.5,2'], out: 'changed', jobs: 1 }, changing);
  expect(code).toBe(1);
  expect(err).toContain('was changed during the sweep');
  expect(stateOf('changed').trials.map(({ outcome }) => outcome?.status)).toEqual([
    'done',
    undefined,
    undefined,
  ]);
});

test('--json prints a line per trial and the result', async () => {
  const { out } = await sweep({ set: ['theta=1,1.5'], out: 'json', json: true, jobs: 1 }, inProcess());
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ event }) => event)).toEqual(['trial', 'trial', 'done']);
  expect(lines[2]).toMatchObject({
    trials: 2,
    failed: 0,
    best: { folder: expect.stringContaining('json/00') },
  });
});

test('rejects settings given twice, and no settings', async () => {
  expect(await sweep({}, inProcess())).toMatchObject({
    code: 2,
    err: expect.stringContaining('nothing to sweep'),
  });
  const twice = await sweep({ set: ['epochs=1,2'] }, inProcess());
  expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('both swept and set by `--epochs`') });
});

const script = fileURLToPath(new URL('../dist/cli/trial.js', import.meta.url));

test('in processes: Ctrl-C saves, and the same command resumes to the bytes of an uninterrupted run', async () => {
  const launch = launchProcess({ cwd: folder }, script);
  const long = { set: ['theta=1.25'], epochs: 30, out: 'stopped', jobs: 1 };
  let interrupt = () => {};
  let epochs = 0;
  const watched: Launch = (argv, line, signal) =>
    launch(
      argv,
      (text) => {
        line(text);
        if (++epochs === 2) interrupt();
      },
      signal,
    );
  const stopped = await sweep(long, watched, {
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => {};
    },
  });
  expect(stopped).toMatchObject({ code: 130, err: expect.stringContaining('resume with the same command') });
  expect(stateOf('stopped').trials[0]).not.toHaveProperty('outcome');
  expect(existsSync(join(folder, 'stopped/001/checkpoint.safetensors'))).toBe(true);

  // A run that is stopped, but not by the sweep, has failed; it can be resumed.
  let killed = false;
  const killing: Launch = (argv, line) => {
    const kill = new AbortController();
    return launch(
      argv,
      (text) => {
        line(text);
        kill.abort();
      },
      kill.signal,
    ).then((ended) => {
      killed = true;
      return ended;
    });
  };
  expect((await sweep(long, killing)).code).toBe(1);
  expect(killed).toBe(true);

  expect((await sweep({ ...long, retry: true }, launch)).code).toBe(0);
  expect((await sweep({ ...long, out: 'whole' }, launch)).code).toBe(0);
  const weights = (out: string) => readFileSync(join(folder, out, '001/checkpoint.safetensors'));
  expect(weights('stopped').equals(weights('whole'))).toBe(true);
});
