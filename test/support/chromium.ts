/** The Chromium that page tests control, and how it is started. */
import { existsSync } from 'node:fs';

/** The path of Chromium, or undefined if there is none; `RFFC_CHROMIUM` overrides it. */
export const chromiumPath = [
  process.env.RFFC_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

/** As root, and without update checks. */
export const quietArgs: readonly string[] = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
