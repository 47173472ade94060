/**
 * A run that is repeatedly killed at random moments and resumed ends with the same bytes as an uninterrupted one:
 * weights, optimizer state, best weights and metrics.
 *
 * Uses real processes and SIGKILL, so neither handlers nor buffers can intervene. `RFFC_KILLS` sets the number of
 * kills.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { effort } from './support/effort.js';

const KILLS = Number(process.env.RFFC_KILLS ?? effort(4, 100));
/** How many runs are killed concurrently. */
const LANES = 2;
/** One in this many kills comes while the process starts, the others while it trains. */
const EARLY = 6;

const folder = mkdtempSync(join(tmpdir(), 'rffc-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy: a build during this test would change the program between its hundred starts. */
const program = join(folder, 'program/dist/cli/main.js');
const root = fileURLToPath(new URL('..', import.meta.url));
for (const part of ['dist', 'package.json'])
  cpSync(join(root, part), join(folder, 'program', part), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(folder, 'program/node_modules'));

/** Random numbers in every batch (dropout, negatives), an optimizer that counts its steps, a network with a memory. */
writeFileSync(
  join(folder, 'small.rff'),
  `connection forward { init: kaiming_uniform(), dropout: 0.1 }
   connection lateral { init: orthogonal() }
   connection context { init: normal(std: 1) }
   model small {
     input image[784]
     label digit[10]
     layer h1[4], h2[4] { damping: 0.7 }
     connect image -> h1 -> h2 as forward
     connect digit -> h2 as context
     connect h1 -> h1, h2 -> h2 as lateral
     objective {
       goodness: mean(h^2)
       positive: softplus(goodness - 1.5)
       negative: softplus(1.5 - goodness)
       predict: min
     }
     schedule { phase learn[3] { label: given } }
     negatives: random_label()
     train {
       data: digits(train: 200, test: 40)
       epochs: 3
       batch: 10
       optimizer: adam(lr: 1e-2)
       decay: step(every: 1, gamma: 0.5)
       seed: 7
     }
   }
`,
);

const options = ['--backend', 'cpu', '--threads', '1', '--checkpoint-every', '1'];

/** Starts a new run, or resumes the one in `out` if it already has a config. */
function start(out: string): ChildProcess {
  const argv = existsSync(join(folder, out, 'config.json'))
    ? ['run', '--resume', out]
    : ['run', 'small.rff', '--out', out, ...options];
  const env = { ...process.env, RFFC_BLAS: 'off' };
  return spawn(process.execPath, [program, ...argv], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Lets a process live until `kill` resolves; resolves to whether it was killed. Any other exit is an error. */
async function live(child: ChildProcess, killer: 'none' | 'early' | 'training'): Promise<boolean> {
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  const killWithin = (ms: number) => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms * Math.random());
  };
  if (killer === 'early') killWithin(800);
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (killer === 'training' && said.includes(' · output ')) killWithin(100);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...end) => resolve(end));
  });
  clearTimeout(timer);
  expect(said).not.toContain('damaged');
  // A kill between the last checkpoint and the end leaves nothing to resume.
  if (code === 1 && said.includes('has trained all its 3 epochs')) return false;
  if (signal !== 'SIGKILL') expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
  return signal === 'SIGKILL';
}

/** What a run left, except times. */
function left(out: string) {
  const bytes = (name: string) => readFileSync(join(folder, out, name)).toString('base64');
  const metrics = readFileSync(join(folder, out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      // An epoch that was resumed midway does not know its update sizes.
      const { seconds, samples_per_second, update_norm, ...rest } = JSON.parse(line) as Record<
        string,
        unknown
      >;
      expect([typeof seconds, samples_per_second === undefined]).toEqual(['number', false]);
      return rest;
    });
  return { latest: bytes('checkpoint.safetensors'), best: bytes('best.safetensors'), metrics };
}

test(`${KILLS} kills at random moments change nothing`, { timeout: 300_000 + 3_000 * KILLS }, async () => {
  expect(await live(start('whole'), 'none')).toBe(false);
  const whole = left('whole');
  expect(whole.metrics.filter(({ event }) => event === 'epoch')).toHaveLength(3);

  let kills = 0;
  let chains = 0;
  const lane = async () => {
    while (kills < KILLS) {
      const out = `killed${chains++}`;
      for (let alive = true; alive; ) {
        const killer = kills >= KILLS ? 'none' : Math.random() < 1 / EARLY ? 'early' : 'training';
        alive = await live(start(out), killer);
        if (alive) kills++;
      }
      expect(left(out)).toEqual(whole);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(kills).toBeGreaterThanOrEqual(KILLS);
  expect(chains).toBeGreaterThanOrEqual(LANES);
});
