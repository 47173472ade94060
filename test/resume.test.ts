/** Runs that stop before their end, as a user meets them: diverged, damaged, interrupted, killed before they began. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readSafetensors } from '../runtime/safetensors.js';
import { callerIn } from './support/calling.js';
import { notOnWindows, testUnless } from './support/needs.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-resume-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const rffc = callerIn(folder);

const small = readFileSync(new URL('../models/smoke3x4.rff', import.meta.url), 'utf8').replace(
  'train: 200, test: 100',
  'train: 60, test: 20',
);
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
write('small.rff', small);
const on = ['--backend', 'cpu', '--threads', '1'];
const bytes = (...path: string[]) => readFileSync(join(folder, ...path)).toString('base64');

test('a learning rate of 1e6 ends the run and reports the layer, the step and the cause', async () => {
  write('hot.rff', small.replace('rmsprop(lr: 5e-4)', 'sgd(lr: 1e6)'));
  const { code, err, out } = await rffc(['run', 'hot.rff', ...on, '--out', 'hot']);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(
    /error\[RFF712\]: the (loss|goodness of \w+ data) of layer `h\d` is \S+ at step \d of phase `learn`, batch 1, epoch 1\n/,
  );
  expect(err).toContain(
    'the learning rate of 1e6 is far too high for sgd: start from `optimizer: sgd(lr: 0.1)`',
  );
  expect(err).toContain('nothing was saved');
  expect(readdirSync(join(folder, 'hot'))).not.toContain('checkpoint.safetensors');
});

test('a run that diverges later keeps its last good checkpoint, and says where', async () => {
  // Weight decay multiplies each weight by -10 per step, whatever the gradients.
  write(
    'growing.rff',
    small
      .replace('rmsprop(lr: 5e-4)', 'sgd(lr: 1e-3, weight_decay: 11000)')
      .replace('epochs:    2', 'epochs: 40'),
  );
  const { code, err } = await rffc([
    'run',
    'growing.rff',
    ...on,
    '--out',
    'growing',
    '--checkpoint-every',
    '1',
    '--quiet',
  ]);
  expect(code).toBe(1);
  expect(err).toContain('error[RFF712]');
  const { tensors, metadata } = await readSafetensors(join(folder, 'growing/checkpoint.safetensors'));
  const { epoch, batch, trained } = JSON.parse(metadata.training!) as Record<string, number>;
  expect(trained).toBeGreaterThan(0);
  expect(err).toContain(`the last good weights (epoch ${epoch}, batch ${batch}) are in `);
  for (const { data } of tensors.values())
    expect(
      new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)).every(
        Number.isFinite,
      ),
    ).toBe(true);
  const warm = [
    'run',
    'small.rff',
    ...on,
    '--init',
    'growing/checkpoint.safetensors',
    '--out',
    'warm',
    '--quiet',
  ];
  expect((await rffc(warm)).code).not.toBe(2);
});

test('a division by zero in `normalize` is distinguished from a high learning rate', async () => {
  write('zero.rff', small.replace(' + 1e-8', ''));
  const { code, err } = await rffc(['run', 'zero.rff', ...on, '--out', 'zero', '--quiet']);
  expect(code).toBe(1);
  expect(err).toContain('is NaN at step 0 of phase `learn`, batch 1, epoch 1');
  expect(err).toMatch(/`normalize: h \/ sqrt\(mean\(h \* h\)\)` of `h\d` divides by zero/);
});

test('a damaged checkpoint is reported, and the run resumes from the previous one with the same result', async () => {
  await rffc(['run', 'small.rff', ...on, '--out', 'whole', '--quiet']);
  const run = ['run', 'small.rff', ...on, '--out', 'damaged', '--checkpoint-every', '2', '--quiet'];
  let interrupt = () => {};
  const stopped = await rffc([...run, '--json'], {
    onInterrupt(listener) {
      interrupt = listener;
      return () => {};
    },
    out: () => interrupt(),
  });
  expect(stopped.code).toBe(130);
  const path = join(folder, 'damaged/checkpoint.safetensors');
  const file = readFileSync(path);
  writeFileSync(path, file.subarray(0, file.length - 100));
  const resumed = await rffc(['run', '--resume', 'damaged', '--quiet']);
  expect(resumed.code).toBe(0);
  expect(resumed.err).toMatch(
    /warning\[RFF720\]: .*checkpoint\.safetensors.*resuming from the previous one, after epoch 0, batch 2\n/,
  );
  for (const name of ['checkpoint.safetensors', 'best.safetensors'])
    expect(bytes('damaged', name)).toBe(bytes('whole', name));
  expect(existsSync(join(folder, 'damaged/checkpoint.damaged.safetensors'))).toBe(true);

  for (const name of ['checkpoint.safetensors', 'checkpoint.previous.safetensors', 'best.safetensors'])
    writeFileSync(join(folder, 'damaged', name), 'not a checkpoint any more');
  const lost = await rffc(['run', '--resume', 'damaged', '--epochs', '3']);
  expect(lost.code).toBe(1);
  expect(lost.err).toContain('checkpoint.previous.safetensors');
  expect(lost.err).toContain('no undamaged checkpoint in');
  expect((await rffc(['eval', 'damaged', ...on])).code).toBe(1);
});

test('a run that was stopped before its first checkpoint starts from the beginning', async () => {
  await rffc(['run', 'small.rff', ...on, '--out', 'early', '--quiet']);
  const end = bytes('early', 'checkpoint.safetensors');
  for (const name of readdirSync(join(folder, 'early')))
    if (name.endsWith('.safetensors')) rmSync(join(folder, 'early', name));
  expect((await rffc(['run', '--resume', 'early', '--quiet'])).code).toBe(0);
  expect(bytes('early', 'checkpoint.safetensors')).toBe(end);
});

/** A run in a process of its own: its output up to `until`, and how it ends. */
function running(model: string, out: string, until: RegExp) {
  const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const argv = [program, 'run', model, ...on, '--epochs', '100000', '--out', out];
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  const waiting: { readonly text: RegExp; readonly printed: () => void }[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const one of waiting) if (one.text.test(err)) one.printed();
  });
  const prints = (text: RegExp) => new Promise<void>((printed) => waiting.push({ text, printed }));
  const ended = new Promise<{ code: number | null; signal: string | null; err: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, err }));
  });
  return { child, begun: prints(until), prints, ended };
}

