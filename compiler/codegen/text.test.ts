/** Indentation, conditions and names in text under way. */
import { expect, it } from 'vitest';
import { StatementBuilder } from './text.js';

const builder = () =>
  new StatementBuilder(
    (name, value) => `let ${name} = ${value};`,
    (name, value) => `var ${name} = ${value};`,
  );

it('indents what is inside a block', () => {
  const text = builder();
  text.block('loop', () => text.when(['a', undefined, 'b'], () => text.line('stop;')));
  text.when([undefined], () => text.line('done;'));
  expect(text.lines).toEqual(['  loop {', '    if (a && b) {', '      stop;', '    }', '  }', '  done;']);
});

it('names a value once, and a name never', () => {
  const text = builder();
  const sum = text.bind('a + b');
  expect(text.bind(sum)).toBe(sum);
  expect(text.bind(text.variable('total', '0'))).toBe('total');
  expect(text.bind('a + b')).not.toBe(sum);
  expect(text.lines).toEqual(['  let v0 = a + b;', '  var total = 0;', '  let v1 = a + b;']);
});

it('takes lines out of the text', () => {
  const text = builder();
  text.line('before;');
  expect(text.apart(() => text.line('apart;'))).toEqual(['  apart;']);
  text.line('after;');
  expect(text.lines).toEqual(['  before;', '  after;']);
});
