/**
 * The adapter and the device: what the plan needs is asked for by name, and whatever goes wrong on the device later (it
 * refuses a command, runs out of memory, is lost) ends up as one error that the session throws.
 */
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { deviceLost } from '../engine.js';
import { bytesText, type Chunk } from './chunks.js';

/** What products compute with: f16 operands, summed in f32, or f32 throughout. */
export type Precision = 'f32' | 'f16';

/** RFF812, for a page whose browser has no WebGPU. */
export function noWebgpu(): RffcError {
  return failure('RFF812', 'this browser has no WebGPU here', {
    hint: 'update the browser, and serve the page from https:// or localhost: elsewhere browsers switch WebGPU off',
  });
}

/** The best adapter. @throws RffcError RFF812 if there is none */
export async function openAdapter(gpu: GPU): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter) return adapter;
  throw failure('RFF812', 'WebGPU found no adapter: no usable graphics driver on this system', {
    hint: 'update the graphics driver and the browser; `chrome://gpu` says what WebGPU lacks',
  });
}

/** An adapter's name for people, and for what is remembered about it. */
export function adapterName({ info }: Pick<GPUAdapter, 'info'>): string {
  const parts = [info.vendor, info.architecture, info.device, info.description].filter((part) => part);
  return parts.filter((part, i) => parts.indexOf(part) === i).join(' ') || 'unnamed adapter';
}

/** The largest storage buffer that an adapter has, in bytes. */
export function largestChunk({ limits }: Pick<GPUAdapter, 'limits'>): number {
  const largest = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  return Math.floor(largest / 256) * 256;
}

/** Limits that no plan can do without, and that WebGPU guarantees: an adapter below them is a strange one. */
const LEAST = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 64,
  maxComputeWorkgroupStorageSize: 4096,
  maxBindGroups: 2,
} as const;

/**
 * A device with the limits and features that the plan's chunks and kernels need, and nothing beyond what helps speed.
 *
 * @throws RffcError RFF830 for an adapter whose limits are too small or that gives no device, RFF832 for one without
 * f16
 */
export async function openDevice(
  adapter: GPUAdapter,
  chunks: readonly Chunk[],
  precision: Precision,
): Promise<GPUDevice> {
  const { limits } = adapter;
  for (const [name, least] of Object.entries(LEAST)) {
    const has = limits[name as keyof typeof LEAST];
    if (has < least) {
      throw failure(
        'RFF830',
        `the WebGPU adapter (${adapterName(adapter)}) has ${name} ${has}, but ${least} are needed`,
        { hint: 'update the graphics driver, or use `--backend cpu`' },
      );
    }
  }
  const wanted: GPUFeatureName[] = ['subgroups', 'timestamp-query'];
  if (precision === 'f16') {
    if (!adapter.features.has('shader-f16')) {
      throw failure(
        'RFF832',
        `the WebGPU adapter (${adapterName(adapter)}) has no \`shader-f16\`, which \`--precision f16\` needs`,
        { hint: 'use `--precision f32`' },
      );
    }
    wanted.push('shader-f16');
  }
  const largest = Math.max(0, ...chunks.map(({ bytes }) => bytes));
  try {
    return await adapter.requestDevice({
      label: 'rffc',
      requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
      requiredLimits: {
        maxBufferSize: largest,
        maxStorageBufferBindingSize: largest,
        maxStorageBuffersPerShaderStage: Math.min(
          limits.maxStorageBuffersPerShaderStage,
          Math.max(LEAST.maxStorageBuffersPerShaderStage, chunks.length),
        ),
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      },
    });
  } catch (error) {
    throw failure(
      'RFF830',
      `the WebGPU adapter (${adapterName(adapter)}) gave no device: ${wordsOf(error)}`,
      { hint: 'close what else uses the graphics card, or use `--backend cpu`' },
    );
  }
}

/** The first line of what WebGPU says. */
export function wordsOf(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(text).trim().split('\n')[0]!;
}

/** A GPU error as one of ours. `what` is what was being done, after "while". */
function explain(error: GPUError, what: string): RffcError {
  // By name, not by class: a browser's classes are not Dawn's.
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return failure('RFF836', `the graphics memory ran out while ${what}: ${wordsOf(error)}`, {
      hint: 'make `batch` smaller, or the layers; close what else uses the graphics card',
    });
  }
  return failure('RFF835', `WebGPU refused a command while ${what}: ${wordsOf(error)}`, {
    hint: 'this is a mistake in rffc or in the driver: please report it',
  });
}

/** Remembers what went wrong on a device, until somebody asks. */
export class Watch {
  private trouble: RffcError | undefined;
  private closing = false;

  constructor(readonly device: GPUDevice) {
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.trouble ??= explain(event.error, 'a program ran');
    });
    void device.lost.then(({ reason, message }) => {
      if (!this.closing)
        this.trouble = deviceLost(`the WebGPU device was lost (${reason}): ${wordsOf({ message })}`);
    });
  }

  /** @throws RffcError RFF834 if the device is lost, RFF835 or RFF836 for what it refused since it was opened */
  check(): void {
    if (this.trouble) throw this.trouble;
  }

  /**
   * Waits for the device. Where the wait fails because the device is lost, that is the error.
   *
   * @throws RffcError as `check` does
   */
  async wait<T>(promise: Promise<T>): Promise<T> {
    try {
      const value = await promise;
      this.check();
      return value;
    } catch (error) {
      // What a lost device still answers comes before the news that it is lost.
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      this.check();
      throw error;
    }
  }

  /**
   * Does something, and reports what the device refuses of it.
   *
   * @param what it is, after "while": `its memory was allocated`
   * @throws RffcError RFF835, RFF836
   */
  async guard<T>(what: string, work: () => T): Promise<T> {
    const { device } = this;
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    const scopes = () => Promise.all([device.popErrorScope(), device.popErrorScope()]);
    try {
      const value = work();
      const error = (await this.wait(scopes())).find((e) => e !== null);
      if (error) throw explain(error, what);
      return value;
    } catch (error) {
      this.check();
      throw error;
    }
  }

  /** Closes the device: what fails from now on is meant to. */
  close(): void {
    this.closing = true;
    this.device.destroy();
  }
}

/** The bytes of all chunks, for people. */
export function totalText(chunks: readonly Chunk[]): string {
  return bytesText(chunks.reduce((sum, { bytes }) => sum + bytes, 0));
}
