/**
 * The model document's fields for docs/LANGUAGE.md, printed from grammar/schema/model.schema.json: a short notation of
 * the JSON schema, `name: type` a field, `?` where it may be absent.
 */
import schema from '../grammar/schema/model.schema.json' with { type: 'json' };

/** The keywords of JSON Schema that the file uses, as far as a reader of the page is told. */
interface Node {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly items?: Node | boolean;
  readonly prefixItems?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Node;
}

/** A block of code: the document itself, then each definition it refers to. */
export function documentPart(): string {
  const { $defs, ...root } = schema as unknown as Node & { readonly $defs: Readonly<Record<string, Node>> };
  const definitions = Object.entries($defs).map(([name, node]) => definitionText(name, node));
  return ['```text', `model document = ${typeText(root)}`, ...definitions, '```'].join('\n');
}

/** On one line where there is room, else an alternative a line. */
function definitionText(name: string, node: Node): string {
  const alternatives = alternativesOf(node).map((item) => typeText(item));
  const line = `${name} = ${alternatives.join(' | ')}`;
  if (alternatives.length === 1 || (line.length <= 100 && !line.includes('\n'))) return line;
  return `${name} =\n${alternatives.join(' |\n')}`;
}

/** What a node may be, one by one: a list of types is one alternative a type. */
function alternativesOf(node: Node): readonly Node[] {
  const { type } = node;
  if (typeof type === 'object')
    return type.map((each) => ({ ...(each === 'array' ? node : {}), type: each }));
  return node.anyOf ?? node.oneOf ?? [node];
}

function typeText(node: Node, indent = ''): string {
  const alternatives = alternativesOf(node);
  if (alternatives[0] !== node) return alternatives.map((item) => typeText(item, indent)).join(' | ');
  if (node.$ref !== undefined) return node.$ref.replace(/^.*\//, '');
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (node.properties) return objectText(node, node.properties, indent);
  if (node.prefixItems) {
    const first = node.prefixItems.map((item) => typeText(item, indent));
    return `[${[...first, ...rest(node, indent)].join(', ')}]`;
  }
  if (typeof node.items === 'object') return `[${typeText(node.items, indent)}, …]`;
  if (typeof node.additionalProperties === 'object')
    return `{ NAME: ${typeText(node.additionalProperties, indent)}, … }`;
  return String(node.type ?? 'any value');
}

function rest({ items }: Node, indent: string): string[] {
  return typeof items === 'object' ? [`${typeText(items, indent)} …`] : [];
}

function objectText(
  { required = [] }: Node,
  properties: Readonly<Record<string, Node>>,
  indent: string,
): string {
  const fields = Object.entries(properties).map(
    ([name, node]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(node, `${indent}  `)}`,
  );
  const line = `{ ${fields.join(', ')} }`;
  if (line.length <= 88 && !line.includes('\n')) return line;
  return `{\n${fields.map((field) => `${indent}  ${field}\n`).join('')}${indent}}`;
}
