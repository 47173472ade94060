/**
 * The kernels of the launches that are no expression, written by hand. Addresses and strides are bytes; every function
 * does a share of the work, from and up to its last two parameters: `colFrom colTo` or `rowFrom rowTo`.
 *
 * | function | parameters | share |
 * | --- | --- | --- |
 * | `mean`    | input stride rows output scale:f32 | all of it |
 * | `total`   | input stride rows output scale:f32 … | columns |
 * | `scatter` | input stride rows index indexStride classes output outStride outRows scale:f32 … | columns |
 * | `onehot`  | index indexStride output stride cols tail tailCount … | rows |
 * | `dropout` | output stride cols keep:f64 seedLow seedHigh site epoch batch … | rows |
 * | `draw`    | probabilities stride classes truth truthStride uniform uniformStride output outStride … | rows |
 * | `patches` | input inStride output outStride down across size line lineStep rightStep downStep width … | rows |
 * | `fill`    | output stride cols value:f32 … | rows |
 *
 * Shares of columns start at multiples of four and end at multiples of four or at the last column; they are read and
 * written in whole vectors, into the padding at the end. The other functions write no column beyond the last. `patches`
 * copies, for each of `down` × `across` patches, `size` lines of `line` bytes that lie `lineStep` apart, with zeros
 * behind them up to `width` bytes; the next patch to the right begins `rightStep` further, the next below `downStep`.
 * `tail` is the address of `tailCount` f32 numbers, written behind each row's last column.
 */
import { PHILOX } from './philox.js';

const MEAN = `
  (func (export "mean") (param $input i32) (param $stride i32) (param $rows i32) (param $output i32) (param $scale f32)
    (local $sum f64)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $sum (f64.add (local.get $sum) (f64.promote_f32 (f32.load (local.get $input)))))
        (local.set $input (i32.add (local.get $input) (local.get $stride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $next)))
    (f32.store (local.get $output)
      (f32.demote_f64 (f64.mul (local.get $sum) (f64.promote_f32 (local.get $scale)))))
  )`;

/** Column loops: $a runs from $colFrom to $colTo in bytes. */
const eachVector = (label: string, body: string): string => `
    (local.set $a (local.get $first))
    (block $end_${label}
      (loop $vectors_${label}
        (br_if $end_${label} (i32.ge_u (local.get $a) (local.get $last)))
        ${body}
        (local.set $a (i32.add (local.get $a) (i32.const 16)))
        (br $vectors_${label})))`;

const load = (base: string) => `(v128.load (i32.add (local.get $${base}) (local.get $a)))`;
const store = (base: string, value: string) =>
  `(v128.store (i32.add (local.get $${base}) (local.get $a)) ${value})`;
const add = (a: string, b: string) => `(f32x4.add ${a} ${b})`;
const shareOfColumns = `
    (local.set $first (i32.shl (local.get $colFrom) (i32.const 2)))
    (local.set $last (i32.shl (local.get $colTo) (i32.const 2)))`;

const fourRows = add(add(load('input'), load('i1')), add(load('i2'), load('i3')));

/** Row by row, as memory lies, four rows at a time: the sums stay in the nearest cache. */
const TOTAL = `
  (func (export "total") (param $input i32) (param $stride i32) (param $rows i32) (param $output i32)
    (param $scale f32) (param $colFrom i32) (param $colTo i32)
    (local $a i32) (local $first i32) (local $last i32) (local $i1 i32) (local $i2 i32) (local $i3 i32)
    ${shareOfColumns}
    ${eachVector('clear', store('output', '(v128.const i32x4 0 0 0 0)'))}
    (block $few
      (loop $four
        (br_if $few (i32.lt_u (local.get $rows) (i32.const 4)))
        (local.set $i1 (i32.add (local.get $input) (local.get $stride)))
        (local.set $i2 (i32.add (local.get $i1) (local.get $stride)))
        (local.set $i3 (i32.add (local.get $i2) (local.get $stride)))
        ${eachVector('four', store('output', add(load('output'), fourRows)))}
        (local.set $input (i32.add (local.get $i3) (local.get $stride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 4)))
        (br $four)))
    (block $done
      (loop $one
        (br_if $done (i32.eqz (local.get $rows)))
        ${eachVector('one', store('output', `(f32x4.add ${load('output')} ${load('input')})`))}
        (local.set $input (i32.add (local.get $input) (local.get $stride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $one)))
    ${eachVector('scale', store('output', `(f32x4.mul ${load('output')} (f32x4.splat (local.get $scale)))`))}
  )`;

