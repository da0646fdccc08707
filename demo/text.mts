import { relative } from 'node:path';

/**
 * A plain-text table. Each column is as wide as its widest cell.
 *
 * @param rows cells by column; the first row determines the columns
 */
export function table(rows: Record<string, string | number>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => cells[index].length)));
  const [header, ...body] = lines.map((cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]))
      .join('  ')
      .trimEnd(),
  );
  return [header, widths.map((width) => '─'.repeat(width)).join('  '), ...body].join('\n');
}

/** A path relative to the working folder, if it is inside. */
export function shortPath(path: string): string {
  const near = relative('.', path);
  return near.startsWith('..') ? path : near || '.';
}

/** E.g. `1 video` */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
