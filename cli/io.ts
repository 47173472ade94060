/**
 * What a command may use of its environment: output streams, working directory, Ctrl-C.
 * Results go to `out`, messages to `err`. Tests pass their own.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pc from 'picocolors';
import { type Diagnostic, RffcError } from '../grammar/diagnostic.js';
import { render } from '../grammar/render.js';
import { calledAs } from './command.js';

export interface Io {
  readonly cwd: string;
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a terminal, where a line can be redrawn; and its width. */
  readonly terminal: boolean;
  columns(): number;
  readonly colour: boolean;
  /** How the user calls this program, for the commands that messages suggest. */
  readonly command: string;
  /**
   * Calls `listener` once: at the first Ctrl-C, at SIGTERM as sent by schedulers, or when the reader of `out` has gone
   * away. A second signal ends the process. Returns a function that removes the listener.
   */
  onInterrupt(listener: () => void): () => void;
  /** Whether the reader of `out` is gone, as `head` is once it has its lines. */
  unread(): boolean;
}

/** The exit code of a command that stopped early and saved: as a shell reports SIGINT or SIGPIPE. */
export function stoppedCode(io: Io): 130 | 141 {
  return io.unread() ? 141 : 130;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The process's own. */
export function processIo(): Io {
  let unread = false;
  /** Stops the running command; undefined if it has nothing to save. */
  let stop: (() => void) | undefined;
  // A closed stderr does not stop training.
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      process.stderr.write(`error[RFF703]: cannot write the results: ${error.message}\n`);
      process.exit(1);
    }
    // `rffc check … | head` closes the pipe early, which is not an error.
    if (!stop) process.exit(0);
    if (unread) return;
    unread = true;
    stop();
  });
  const cwd = process.cwd();
  const script = fileURLToPath(new URL('./main.js', import.meta.url));
  return {
    cwd,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    columns: () => process.stderr.columns ?? 80,
    colour: pc.isColorSupported && process.stderr.isTTY === true,
    command: calledAs({ script, cwd, env: process.env }),
    unread: () => unread,
    onInterrupt(listener) {
      let told = false;
      const tell = () => {
        if (!told) listener();
        told = true;
      };
      const forget = () => {
        for (const signal of SIGNALS) process.off(signal, once);
      };
      const once = () => {
        forget();
        tell();
      };
      for (const signal of SIGNALS) process.on(signal, once);
      // Signals still count: Ctrl-C ends both sides of `rffc … | tee log` at once.
      stop = tell;
      return () => {
        forget();
        told = true;
      };
    },
  };
}

/** A path given on the command line. */
export function pathOf(io: Io, path: string): string {
  return resolve(io.cwd, path);
}

/** Prints diagnostics; those with a location show its line. */
export function report(io: Io, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const sources = new Map<string, string>();
  for (const { file, span } of diagnostics) {
    if (file === undefined || span === undefined || sources.has(file)) continue;
    const path = pathOf(io, file);
    // The file of an old run may be gone: the message is then printed without the line.
    if (existsSync(path)) sources.set(file, readFileSync(path, 'utf8'));
  }
  io.err(`${render(diagnostics, sources, { colour: io.colour, command: io.command }).trimEnd()}\n`);
}

/** Wrong usage: the process exits with 2. By default, options that cannot be combined. */
export function misuse(message: string, hint?: string, code = 'RFF713'): RffcError {
  const diagnostic = { code, severity: 'error' as const, message };
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
