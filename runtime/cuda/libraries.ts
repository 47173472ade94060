/**
 * The search for NVIDIA's libraries. The driver's is found by the system's loader; NVRTC and cuBLAS come with a CUDA
 * toolkit or, often, only in a Python environment's `nvidia` packages. `RFFC_CUDA` lists folders to search first.
 *
 * A library of a newer CUDA than the driver does not run, an older one does: so the newest of each is used that is not
 * newer than the driver.
 */
import { posix, win32 } from 'node:path';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { type Host, type NativeLibrary, reasonOf } from './host.js';

export interface Found {
  readonly library: NativeLibrary;
  readonly path: string;
}

export type ToolkitLibrary = 'nvrtc' | 'cublas';

/**
 * The oldest CUDA whose libraries and driver are used, and how far past the driver's own a search looks to explain
 * itself.
 */
const OLDEST = 12;
const BEYOND = 3;

const TITLES = { nvrtc: 'NVRTC', cublas: 'cuBLAS' } as const;
const PURPOSE = { nvrtc: 'compiles the kernels', cublas: 'multiplies the matrices' } as const;
const PACKAGES = { nvrtc: 'nvidia-cuda-nvrtc-cu12', cublas: 'nvidia-cublas-cu12' } as const;

const windows = ({ platform }: Host): boolean => platform === 'win32';
const join = (host: Host, ...parts: string[]): string =>
  windows(host) ? win32.join(...parts) : posix.join(...parts);

/** A library's file of one CUDA version. */
export function fileName(host: Host, library: ToolkitLibrary, major: number): string {
  if (!windows(host)) return `lib${library}.so.${major}`;
  return library === 'nvrtc' ? `nvrtc64_${major}0_0.dll` : `cublas64_${major}.dll`;
}

/** Libraries loaded by another one, which finds them only if they are loaded already or on the loader's path. */
function companions(host: Host, library: ToolkitLibrary, major: number, names: readonly string[]): string[] {
  if (library === 'cublas') return [windows(host) ? `cublasLt64_${major}.dll` : `libcublasLt.so.${major}`];
  return names.filter((name) => /nvrtc-builtins/.test(name) && !/\.alt\./.test(name));
}

/** The folders of `RFFC_CUDA`. @throws RffcError RFF847 for a missing one */
function chosenFolders(host: Host): string[] {
  const { RFFC_CUDA: list } = host.env;
  if (!list) return [];
  const folders = list.split(windows(host) ? ';' : ':').filter((folder) => folder !== '');
  for (const folder of folders) {
    if (host.list(folder).length > 0) continue;
    throw failure('RFF847', `RFFC_CUDA: \`${folder}\` is missing or empty`, {
      hint: 'set RFFC_CUDA to the folders with libnvrtc and libcublas, or unset it',
    });
  }
  return folders.flatMap((folder) => [folder, ...librariesIn(host, folder)]);
}

/** A toolkit's library folders. */
function librariesIn(host: Host, toolkit: string): string[] {
  const inside = windows(host)
    ? ['bin', 'bin/x64', 'bin/x86_64']
    : ['lib64', 'lib', 'targets/x86_64-linux/lib', 'targets/sbsa-linux/lib'];
  return inside.map((folder) => join(host, toolkit, folder));
}

