/**
 * A network as SVG: input and layers in a line, the label below, one arrow per connection. Arrows to the right pass
 * above those to the left, connections that skip a layer arch over it, and a layer's connection to itself is a loop.
 * Colours are the page's, one per type of connection; inhibiting arrows end in a bar.
 */
import type { Connection, FastConnection, ModelDocument } from '../../compiler/model.js';
import { escapeHtml } from './html.js';

const STEP = 190;
const NODE = { width: 104, height: 60 } as const;
/** Colours that the page defines as `--layer-0` and on. */
export const COLOURS = 8;

interface DiagramNode {
  readonly x: number;
  readonly y: number;
  /** Its position in the line; null for the label. */
  readonly index: number | null;
}

/** A connection, learned or fast. */
type Arrow = Connection | FastConnection;

const arrowsOf = ({ connections, fast_weights }: ModelDocument): readonly Arrow[] => [
  ...connections,
  ...fast_weights,
];

/** The drawing of a model; its texts are escaped. */
export function diagram(document: ModelDocument): string {
  const connections = arrowsOf(document);
  const line = [document.input.name, ...document.layers.map(({ name }) => name)];
  const types = [...new Set(connections.map(({ type }) => type))];
  const farthest = Math.max(1, ...connections.map((c) => span(line, c)));
  // Room for loops and arches above the line, and for arches below it.
  const top = Math.max(70, 30 + 34 * farthest) + NODE.height / 2;
  const below = Math.max(60, 24 + 34 * farthest);
  const left = 20 + NODE.width / 2;
  const places = new Map<string, DiagramNode>(
    line.map((name, index) => [name, { x: left + index * STEP, y: top, index }]),
  );
  const width = 2 * left + (line.length - 1) * STEP;
  let height = top + NODE.height / 2 + (farthest > 1 ? below : 16);
  if (document.label) {
    const { name } = document.label;
    const shown = document.connections.filter(({ source }) => source === name);
    const xs = shown.map(({ target }) => places.get(target)!.x);
    const x = xs.length > 0 ? xs.reduce((sum, v) => sum + v, 0) / xs.length : width - left;
    const y = top + NODE.height + below;
    places.set(name, { x, y, index: null });
    height = y + NODE.height / 2 + 16;
  }
  const colour = (type: string) => `var(--layer-${types.indexOf(type) % COLOURS})`;
  const arrows = connections.map((connection) => {
    const { name, source, target, sign, delay, type } = connection;
    const facts = [
      name,
      sign < 0 ? 'inhibits' : 'excites',
      `delay ${delay}`,
      ...('dropout' in connection && connection.dropout > 0 ? [`dropout ${connection.dropout}`] : []),
      ...('decay' in connection ? [`fast, decay ${connection.decay}, rate ${connection.rate}`] : []),
    ];
    const path = arrow(places.get(source)!, places.get(target)!, twinOf(connections, connection));
    const end = sign < 0 ? 'bar' : 'head';
    return (
      `<path class="arrow" style="stroke:${colour(type)}" d="${path}" ` +
      `marker-end="url(#${end}-${types.indexOf(type) % COLOURS})"><title>${escapeHtml(facts.join(', '))}</title></path>`
    );
  });
  const node = (name: string, what: string, kind: string) => {
    const { x, y } = places.get(name)!;
    return (
      `<g class="node ${kind}" transform="translate(${x} ${y})"><rect x="${-NODE.width / 2}" ` +
      `y="${-NODE.height / 2}" width="${NODE.width}" height="${NODE.height}" rx="12"/><text ` +
      `y="-4">${escapeHtml(name)}</text><text class="size" y="16">${what}</text></g>`
    );
  };
  const nodes = [
    node(document.input.name, `${document.input.size} inputs`, 'outside'),
    ...document.layers.map(({ name, size }) => node(name, `${size} units`, 'layer')),
    ...(document.label ? [node(document.label.name, `${document.label.classes} classes`, 'outside')] : []),
  ];
  const legend = types.map((type) => {
    const signs = new Set(connections.filter((c) => c.type === type).map(({ sign }) => sign));
    const effect = signs.size > 1 ? '' : signs.has(-1) ? ', inhibits' : '';
    return `<li><i style="background:${colour(type)}"></i>${escapeHtml(type)}${effect}</li>`;
  });
  // One of each colour: Safari cannot give a marker the colour of its path.
  const markers = types
    .slice(0, COLOURS)
    .flatMap((type, i) => [
      marker(`head-${i}`, colour(type), 'M0 0 10 5 0 10z'),
      marker(`bar-${i}`, colour(type), 'M6 0H9.5V10H6z'),
    ]);
  return (
    '<div class="wide" tabindex="0" role="region" aria-label="Network"><svg class="diagram" role="img" ' +
    `aria-label="The network" viewBox="0 0 ${width} ${height}" ` +
    `style="width:${width}px"><defs>${markers.join('')}</defs>${arrows.join('')}${nodes.join('')}</svg></div><ul ` +
    `class="legend">${legend.join('')}</ul>`
  );
}

function marker(id: string, colour: string, path: string): string {
  return (
    `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" ` +
    `orient="auto-start-reverse"><path style="fill:${colour}" d="${path}"/></marker>`
  );
}

/** The number of positions between a connection's ends. */
function span(line: readonly string[], { source, target }: Arrow): number {
  const [from, to] = [line.indexOf(source), line.indexOf(target)];
  return from < 0 || to < 0 ? 0 : Math.abs(to - from);
}

/** Which of the connections with the same ends this one is, from 0: they are drawn side by side. */
function twinOf(connections: readonly Arrow[], { name, source, target }: Arrow): number {
  return connections
    .filter((c) => c.source === source && c.target === target)
    .findIndex((c) => c.name === name);
}

/** A path from one node's edge to another's. */
function arrow(from: DiagramNode, to: DiagramNode, twin: number): string {
  const [halfWidth, halfHeight] = [NODE.width / 2, NODE.height / 2];
  const apart = 9 * twin;
  const gap = 3;
  if (from === to) {
    const y = from.y - halfHeight;
    const reach = 46 + 2 * apart;
    return (
      `M${from.x + 18 + apart} ${y}C${from.x + 44 + apart} ${y - reach} ${from.x - 44 - apart} ${y - reach} ` +
      `${from.x - 18 - apart} ${y - gap}`
    );
  }
  if (from.index === null || to.index === null) {
    // The label's row is below the line.
    const down = to.y > from.y ? 1 : -1;
    const [y1, y2] = [from.y + down * halfHeight, to.y - down * (halfHeight + gap)];
    const middle = (y1 + y2) / 2;
    return `M${from.x + apart} ${y1}C${from.x + apart} ${middle} ${to.x + apart} ${middle} ${to.x + apart} ${y2}`;
  }
  const direction = to.index > from.index ? 1 : -1;
  const distance = Math.abs(to.index - from.index);
  const side = -direction;
  if (distance === 1) {
    const y = from.y + side * (10 + apart);
    return `M${from.x + direction * halfWidth} ${y}H${to.x - direction * (halfWidth + gap)}`;
  }
  const y = from.y + side * halfHeight;
  const peak = y + side * (34 * distance + apart);
  const [x1, x2] = [from.x + direction * 34, to.x - direction * 34];
  return `M${x1} ${y}C${x1 + direction * 40} ${peak} ${x2 - direction * 40} ${peak} ${x2} ${y + side * gap}`;
}
