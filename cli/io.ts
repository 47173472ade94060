/**
 * What a command may use of the world outside: where it writes, where it stands, and how it hears of Ctrl-C.
 * Results go to `out`, messages to `err`. Tests pass their own.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pc from 'picocolors';
import { type Diagnostic, RffcError } from '../grammar/diagnostic.js';
import { render } from '../grammar/render.js';

export interface Io {
  readonly cwd: string;
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a terminal, where a line can be drawn over; and how wide it is. */
  readonly terminal: boolean;
  columns(): number;
  readonly colour: boolean;
  /** How the user calls this program, for the commands that messages suggest. */
  readonly command: string;
  /**
   * Calls `listener` at the first Ctrl-C, or SIGTERM as schedulers send it, only: a second one ends the process. Returns what
   * takes the listener away.
   */
  onInterrupt(listener: () => void): () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The process's own. */
export function processIo(): Io {
  // `rffc check … | head` closes the pipe early, which is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    columns: () => process.stderr.columns ?? 80,
    colour: pc.isColorSupported && process.stderr.isTTY === true,
    command: process.env.npm_lifecycle_event === undefined ? 'rffc' : 'npx rffc',
    onInterrupt(listener) {
      const forget = () => {
        for (const signal of SIGNALS) process.off(signal, once);
      };
      const once = () => {
        forget();
        listener();
      };
      for (const signal of SIGNALS) process.on(signal, once);
      return forget;
    },
  };
}

/** A path given on the command line. */
export function pathOf(io: Io, path: string): string {
  return resolve(io.cwd, path);
}

/** Prints diagnostics, those with a place in a file with its line. */
export function report(io: Io, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const sources = new Map<string, string>();
  for (const { file, span } of diagnostics) {
    if (file === undefined || span === undefined || sources.has(file)) continue;
    const path = pathOf(io, file);
    // The file of an old run may be gone: its message then goes without the line.
    if (existsSync(path)) sources.set(file, readFileSync(path, 'utf8'));
  }
  io.err(`${render(diagnostics, sources, { colour: io.colour }).trimEnd()}\n`);
}

/** A mistake in how the command was called: the process ends with 2. */
export function misuse(message: string, hint?: string): RffcError {
  const diagnostic = { code: 'RFF713', severity: 'error' as const, message };
  return new RffcError([hint === undefined ? diagnostic : { ...diagnostic, hint }], 2);
}

/** `1 error`, `3 errors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 0.934 → `93.40 %` */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
