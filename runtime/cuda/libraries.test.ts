import { describe, expect, test } from 'vitest';
import type { Host, NativeLibrary } from './host.js';
import { findDriver, findNvcc, findToolkitLibrary } from './libraries.js';

const library: NativeLibrary = { func: () => () => 0 };

/** A system with files, some of which the loader finds by name. */
function host(
  files: readonly string[],
  more: Partial<Host> & { readonly loader?: readonly string[]; readonly broken?: readonly string[] } = {},
): Host & { readonly loaded: string[] } {
  const loaded: string[] = [];
  const { loader = [], broken = [] } = more;
  return {
    platform: 'linux',
    env: {},
    home: '/home/me',
    list(folder) {
      const inside = files.filter((f) =>
        f.startsWith(`${folder.replace(/[/\\]$/, '')}${/\\/.test(f) ? '\\' : '/'}`),
      );
      return [...new Set(inside.map((f) => f.slice(folder.length + 1).split(/[/\\]/)[0]!))];
    },
    load(path) {
      loaded.push(path);
      if (broken.includes(path)) throw new Error('wrong ELF class');
      if (loader.includes(path) || files.includes(path)) return library;
      throw new Error('no such file');
    },
    ask: () => undefined,
    ...more,
    loaded,
  };
}
const pathOf = (h: Host, which: 'nvrtc' | 'cublas', driver = 12040) => {
  const found = findToolkitLibrary(h, which, driver);
  return 'missing' in found ? found.missing.message : found.path;
};
const SITE = '/opt/venv/lib/python3.12/site-packages/nvidia';

