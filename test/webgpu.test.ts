/**
 * The webgpu engine: parity with the seed, whole and with arenas cut to pieces, in every way that adapters like; and
 * bad days: plans and adapters that do not fit each other, a device that is lost in the middle of training.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { buildPlan } from '../compiler/build.js';
import { compile } from '../compiler/compile.js';
import { passNames } from '../compiler/passes/pipeline.js';
import type { Plan } from '../compiler/plan/plan.js';
import { readModelSource } from '../runtime/run/model.js';
import { type OpenSession, startRun } from '../runtime/run/run.js';
import { readSafetensors } from '../runtime/safetensors.js';
import { largestChunk } from '../runtime/webgpu/device.js';
import { openWebgpu } from '../runtime/webgpu/session.js';
import type { TileCache } from '../runtime/webgpu/tiles.js';
import { findGpu, pretend } from './support/adapter.js';
import { describeUnless } from './support/needs.js';
import { expectParity, replay, seedGraph } from './support/parity.js';
import { loadSeed, seedCases } from './support/seed.js';

const { gpu, missing } = await findGpu();
const folder = mkdtempSync(join(tmpdir(), 'rffc-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = (file: string) => {
  const path = join(import.meta.dirname, `../models/${file}.rff`);
  return compile({ text: readFileSync(path, 'utf8'), file: path });
};
/** What measuring would say: it is not what most of these tests are about, and takes seconds. */
const saying = (workgroupMemory: 'pays' | 'does not pay'): TileCache => ({
  get: (key) => (key.endsWith('workgroup memory') ? workgroupMemory : '32x32/4x4/direct'),
  set() {},
});
const tiles = saying('does not pay');
const seedPlan = (seedCase: string): Plan => buildPlan(seedGraph(seedCase)).plan;