/** Toolkits in the usual folders; those of environment variables first. */
export function toolkits(host: Host): string[] {
  const named = [host.env.CUDA_HOME, host.env.CUDA_PATH].filter((folder) => folder !== undefined);
  if (windows(host)) return named;
  const others = host
    .list('/usr/local')
    .filter((name) => /^cuda-\d/.test(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => `/usr/local/${name}`);
  return [...named, '/usr/local/cuda', ...others];
}

/** Folders of Python packages that can be found without asking Python. */
function pythonFolders(host: Host): string[] {
  const { VIRTUAL_ENV, CONDA_PREFIX } = host.env;
  const environments = [VIRTUAL_ENV, CONDA_PREFIX].filter((folder) => folder !== undefined);
  if (windows(host)) return environments.map((folder) => join(host, folder, 'Lib', 'site-packages'));
  const own = host.home === undefined ? [] : [join(host, host.home, '.local')];
  const roots = [...environments, ...own, '/usr/local', '/usr'];
  return roots.flatMap((root) =>
    host
      .list(join(host, root, 'lib'))
      .filter((name) => /^python3/.test(name))
      .flatMap((name) =>
        ['site-packages', 'dist-packages'].map((folder) => join(host, root, 'lib', name, folder)),
      ),
  );
}

/** The libraries' folders of the `nvidia` packages in a folder of Python packages. */
function nvidiaPackages(host: Host, packages: string): string[] {
  const nvidia = join(host, packages, 'nvidia');
  const inside = windows(host) ? ['bin', 'bin/x86_64', 'bin/x64'] : ['lib'];
  return host.list(nvidia).flatMap((name) => inside.map((folder) => join(host, nvidia, name, folder)));
}

/** The folders of packages that the Python in the path names. */
function askPython(host: Host): string[] {
  const program = 'import sys; print("\\n".join(p for p in sys.path if p))';
  const answer = host.ask(windows(host) ? 'python' : 'python3', ['-c', program]);
  return answer === undefined ? [] : answer.split(/\r?\n/).filter((line) => line !== '');
}

/** Folders to search, in order; an empty string is the system's loader. Python is run only as a last resort. */
function* places(host: Host): Generator<string> {
  yield* chosenFolders(host);
  yield '';
  yield* toolkits(host).flatMap((toolkit) => librariesIn(host, toolkit));
  yield* pythonFolders(host).flatMap((folder) => nvidiaPackages(host, folder));
  yield* askPython(host).flatMap((folder) => nvidiaPackages(host, folder));
}

/**
 * A library of the toolkit.
 *
 * @param driver the CUDA version it supports: 12040
 * @returns the library, or the error to throw if there is no substitute
 */
export function findToolkitLibrary(
  host: Host,
  library: ToolkitLibrary,
  driver: number,
): Found | { readonly missing: RffcError } {
  const newest = Math.floor(driver / 1000);
  let tooNew: string | undefined;
  let broken: string | undefined;
  for (const folder of places(host)) {
    const names = folder === '' ? undefined : host.list(folder);
    for (let major = newest + BEYOND; major >= OLDEST; major--) {
      const name = fileName(host, library, major);
      const path = folder === '' ? name : join(host, folder, name);
      if (names && !names.includes(name)) continue;
      if (major > newest) {
        if (names) tooNew ??= path;
        continue;
      }
      for (const other of companions(host, library, major, names ?? [])) {
        if (names?.includes(other)) attempt(host, join(host, folder, other));
      }
      const opened = attempt(host, path);
      if (typeof opened !== 'string') return { library: opened, path };
      // The loader does not distinguish a missing library from a damaged one.
      if (names) broken ??= `${path} does not load: ${opened}`;
    }
  }
  const title = TITLES[library];
  const file = fileName(host, library, newest);
  const get =
    `pip install ${PACKAGES[library]}, or install the CUDA toolkit ` +
    '(https://developer.nvidia.com/cuda-downloads); if it is installed, set RFFC_CUDA to its folder';
  const why =
    broken ??
    (tooNew === undefined
      ? `${file} is not in the loader's path, CUDA_HOME, /usr/local/cuda or a Python environment`
      : `${tooNew} requires a newer driver: this one supports CUDA ${versionText(driver)}`);
  return {
    missing: failure('RFF842', `${title}, which ${PURPOSE[library]}, was not found: ${why}`, { hint: get }),
  };
}

function attempt(host: Host, path: string): NativeLibrary | string {
  try {
    return host.load(path);
  } catch (error) {
    return reasonOf(error);
  }
}

/** 12040 → 12.4 */
export function versionText(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

/** The driver's library. @throws RffcError RFF840 where there is none */
export function findDriver(host: Host): Found {
  const hint = 'install the NVIDIA driver (https://www.nvidia.com/drivers), or use `--backend cpu`';
  if (host.platform === 'darwin')
    throw failure('RFF840', 'CUDA is not available on macOS', { hint: 'use `--backend webgpu`' });
  const names = windows(host) ? ['nvcuda.dll'] : ['libcuda.so.1', 'libcuda.so'];
  const folders = [...chosenFolders(host), '', ...(windows(host) ? [] : ['/usr/lib/wsl/lib'])];
  let broken: string | undefined;
  for (const folder of folders) {
    const here = folder === '' ? undefined : host.list(folder);
    for (const name of names) {
      if (here && !here.includes(name)) continue;
      const path = folder === '' ? name : join(host, folder, name);
      const opened = attempt(host, path);
      if (typeof opened !== 'string') return { library: opened, path };
      if (here) broken ??= `${path} does not load: ${opened}`;
    }
  }
  throw failure('RFF840', `no NVIDIA driver: ${broken ?? `${names[0]} was not found`}`, {
    hint,
  });
}

/** nvcc, if NVRTC is missing: a command's name or path. */
export function findNvcc(host: Host): string | undefined {
  const name = windows(host) ? 'nvcc.exe' : 'nvcc';
  const chosen = host.env.RFFC_CUDA ? chosenFolders(host) : [];
  const folders = [...chosen, ...toolkits(host).map((toolkit) => join(host, toolkit, 'bin'))];
  const folder = folders.find((f) => host.list(f).includes(name));
  if (folder !== undefined) return join(host, folder, name);
  return host.ask('nvcc', ['--version']) === undefined ? undefined : 'nvcc';
}
