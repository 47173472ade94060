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
  /** Show what Dawn and the drivers write to stderr themselves. */
  readonly verbose?: boolean;
}

let opened: Promise<GPU> | undefined;

/**
 * The process's one GPU object. The system's own drivers come first; where they offer no adapter, Chromium's software
 * Vulkan driver is taken if it is installed (correct, and slow).
 *
 * @throws RffcError that says what is missing, package or driver, and how to get it
 */
export function openDawn({ verbose = false }: DawnOptions = {}): Promise<GPU> {
  opened ??= verbose ? open() : quietly(open);
  return opened;
}

async function open(): Promise<GPU> {
  const dawn = await withPackages(['webgpu'], () => import('webgpu'));
  Object.assign(globalThis, dawn.globals);
  for (const [type, method] of waits) beCalm(dawn.globals, type, method);
  // Dawn's Vulkan loader warns where there is no such folder.
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
          'chromium` brings a software driver'
        : 'update the graphics driver; WebGPU needs Metal on macOS, Direct3D 12 or Vulkan on Windows',
  });
}

/** What takes long enough to wait for. */
const waits = [
  ['GPUBuffer', 'mapAsync'],
  ['GPUQueue', 'onSubmittedWorkDone'],
  ['GPUDevice', 'createComputePipelineAsync'],
] as const;
/** Never changes: what a thread that is to sleep waits on. */
const never = new Int32Array(new SharedArrayBuffer(4));
/**
 * When naps begin, and how long one is: a share of what has been waited so far. Milliseconds; a fast GPU never sees
 * one.
 */
const NAP = { after: 2, share: 0.05, most: 1 };
let waiting = 0;
let began = 0;
let napping = false;

/**
 * Lets this thread sleep while it waits. Dawn's package asks the device over and over, which takes a whole core from a
 * software adapter; napping a little between two questions leaves it to those who work.
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

/** A nap, and another after the next question, until nothing is waited for. Dawn keeps the process up, not this. */
function nap(): void {
  napping = waiting > 0;
  if (!napping) return;
  const waited = performance.now() - began;
  if (waited > NAP.after) Atomics.wait(never, 0, 0, Math.min(NAP.most, NAP.share * waited));
  setImmediate(nap).unref();
}

/** Whether the adapter is a program and not a graphics card. @throws RffcError as `openDawn` does */
export async function isSoftware(): Promise<boolean> {
  const adapter = await (await openDawn()).requestAdapter();
  return (
    !adapter ||
    /swiftshader|llvmpipe|lavapipe|warp|basic render/i.test(
      `${adapter.info.architecture} ${adapter.info.device} ${adapter.info.description}`,
    )
  );
}
