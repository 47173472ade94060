/** NVIDIA's driver and cuBLAS through koffi: only calls and statuses. */
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import {
  COPY2D_BYTES,
  copy2dFields,
  cTypes,
  cublasConstants,
  cublasPrototypes,
  dataTypes,
  driverConstants,
  driverPrototypes,
  type Prototypes,
} from './declarations.js';
import type { Copy, CopyEnd, CudaDriver, CudaProducts, Product } from './driver.js';
import { type Koffi, loadKoffi, type NativeArgument, type NativeFunction } from './host.js';
import { type Found, versionText } from './libraries.js';

type Status = (...args: readonly NativeArgument[]) => number;
type Functions<P extends Prototypes> = { readonly [Name in keyof P]: Status };

/** A library's functions by name. @throws RffcError RFF842 for one that it does not have */
export function bind<P extends Prototypes>({ library, path }: Found, prototypes: P): Functions<P> {
  const entries = Object.entries(prototypes).map(([name, args]): [string, NativeFunction] => {
    try {
      return [
        name,
        library.func(
          name,
          'int',
          args.map((type) => cTypes[type]),
        ),
      ];
    } catch {
      throw failure('RFF842', `${path} has no ${name}: it is too old or not the right library`, {
        hint: 'update the NVIDIA driver and the CUDA libraries to CUDA 12 or later',
      });
    }
  });
  return Object.fromEntries(entries) as Functions<P>;
}

/** Throws for a status other than success. */
export type Check = (name: string, status: number) => void;

const word = (): BigUint64Array => new BigUint64Array(1);
const integer = (): Int32Array => new Int32Array(1);
/** The text of a C string of at most `bytes.length` bytes. */
export const textOf = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).trim();
};

/**
 * Opens the driver's library.
 *
 * @throws RffcError RFF840 where the driver does not start or has no device, RFF841 where it is older than CUDA 12.0
 */
export function openDriver(found: Found): CudaDriver {
  const early = bind(found, { cuDriverGetVersion: driverPrototypes.cuDriverGetVersion });
  const spoken = integer();
  if (early.cuDriverGetVersion(spoken) !== 0)
    throw failure('RFF840', `the NVIDIA driver (${found.path}) reports no version`, {
      hint: 'reinstall the NVIDIA driver',
    });
  const version = spoken[0]!;
  if (version < 12000) {
    throw failure(
      'RFF841',
      `outdated NVIDIA driver: it supports CUDA ${versionText(version)}, 12.0 is required`,
      { hint: 'install driver 525 or later (https://www.nvidia.com/drivers), or use `--backend cpu`' },
    );
  }
  return new NativeDriver(loadKoffi(), bind(found, driverPrototypes), version);
}

class NativeDriver implements CudaDriver {
  private readonly copyWords = new BigUint64Array(COPY2D_BYTES / 8);
  private readonly pinned = new Map<Uint8Array, bigint>();

  constructor(
    private readonly koffi: Koffi,
    private readonly cu: Functions<typeof driverPrototypes>,
    readonly version: number,
  ) {
    const status = cu.cuInit(0);
    if (status !== 0) {
      throw failure('RFF840', `the NVIDIA driver failed to start: ${this.words(status)}`, {
        hint: 'check with `nvidia-smi` that there is a GPU and that this user may access it',
      });
    }
  }

  private words(status: number): string {
    const text = (call: Status): string => {
      const at = word();
      if (call(status, at) !== 0 || at[0] === 0n) return '';
      return this.koffi.decode.string(at[0]);
    };
    const name = text(this.cu.cuGetErrorName) || `error ${status}`;
    const words = text(this.cu.cuGetErrorString);
    return words ? `${name} (${words})` : name;
  }

  private check(name: keyof typeof driverPrototypes, status: number): void {
    if (status === 0) return;
    if (status === driverConstants.CUDA_ERROR_OUT_OF_MEMORY) throw outOfMemory(`${name} failed`);
    throw callFailed(name, this.words(status));
  }

  /** Calls a function that writes a handle to its first argument. */
  private made(name: keyof typeof driverPrototypes, ...args: readonly NativeArgument[]): bigint {
    const result = word();
    this.check(name, this.cu[name](result, ...args));
    return result[0]!;
  }

  private call(name: keyof typeof driverPrototypes, ...args: readonly NativeArgument[]): void {
    this.check(name, this.cu[name](...args));
  }

  private handle(device: number): number {
    const result = integer();
    this.call('cuDeviceGet', result, device);
    return result[0]!;
  }

  deviceCount(): number {
    const count = integer();
    this.call('cuDeviceGetCount', count);
    return count[0]!;
  }
  deviceName(device: number): string {
    const name = new Uint8Array(256);
    this.call('cuDeviceGetName', name, name.length, this.handle(device));
    return textOf(name);
  }
  capability(device: number): number {
    const attribute = (which: number): number => {
      const value = integer();
      this.call('cuDeviceGetAttribute', value, which, this.handle(device));
      return value[0]!;
    };
    const { CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: major } = driverConstants;
    const { CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: minor } = driverConstants;
    return 10 * attribute(major) + attribute(minor);
  }
  open(device: number): bigint {
    return this.made('cuDevicePrimaryCtxRetain', this.handle(device));
  }
  close(device: number): void {
    this.call('cuDevicePrimaryCtxRelease_v2', this.handle(device));
  }
  use(context: bigint): void {
    this.call('cuCtxSetCurrent', context);
  }

