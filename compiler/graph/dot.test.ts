/**
 * Graphviz: what is printed follows DOT's grammar, shows every layer and connection, and `dot` draws it where it is
 * installed.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../compile.js';
import { architectureDot, graphDot } from './dot.js';
import { lower } from './lower.js';

const folder = join(import.meta.dirname, '../../models');
const models = readdirSync(folder).filter((name) => name.endsWith('.rff'));
const hasDot = spawnSync('dot', ['-V']).status === 0;

async function documentOf(file: string, change: (text: string) => string = (text) => text) {
  const text = change(readFileSync(join(folder, file), 'utf8'));
  return (await loadModel({ text, file })).document;
}

interface Drawing {
  readonly nodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly edges: readonly { from: string; to: string; facts: Readonly<Record<string, string>> }[];
  readonly clusters: readonly string[];
}

interface Token {
  readonly sign?: string | undefined;
  readonly word?: string | undefined;
  readonly string?: string;
}

/** Reads DOT as its grammar has it (graphviz.org/doc/info/lang.html), as far as it is used; throws at anything else. */
function readDot(text: string): Drawing {
  const tokens = [
    ...text.matchAll(/\s+|(->|[{}[\]=;,])|([A-Za-z_]\w*|-?\d+(?:\.\d+)?)|"((?:[^"\\]|\\[\s\S])*)"/gy),
  ];
  const end = tokens.at(-1);
  if (!end || end.index + end[0].length !== text.length)
    throw new Error('a character that DOT does not have');
  const queue = tokens
    .filter(([all]) => all.trim() !== '')
    .map(([, sign, word, string]): Token => (string === undefined ? { sign, word } : { string }));
  const keywords = /^(node|edge|graph|digraph|subgraph|strict)$/i;
  const peek = (): Token => queue[0] ?? {};
  const eat = (sign: string) => {
    if (queue.shift()?.sign !== sign) throw new Error(`expected ${sign}`);
  };
  const id = (): string => {
    const { word, string } = queue.shift() ?? {};
    if (string !== undefined)
      return string.replaceAll('\\n', '\n').replaceAll('\\"', '"').replaceAll('\\\\', '\\');
    if (word === undefined || keywords.test(word)) throw new Error(`expected a name, found ${word}`);
    return word;
  };
  const attributes = () => {
    const facts: Record<string, string> = {};
    if (peek().sign !== '[') return facts;
    eat('[');
    while (peek().sign !== ']') {
      const key = id();
      eat('=');
      facts[key] = id();
      if (peek().sign === ',') eat(',');
    }
    eat(']');
    return facts;
  };
  const nodes = new Map<string, Record<string, string>>();
  const edges: Drawing['edges'][number][] = [];
  const clusters: string[] = [];
  const block = () => {
    eat('{');
    while (peek().sign !== '}') {
      const { word } = peek();
      if (word === 'subgraph') {
        queue.shift();
        clusters.push(id());
        block();
        continue;
      }
      if (word === 'node' || word === 'edge') {
        queue.shift();
        attributes();
      } else {
        const name = id();
        if (peek().sign === '=') {
          eat('=');
          id();
        } else if (peek().sign === '->') {
          eat('->');
          const to = id();
          edges.push({ from: name, to, facts: attributes() });
        } else {
          if (nodes.has(name)) throw new Error(`${name} is drawn twice`);
          nodes.set(name, attributes());
        }
      }
      eat(';');
    }
    eat('}');
  };
  if (queue.shift()?.word !== 'digraph') throw new Error('expected digraph');
  id();
  block();
  if (queue.length > 0) throw new Error('something after the graph');
  for (const { from, to } of edges)
    for (const name of [from, to]) if (!nodes.has(name)) throw new Error(`no box ${name}`);
  return { nodes, edges, clusters };
}

describe.each(models)('%s', (file) => {
  test('its architecture has every layer and every connection', async () => {
    const document = await documentOf(file);
    const { nodes, edges } = readDot(architectureDot(document));
    const names = [document.input, ...(document.label ? [document.label] : []), ...document.layers];
    expect([...nodes.keys()]).toEqual(names.map(({ name }) => name));
    for (const { name, size, damping } of document.layers)
      expect(nodes.get(name)!.label).toBe(`${name}\n${size} units\ndamping ${damping}`);
    const all = [...document.connections, ...document.fast_weights];
    expect(edges.slice(0, all.length).map(({ from, to }) => [from, to])).toEqual(
      all.map(({ source, target }) => [source, target]),
    );
    all.forEach(({ type, delay, sign }, i) => {
      expect(edges[i]!.facts.label).toMatch(new RegExp(`^${type}, delay ${delay}`));
      expect(edges[i]!.facts.arrowhead).toBe(sign < 0 ? 'tee' : undefined);
    });
    expect(edges.length - all.length).toBe(document.decoder?.layers.length ?? 0);
  });

  test.runIf(hasDot)('`dot` draws its architecture', async () => {
    const input = architectureDot(await documentOf(file));
    const { status, stderr, stdout } = spawnSync('dot', ['-Tsvg'], {
      input,
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('<svg');
  });
});

test('words of DOT are names like any other', async () => {
  const document = await documentOf('quickstart.rff', (text) =>
    text.replaceAll('h1', 'node').replaceAll('h2', 'subgraph'),
  );
  const { nodes } = readDot(architectureDot(document));
  expect([...nodes.keys()]).toEqual(expect.arrayContaining(['node', 'subgraph']));
});

test('the dataflow graph has a box per value, and a cluster per step', async () => {
  const graph = lower(await documentOf('quickstart.rff'), { batch: 20, frames: 1 });
  const { nodes, edges, clusters } = readDot(graphDot(graph));
  const values = Object.values(graph.programs).flatMap((program) => program.values);
  expect(nodes.size).toBe(values.length);
  expect(edges.length).toBe(values.reduce((sum, { inputs }) => sum + inputs.length, 0));
  expect(clusters).toEqual(expect.arrayContaining(['cluster_train_learn[0]', 'cluster_predict']));
  expect(clusters.filter((name) => name.includes('optimizer'))).toEqual([]);
});

test.runIf(hasDot)('`dot` draws the dataflow graph', async () => {
  const input = graphDot(lower(await documentOf('quickstart.rff'), { batch: 20, frames: 1 }));
  const { status, stderr } = spawnSync('dot', ['-Tsvg'], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 1e9,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
