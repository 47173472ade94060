/** `npm run test:long`: every test, the campaigns of random trials at full length (test/support/effort.ts). */
import { mergeConfig } from 'vitest/config';
import usual from './vitest.config.js';

export default mergeConfig(usual, { test: { env: { RFFC_LONG: '1' }, testTimeout: 1_800_000 } });
