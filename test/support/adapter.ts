/**
 * WebGPU for tests: the GPU object where there is an adapter, the reason where there is none, and adapters made worse.
 */
import { RffcError } from '../../grammar/diagnostic.js';
import { openDawn } from '../../runtime/dawn.js';

/** The GPU, or why there is none. In CI there must be one: its tests are then not skipped. */
export async function findGpu(): Promise<
  { readonly gpu: GPU; readonly missing?: undefined } | { readonly gpu?: undefined; readonly missing: string }
> {
  try {
    return { gpu: await openDawn() };
  } catch (error) {
    if (!(error instanceof RffcError) || process.env.RFFC_TEST_ALL !== undefined) throw error;
    return { missing: error.diagnostics[0]!.message };
  }
}

export interface Pretence {
  /** Instead of the adapter's own. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly without?: readonly GPUFeatureName[];
  /** Sees every device that is handed out. */
  readonly onDevice?: (device: GPUDevice) => void;
  readonly noDevice?: string;
}

/** A GPU whose adapter is as good as the real one but for what is pretended. */
export function pretend(gpu: GPU, { limits = {}, without = [], onDevice, noDevice }: Pretence): GPU {
  const replaced = <T extends object>(target: T, get: (key: string | symbol) => unknown): T =>
    new Proxy(target, {
      get(_, key) {
        const given = get(key);
        if (given !== undefined) return given;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return replaced(gpu, (key) => {
    if (key !== 'requestAdapter') return undefined;
    return async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      if (!adapter) return null;
      const features = new Set([...adapter.features].filter((f) => !without.includes(f as GPUFeatureName)));
      return replaced(adapter, (property) => {
        if (property === 'limits') return replaced(adapter.limits, (name) => limits[String(name)]);
        if (property === 'features') return features;
        if (property !== 'requestDevice') return undefined;
        return async (descriptor?: GPUDeviceDescriptor) => {
          if (noDevice !== undefined) throw new Error(noDevice);
          const device = await adapter.requestDevice(descriptor);
          onDevice?.(device);
          return device;
        };
      });
    };
  });
}
