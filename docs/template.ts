/** Pages generated from templates: each line `<!-- NAME -->` stands for a printed part. */

/**
 * The page of a template.
 *
 * @param name of the template's file, for messages
 * @throws Error for an unknown part in the template, or a part missing in it
 */
export function fillTemplate(
  template: string,
  parts: Readonly<Record<string, () => string>>,
  name: string,
): string {
  const missing = new Set(Object.keys(parts));
  const page = template.replace(/^<!-- (.+) -->$/gm, (_, part: string) => {
    const print = Object.hasOwn(parts, part) ? parts[part] : undefined;
    if (!print) throw new Error(`${name}: unknown part \`${part}\``);
    missing.delete(part);
    return print().trimEnd();
  });
  if (missing.size > 0)
    throw new Error(`${name} lacks ${[...missing].map((part) => `<!-- ${part} -->`).join(', ')}`);
  return page;
}

/** A Markdown table; a `|` inside of a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('');
}