  memory(): { readonly free: number; readonly total: number } {
    const [free, total] = [word(), word()];
    this.call('cuMemGetInfo_v2', free, total);
    return { free: Number(free[0]), total: Number(total[0]) };
  }
  allocate(bytes: number): bigint {
    return this.made('cuMemAlloc_v2', bytes);
  }
  release(address: bigint): void {
    this.call('cuMemFree_v2', address);
  }
  allocateHost(bytes: number): Uint8Array<ArrayBuffer> {
    const address = this.made('cuMemAllocHost_v2', bytes);
    const memory = new Uint8Array(this.koffi.view(address, bytes));
    this.pinned.set(memory, address);
    return memory;
  }
  releaseHost(memory: Uint8Array): void {
    const address = this.pinned.get(memory);
    if (address === undefined) throw new Error('that memory was not allocated here');
    this.pinned.delete(memory);
    this.call('cuMemFreeHost', address);
  }
  fill(address: bigint, value: number, count: number, stream: bigint): void {
    this.call('cuMemsetD32Async', address, value, count, stream);
  }

  copy({ from, to, width, height }: Copy, stream: bigint): void {
    const dense = height === 1 || (from.pitch === width && to.pitch === width);
    if (!dense) {
      const words = this.copyWords.fill(0n);
      const field = (name: keyof typeof copy2dFields, value: bigint | number) => {
        words[copy2dFields[name] / 8] = BigInt(value);
      };
      const end = (side: 'src' | 'dst', e: CopyEnd) => {
        const { CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST } = driverConstants;
        field(`${side}MemoryType`, 'device' in e ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST);
        if ('device' in e) field(`${side}Device`, e.device);
        else field(`${side}Host`, this.koffi.address(e.host));
        field(`${side}Pitch`, e.pitch);
      };
      end('src', from);
      end('dst', to);
      field('WidthInBytes', width);
      field('Height', height);
      this.call('cuMemcpy2DAsync_v2', words, stream);
      return;
    }
    const bytes = width * height;
    if ('device' in to) {
      if ('device' in from) this.call('cuMemcpyDtoDAsync_v2', to.device, from.device, bytes, stream);
      else this.call('cuMemcpyHtoDAsync_v2', to.device, from.host, bytes, stream);
    } else if ('device' in from) this.call('cuMemcpyDtoHAsync_v2', to.host, from.device, bytes, stream);
    else throw new Error('a copy from the host to the host');
  }

  loadModule(image: Uint8Array): bigint {
    return this.made('cuModuleLoadData', image);
  }
  unloadModule(module: bigint): void {
    this.call('cuModuleUnload', module);
  }
  functionOf(module: bigint, name: string): bigint {
    return this.made('cuModuleGetFunction', module, name);
  }
  allowShared(fn: bigint, bytes: number): void {
    const { CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: attribute } = driverConstants;
    this.call('cuFuncSetAttribute', fn, attribute, bytes);
  }
  launch(
    { function: fn, grid, block, sharedBytes, args }: Parameters<CudaDriver['launch']>[0],
    stream: bigint,
  ) {
    const start = this.koffi.address(args);
    // The arguments are copied before the call returns.
    const pointers = BigUint64Array.from(args, (_, i) => start + BigInt(8 * i));
    this.call('cuLaunchKernel', fn, ...grid, ...block, sharedBytes, stream, pointers, null);
  }

  createStream(): bigint {
    return this.made('cuStreamCreate', driverConstants.CU_STREAM_NON_BLOCKING);
  }
  destroyStream(stream: bigint): void {
    this.call('cuStreamDestroy_v2', stream);
  }
  synchronize(stream: bigint): void {
    this.call('cuStreamSynchronize', stream);
  }
  createEvent(timing = false): bigint {
    const { CU_EVENT_DEFAULT, CU_EVENT_DISABLE_TIMING } = driverConstants;
    return this.made('cuEventCreate', timing ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING);
  }
  destroyEvent(event: bigint): void {
    this.call('cuEventDestroy_v2', event);
  }
  record(event: bigint, stream: bigint): void {
    this.call('cuEventRecord', event, stream);
  }
  wait(stream: bigint, event: bigint): void {
    this.call('cuStreamWaitEvent', stream, event, 0);
  }
  isDone(event: bigint): boolean {
    const status = this.cu.cuEventQuery(event);
    if (status === driverConstants.CUDA_ERROR_NOT_READY) return false;
    this.check('cuEventQuery', status);
    return true;
  }
  elapsed(from: bigint, to: bigint): number {
    const milliseconds = new Float32Array(1);
    this.call('cuEventElapsedTime', milliseconds, from, to);
    return milliseconds[0]!;
  }

