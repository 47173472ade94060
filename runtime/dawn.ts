/**
 * WebGPU in Node: Dawn, from the optional `webgpu` package, as the `GPU` object that a browser has at `navigator.gpu`.
 */
import { existsSync } from 'node:fs';
import { failure } from '../grammar/diagnostic.js';
import { withPackages } from './packages.js';
import { quietly } from './quiet.js';

/** Where Chromium's packages put the description of its software Vulkan driver. */
const softwareDrivers = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

export interface DawnOptions {
  /** Show what Dawn and the drivers write to stderr. */
  readonly verbose?: boolean;
}

let opened: Promise<GPU> | undefined;

/**
 * The process's GPU object. The system's drivers come first; if they offer no adapter, Chromium's software
 * Vulkan driver is taken if it is installed (correct, and slow).
 *
 * @throws RffcError naming the missing package or driver
 */
export function openDawn({ verbose = false }: DawnOptions = {}): Promise<GPU> {
  opened ??= verbose ? open() : quietly(open);
  return opened;
}

async function open(): Promise<GPU> {
  const dawn = await withPackages(['webgpu'], () => import('webgpu'));
  Object.assign(globalThis, dawn.globals);
  for (const [type, method] of waits) beCalm(dawn.globals, type, method);
  // Dawn's Vulkan loader warns if the folder is missing.
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
  // The GPU's clock to the nanosecond: rounded ones are for pages that may not be trusted.
  const toggles = ['disable-dawn-features=timestamp_quantization'];
  let gpu = dawn.create(toggles);
  if (await gpu.requestAdapter()) return gpu;
  const software = softwareDrivers.find((path) => existsSync(path));
  if (software && !process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES) {
    process.env.VK_ICD_FILENAMES = software;
    gpu = dawn.create(toggles);
    if (await gpu.requestAdapter()) return gpu;
  }
  throw failure('RFF812', 'WebGPU found no adapter: no usable graphics driver on this system', {
    hint:
      process.platform === 'linux'
        ? "install the GPU's Vulkan driver and loader (`apt install libvulkan1`); `apt install libvulkan1 " +
          'chromium` adds a software driver'
        : 'update the graphics driver; WebGPU needs Metal on macOS, Direct3D 12 or Vulkan on Windows',
  });
}

/** Operations long enough to wait for. */
const waits = [
  ['GPUBuffer', 'mapAsync'],
  ['GPUQueue', 'onSubmittedWorkDone'],
  ['GPUDevice', 'createComputePipelineAsync'],
] as const;
/** Never changes: a sleeping thread waits on it. */
const never = new Int32Array(new SharedArrayBuffer(4));
/** When naps begin, and their length as a share of the time waited so far. Milliseconds; a fast GPU never needs one. */
const NAP = { after: 2, share: 0.05, most: 1 };
let waiting = 0;
let began = 0;
let napping = false;

/**
 * Lets this thread sleep while it waits. Dawn's package polls the device, which takes a whole core from a
 * software adapter; naps between polls leave it to the workers.
 */
function beCalm(globals: object, type: string, method: string): void {
  const { prototype } = Reflect.get(globals, type) as { prototype: object };
  const original = Reflect.get(prototype, method) as (...args: unknown[]) => Promise<unknown>;
  const done = () => {
    waiting--;
  };
  Reflect.set(prototype, method, function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const answer = original.apply(this, args);
    answer.then(done, done);
    waiting++;
    began = performance.now();
    if (!napping) setImmediate(nap).unref();
    napping = true;
    return answer;
  });
}

/** Naps between polls until nothing is pending. Dawn, not this timer, keeps the process alive. */
function nap(): void {
  napping = waiting > 0;
  if (!napping) return;
  const waited = performance.now() - began;
  if (waited > NAP.after) Atomics.wait(never, 0, 0, Math.min(NAP.most, NAP.share * waited));
  setImmediate(nap).unref();
}

/** Whether the adapter is a software one. @throws RffcError as `openDawn` does */
export async function isSoftware(): Promise<boolean> {
  const adapter = await (await openDawn()).requestAdapter();
  return (
    !adapter ||
    /swiftshader|llvmpipe|lavapipe|warp|basic render/i.test(
      `${adapter.info.architecture} ${adapter.info.device} ${adapter.info.description}`,
    )
  );
}
