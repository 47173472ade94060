/**
 * One shape for everything rffc reports about a user's input.
 *
 * Syntax errors, name errors and semantic errors are all `Diagnostic`s: made where they are found, rendered in one
 * module (`render.ts`). `RffcError` carries one or more of them out of code that cannot continue.
 */

/** A stretch of source text: offsets count UTF-16 units from 0 (end exclusive), lines and columns from 1. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'error' | 'warning';

export interface Diagnostic {
  /** Stable and documented, for example `RFF201`; see `codes.ts`. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in one line, in the terms of the file. */
  readonly message: string;
  /** The file, plan, checkpoint or option the message is about. */
  readonly file?: string;
  readonly span?: Span;
  /** What to write or do instead. */
  readonly hint?: string;
}

/** Bad input of any kind; thrown once, rendered once. The command line exits with `exitCode`. */
export class RffcError extends Error {
  constructor(
    readonly diagnostics: readonly Diagnostic[],
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}`).join('\n'));
    this.name = 'RffcError';
  }
}

/** An `RffcError` of one diagnostic. */
export function failure(
  code: string,
  message: string,
  more: Partial<Omit<Diagnostic, 'code' | 'message'>> = {},
): RffcError {
  return new RffcError([{ severity: 'error', ...more, code, message }]);
}
