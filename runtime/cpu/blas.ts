/**
 * The system's BLAS, called through koffi: search, opening, and single-precision products by address.
 *
 * Several worker threads call it at once, each with its own share, so it is set to one thread. Reference
 * implementations are slower than the built-in WebAssembly product, so a library with a generic name is used only if
 * it identifies itself as tuned. `RFFC_BLAS` is a library's path, or `off`.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { failure, RffcError } from '../../grammar/diagnostic.js';

export interface BlasInfo {
  /** `OpenBLAS`, `MKL`, `BLIS`, `FlexiBLAS`, `Accelerate`, or `BLAS` for one that does not say. */
  readonly name: string;
  /** The file name or path passed to the system's loader. */
  readonly path: string;
  /** The library's version text, or empty. */
  readonly version: string;
}

/**
 * c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c, row-major; addresses are the process's own, row steps count
 * numbers.
 */
export type Sgemm = (
  transposeA: boolean,
  transposeB: boolean,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: bigint,
  aStep: number,
  b: bigint,
  bStep: number,
  beta: number,
  c: bigint,
  cStep: number,
) => void;

export interface Blas extends BlasInfo {
  readonly sgemm: Sgemm;
}

/** How to install a fast BLAS on this system. */
export const blasHint: string = (() => {
  switch (process.platform) {
    case 'linux':
      return (
        'Debian and Ubuntu: apt install libopenblas0-pthread; Fedora: dnf install openblas; conda: conda ' +
        'install libopenblas; or set RFFC_BLAS to a library, or to `off`'
      );
    case 'darwin':
      return "nothing to install: macOS includes Accelerate; or set RFFC_BLAS to another library's path, or to `off`";
    default:
      return (
        'download OpenBLAS (https://github.com/OpenMathLib/OpenBLAS/releases) and set RFFC_BLAS to its ' +
        'libopenblas.dll, or to `off`'
      );
  }
})();

type Koffi = typeof import('koffi');
type Library = import('koffi').LibraryHandle;

const require = createRequire(import.meta.url);

function koffi(): Koffi {
  try {
    return require('koffi') as Koffi;
  } catch (error) {
    throw failure('RFF820', `koffi, required for a BLAS, does not load on this system: ${reason(error)}`, {
      hint: 'npm install koffi (without `--omit=optional`: its binary is an optional package), or set RFFC_BLAS=off',
    });
  }
}

/** Why no BLAS can be called: koffi or its binary package is missing; undefined if it is installed. */
export function whyNoBlas(): RffcError | undefined {
  try {
    koffi();
    return undefined;
  } catch (error) {
    if (error instanceof RffcError) return error;
    throw error;
  }
}

const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** A function of the library, or undefined. */
function optional(
  library: Library,
  name: string,
  result: string,
  args: string[],
): ((...values: unknown[]) => unknown) | undefined {
  try {
    return library.func(name, result, args);
  } catch {
    return undefined;
  }
}

/** Identifies a library, and sets it to one thread. */
function recognize(library: Library, path: string): Omit<BlasInfo, 'path'> & { readonly tuned: boolean } {
  const openblas = optional(library, 'openblas_get_config', 'str', []);
  if (openblas) {
    optional(library, 'openblas_set_num_threads', 'void', ['int'])?.(1);
    const version = String(openblas());
    if (version.includes('USE64BITINT')) throw wrongIntegers(path);
    return { name: 'OpenBLAS', version, tuned: true };
  }
  const mkl = optional(library, 'MKL_Get_Version_String', 'void', ['void *', 'int']);
  if (mkl) {
    if (/^ILP64/i.test(process.env.MKL_INTERFACE_LAYER ?? '')) throw wrongIntegers(path);
    optional(library, 'MKL_Set_Num_Threads', 'void', ['int'])?.(1);
    return { name: 'MKL', version: text(mkl), tuned: true };
  }
  const blis = optional(library, 'bli_info_get_version_str', 'str', []);
  if (blis) {
    optional(library, 'bli_thread_set_num_threads', 'void', ['int64_t'])?.(1);
    return { name: 'BLIS', version: String(blis()), tuned: true };
  }
  const flexiblas = optional(library, 'flexiblas_current_backend', 'int', ['void *', 'int']);
  if (flexiblas) {
    optional(library, 'flexiblas_set_num_threads', 'void', ['int'])?.(1);
    const version = text(flexiblas);
    return { name: 'FlexiBLAS', version, tuned: !/netlib/i.test(version) };
  }
  if (/Accelerate|vecLib/.test(path)) {
    // BLAS_THREADING_SINGLE_THREADED; systems before macOS 15 obey VECLIB_MAXIMUM_THREADS alone.
    optional(library, 'BLASSetThreading', 'int', ['int'])?.(1);
    return { name: 'Accelerate', version: '', tuned: true };
  }
  return { name: 'BLAS', version: '', tuned: false };
}

