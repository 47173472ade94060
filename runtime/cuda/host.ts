/**
 * The computer as the search for NVIDIA's libraries sees it: its folders, its loader, its variables. Tests put another
 * one in its place.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { failure } from '../../grammar/diagnostic.js';
import { homeFolder } from '../data/folders.js';

export type NativeArgument = number | bigint | string | ArrayBufferView | null;
export type NativeFunction = (...args: readonly NativeArgument[]) => unknown;

export interface NativeLibrary {
  /** @throws Error where the library has no such function */
  func(name: string, result: string, args: readonly string[]): NativeFunction;
}

export interface Host {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined where the system knows of none. */
  readonly home: string | undefined;
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** @param path a file's path, or a name for the system's loader. @throws Error with the loader's words */
  load(path: string): NativeLibrary;
  /** What a command prints; undefined where it is not there or fails. */
  ask(command: string, args: readonly string[]): string | undefined;
}

export type Koffi = typeof import('koffi');

/** @throws RffcError RFF842 where koffi does not load */
export function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (error) {
    throw failure('RFF842', `koffi, which calls CUDA, does not load on this system: ${reasonOf(error)}`, {
      hint: 'npm install koffi',
    });
  }
}

/** The first line of what an error says. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n')[0]!;
}

export const thisHost: Host = {
  platform: process.platform,
  env: process.env,
  home: homeFolder(),
  list(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
  load(path) {
    const library = loadKoffi().load(path);
    return { func: (name, result, args) => library.func(name, result, [...args]) };
  },
  ask(command, args) {
    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
    return status === 0 ? stdout : undefined;
  },
};
