/**
 * WebGPU in Node: Dawn, from the optional `webgpu` package, as the `GPU` object that a browser has at `navigator.gpu`.
 */
import { existsSync } from 'node:fs';
import { failure } from '../grammar/diagnostic.js';

/** Where Chromium's packages put the description of its software Vulkan driver. */
const softwareDrivers = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

let opened: Promise<GPU> | undefined;

/**
 * The process's one GPU object. The system's own drivers come first; where they offer no adapter, Chromium's software
 * Vulkan driver is taken if it is installed (correct, and slow).
 *
 * @throws RffcError that says what is missing, package or driver, and how to get it
 */
export function openDawn(): Promise<GPU> {
  opened ??= open();
  return opened;
}

async function open(): Promise<GPU> {
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (error) {
    throw failure('RFF811', `WebGPU in Node needs the optional package \`webgpu\`: ${firstLine(error)}`, {
      hint: 'npm install webgpu',
    });
  }
  Object.assign(globalThis, dawn.globals);
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
        ? "install the GPU's Vulkan driver and loader (`apt install libvulkan1`); `apt install libvulkan1 chromium` brings a software driver"
        : 'update the graphics driver; WebGPU needs Metal on macOS, Direct3D 12 or Vulkan on Windows',
  });
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
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
