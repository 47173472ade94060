/** The Chromium that tests of pages drive, and how it is started for them. */
import { existsSync } from 'node:fs';

/** Where Chromium is, or undefined if there is none; `RFFC_CHROMIUM` names another. */
export const chromiumPath = [
  process.env.RFFC_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

/** As root, and without looking for updates. */
export const quietArgs: readonly string[] = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
