/** Missing features of an adapter, and failures of a device: each is one error with a fix. */
import { expect, test } from 'vitest';
import { findGpu, pretend } from '../../test/support/adapter.js';
import { describeUnless } from '../../test/support/needs.js';
import { openAdapter, openDevice, Watch } from './device.js';
import { compileShaders, Layouts } from './shaders.js';

const { gpu, missing } = await findGpu();
const chunks = [{ arena: 'io', bytes: 4096 }] as const;

test('no adapter at all', async () => {
  const none = { requestAdapter: async () => null } as unknown as GPU;
  await expect(openAdapter(none)).rejects.toThrow('RFF812: WebGPU found no adapter');
});

describeUnless(missing, 'a device', () => {
  test('is refused by an adapter below what WebGPU guarantees', async () => {
    const poor = await openAdapter(pretend(gpu!, { limits: { maxStorageBuffersPerShaderStage: 4 } }));
    await expect(openDevice(poor, chunks, 'f32')).rejects.toThrow(
      /RFF830: the WebGPU adapter \(.+\) has maxStorageBuffersPerShaderStage 4: at least 8 is required/,
    );
  });

  test('is refused with the words of the adapter', async () => {
    const mean = await openAdapter(pretend(gpu!, { noDevice: 'somebody else has it' }));
    await expect(openDevice(mean, chunks, 'f32')).rejects.toThrow(/RFF830.*somebody else has it/);
  });

  test('has no f16 where the adapter has none', async () => {
    const plain = await openAdapter(pretend(gpu!, { without: ['shader-f16'] }));
    await expect(openDevice(plain, chunks, 'f16')).rejects.toThrow(/RFF832.*no `shader-f16`/);
  });

  test('has the limits and features asked for, and only where the adapter has them', async () => {
    const plain = await openAdapter(pretend(gpu!, { without: ['subgroups', 'timestamp-query'] }));
    const device = await openDevice(plain, [{ arena: 'io', bytes: 2 ** 29 }], 'f32');
    expect(device.limits.maxBufferSize).toBe(2 ** 29);
    expect(device.limits.maxStorageBufferBindingSize).toBe(2 ** 29);
    expect(device.features.has('timestamp-query')).toBe(false);
    device.destroy();
  });

  test('says which kernel did not compile, and why', async () => {
    const device = await openDevice(await openAdapter(gpu!), chunks, 'f32');
    const watch = new Watch(device);
    const shader = (label: string, code: string) =>
      ({
        key: code,
        label,
        code,
        entry: 'main',
        bindings: [{ binding: 0, access: 'read_write' }],
      }) as const;
    const sound = shader(
      'sound',
      '@group(0) @binding(0) var<storage, read_write> a: array<f32>;\n' +
        '@compute @workgroup_size(1) fn main() { a[0] = 1; }',
    );
    const broken = shader(
      'h1.h h1.s',
      '@group(0) @binding(0) var<storage, read_write> a: array<f32>;\n' +
        '@compute @workgroup_size(1) fn main() { a[0] = b; }',
    );
    await expect(compileShaders(device, new Layouts(device), [sound, broken])).rejects.toThrow(
      /RFF833: the kernel `h1.h h1.s` did not compile: line 2: .*'b'/,
    );
    // Told once: nothing is left for the next run to complain of.
    watch.check();
    expect(await compileShaders(device, new Layouts(device), [sound, sound])).toHaveLength(1);
    const wide = Array.from({ length: 9 }, (_, binding) => ({ binding, access: 'read' as const }));
    await expect(compileShaders(device, new Layouts(device), [{ ...sound, bindings: wide }])).rejects.toThrow(
      'RFF831: the kernel `sound` reads and writes 9 storage buffers',
    );
    watch.close();
  });

  test('remembers rejected commands', async () => {
    const watch = new Watch(await openDevice(await openAdapter(gpu!), chunks, 'f32'));
    const { device } = watch;
    device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await expect(watch.wait(device.queue.onSubmittedWorkDone())).rejects.toThrow(
      /RFF835: WebGPU rejected a command while a program ran: .*Buffer/i,
    );
    watch.close();
  });

  test('distinguishes guarded work from running programs', async () => {
    const watch = new Watch(await openDevice(await openAdapter(gpu!), chunks, 'f32'));
    const { device } = watch;
    await expect(
      watch.guard('its memory was allocated', () =>
        device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }),
      ),
    ).rejects.toThrow('RFF835: WebGPU rejected a command while its memory was allocated');
    watch.check();
    expect(await watch.guard('nothing happened', () => 7)).toBe(7);
    watch.close();
  });

  test('reports out of memory', async () => {
    const watch = new Watch(await openDevice(await openAdapter(gpu!), chunks, 'f32'));
    // Which buffer is one too many no two machines agree on, so the device is made to say so.
    const full = new Proxy(watch, {
      get: (target, key) =>
        key === 'device'
          ? {
              pushErrorScope: () => {},
              popErrorScope: async () => new GPUOutOfMemoryError('no room for 3 GiB\nin heap 0'),
            }
          : Reflect.get(target, key, target),
    });
    await expect(Watch.prototype.guard.call(full, '3.0 GiB were allocated', () => {})).rejects.toThrow(
      'RFF836: out of graphics memory while 3.0 GiB were allocated: no room for 3 GiB',
    );
    watch.close();
  });

  test('rejects all pending work when lost', async () => {
    const watch = new Watch(await openDevice(await openAdapter(gpu!), chunks, 'f32'));
    const { device } = watch;
    const staging = device.createBuffer({
      size: 4,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const waiting = watch.wait(staging.mapAsync(GPUMapMode.READ));
    device.destroy();
    await expect(waiting).rejects.toThrow('RFF834: the WebGPU device was lost (destroyed)');
    expect(() => watch.check()).toThrow('RFF834');
  });
});
