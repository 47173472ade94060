/** Wrong usage: one error, with the command or option that was probably meant. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { callerIn } from '../test/support/calling.js';
import { commandHabits, inModel, optionHabits, optionsWithValue } from './habits.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rffc = callerIn(folder);

describe('another tool’s words', () => {
  test.each([
    ['train', 'did you mean `rffc run FILE`?'],
    ['evaluate', 'did you mean `rffc eval RUN`?'],
    ['resume', 'did you mean `rffc run --resume DIR`?'],
    ['plot', 'did you mean `rffc compile --emit dot FILE`?'],
    ['m.rff --lr 1e-3', 'did you mean `rffc run m.rff --lr 1e-3`?'],
    ['train m.rff', 'did you mean `rffc run m.rff`?'],
    ['fit m.rff --learning-rate=1e-3 --num_epochs 5', 'did you mean `rffc run m.rff --lr=1e-3 --epochs 5`?'],
    ['train m.rff --frobnicate 3', 'did you mean `rffc run FILE`?'],
    ['evaluate runs/x', 'did you mean `rffc eval runs/x`?'],
    ['test runs/x', 'did you mean `rffc eval runs/x`?'],
    ['validate runs/x', 'did you mean `rffc eval runs/x`?'],
    ['infer runs/x', 'did you mean `rffc predict runs/x --data PATH'],
    ['lint m.rff', 'did you mean `rffc check m.rff`?'],
    ['format m.rff', 'did you mean `rffc fmt m.rff`?'],
    ['build m.rff', 'did you mean `rffc compile m.rff`?'],
    ['Train m.rff', 'did you mean `rffc run m.rff`?'],
    ['resume runs/x', 'did you mean `rffc run --resume runs/x`?'],
    ['download mnist', 'did you mean `rffc data fetch mnist`?'],
    ['data download mnist', 'did you mean `rffc data fetch mnist`?'],
    ['data ftech mnist', 'did you mean `rffc data fetch mnist`?'],
    ['datasets', 'did you mean `rffc data list`?'],
    ['frobnicate', '`rffc --help` lists the commands'],
    ['data frobnicate', '`rffc data --help` lists the commands'],
    ['run m.rff --learning-rate 1e-3', 'did you mean `--lr`?'],
    ['run m.rff --learning_rate=1e-3', 'did you mean `--lr`?'],
    ['run m.rff -lr 1e-3', 'did you mean `--lr`?'],
    ['run m.rff --batch-size 10', 'did you mean `--batch`?'],
    ['run m.rff --num-epochs 10', 'did you mean `--epochs`?'],
    ['run m.rff --output x', 'did you mean `--out`?'],
    ['compile m.rff --out x', 'did you mean `--output`?'],
    ['run m.rff --dataset mnist', 'the model names its data set: `train { data: mnist() }`'],
    ['eval runs/x --dataset y', 'did you mean `--data`?'],
    ['run m.rff --cuda', 'did you mean `--backend cuda`?'],
    ['run m.rff --fp16', 'did you mean `--precision f16`?'],
    ['run m.rff --weight-decay 0.1', 'write it in the model'],
    ['run m.rff --early-stopping', 'not supported'],
    ['run m.rff --frobnicate', '`rffc run --help` lists the options'],
    ['run m.rff --backend gpu', '`cuda` on an NVIDIA GPU, `webgpu` on any'],
    ['run m.rff --precision fp16', 'did you mean `f16`?'],
    ['run m.rff --backend webgp', 'did you mean `webgpu`?'],
  ])('rffc %s', async (line, hint) => {
    const { code, out, err } = await rffc(line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error\[RFF92[346]\]: [^\n]+\nhint: [^\n]+\n$/);
    expect(err).toContain(`hint: ${hint}`);
  });

  test('suggests only existing commands and options', async () => {
    const help = new Map<string, string>();
    const helpOf = async (command: string) => {
      if (!help.has(command)) help.set(command, (await rffc([...command.split(' '), '--help'])).out);
      return help.get(command)!;
    };
    for (const call of Object.keys(commandHabits)) {
      const [command = '', option] = call.split(/ (?=--)/);
      if (call === '--version') continue;
      expect(await helpOf(command), call).toContain(`Usage: rffc ${command} `);
      if (option !== undefined) expect(help.get(command), call).toContain(` ${option.split(' ')[0]} `);
    }
    const all = ['run', 'eval', 'predict', 'generate', 'export', 'sweep', 'bench', 'compile'];
    const options = [(await rffc(['--help'])).out, ...(await Promise.all(all.map(helpOf)))].join('');
    for (const call of Object.values(optionsWithValue)) expect(options).toContain(` ${call.split(' ')[0]} `);
    for (const group of optionHabits)
      expect(
        group.some((name) => options.includes(` --${name}`)),
        group.join(),
      ).toBe(true);
  });

  test('each word has one meaning', () => {
    const words = Object.values(commandHabits).flat();
    expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([]);
    expect(Object.keys(inModel).filter((name) => !/^[a-z-]+$/.test(name))).toEqual([]);
  });
});

describe('missing and excess arguments', () => {
  test.each([
    ['check', 'missing argument: `rffc check` expects `<files...>`'],
    ['data fetch', 'missing argument: `rffc data fetch` expects `<name>`'],
    ['run m.rff --epochs', 'missing value of `--epochs`: expected `--epochs <n>`'],
    ['export runs/x', 'missing option: `rffc export` requires `--onnx <model.onnx>`'],
    ['eval a b', 'unexpected argument `b` of `rffc eval`'],
  ])('rffc %s', async (line, message) => {
    const { code, err } = await rffc(line.split(' '));
    expect(code).toBe(2);
    expect(err).toContain(`error[RFF925]: ${message}`);
    expect(err).toMatch(/\nhint: `rffc [a-z ]+ --help` shows its usage\n$/);
  });
});

test('suggests commands as the program was called', async () => {
  writeFileSync(join(folder, 'm.rff'), '');
  const { err } = await rffc(['train', 'm.rff'], { command: 'npx rffc' });
  expect(err).toContain('hint: did you mean `npx rffc run m.rff`?');
});
