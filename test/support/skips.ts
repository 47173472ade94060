/** A reporter that ends a run with what was skipped and why; Vitest's own only prints the number. */
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

export default class Skips implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) =>
      outermostSkipped(module).map(({ name, tests }) => ({ name, tests, file: module.relativeModuleId })),
    );
    if (skipped.length === 0) return;
    const tests = skipped.reduce((sum, one) => sum + one.tests, 0);
    const lines = skipped.map(
      (one) => `  ${one.file}: ${one.name}, ${one.tests} ${one.tests === 1 ? 'test' : 'tests'}`,
    );
    console.log(`Skipped on this machine (${tests} tests):\n${lines.join('\n')}\n`);
  }
}

/** Suites whose tests were all skipped, and skipped tests of other suites. */
function outermostSkipped(parent: TestModule | TestSuite): { name: string; tests: number }[] {
  return [...parent.children].flatMap((child) => {
    if (child.type === 'test')
      return child.result().state === 'skipped' ? [{ name: child.name, tests: 1 }] : [];
    const states = [...child.children.allTests()].map((one) => one.result().state);
    const isSkipped = states.length > 0 && states.every((state) => state === 'skipped');
    return isSkipped ? [{ name: child.name, tests: states.length }] : outermostSkipped(child);
  });
}
