/** What the bench measures, and how it is shown. */
import { cpus, loadavg, totalmem } from 'node:os';
import { format } from 'oxfmt';

/** One figure, from several runs. */
export interface Figure {
  median: number;
  min: number;
  max: number;
  runs: number;
}

export type Cell = Figure | number | string;

/** One way of doing something, and its figures, in the order of the section's columns. */
export interface Line {
  way: string;
  cells: Cell[];
}

export interface Section {
  title: string;
  /** What one has to know to read the figures. */
  note?: string;
  columns: string[];
  lines: Line[];
}

/** What the figures come to: ours beside what a user would pick instead. Lower is better. */
export interface Ratio {
  what: string;
  ours: Cell;
  instead: Cell;
  /** What a user would pick instead. */
  insteadOf: string;
  goal?: string;
}

export interface CaseResult {
  sections: Section[];
  ratios: Ratio[];
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  platform: string;
  node: string;
  n8n: string;
  date: string;
  loadBefore: string;
  loadAfter?: string;
}

export interface Results extends CaseResult {
  machine: Machine;
}

export function machine(n8n: string): Machine {
  return {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    n8n,
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    loadBefore: load(),
  };
}

/** The load average of the last 1, 5 and 15 minutes. */
export function load(): string {
  return loadavg()
    .map((value) => value.toFixed(1))
    .join(', ');
}

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** @param values at least one */
export function figure(values: number[]): Figure {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], runs: sorted.length };
}

/** All results as Markdown, which can be read in a terminal as well. */
export async function toMarkdown({ machine, ratios, sections }: Results): Promise<string> {
  const about = [
    `${machine.date} UTC, ${machine.cpu} (${machine.cores} cores), ${machine.memoryGb} GB, ${machine.platform}, Node.js ${machine.node}, n8n ${machine.n8n}.`,
    `Load average (1, 5, 15 minutes) ${machine.loadBefore} at the start, ${machine.loadAfter} at the end.`,
    'A figure is the median of the runs; the smallest and the largest are in brackets.',
    'Lower is better, but for events per second.',
  ];
  const parts = ['# Results', about.join(' ')];
  if (ratios.length > 0) {
    parts.push(
      '## Side by side',
      'A ratio of 1 : 4 says that the iTeraBiz node needs a quarter of what the other way needs, 4 : 1 that it needs four times as much.',
      table(
        ['', 'iTeraBiz node', 'The other way', 'Which is', 'Ratio', 'Goal'],
        ratios.map(({ what, ours, instead, insteadOf, goal = '' }) => [
          what,
          text(middle(ours)),
          text(middle(instead)),
          insteadOf,
          ratio(ours, instead),
          goal,
        ]),
      ),
    );
  }
  for (const { title, note, columns, lines } of sections) {
    parts.push(`## ${title}`);
    if (note) parts.push(note);
    if (lines.length === 0) continue;
    parts.push(
      table(
        ['', ...columns],
        lines.map(({ way, cells }) => [way, ...cells.map(text)]),
      ),
    );
  }
  return (await format('results.md', parts.join('\n\n'))).code;
}

/** The table as the formatter wants it, with numbers at the right. */
function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => {
    const isNumeric = column > 0 && rows.every((row) => /^([\d.]|$|–$)/.test(row[column] ?? ''));
    return isNumeric ? '---:' : '---';
  });
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function text(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return short(cell);
  const { median, min, max, runs } = cell;
  return runs === 1 ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

function middle(cell: Cell): Cell {
  return typeof cell === 'object' ? cell.median : cell;
}

function ratio(ours: Cell, instead: Cell): string {
  const [one, other] = [middle(ours), middle(instead)].map(Number);
  if (!(one >= 0) || !(other >= 0) || (one === 0 && other === 0)) return '';
  if (one === 0) return 'none';
  return one <= other ? `1 : ${short(other / one)}` : `${short(one / other)} : 1`;
}

/** Three digits are all that such a measurement is good for. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