describeUnless(missing, 'webgpu', () => {
  describe('agrees with the seed', () => {
    test.each(seedCases)('%s', async (seedCase) => {
      await expectParity(seedCase, await openWebgpu(seedPlan(seedCase), gpu!, { tiles }));
    });

    test.each(['dynamic-negatives', 'frames'])('%s, without any pass', async (seedCase) => {
      const { plan } = buildPlan(seedGraph(seedCase), { without: passNames });
      await expectParity(seedCase, await openWebgpu(plan, gpu!, { tiles }));
    });

    test('with arenas cut to pieces', async () => {
      const plan = seedPlan('frames');
      const largest = 256 * Math.ceil(Math.max(...plan.buffers.map(({ bytes }) => bytes)) / 256);
      expect(Math.max(...plan.arenas.map(({ bytes }) => bytes))).toBeGreaterThan(largest);
      const small = pretend(gpu!, { limits: { maxStorageBufferBindingSize: largest } });
      await expectParity('frames', await openWebgpu(plan, small, { tiles }));
    });

    test.each([
      ['in tiles that are measured', undefined, []],
      ['through workgroup memory', saying('pays'), []],
      ['through workgroup memory without subgroups', saying('pays'), ['subgroups']],
    ] as const)('%s', async (_, choice, without) => {
      const chosen = choice === undefined ? {} : { tiles: choice };
      await expectParity(
        'one-layer',
        await openWebgpu(seedPlan('one-layer'), pretend(gpu!, { without }), chosen),
      );
    });
  });

  test('gives the same bytes every time', async () => {
    const once = async () => {
      const session = await openWebgpu(seedPlan('frames'), gpu!, { tiles });
      const { misses } = await replay('frames', session);
      const tensors = await Promise.all(session.tensors.map((t) => session.read(t.name)));
      await session.dispose();
      return { misses, tensors };
    };
    expect(await once()).toEqual(await once());
  });

  test('says by the GPU’s clock what each launch took', async () => {
    const plan = seedPlan('one-layer');
    const session = await openWebgpu(plan, gpu!, { profile: true, tiles });
    expect(session.launchTimes('train')).toEqual([]);
    await session.run('train', { epoch: 0, batch: 0, trained: 0, rate: 1 });
    const times = session.launchTimes('train');
    expect(session.dispatches('train')).toBeGreaterThanOrEqual(times.length);
    expect(times.map(({ launch }) => launch)).toEqual(plan.programs.train.map((_, i) => i));
    expect(times.reduce((sum, { workSeconds }) => sum + workSeconds, 0)).toBeGreaterThan(0);
    await session.dispose();
    const clockless = pretend(gpu!, { without: ['timestamp-query'] });
    await expect(openWebgpu(plan, clockless, { profile: true })).rejects.toThrow(
      /RFF832.*no `timestamp-query`/,
    );
  });

  test('reads what is asked for at once in one journey, and refuses what is no tensor', async () => {
    const session = await openWebgpu(seedPlan('one-layer'), gpu!, { tiles });
    const { shape } = session.tensors.find((t) => t.name === 'h1.image.forward.weight')!;
    const weight = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => i / 7);
    const bias = Float32Array.from({ length: shape[0]! }, (_, i) => -i);
    session.write('h1.image.forward.weight', weight);
    session.write('h1.image.forward.bias', bias);
    const names = ['h1.image.forward.weight', 'h1.image.forward.bias', 'h1.image.forward.weight'];
    expect(await Promise.all(names.map((n) => session.read(n)))).toEqual([weight, bias, weight]);
    expect(() => session.write('h9.x', bias)).toThrow('RFF801');
    expect(() => session.write('h1.image.forward.bias', weight)).toThrow('RFF802');
    await expect(session.read('h9.x')).rejects.toThrow('RFF801');
    await session.dispose();
  });

  describe('on a bad day', () => {
    const args = { epoch: 0, batch: 0, trained: 0, rate: 1 };

    test('a plan too large for the adapter says which part, and asks for no device', async () => {
      const { plan } = await model('mnist3x200');
      const tiny = pretend(gpu!, { limits: { maxBufferSize: 2 ** 20 }, noDevice: 'asked for' });
      await expect(openWebgpu(plan, tiny)).rejects.toThrow(
        /RFF831: `.+` takes \d+\.\d MiB in one piece, more than the 1\.0 MiB/,
      );
      const adapter = await tiny.requestAdapter();
      expect(largestChunk(adapter!)).toBe(2 ** 20);
    });

    test('f16 where the adapter has none', async () => {
      const plain = pretend(gpu!, { without: ['shader-f16'] });
      await expect(openWebgpu(seedPlan('one-layer'), plain, { precision: 'f16' })).rejects.toThrow('RFF832');
    });

    test('a device that is lost in the middle of a run ends all that waits for it', async () => {
      let device: GPUDevice | undefined;
      const watched = pretend(gpu!, {
        onDevice: (d) => {
          device = d;
        },
      });
      const session = await openWebgpu(seedPlan('one-layer'), watched, { tiles });
      const running = session.run('train', args);
      const reading = session.read('h1.image.forward.weight');
      device!.destroy();
      const [run, read] = await Promise.allSettled([running, reading]);
      for (const { status, ...more } of [run, read]) {
        expect(status).toBe('rejected');
        expect('reason' in more && String(more.reason)).toContain('RFF834: the WebGPU device was lost');
      }
      await expect(session.run('train', args)).rejects.toThrow('RFF834');
      await expect(session.read('loss')).rejects.toThrow('RFF834');
      expect(() => session.write('y', new Int32Array(loadSeed('one-layer').config.batch))).toThrow('RFF834');
      await session.dispose();
    });

    test('training goes on from its checkpoint on a new device, as if nothing had been', async () => {
      const text = readFileSync(join(import.meta.dirname, 'page/index.html'), 'utf8');
      const rff = /<textarea[^>]*>(.*?)<\/textarea>/s.exec(text)![1]!.replaceAll('-&gt;', '->');
      writeFileSync(join(folder, 'page.rff'), rff);
      const source = readModelSource(folder, 'page.rff');
      const settings = { epochs: 3, limit: 80 };
      const devices: GPUDevice[] = [];
      const watched = pretend(gpu!, { onDevice: (d) => devices.push(d) });
      const open: OpenSession = (_, compiled) => {
        if ('rffc' in compiled) throw new Error('a run of a model is opened by its graph');
        return openWebgpu(buildPlan(compiled).plan, watched, { tiles });
      };
      const train = async (out: string, loseAt: number) => {
        const told: string[] = [];
        let trained = 0;
        const result = await startRun(
          { source, settings, backend: 'webgpu', base: folder, out: join(folder, out) },
          open,
          {
            batch: () => {
              if (++trained === loseAt) devices.at(-1)!.destroy();
            },
            lost: (error, { epoch, batch }) => told.push(`${error.diagnostics[0]!.code} ${epoch} ${batch}`),
          },
        );
        const { tensors } = await readSafetensors(join(folder, out, 'checkpoint.safetensors'));
        const metrics = readFileSync(join(folder, out, 'metrics.jsonl'), 'utf8')
          .trim()
          .split('\n');
        return { result, told, tensors, epochs: metrics.filter((line) => line.includes('"epoch"')).length };
      };
      const whole = await train('whole', -1);
      // In the second epoch, and before there is any checkpoint.
      const mended = await train('mended', 6);
      const early = await train('early', 2);
      expect([whole.told, mended.told, early.told]).toEqual([[], ['RFF834 1 0'], ['RFF834 0 0']]);
      expect(mended.tensors).toEqual(whole.tensors);
      expect(early.tensors).toEqual(whole.tensors);
      expect([mended.epochs, early.epochs]).toEqual([whole.epochs, whole.epochs]);
      expect(devices).toHaveLength(5);
      // Lost twice at once: that would go on forever.
      const broken = startRun(
        { source, settings, backend: 'webgpu', base: folder, out: join(folder, 'broken') },
        open,
        { batch: () => devices.at(-1)!.destroy() },
      );
      await expect(broken).rejects.toThrow('RFF834');
      expect(devices).toHaveLength(7);
    });
  });
});
