import { expect, test } from 'vitest';
import { closest } from './suggest.js';

test.each([
  ['lable', ['layer', 'label'], 'label'],
  ['H2', ['h1', 'h2'], 'h2'],
  ['h4', ['h1', 'h2'], 'h1'],
  ['kaiming_unifrom', ['kaiming_normal', 'kaiming_uniform'], 'kaiming_uniform'],
  ['objectiv', ['objective', 'optimizer'], 'objective'],
  ['LeakyReLU', ['relu', 'leaky_relu'], 'leaky_relu'],
  ['MNIST', ['digits', 'mnist'], 'mnist'],
  ['FASHION-MNIST', ['mnist', 'fashion_mnist'], 'fashion_mnist'],
  ['EPOCH', ['batch', 'epochs'], 'epochs'],
  ['Z', ['h', 'z'], 'z'],
  ['foo', ['label', 'layer'], undefined],
  ['x', ['y', 'z'], undefined],
  ['label', ['label'], undefined],
  ['', ['a'], undefined],
  ['a', [], undefined],
])('%s of %j is %s', (word, candidates, expected) => {
  expect(closest(word, candidates)).toBe(expected);
});
