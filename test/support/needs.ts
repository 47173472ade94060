/** Tests that need what only some machines have: a graphics driver, a browser, a data set, a compiler. */
import { describe, test } from 'vitest';

/**
 * The reason a test is skipped here, or undefined where it runs. `RFFC_TEST_ALL`, which CI sets, lets nothing be
 * skipped: the test then runs and fails on what is missing.
 */
export function unlessRequired(missing: string | undefined): string | undefined {
  return process.env.RFFC_TEST_ALL === undefined ? missing : undefined;
}

/** Why a test that sends signals, or types into a POSIX shell, is skipped on Windows, which has neither. */
export const notOnWindows = process.platform === 'win32' ? 'Windows has no signals and no sh' : undefined;

/** `describe`, or where something is missing a skipped suite whose name says what. */
export function describeUnless(missing: string | undefined, name: string, body: () => void): void {
  describe.skipIf(missing !== undefined)(nameOf(name, missing), body);
}

/** `test`, or where something is missing a skipped test whose name says what. */
export function testUnless(
  missing: string | undefined,
  name: string,
  body: () => Promise<void> | void,
  timeout?: number,
): void {
  test.skipIf(missing !== undefined)(nameOf(name, missing), body, timeout);
}

function nameOf(name: string, missing: string | undefined): string {
  return missing === undefined ? name : `${name} (skipped: ${missing})`;
}
