/** The line that is drawn over and over, in terminals of any width. */
import { expect, test } from 'vitest';
import { fitLine } from './progress.js';

const facts = [
  '0:12 left',
  ['loss 0.4134 0.3821', 'loss 0.3978'],
  ['gap 1.203 0.871', 'gap 1.037'],
  'accuracy 93.10 %',
] as const;

const drawn = (columns: number) => {
  const { head, bar, facts: text } = fitLine('epoch 12/60', facts, columns);
  return [head, '━'.repeat(bar), text].filter((part) => part !== '').join(' ');
};

test('a wide terminal shows each layer', () => {
  expect(drawn(120)).toBe(
    `epoch 12/60 ${'━'.repeat(24)} 0:12 left · loss 0.4134 0.3821 · gap 1.203 0.871 · accuracy 93.10 %`,
  );
});

test('a narrower one shows the layers’ means, then less and less, and the time left to the last', () => {
  const bar = (width: number) => `epoch 12/60 ${'━'.repeat(width)}`;
  expect(drawn(92)).toBe(`${bar(23)} 0:12 left · loss 0.3978 · gap 1.037 · accuracy 93.10 %`);
  expect(drawn(79)).toBe(`${bar(19)} 0:12 left · loss 0.3978 · gap 1.037`);
  expect(drawn(50)).toBe(`${bar(12)} 0:12 left · loss 0.3978`);
  expect(drawn(40)).toBe(`${bar(10)} 0:12 left`);
  expect(drawn(20)).toBe(bar(6));
  expect(drawn(16)).toBe('epoch 12/60');
  expect(drawn(7)).toBe('epoch 1');
});

test('whatever the width, the line does not wrap', () => {
  for (let columns = 0; columns < 150; columns++) expect(drawn(columns).length).toBeLessThanOrEqual(columns);
});
