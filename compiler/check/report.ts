/**
 * Collects the checker's diagnostics.
 *
 * A mistake is reported once: a second diagnostic at the same location that differs only in numbers is dropped, so that
 * a property shared by many layers or connections can be checked for each of them.
 */
import type { Diagnostic, Severity, Span } from '../../grammar/diagnostic.js';

export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  /** Adds an error; returns undefined, the checker's word for "unknown because already reported". */
  error(code: string, span: Span | undefined, message: string, hint?: string): undefined;
  warning(code: string, span: Span | undefined, message: string, hint?: string): undefined;
}

/** An empty report on `file`. */
export function createReport(file: string | undefined): Report {
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  const add = (
    severity: Severity,
    code: string,
    span: Span | undefined,
    message: string,
    hint?: string,
  ): undefined => {
    const key = `${code} ${span?.start} ${span?.end} ${span ? message.replace(/-?\d[\w.]*(e[-+]\d+)?/g, '') : message}`;
    if (seen.has(key)) return;
    seen.add(key);
    diagnostics.push({
      code,
      severity,
      message,
      ...(file === undefined ? {} : { file }),
      ...(span === undefined ? {} : { span }),
      ...(hint === undefined ? {} : { hint }),
    });
  };
  return {
    diagnostics,
    error: (...rest) => add('error', ...rest),
    warning: (...rest) => add('warning', ...rest),
  };
}

/** From the start of `first` to the end of `last`. */
export function spanning(first: Span, last: Span): Span {
  return { ...first, end: last.end };
}

/** `a, b or c`. */
export function alternatives(words: readonly string[], last = 'or'): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** `3 layers`, `1 layer`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