/** The text that a C function writes into a buffer it is given with its length. */
function text(call: (...values: unknown[]) => unknown): string {
  const bytes = Buffer.alloc(256);
  call(bytes, bytes.length);
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end).trim();
}

function wrongIntegers(path: string): RffcError {
  return failure('RFF822', `${path} is built for 64-bit integers (ILP64), which are not supported`, {
    hint: 'use the build with 32-bit integers (LP64), or set RFFC_BLAS=off',
  });
}

/** Libraries read these when loaded: no threads beside the caller's. */
function oneThread(): void {
  for (const name of [
    'OPENBLAS_NUM_THREADS',
    'MKL_NUM_THREADS',
    'BLIS_NUM_THREADS',
    'VECLIB_MAXIMUM_THREADS',
  ]) {
    process.env[name] ??= '1';
  }
}

function open(path: string): Blas & { readonly tuned: boolean } {
  const { load } = koffi();
  oneThread();
  let library: Library;
  try {
    library = load(path);
  } catch (error) {
    throw failure('RFF820', `the BLAS ${path} cannot be loaded: ${reason(error)}`, { hint: blasHint });
  }
  const [int, float, address] = ['int', 'float', 'size_t'];
  const call = optional(library, 'cblas_sgemm', 'void', [
    ...[int, int, int, int, int, int, float, address, int, address, int, float, address, int],
  ]);
  if (!call) {
    throw failure('RFF821', `${path} is not a usable BLAS library: it has no cblas_sgemm`, {
      hint: blasHint,
    });
  }
  // cblas.h: CblasRowMajor 101, CblasNoTrans 111, CblasTrans 112.
  const sgemm: Sgemm = (transposeA, transposeB, m, n, k, alpha, a, aStep, b, bStep, beta, c, cStep) => {
    const [opA, opB] = [transposeA ? 112 : 111, transposeB ? 112 : 111];
    call(101, opA, opB, m, n, k, alpha, a, aStep, b, bStep, beta, c, cStep);
  };
  return { path, ...recognize(library, path), sgemm };
}

/**
 * Opens a BLAS in this thread: every worker does so itself.
 *
 * @param path a file's name, looked up by the system's loader, or a path
 * @throws RffcError RFF820 if it cannot be loaded, RFF821 without `cblas_sgemm`, RFF822 for 64-bit integers
 */
export function openBlas(path: string): Blas {
  const { tuned: _, ...blas } = open(path);
  return blas;
}

/** Candidate libraries, likely fastest first. */
function candidates(): string[] {
  const conda = process.env.CONDA_PREFIX;
  const at = (folder: string, names: string[]) => (conda ? names.map((n) => join(conda, folder, n)) : []);
  switch (process.platform) {
    case 'darwin':
      return ['/System/Library/Frameworks/Accelerate.framework/Accelerate'];
    case 'win32': {
      const names = ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.1.dll', 'mkl_rt.dll'];
      return [...names, ...at('Library/bin', names)];
    }
    default: {
      const mkl = ['libmkl_rt.so.2', 'libmkl_rt.so.1', 'libmkl_rt.so'];
      const names = ['libopenblas.so.0', 'libopenblas.so', ...mkl];
      const more = [
        'libopenblasp.so.0',
        'libblis.so.4',
        'libblis.so',
        'libflexiblas.so.3',
        'libflexiblas.so',
      ];
      return [...names, ...more, ...at('lib', names), 'libcblas.so.3', 'libblas.so.3'];
    }
  }
}

/**
 * The BLAS for products, or null if there is none (or `RFFC_BLAS=off`): then the WebAssembly product
 * is used. Opens it in this thread.
 *
 * @throws RffcError RFF820 to RFF822 if `RFFC_BLAS` names one that cannot be used
 */
export function findBlas(): BlasInfo | null {
  const chosen = process.env.RFFC_BLAS;
  if (chosen === 'off') return null;
  if (chosen) {
    const { name, path, version } = openBlas(chosen);
    return { name, path, version };
  }
  for (const candidate of candidates()) {
    try {
      const { name, path, version, tuned } = open(candidate);
      if (tuned) return { name, path, version };
    } catch (error) {
      if (!(error instanceof RffcError)) throw error;
    }
  }
  return null;
}

/** Where shared memory begins in the process's address space: addresses for `sgemm` count from here. */
export function baseAddress(memory: WebAssembly.Memory): bigint {
  return koffi().address(new Uint8Array(memory.buffer));
}

/** `OpenBLAS 0.3.21`: a BLAS's name and, where it says so, its version. */
export function blasText({ name, version }: Pick<BlasInfo, 'name' | 'version'>): string {
  const number = /\d+(\.\d+)+/.exec(version)?.[0];
  return number === undefined ? name : `${name} ${number}`;
}