  beginCapture(stream: bigint): void {
    this.call('cuStreamBeginCapture_v2', stream, driverConstants.CU_STREAM_CAPTURE_MODE_RELAXED);
  }
  endCapture(stream: bigint): bigint {
    const graph = word();
    this.call('cuStreamEndCapture', stream, graph);
    try {
      return this.made('cuGraphInstantiateWithFlags', graph[0]!, 0);
    } finally {
      this.call('cuGraphDestroy', graph[0]!);
    }
  }
  launchGraph(graph: bigint, stream: bigint): void {
    this.call('cuGraphLaunch', graph, stream);
  }
  destroyGraph(graph: bigint): void {
    this.call('cuGraphExecDestroy', graph);
  }
}

export function outOfMemory(message: string): RffcError {
  return failure('RFF845', `out of memory on the NVIDIA GPU: ${message}`, {
    hint: 'reduce `batch` or the layer sizes; `nvidia-smi` shows what else uses the GPU',
  });
}

export function callFailed(name: string, words: string): RffcError {
  return failure('RFF846', `${name} failed: ${words}`, {
    hint:
      'the GPU or its driver failed, or this is a bug in rffc: resume with `rffc run --resume`, and report ' +
      'it if it happens again',
  });
}

/** Opens cuBLAS. @throws RffcError RFF842 for a library that is not cuBLAS */
export function openProducts(found: Found): CudaProducts {
  const cublas = bind(found, cublasPrototypes);
  const words = statusText(found, 'cublasGetStatusString');
  const { CUBLAS_STATUS_ALLOC_FAILED, CUBLAS_STATUS_NOT_INITIALIZED } = cublasConstants;
  const call = (name: keyof typeof cublasPrototypes, ...args: readonly NativeArgument[]) => {
    const status = cublas[name](...args);
    if (status === 0) return;
    if (status === CUBLAS_STATUS_ALLOC_FAILED) throw outOfMemory(`${name} failed`);
    if (status === CUBLAS_STATUS_NOT_INITIALIZED && name === 'cublasCreate_v2')
      throw callFailed(name, `${words(status)}: too little free memory, or the driver is too old`);
    throw callFailed(name, words(status));
  };
  let version = '';
  return {
    get version() {
      return version;
    },
    open(stream, workspace, workspaceBytes) {
      const handle = word();
      call('cublasCreate_v2', handle);
      // The stream first: setting it takes the workspace away.
      call('cublasSetStream_v2', handle[0]!, stream);
      call('cublasSetWorkspace_v2', handle[0]!, workspace, workspaceBytes);
      call('cublasSetMathMode', handle[0]!, cublasConstants.CUBLAS_DEFAULT_MATH);
      const number = integer();
      call('cublasGetVersion_v2', handle[0]!, number);
      version = cublasVersion(number[0]!);
      return handle[0]!;
    },
    close: (handle) => call('cublasDestroy_v2', handle),
    multiply: (handle, product) =>
      call(product.blocks ? 'cublasGemmStridedBatchedEx' : 'cublasGemmEx', handle, ...gemmArguments(product)),
  };
}

/** 120405 → 12.4.5 */
const cublasVersion = (n: number): string =>
  [Math.floor(n / 10000), Math.floor(n / 100) % 100, n % 100].join('.');

/** A library's messages for statuses, if it has them. */
export function statusText({ library }: Found, name: string): (status: number) => string {
  let text: NativeFunction | undefined;
  try {
    text = library.func(name, 'str', ['int']);
  } catch {
    // Not in every version: otherwise the number.
  }
  return (status) => String(text?.(status) ?? `status ${status}`);
}

/**
 * The arguments of cublasGemmEx behind the handle, or of cublasGemmStridedBatchedEx for a product in blocks. cuBLAS
 * reads matrices column by column, so it sees each of ours transposed,
 * and makes cᵀ[n, m] = op(b)ᵀ · op(a)ᵀ of them.
 */
export function gemmArguments(p: Product): NativeArgument[] {
  const { CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_GEMM_DEFAULT } = cublasConstants;
  const operand = p.precision === 'bf16' ? dataTypes.CUDA_R_16BF : dataTypes.CUDA_R_32F;
  const compute =
    p.precision === 'tf32'
      ? cublasConstants.CUBLAS_COMPUTE_32F_FAST_TF32
      : cublasConstants.CUBLAS_COMPUTE_32F;
  const { blocks } = p;
  const step = (side: 'a' | 'b' | 'c') => (blocks ? [blocks[side]] : []);
  return [
    ...[p.transposeB ? CUBLAS_OP_T : CUBLAS_OP_N, p.transposeA ? CUBLAS_OP_T : CUBLAS_OP_N],
    ...[p.n, p.m, p.k, Float32Array.of(p.alpha)],
    ...[p.b.address, operand, p.b.step, ...step('b'), p.a.address, operand, p.a.step, ...step('a')],
    ...[Float32Array.of(p.beta), p.c.address, dataTypes.CUDA_R_32F, p.c.step, ...step('c')],
    ...(blocks ? [blocks.count] : []),
    ...[compute, CUBLAS_GEMM_DEFAULT],
  ];
}
