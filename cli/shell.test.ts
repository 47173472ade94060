/** The commands around the models: explain, init, completion, and help with examples. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { format } from '../grammar/format.js';
import { diagnosticCodes } from '../runtime/diagnostics.js';
import { callerIn } from '../test/support/calling.js';
import { notOnWindows, testUnless } from '../test/support/needs.js';
import { examples } from './examples.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-shell-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);

describe('explain', () => {
  test.each(['RFF201', 'rff201', '201', 'error[RFF201]'])('explains %s', async (code) => {
    const { code: status, out } = await rffc(['explain', code]);
    expect(status).toBe(0);
    expect(out).toMatch(/^RFF201: unknown name in an expression\n\n/);
    expect(out.replace(/\s+/g, ' ')).toContain(diagnosticCodes.get('RFF201')!.explanation);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('suggests the nearest code', async () => {
    const { code, err } = await rffc(['explain', 'RFF2O1']);
    expect(code).toBe(1);
    expect(err).toMatch(/error\[RFF921\]: unknown code or term `RFF2O1`\nhint: did you mean RFF201/);
    expect((await rffc(['explain', 'sofmax'])).err).toContain('did you mean `rffc explain softmax`?');
    expect((await rffc(['explain', 'xyzzy'])).err).toContain('lists every code and term');
  });

  test('lists all codes without an argument, also as JSON', async () => {
    const { out } = await rffc(['explain']);
    expect(out.split('\n\nTerms:\n\n')[0]!.split('\n')).toHaveLength(diagnosticCodes.size);
    expect(out).toContain('RFF712  training diverged\n');
    const json = JSON.parse((await rffc(['explain', '--json'])).out) as { code: string }[];
    expect(json.map(({ code }) => code)).toEqual([...diagnosticCodes.keys()]);
  });
});

describe('init', () => {
  test('writes a model that is valid, formatted, and learns digits', async () => {
    expect(await rffc(['init', 'fresh'])).toMatchObject({ code: 0, out: 'wrote fresh.rff\n' });
    expect(await rffc(['check', 'fresh.rff'])).toMatchObject({
      code: 0,
      err: '1 file: 0 errors, 0 warnings\n',
    });
    const text = readFileSync(join(folder, 'fresh.rff'), 'utf8');
    expect(format(text)).toEqual({ text });
    const run = await rffc([
      ...['run', 'fresh.rff', '--out', 'fresh', '--epochs', '2', '--limit', '2000', '--quiet', '--json'],
    ]);
    expect(run.err).toBe('');
    const last = JSON.parse(run.out.trim().split('\n').at(-1)!) as { best_accuracy: number };
    // Chance is one in ten.
    expect(last.best_accuracy).toBeGreaterThan(0.3);
  });

  test('never overwrites a file', async () => {
    writeFileSync(join(folder, 'mine.rff'), 'mine');
    const { code, err } = await rffc(['init', 'mine.rff']);
    expect(code).toBe(1);
    expect(err).toContain('error[RFF922]: `mine.rff` already exists');
    expect(readFileSync(join(folder, 'mine.rff'), 'utf8')).toBe('mine');
  });

  test('creates missing folders', async () => {
    expect((await rffc(['init', 'a/b/deep'])).code).toBe(0);
    expect(readFileSync(join(folder, 'a/b/deep.rff'), 'utf8')).toContain('model deep {');
  });

  test.each(['my-model', '3x200', 'if', 'é'])('rejects the model name %s', async (name) => {
    const { code, err } = await rffc(['init', name]);
    expect(code).toBe(2);
    expect(err).toContain(name);
    expect(existsSync(join(folder, `${name}.rff`))).toBe(false);
  });
});

describe('help', () => {
  test.each(Object.entries(examples))('the examples of `%s` stand under its help', async (path, calls) => {
    const { code, out } = await rffc([...path.split(' ').filter(Boolean), '--help']);
    expect(code).toBe(0);
    const options = out.slice(0, out.indexOf('Examples:'));
    for (const [call, does] of calls) {
      expect(out).toContain(`  $ rffc ${call}\n      ${does}`);
      // An example cannot use an unknown option.
      if (path === '') continue;
      const own = call.split(/ [|>]/)[0]!;
      for (const [flag] of own.matchAll(/--[a-z-]+/g)) expect(options).toContain(flag);
    }
  });

  test('every command has examples', async () => {
    const { out } = await rffc(['--help']);
    const commands = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(
      ([, name]) => name!,
    );
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter((name) => name !== 'help' && !examples[name])).toEqual([]);
  });
});

describe('completion', () => {
  /** What bash offers after these words, the last of which is being typed. */
  async function offered(...words: string[]): Promise<string[]> {
    const script = (await rffc(['completion', 'bash'])).out;
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const call =
      `${script}\nCOMP_WORDS=(rffc ${quoted}); COMP_CWORD=${words.length}; _rffc; printf '%s\\n' ` +
      `"\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', call], { cwd: folder, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.split('\n').filter(Boolean);
  }

  testUnless(notOnWindows, 'bash offers commands, options, and their values', async () => {
    writeFileSync(join(folder, 'some.rff'), '');
    expect(await offered('co')).toEqual(['compile', 'completion']);
    expect(await offered('data', 'f')).toEqual(['fetch']);
    expect(await offered('run', '--res')).toEqual(['--resume']);
    expect(await offered('run', '--backend', 'tfjs-w')).toEqual(['tfjs-wasm', 'tfjs-webgpu']);
    expect(await offered('run', 'some')).toEqual(['some.rff']);
    expect(await offered('run', '--epochs', '')).toEqual([]);
    expect(await offered('completion', 'f')).toEqual(['fish']);
    expect(await offered('--vers')).toEqual(['--version']);
  });

  test.each(['bash', 'zsh', 'fish'])('the %s script knows every command', async (shell) => {
    const { code, out } = await rffc(['completion', shell]);
    expect(code).toBe(0);
    for (const command of Object.keys(examples).filter((path) => path !== '' && !path.includes(' ')))
      expect(out).toMatch(new RegExp(`\\b${command}\\b`));
    expect(out).toContain(shell === 'fish' ? '-l resume -x -a' : '--resume');
    expect(out).toContain('tfjs-node-gpu');
  });

  test('rejects an unknown shell', async () => {
    const { code, err } = await rffc(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(err).toContain('expected `bash`, `zsh` or `fish`');
  });
});

describe('starting weights', () => {
  const small = readFileSync(join(import.meta.dirname, '../models/smoke3x4.rff'), 'utf8');
  const fast = ['--epochs', '1', '--limit', '20', '--backend', 'cpu', '--threads', '1', '--quiet'];

  test('start from another model’s weights as far as they match, with a warning about the rest', async () => {
    writeFileSync(join(folder, 'small.rff'), small);
    // The lateral weights of h1 are called otherwise here.
    const other = small
      .replace('model ', 'connection sideways { init: orthogonal() }\n\nmodel ')
      .replace(/h1 -> h1,/, 'h1 -> h1 as sideways\n  connect');
    expect(other).toContain('h1 -> h1 as sideways');
    writeFileSync(join(folder, 'other.rff'), other);
    expect((await rffc(['run', 'small.rff', '--out', 'from', ...fast])).code).toBe(0);
    const init = ['run', 'other.rff', '--init', 'from/best.safetensors', ...fast];
    const strict = await rffc([...init, '--out', 'strict']);
    expect(strict.code).toBe(1);
    expect(strict.err).toContain('error[RFF706]: `h1.h1.sideways.weight` [4, 4] is missing');
    expect(existsSync(join(folder, 'strict'))).toBe(false);
    const lax = await rffc([...init, '--out', 'lax', '--init-missing', 'ok']);
    expect(lax.code).toBe(0);
    expect(lax.err).toMatch(
      /warning\[RFF706\]: 2 of the model's \d+ tensors are missing and initialized normally: `h1.h1.sideways/,
    );
    expect(lax.err).toMatch(/warning\[RFF706\]: not used.*`h1.h1.lateral/);
    const alone = await rffc(['run', 'other.rff', '--init-missing', 'ok']);
    expect(alone).toMatchObject({
      code: 2,
      err: expect.stringContaining('`--init-missing` requires `--init`'),
    });
  });

  test('--lr is the learning rate of the run', async () => {
    writeFileSync(join(folder, 'rate.rff'), small);
    const { code } = await rffc(['run', 'rate.rff', '--lr', '2e-4', '--out', 'rate', ...fast]);
    expect(code).toBe(0);
    const [line] = readFileSync(join(folder, 'rate/metrics.jsonl'), 'utf8')
      .split('\n')
      .filter((text) => text.includes('"event":"epoch"'));
    expect(JSON.parse(line!)).toMatchObject({ lr: 2e-4 });
    expect((await rffc(['run', 'rate.rff', '--lr', '0'])).err).toContain('above 0');
  });
});
