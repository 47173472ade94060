import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{grammar,compiler,runtime,cli}/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './test/support/skips.ts'],
    setupFiles: ['test/support/properties.ts'],
    // Vitest would leave a core idle; many tests wait on one thread, or on a process of their own.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
