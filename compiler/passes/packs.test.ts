/** Packs: which connections' parameters share a matrix, and where each is in it. */
import { expect, test } from 'vitest';
import { chain, graphOf, type ModelParts } from '../../test/support/small-plans.js';
import { sizeOf } from '../model.js';
import { packsOf, slotOrder, storedSign } from './packs.js';

const modelOf = (parts: ModelParts) => graphOf(parts).document;
const members = (parts: ModelParts, choice = { embed: true, slots: true, labelGather: true }) => {
  const notes: string[] = [];
  const packs = packsOf(modelOf(parts), choice, notes);
  return { packs, notes, names: packs.map((p) => p.members.map((m) => m.connection.source).join(' ')) };
};

test('connections of a layer are side by side, the input first, then layers in slot order', () => {
  const { packs, names, notes } = members(chain);
  expect(names).toEqual(['image a b', 'a b c', 'b c', 'digit']);
  expect(notes).toEqual([]);
  // 5 + 1, 6 + 1 and 7 + 1 columns, each up to a multiple of four.
  expect(packs[0]).toMatchObject({ target: 'a', units: 6, cols: 24, transposed: false });
  expect(packs[0]!.members.map(({ offset, cols }) => [offset, cols])).toEqual([
    [0, 5],
    [8, 6],
    [16, 7],
  ]);
  expect(new Set(packs.map((p) => p.tensor.name)).size).toBe(packs.length);
});

test('the weights of a label are a separate table, stored by class, with the bias as its last row', () => {
  const { packs } = members(chain);
  expect(packs[3]).toMatchObject({ target: 'c', units: 4, cols: 4, transposed: true });
  const network = 'layer a[6] { }, connect image -> a as plain, connect digit -> a as bare';
  const bare = members({ types: 'connection bare { bias: off }', network });
  expect(bare.packs[1]).toMatchObject({ cols: 3, transposed: true });
});

test('without label gather, the label is packed with the others; without slots, only the table remains', () => {
  expect(members(chain, { embed: true, slots: true, labelGather: false }).names).toEqual([
    'image a b',
    'a b c',
    'b c digit',
  ]);
  expect(members(chain, { embed: true, slots: false, labelGather: true }).names).toEqual(['digit']);
  expect(members(chain, { embed: true, slots: false, labelGather: false }).names).toEqual([]);
});

test('connections with other update rules, without updates, or without bias are packed separately', () => {
  const network = `
    layer a[6], b[7] { }
    connect image -> a as plain
    connect b -> a as slow
    connect a -> a as still
    connect a -> b as bare
    connect b -> b as plain`;
  const types = `
    connection slow { lr_scale: 0.5 }
    connection still { learn: off }
    connection bare { bias: off }`;
  expect(members({ types, network }).names).toEqual(['image', 'a', 'b', 'a', 'b']);
});

test('dropout keeps a connection separate, with a note', () => {
  const network = 'layer a[6] { }, connect image -> a as plain, connect a -> a as noisy';
  const { names, notes } = members({ types: 'connection noisy { dropout: 0.5 }', network });
  expect(names).toEqual(['image']);
  expect(notes).toEqual(['a.a.noisy is not packed: its dropout applies to its own product']);
});

test('slots are ordered so that the sources of a layer are one window', () => {
  // c reads a and itself, b only itself: in the order of the file, c would need two windows.
  const network = `
    layer a[6], b[7], c[4] { }
    connect image -> a, image -> b as plain
    connect a -> c, c -> c, b -> b, a -> a as plain`;
  const model = modelOf({ network });
  const order = slotOrder(model);
  expect([...order].sort()).toEqual(['a', 'b', 'c']);
  expect(Math.abs(order.indexOf('a') - order.indexOf('c'))).toBe(1);
  expect(slotOrder(modelOf(chain))).toEqual(['a', 'b', 'c']);
});

test('state that changes sign with a parameter is stored with the sign of its connection', () => {
  const network = 'layer a[6] { }  connect image -> a as minus';
  const [connection] = modelOf({ types: 'connection minus { sign: -1 }', network }).connections;
  const signs = [undefined, 'momentum_buffer', 'exp_avg', 'exp_avg_sq', 'square_avg', 'acc_delta'].map(
    (state) => storedSign(connection!, state),
  );
  expect(signs).toEqual([-1, -1, -1, 1, 1, 1]);
});

test('every node has a size', () => {
  const model = modelOf(chain);
  expect(['image', 'digit', 'a', 'b', 'c'].map((name) => sizeOf(model, name))).toEqual([5, 3, 6, 7, 4]);
});
