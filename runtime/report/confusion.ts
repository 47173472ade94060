/** The latest confusion matrix as a table. */
import type { EpochLine } from '../folder/metrics.js';
import type { Section } from './shell.js';

/** Matrices with more classes get the whole width of the page. */
const MOST_IN_HALF = 12;

/**
 * The card with the matrix, rows true classes; a cell's shade is its share of its row. None where nothing was
 * evaluated.
 */
export function confusionSection(epochs: readonly EpochLine[]): Section[] {
  const line = epochs.findLast(({ confusion }) => confusion !== undefined);
  const matrix = line?.confusion ?? [];
  if (!line || matrix.length === 0) return [];
  const heads = matrix.map((_, label) => `<th scope="col">${label}</th>`).join('');
  const rows = matrix.map((row, truth) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    const cells = row.map((count, predicted) => {
      if (count === 0) return '<td class="zero">0</td>';
      const share = count / total;
      // A few mistakes among a thousand must stay visible: the shade grows with the root.
      const strength = Math.round(
        100 * (predicted === truth ? 0.12 + 0.5 * share : 0.08 + 0.8 * Math.sqrt(share)),
      );
      const colour = predicted === truth ? 'positive' : 'negative';
      const shade = `color-mix(in srgb,var(--${colour}) ${Math.min(strength, 70)}%,transparent)`;
      return (
        `<td style="background:${shade}" title="${count} of class ${truth} predicted as ` +
        `${predicted}">${count}</td>`
      );
    });
    const right = total === 0 ? '–' : `${((100 * row[truth]!) / total).toFixed(1)} %`;
    return `<tr><th scope="row">${truth}</th>${cells.join('')}<td class="share">${right}</td></tr>`;
  });
  // As wide as its largest count in every column: numbers never touch, and a table that is too wide scrolls by itself.
  const digits = Math.max(...matrix.flat().map((count) => String(count).length));
  const html =
    '<div class="wide" tabindex="0" role="region" aria-label="Confusion matrix"><table class="confusion" ' +
    `style="--digits:${digits}"><thead><tr><td></td>${heads}<th ` +
    `scope="col">correct</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  const text = `Test split, epoch ${line.epoch}. Rows: true class, columns: predicted.`;
  return [{ title: 'Confusion matrix', text, width: matrix.length > MOST_IN_HALF ? 'full' : 'half', html }];
}