test.skipIf(notOnWindows).each([
  ['Ctrl-C in a terminal', 'SIGINT'],
  ['a scheduler’s signal', 'SIGTERM'],
] as const)('%s saves and says how to resume', async (_, signal) => {
  const run = `long-${signal}`;
  const { child, begun, ended } = running('small.rff', run, /epoch +3\//);
  await begun;
  child.kill(signal);
  const { code, err } = await ended;
  expect(code).toBe(130);
  expect(err).toContain('finishing this batch, then saving (Ctrl-C again to quit now)');
  expect(err).toContain(`run --resume ${run}`);
  const { metadata } = await readSafetensors(join(folder, run, 'checkpoint.safetensors'));
  expect((JSON.parse(metadata.training!) as { epoch: number }).epoch).toBeGreaterThanOrEqual(3);
});

testUnless(notOnWindows, 'a second Ctrl-C does not wait for a long batch', async () => {
  const layers = small
    .replace('h1[4], h2[4], h3[4]', 'h1[1000], h2[1000], h3[1000]')
    .replace('orthogonal(gain: sqrt(2))', 'kaiming_uniform()')
    .replace('learn[10]', 'learn[100]');
  write('large.rff', layers.replace('train: 60', 'train: 400').replace('batch:     20', 'batch: 400'));
  const { child, begun, prints, ended } = running('large.rff', 'large', / · output /);
  await begun;
  // The batch begins one turn of the event loop after the run is ready.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const warned = prints(/Ctrl-C again to quit now/);
  child.kill('SIGINT');
  await warned;
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGINT' });
  expect(existsSync(join(folder, 'large/config.json'))).toBe(true);
});
