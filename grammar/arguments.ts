/**
 * The arguments of the library's functions, checked where they come in: a program in plain JavaScript, or one that a
 * type checker has not seen, gets an error in words and not a TypeError from deep inside.
 */
import { failure, type RffcError } from './diagnostic.js';
import { closest } from './suggest.js';

/** A value in a few words, for "found …". */
export function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  switch (typeof value) {
    case 'string':
      return value.length > 20 ? 'a string' : JSON.stringify(value);
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'function':
      return 'a function';
    default: {
      const { name } = (Object.getPrototypeOf(value)?.constructor ?? {}) as { name?: string };
      const keys = Object.keys(value as object);
      if (name && name !== 'Object') return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
      const some = keys.slice(0, 3).join(', ');
      return keys.length === 0 ? '{}' : `{ ${some}${keys.length > 3 ? ', …' : ''} }`;
    }
  }
}

/** RFF770: an argument of another kind than the function takes. */
export function wrongArgument(call: string, expected: string, found: unknown, hint?: string): RffcError {
  const message = `wrong argument of \`${call}\`: expected ${expected}, found ${described(found)}`;
  return failure('RFF770', message, hint === undefined ? {} : { hint });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** What an option takes: in words, after "expected", and whether a value is one. */
export interface OptionKind {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}
export const wholeNumber: OptionKind = {
  expected: 'an integer of at least 1',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
};
export const positiveNumber: OptionKind = {
  expected: 'a number above 0',
  accepts: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
};
export const callback: OptionKind = {
  expected: 'a function',
  accepts: (value) => typeof value === 'function',
};
export const anObject: OptionKind = { expected: 'an object', accepts: isObject };
export const anything: OptionKind = { expected: 'a value', accepts: () => true };

/**
 * Checks an object of options; one that is undefined is as good as absent.
 *
 * @param known every option that there is
 * @param elsewhere for a name that is not one of them, what to write instead, where that is known
 * @throws RffcError RFF770 for what is no object, RFF771 for a name that is no option's, RFF772 for a value of the
 * wrong kind
 */
export function checkOptions(
  call: string,
  given: unknown,
  known: Readonly<Record<string, OptionKind>>,
  elsewhere: (name: string) => string | undefined = () => undefined,
): void {
  if (!isObject(given)) throw wrongArgument(call, 'an object of options', given);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!kind) {
      const near = closest(name, Object.keys(known));
      const hint =
        elsewhere(name) ??
        (near ? `did you mean \`${near}\`?` : `options are ${Object.keys(known).join(', ')}`);
      throw failure('RFF771', `unknown option \`${name}\` of \`${call}\``, { hint });
    }
    if (!kind.accepts(value)) {
      const message = `invalid ${name} ${described(value)} of \`${call}\`: expected ${kind.expected}`;
      throw failure('RFF772', message);
    }
  }
}