/** A row whose index is no class counts nowhere: it must not write outside of the output. */
const SCATTER = `
  (func (export "scatter") (param $input i32) (param $stride i32) (param $rows i32) (param $index i32)
    (param $indexStride i32) (param $classes i32) (param $output i32) (param $outStride i32) (param $outRows i32)
    (param $scale f32) (param $colFrom i32) (param $colTo i32)
    (local $a i32) (local $first i32) (local $last i32) (local $row i32) (local $k i32) (local $all i32)
    ${shareOfColumns}
    (local.set $row (local.get $output))
    (block $cleared
      (loop $clear
        (br_if $cleared (i32.ge_u (local.get $k) (local.get $outRows)))
        ${eachVector('clear', store('row', '(v128.const i32x4 0 0 0 0)'))}
        (local.set $row (i32.add (local.get $row) (local.get $outStride)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br $clear)))
    (block $added
      (loop $add
        (br_if $added (i32.eqz (local.get $rows)))
        (local.set $k (i32.load (local.get $index)))
        (if (i32.lt_u (local.get $k) (local.get $classes)) (then
          (local.set $row (i32.add (local.get $output) (i32.mul (local.get $k) (local.get $outStride))))
          ${eachVector('add', store('row', `(f32x4.add ${load('row')} ${load('input')})`))}
        ))
        (local.set $input (i32.add (local.get $input) (local.get $stride)))
        (local.set $index (i32.add (local.get $index) (local.get $indexStride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $add)))
    (local.set $all (i32.add (local.get $output) (i32.mul (local.get $classes) (local.get $outStride))))
    (local.set $row (local.get $output))
    (local.set $k (i32.const 0))
    (block $summed
      (loop $sum
        (br_if $summed (i32.ge_u (local.get $k) (local.get $classes)))
        ${eachVector(
          'sum',
          `${store('row', `(f32x4.mul ${load('row')} (f32x4.splat (local.get $scale)))`)}
        (if (i32.gt_u (local.get $outRows) (local.get $classes)) (then
          ${store('all', `(f32x4.add ${load('all')} ${load('row')})`)}))`,
        )}
        (local.set $row (i32.add (local.get $row) (local.get $outStride)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br $sum)))
  )`;

/** Loops $row from $rowFrom to $rowTo. */
const eachRow = (body: string): string => `
    (local.set $row (local.get $rowFrom))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $row) (local.get $rowTo)))
        ${body}
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $rows)))`;
const rowOf = (base: string, stride: string): string =>
  `(i32.add (local.get $${base}) (i32.mul (local.get $row) (local.get $${stride})))`;

const ONEHOT = `
  (func (export "onehot") (param $index i32) (param $indexStride i32) (param $output i32) (param $stride i32)
    (param $cols i32) (param $tail i32) (param $tailCount i32) (param $rowFrom i32) (param $rowTo i32)
    (local $row i32) (local $at i32) (local $k i32)
    ${eachRow(`
        (local.set $at ${rowOf('output', 'stride')})
        (memory.fill (local.get $at) (i32.const 0) (i32.shl (local.get $cols) (i32.const 2)))
        (local.set $k (i32.load ${rowOf('index', 'indexStride')}))
        (if (i32.lt_u (local.get $k) (local.get $cols)) (then
          (f32.store (i32.add (local.get $at) (i32.shl (local.get $k) (i32.const 2))) (f32.const 1))))
        (memory.copy (i32.add (local.get $at) (i32.shl (local.get $cols) (i32.const 2))) (local.get $tail)
          (i32.shl (local.get $tailCount) (i32.const 2)))`)}
  )`;

const FILL = `
  (func (export "fill") (param $output i32) (param $stride i32) (param $cols i32) (param $value f32)
    (param $rowFrom i32) (param $rowTo i32)
    (local $row i32) (local $at i32) (local $end i32) (local $whole i32)
    ${eachRow(`
        (local.set $at ${rowOf('output', 'stride')})
        (local.set $end (i32.add (local.get $at) (i32.shl (local.get $cols) (i32.const 2))))
        (local.set $whole (i32.add (local.get $at) (i32.shl (i32.and (local.get $cols) (i32.const -4)) (i32.const 2))))
        (block $vectors_end
          (loop $vectors
            (br_if $vectors_end (i32.ge_u (local.get $at) (local.get $whole)))
            (v128.store (local.get $at) (f32x4.splat (local.get $value)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br $vectors)))
        (block $rest_end
          (loop $rest
            (br_if $rest_end (i32.ge_u (local.get $at) (local.get $end)))
            (f32.store (local.get $at) (local.get $value))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br $rest)))`)}
  )`;

/** `for (local = 0; local < count; local++) body`. */
const times = (local: string, count: string, body: string): string => `
        (local.set $${local} (i32.const 0))
        (block $${local}_end
          (loop $${local}_next
            (br_if $${local}_end (i32.ge_u (local.get $${local}) (local.get $${count})))
            ${body}
            (local.set $${local} (i32.add (local.get $${local}) (i32.const 1)))
            (br $${local}_next)))`;
