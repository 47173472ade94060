/** A word of a printed command, quoted if a shell requires it. */
export function shellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (/^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-')) return word;
  // cmd and PowerShell both read double quotes; their paths have no backslashes to escape.
  if (platform === 'win32') return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word}"`;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