describe('libraries', () => {
  test('are found by the loader, in a toolkit, in a Python environment, in that order', () => {
    const files = [
      '/usr/local/cuda-12.2/lib64/libcublas.so.12',
      '/usr/local/cuda-12.10/lib64/libcublas.so.12',
      `${SITE}/cublas/lib/libcublas.so.12`,
    ];
    const env = { VIRTUAL_ENV: '/opt/venv' };
    expect(pathOf(host(files, { env, loader: ['libcublas.so.12'] }), 'cublas')).toBe('libcublas.so.12');
    expect(pathOf(host(files, { env }), 'cublas')).toBe(files[1]);
    expect(pathOf(host(files.slice(2), { env }), 'cublas')).toBe(files[2]);
    expect(pathOf(host(files, { env: { CUDA_HOME: '/usr/local/cuda-12.2' } }), 'cublas')).toBe(files[0]);
  });

  test('are searched first in RFFC_CUDA: folders, or a toolkit', () => {
    const files = [
      '/mine/libnvrtc.so.12',
      '/kit/lib64/libcublas.so.12',
      '/usr/local/cuda/lib64/libnvrtc.so.12',
    ];
    const h = host(files, { env: { RFFC_CUDA: '/mine:/kit' }, loader: ['libcublas.so.12'] });
    expect([pathOf(h, 'nvrtc'), pathOf(h, 'cublas')]).toEqual([files[0], files[1]]);
    expect(() => pathOf(host([], { env: { RFFC_CUDA: '/none' } }), 'nvrtc')).toThrow(
      'RFF847: RFFC_CUDA: `/none` is missing or empty',
    );
  });

  test('are the newest that the driver can run', () => {
    const files = ['/usr/local/cuda/lib64/libcublas.so.12', '/usr/local/cuda/lib64/libcublas.so.13'];
    expect(pathOf(host(files), 'cublas', 12080)).toBe(files[0]);
    expect(pathOf(host(files), 'cublas', 13010)).toBe(files[1]);
    expect(pathOf(host(files.slice(1)), 'cublas', 12080)).toMatch(
      /libcublas\.so\.13 requires a newer driver: this one supports CUDA 12\.8/,
    );
  });

  test('of CUDA 13 are in one package', () => {
    const files = [`${SITE}/cu13/lib/libcublas.so.13`, `${SITE}/cu13/lib/libnvrtc.so.13`];
    const h = host(files, { env: { VIRTUAL_ENV: '/opt/venv' } });
    expect([pathOf(h, 'cublas', 13000), pathOf(h, 'nvrtc', 13000)]).toEqual(files);
  });

  test('runs Python only as a last resort', () => {
    const files = ['/odd/place/nvidia/cuda_nvrtc/lib/libnvrtc.so.12'];
    const asked: string[] = [];
    const ask = (command: string) => {
      asked.push(command);
      return '/odd/place\n/usr/lib\n';
    };
    expect(pathOf(host(files, { ask }), 'nvrtc')).toBe(files[0]);
    expect(asked).toEqual(['python3']);
    asked.length = 0;
    pathOf(host(files, { ask, loader: ['libnvrtc.so.12'] }), 'nvrtc');
    expect(asked).toEqual([]);
  });

  test('load their dependencies first', () => {
    const lib = `${SITE}/cublas/lib`;
    const files = [`${lib}/libcublas.so.12`, `${lib}/libcublasLt.so.12`];
    const h = host(files, { env: { VIRTUAL_ENV: '/opt/venv' } });
    expect(pathOf(h, 'cublas')).toBe(files[0]);
    expect(h.loaded.filter((path) => path.startsWith(lib))).toEqual([files[1], files[0]]);
    const nvrtc = `${SITE}/cuda_nvrtc/lib`;
    const builtins = `${nvrtc}/libnvrtc-builtins.so.12.4`;
    const n = host([`${nvrtc}/libnvrtc.so.12`, builtins, `${nvrtc}/libnvrtc-builtins.alt.so.12.4`], {
      env: { VIRTUAL_ENV: '/opt/venv' },
    });
    pathOf(n, 'nvrtc');
    expect(n.loaded.filter((path) => path.startsWith(nvrtc))).toEqual([builtins, `${nvrtc}/libnvrtc.so.12`]);
  });

  test('that fail to load say why', () => {
    const file = '/usr/local/cuda/lib64/libcublas.so.12';
    expect(pathOf(host([file], { broken: [file] }), 'cublas')).toContain(
      `${file} does not load: wrong ELF class`,
    );
  });

  test('have other names on Windows', () => {
    const bin = 'C:\\cuda\\bin';
    const files = [`${bin}\\cublas64_12.dll`, `${bin}\\nvrtc64_120_0.dll`];
    const h = host(files, { platform: 'win32', env: { CUDA_PATH: 'C:\\cuda' } });
    expect([pathOf(h, 'cublas'), pathOf(h, 'nvrtc')]).toEqual(files);
  });
});

describe('the driver', () => {
  test('is found by the loader, also under WSL', () => {
    expect(findDriver(host([], { loader: ['libcuda.so.1'] })).path).toBe('libcuda.so.1');
    expect(findDriver(host(['/usr/lib/wsl/lib/libcuda.so.1'])).path).toBe('/usr/lib/wsl/lib/libcuda.so.1');
    expect(findDriver(host([], { platform: 'win32', loader: ['nvcuda.dll'] })).path).toBe('nvcuda.dll');
  });
  test('is named if missing', () => {
    expect(() => findDriver(host([]))).toThrow('RFF840: no NVIDIA driver: libcuda.so.1 was not found');
    expect(() => findDriver(host([], { platform: 'darwin' }))).toThrow(
      'RFF840: CUDA is not available on macOS',
    );
  });
});

test('nvcc is found in a toolkit or in the path', () => {
  expect(findNvcc(host(['/usr/local/cuda/bin/nvcc']))).toBe('/usr/local/cuda/bin/nvcc');
  expect(findNvcc(host([], { ask: (command) => (command === 'nvcc' ? 'release 12.4' : undefined) }))).toBe(
    'nvcc',
  );
  expect(findNvcc(host([]))).toBeUndefined();
});
