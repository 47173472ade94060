/**
 * The adapter and the device: the plan's requirements are requested by name, and any later failure of the device (it
 * rejects a command, runs out of memory, is lost) becomes one error that the session throws.
 */
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { deviceLost } from '../engine.js';
import { bytesText, type Chunk } from './chunks.js';

/** Operands of products: f16, summed in f32, or f32. */
export type Precision = 'f32' | 'f16';

/** RFF812 for a browser without WebGPU. */
export function noWebgpu(): RffcError {
  return failure('RFF812', 'WebGPU is not available in this browser', {
    hint: 'update the browser, and serve the page from https:// or localhost, which WebGPU requires',
  });
}

/** The best adapter. @throws RffcError RFF812 if there is none */
export async function openAdapter(gpu: GPU): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter) return adapter;
  throw failure('RFF812', 'WebGPU found no adapter: no usable graphics driver on this system', {
    hint: 'update the graphics driver and the browser; see `chrome://gpu`',
  });
}

/** An adapter's name, for messages and for the tile cache. */
export function adapterName({ info }: Pick<GPUAdapter, 'info'>): string {
  const parts = [info.vendor, info.architecture, info.device, info.description].filter((part) => part);
  return parts.filter((part, i) => parts.indexOf(part) === i).join(' ') || 'unnamed adapter';
}

/** The largest storage buffer that an adapter has, in bytes. */
export function largestChunk({ limits }: Pick<GPUAdapter, 'limits'>): number {
  const largest = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  return Math.floor(largest / 256) * 256;
}

/** Limits that every plan needs, and that WebGPU guarantees. */
const LEAST = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 64,
  maxComputeWorkgroupStorageSize: 4096,
  maxBindGroups: 2,
} as const;

/**
 * A device with the limits and features that the plan's chunks and kernels need.
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
        `the WebGPU adapter (${adapterName(adapter)}) has ${name} ${has}: at least ${least} is required`,
        { hint: 'update the graphics driver, or use `--backend cpu`' },
      );
    }
  }
  const wanted: GPUFeatureName[] = ['subgroups', 'timestamp-query'];
  if (precision === 'f16') {
    if (!adapter.features.has('shader-f16')) {
      throw failure(
        'RFF832',
        `the WebGPU adapter (${adapterName(adapter)}) has no \`shader-f16\`, required by \`--precision f16\``,
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
      `the WebGPU adapter (${adapterName(adapter)}) provided no device: ${wordsOf(error)}`,
      { hint: 'close other programs that use the GPU, or use `--backend cpu`' },
    );
  }
}

/** The first line of WebGPU's message. */
export function wordsOf(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(text).trim().split('\n')[0]!;
}

/** A GPU error as an RffcError. `what` follows "while". */
function explain(error: GPUError, what: string): RffcError {
  // By name, not by class: a browser's classes are not Dawn's.
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return failure('RFF836', `out of graphics memory while ${what}: ${wordsOf(error)}`, {
      hint: 'reduce `batch` or the layer sizes; or close other programs that use the GPU',
    });
  }
  return failure('RFF835', `WebGPU rejected a command while ${what}: ${wordsOf(error)}`, {
    hint: 'this is a bug in rffc or in the driver: please report it',
  });
}

/** Keeps the first failure of a device until `check`. */
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

  /** @throws RffcError RFF834 if the device is lost, RFF835 or RFF836 for a failure since it was opened */
  check(): void {
    if (this.trouble) throw this.trouble;
  }

  /**
   * Waits for the device. If the wait fails because the device is lost, that is the error.
   *
   * @throws RffcError as `check` does
   */
  async wait<T>(promise: Promise<T>): Promise<T> {
    try {
      const value = await promise;
      this.check();
      return value;
    } catch (error) {
      // A lost device may still answer before its loss is reported.
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      this.check();
      throw error;
    }
  }

  /**
   * Runs something, and reports what the device rejects.
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

  /** Closes the device: later failures are expected. */
  close(): void {
    this.closing = true;
    this.device.destroy();
  }
}

/** The total size of all chunks, for messages. */
export function totalText(chunks: readonly Chunk[]): string {
  return bytesText(chunks.reduce((sum, { bytes }) => sum + bytes, 0));
}
