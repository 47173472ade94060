import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{grammar,compiler,runtime,cli}/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
