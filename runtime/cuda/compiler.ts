/**
 * From CUDA C to machine code: by NVRTC, or where that is missing by nvcc; for the device's own architecture; and once:
 * what was compiled is kept in the user's cache folder under the hash of all that it depends on.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { cacheFolder } from '../data/folders.js';
import { nvrtcPrototypes } from './declarations.js';
import type { CudaCompiler } from './driver.js';
import { loadKoffi, type NativeArgument } from './host.js';
import type { Found } from './libraries.js';
import { bind, callFailed, statusText, textOf } from './native.js';

const OPTIONS = ['--std=c++17'];

/** @throws RffcError RFF842 for a library that is not NVRTC */
export function openNvrtc(found: Found): CudaCompiler {
  const nvrtc = bind(found, nvrtcPrototypes);
  const koffi = loadKoffi();
  const words = statusText(found, 'nvrtcGetErrorString');
  const call = (name: keyof typeof nvrtcPrototypes, ...args: readonly NativeArgument[]) => {
    const status = nvrtc[name](...args);
    if (status !== 0) throw callFailed(name, words(status));
  };
  const [major, minor, count] = [new Int32Array(1), new Int32Array(1), new Int32Array(1)];
  call('nvrtcVersion', major, minor);
  call('nvrtcGetNumSupportedArchs', count);
  const capabilities = new Int32Array(count[0]!);
  call('nvrtcGetSupportedArchs', capabilities);

  /** The bytes that a pair of NVRTC's functions gives: how many, and which. */
  type Sized = 'nvrtcGetCUBIN' | 'nvrtcGetPTX' | 'nvrtcGetProgramLog';
  const bytesOf = (name: Sized, program: bigint): Uint8Array<ArrayBuffer> => {
    const size = new BigUint64Array(1);
    call(`${name}Size`, program, size);
    const bytes = new Uint8Array(Number(size[0]));
    call(name, program, bytes);
    return bytes;
  };

  return {
    name: `nvrtc ${major[0]}.${minor[0]}`,
    capabilities: [...capabilities].sort((a, b) => a - b),
    compile(source, architecture) {
      const program = new BigUint64Array(1);
      call('nvrtcCreateProgram', program, source, 'rffc.cu', 0, null, null);
      try {
        const options = [`--gpu-architecture=${architecture}`, ...OPTIONS].map((o) =>
          new TextEncoder().encode(`${o}\0`),
        );
        const pointers = BigUint64Array.from(options, (o) => koffi.address(o));
        const status = nvrtc.nvrtcCompileProgram(program[0]!, options.length, pointers);
        if (status !== 0)
          throw notCompiled('NVRTC', textOf(bytesOf('nvrtcGetProgramLog', program[0]!)) || words(status));
        return bytesOf(architecture.startsWith('sm_') ? 'nvrtcGetCUBIN' : 'nvrtcGetPTX', program[0]!);
      } finally {
        call('nvrtcDestroyProgram', program);
      }
    },
  };
}

/**
 * nvcc as a compiler: a process of its own each time, and slower for it. @throws RffcError RFF844 where it does not run
 */
export function openNvcc(command: string): CudaCompiler {
  const run = (args: readonly string[]) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
    if (error) throw notCompiled(command, error.message);
    return { status, text: `${stdout}${stderr}`.trim() };
  };
  const version = /release (\d+\.\d+)/.exec(run(['--version']).text)?.[1] ?? 'unknown';
  const listed = run(['--list-gpu-code']);
  const capabilities = [...listed.text.matchAll(/^sm_(\d+)$/gm)].map((match) => Number(match[1]));
  return {
    name: `nvcc ${version}`,
    capabilities: capabilities.length > 0 ? capabilities.sort((a, b) => a - b) : null,
    compile(source, architecture) {
      const folder = mkdtempSync(join(tmpdir(), 'rffc-cuda-'));
      try {
        const [input, output] = [join(folder, 'rffc.cu'), join(folder, 'rffc.out')];
        writeFileSync(input, source);
        const form = architecture.startsWith('sm_') ? '--cubin' : '--ptx';
        const { status, text } = run([form, `-arch=${architecture}`, ...OPTIONS, '-o', output, input]);
        if (status !== 0) throw notCompiled('nvcc', text);
        return Uint8Array.from([...readFileSync(output), ...(form === '--ptx' ? [0] : [])]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function notCompiled(compiler: string, words: string): RffcError {
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.find((line) => /error/i.test(line)) ?? lines[0] ?? 'it says nothing';
  return failure('RFF844', `a CUDA kernel did not compile: ${compiler} says: ${shown.trim()}`, {
    hint: 'this is a mistake in rffc, or a CUDA compiler older than 12.0: please report it',
  });
}

/**
 * What to compile for: the device's own machine code, or where the compiler is older than the device PTX for the newest
 * device it knows, which the driver then translates.
 *
 * @param capability the device's: 90
 * @throws RffcError RFF844 where the compiler knows no device as old as this one
 */
export function architectureFor(capability: number, { name, capabilities }: CudaCompiler): string {
  if (capabilities === null || capabilities.includes(capability)) return `sm_${capability}`;
  const known = capabilities.filter((c) => c <= capability).at(-1);
  if (known !== undefined) return `compute_${known}`;
  throw failure(
    'RFF844',
    `${name} compiles for no GPU as old as this one, of compute capability ${capability / 10}`,
    { hint: 'use an older CUDA (`pip install "nvidia-cuda-nvrtc-cu12<12.9"`), or `--backend cpu`' },
  );
}

/**
 * Compiles, or takes what was compiled before. A cache that cannot be written is done without.
 *
 * @param load is given the machine code; where it throws on what was kept, the code is made anew
 */
export function compileCached<T>(
  compiler: CudaCompiler,
  source: string,
  architecture: string,
  load: (image: Uint8Array) => T,
  folder: string = join(cacheFolder(), 'cuda'),
): T {
  const parts = [compiler.name, architecture, ...OPTIONS, source];
  const key = createHash('sha256').update(parts.join('\0')).digest('hex');
  const file = join(folder, `${key}.cubin`);
  const kept = read(file);
  if (kept) {
    try {
      return load(kept);
    } catch {
      // Damaged: as if it were not there.
    }
  }
  const image = compiler.compile(source, architecture);
  const loaded = load(image);
  keep(file, image);
  return loaded;
}

function read(file: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(file);
    return bytes.length > 0 ? new Uint8Array(bytes) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps machine code, whole or not at all; a folder that cannot be written is left alone. */
function keep(file: string, image: Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    try {
      writeFileSync(temporary, image);
      renameSync(temporary, file);
    } catch {
      rmSync(temporary, { force: true });
    }
  } catch {
    // Compiled again next time.
  }
}
