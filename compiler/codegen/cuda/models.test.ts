/**
 * Whole models: every kernel of those in `models/` and of random ones compiles with nvcc without a word, and random
 * plans played by their kernels on the host agree with the plans played plainly.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compilerFor, differences, HostSession } from '../../../test/support/cuda-kernels.js';
import { itemsFor } from '../../../test/support/effort.js';
import { describeUnless } from '../../../test/support/needs.js';
import { documentOf } from '../../../test/support/parity.js';
import { PlayerSession } from '../../../test/support/player.js';
import { type RandomModel, randomModel } from '../../../test/support/random-model.js';
import { layerStep } from '../../../test/support/wat-kernels.js';
import { buildPlan } from '../../build.js';
import { compile } from '../../compile.js';
import { lower } from '../../graph/index.js';
import type { Plan, RowsView } from '../../plan/plan.js';
import { cudaModule, launchOf } from './index.js';

const nvcc = compilerFor('NVCC', 'nvcc');
const gpp = compilerFor('CXX', 'g++');
const folder = join(import.meta.dirname, '../../../models');
const models = readdirSync(folder).filter((f) => f.endsWith('.rff'));

/** Between them every kind of launch, a classifier, dropout, and most optimizers. */
const random = fc.sample(randomModel, { seed: 99, numRuns: 4 });

function planOf({ text, frames, predictBatch, purpose, observe }: RandomModel): Plan {
  return buildPlan(lower(documentOf(text), { frames, predictBatch, purpose, observe })).plan;
}

/** Nothing goes through local memory. */
const inRegisters = ['--warn-on-spills', '--warn-on-local-memory-usage'];

/** Compiles a plan's module as far as machine code for two architectures. @returns what nvcc has to say */
async function compileForDevice(name: string, code: string, ptxas: readonly string[] = []): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'rffc-nvcc-'));
  try {
    const source = join(work, `${name}.cu`);
    writeFileSync(source, code);
    const architectures = ['80', '90'].flatMap((a) => ['-gencode', `arch=compute_${a},code=sm_${a}`]);
    const strict = ['-Werror', 'all-warnings', ...ptxas.flatMap((option) => ['-Xptxas', option])];
    const options = ['-fatbin', '--threads', '2', ...architectures, ...strict, '-o', join(work, 'a.fatbin')];
    const { stdout, stderr } = await promisify(execFile)(nvcc!, [...options, source]);
    return stdout + stderr;
  } catch (error) {
    return String(error);
  } finally {
    rmSync(work, { recursive: true });
  }
}

describeUnless(
  nvcc ? undefined : 'nvcc was not found',
  'compiles for sm_80 and sm_90 without a warning',
  () => {
    // A compilation takes seconds: between them the two have most kinds of launch.
    it.each(itemsFor(models, (file) => /^(quickstart|hinton_supervised)\.rff$/.test(file)))(
      '%s, with everything in registers',
      async (file) => {
        const { plan } = await compile({ text: readFileSync(join(folder, file), 'utf8'), file });
        const { code, functions } = cudaModule(plan);
        expect(code).not.toContain('#include');
        for (const launch of Object.values(plan.programs).flat()) {
          if (launch.kind === 'gemm') continue;
          const kernel = launchOf(launch.kind === 'learn' ? launch.update : launch, plan, () => 0n);
          expect(functions).toContain(kernel.function);
        }
        expect(await compileForDevice(file, code, inRegisters)).toBe('');
      },
      300_000,
    );

    it('rows of many units, with everything in registers', async () => {
      const sizes = [700, 1024, 4096, 8192, 17001];
      const view = (buffer: number): RowsView => ({
        ...{ buffer, offset: 0, variantStride: 0, sampleStride: 20000 },
      });
      const launches = sizes.map((_, kernel) => ({
        ...({ kind: 'rows', kernel, variants: 1, samples: 2 } as const),
        inputs: [view(0), view(1), view(2)],
        outputs: [view(3), view(4), view(0), view(5), view(6)],
      }));
      const place = { arena: 'state', offset: 0, bytes: 160_000, name: '' } as const;
      const { code } = cudaModule({
        buffers: launches[0]!.inputs.concat(launches[0]!.outputs).map((_, i) => ({
          ...place,
          offset: i * place.bytes,
        })),
        kernels: sizes.map(layerStep),
        programs: { train: launches, predict: [], load: [] },
      });
      expect(await compileForDevice('sizes', code, inRegisters)).toBe('');
    }, 300_000);

    it('random models', async () => {
      // No word on registers: CUDA's own sinf and cosf go through local memory where an argument is far from 0.
      for (const [i, model] of random.slice(0, 2).entries()) {
        const { code } = cudaModule(planOf(model));
        expect(await compileForDevice(`random${i}`, code), model.text).toBe('');
      }
    }, 300_000);
  },
);

/** One batch and a prediction, from parameters, state and data that a plan's tensors are filled with. */
async function play(session: HostSession | PlayerSession, classes: number): Promise<void> {
  session.tensors.forEach(({ name, shape, type, role }, t) => {
    if (role === 'output') return;
    const length = shape.reduce((n, d) => n * d, 1);
    const unit = (i: number) => (Math.imul(i + 101 * t + 1, 2654435761) >>> 8) / 2 ** 24;
    const classOf = (i: number) => (i + (name === 'y_negative' ? 1 : 0)) % classes;
    const scale = role === 'state' ? 0.01 : 0.5;
    const number = (i: number) => (role === 'state' ? unit(i) : 2 * unit(i) - 1);
    if (type === 'i32')
      session.write(
        name,
        Int32Array.from({ length }, (_, i) => classOf(i)),
      );
    else
      session.write(
        name,
        Float32Array.from({ length }, (_, i) => scale * number(i)),
      );
  });
  await session.run('train', { epoch: 1, batch: 2, trained: 3, rate: 0.9 });
  await session.run('predict', { epoch: 1, batch: 2, trained: 4, rate: 0.9 });
}

describeUnless(gpp ? undefined : 'g++ was not found', 'on the host', () => {
  it.each(random.map((model, i) => ({ number: i + 1, model })))(
    'random model $number agrees with its plan played plainly',
    async ({ model }) => {
      const plan = planOf(model);
      const host = new HostSession(gpp!, plan);
      const player = new PlayerSession(plan);
      await play(host, plan.classes);
      await play(player, plan.classes);
      expect(await differences(host, player, 1e-4), model.text).toEqual([]);
    },
    300_000,
  );
});
