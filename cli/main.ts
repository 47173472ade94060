#!/usr/bin/env node
/**
 * The command line: runs a command of `commands/`, and reports what went wrong.
 *
 * Exits with 0; 1 for bad input; 2 for wrong usage; 130 after Ctrl-C, 141 if the reader of the results is gone.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Command, CommanderError } from 'commander';
import { RffcError } from '../grammar/diagnostic.js';
import { fileError } from '../runtime/files.js';
import { rffcVersion } from '../runtime/version.js';
import { commands } from './commands/index.js';
import { addExamples } from './examples.js';
import { type Io, processIo, report } from './io.js';
import { RffcCommand } from './usage.js';

/** Runs one command line (without `node` and the script) and resolves to the exit code. Never throws. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let code = 0;
  const program = commandLine(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, io);
  }
}

/** Every command; each passes its exit code to `done`. */
function commandLine(io: Io, done: (code: number) => void): Command {
  const program = new RffcCommand(io.command)
    .description('Compiles and trains recurrent forward-forward networks written as .rff text.')
    .version(rffcVersion(), '-V, --version', 'print the version')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .exitOverride();

  for (const add of commands) add(program, io, done);
  addExamples(program, io.command);
  return program;
}

/** Reports what went wrong, and returns the exit code. */
function explain(error: unknown, io: Io): number {
  // Commander exits by itself only after printing help or the version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof Error && 'path' in error ? fileError(error, String(error.path)) : error;
  if (known instanceof RffcError) {
    report(io, known.diagnostics);
    return known.exitCode;
  }
  const text = known instanceof Error ? (known.stack ?? known.message) : String(known);
  io.err(`${text}\nThis is a bug in rffc, not in your file: please report it with the lines above.\n`);
  return 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