/** `while (at < end) { body; at += bytes; }`. */
const until = (label: string, at: string, end: string, bytes: number, body: string): string => `
            (block $${label}_end
              (loop $${label}
                (br_if $${label}_end (i32.ge_u (local.get $${at}) (local.get $${end})))
                ${body}
                (local.set $${at} (i32.add (local.get $${at}) (i32.const ${bytes})))
                (br $${label})))`;

/** Copies what is at $from to $to, and moves $from on. */
const copy = (type: 'v128' | 'i32', bytes: number): string =>
  `(${type}.store (local.get $to) (${type}.load (local.get $from)))` +
  `(local.set $from (i32.add (local.get $from) (i32.const ${bytes})))`;

/** A line is a few numbers: whole vectors first, then numbers one by one. */
const PATCHES = `
  (func (export "patches") (param $input i32) (param $inStride i32) (param $output i32) (param $outStride i32)
    (param $down i32) (param $across i32) (param $size i32) (param $line i32) (param $lineStep i32)
    (param $rightStep i32) (param $downStep i32) (param $width i32) (param $rowFrom i32) (param $rowTo i32)
    (local $row i32) (local $y i32) (local $x i32) (local $k i32) (local $top i32) (local $patch i32) (local $from i32)
    (local $to i32) (local $whole i32) (local $end i32) (local $next i32)
    ${eachRow(`
        (local.set $top ${rowOf('input', 'inStride')})
        (local.set $to ${rowOf('output', 'outStride')})
        ${times(
          'y',
          'down',
          `(local.set $patch (local.get $top))
          ${times(
            'x',
            'across',
            `(local.set $next (i32.add (local.get $to) (local.get $width)))
            ${times(
              'k',
              'size',
              `(local.set $from (i32.add (local.get $patch) (i32.mul (local.get $k) (local.get $lineStep))))
              (local.set $end (i32.add (local.get $to) (local.get $line)))
              (local.set $whole (i32.add (local.get $to) (i32.and (local.get $line) (i32.const -16))))
              ${until('vectors', 'to', 'whole', 16, copy('v128', 16))}
              ${until('numbers', 'to', 'end', 4, copy('i32', 4))}`,
            )}
            ${until('zeros', 'to', 'next', 4, '(i32.store (local.get $to) (i32.const 0))')}
            (local.set $patch (i32.add (local.get $patch) (local.get $rightStep)))`,
          )}
          (local.set $top (i32.add (local.get $top) (local.get $downStep)))`,
        )}`)}
  )`;

/** As `runtime/random/draw.ts`, in f64: classes in order, each as wide as its probability, the true one left out. */
const DRAW = `
  (func (export "draw") (param $probabilities i32) (param $stride i32) (param $classes i32) (param $truth i32)
    (param $truthStride i32) (param $uniform i32) (param $uniformStride i32) (param $output i32)
    (param $outStride i32) (param $rowFrom i32) (param $rowTo i32)
    (local $row i32) (local $p i32) (local $y i32) (local $k i32) (local $drawn i32) (local $left f64) (local $sum f64)
    ${eachRow(`
        (local.set $p ${rowOf('probabilities', 'stride')})
        (local.set $y (i32.load ${rowOf('truth', 'truthStride')}))
        (local.set $sum (f64.const 0))
        (local.set $k (i32.const 0))
        (block $summed
          (loop $sum
            (br_if $summed (i32.ge_u (local.get $k) (local.get $classes)))
            (if (i32.ne (local.get $k) (local.get $y)) (then
              (local.set $sum (f64.add (local.get $sum) (f64.promote_f32 (f32.load
                (i32.add (local.get $p) (i32.shl (local.get $k) (i32.const 2)))))))))
            (local.set $k (i32.add (local.get $k) (i32.const 1)))
            (br $sum)))
        (local.set $left (f64.mul (f64.promote_f32 (f32.load ${rowOf('uniform', 'uniformStride')})) (local.get $sum)))
        (local.set $drawn (i32.eqz (local.get $y)))
        (local.set $k (i32.const 0))
        (block $found
          (loop $search
            (br_if $found (i32.ge_u (local.get $k) (local.get $classes)))
            (if (i32.ne (local.get $k) (local.get $y)) (then
              (local.set $drawn (local.get $k))
              (local.set $left (f64.sub (local.get $left) (f64.promote_f32 (f32.load
                (i32.add (local.get $p) (i32.shl (local.get $k) (i32.const 2)))))))
              (br_if $found (f64.lt (local.get $left) (f64.const 0)))))
            (local.set $k (i32.add (local.get $k) (i32.const 1)))
            (br $search)))
        (i32.store ${rowOf('output', 'outStride')} (local.get $drawn))`)}
  )`;

/** Every hand-written function. */
export const HELPERS: string = [MEAN, TOTAL, SCATTER, ONEHOT, FILL, PATCHES, DRAW, PHILOX].join('\n');
