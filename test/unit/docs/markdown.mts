import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** Folders that hold nothing of ours, or only what is made anew. */
const SKIPPED = ['node_modules', 'dist', '.git', 'reports', 'coverage', 'output', '.stryker-tmp'];

/** All files of the repository, by path from its root. */
export const files = filesIn(root).map((path) => relative(root, path).replaceAll('\\', '/'));

export const documents = files.filter((path) => path.endsWith('.md'));

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The text without its blocks of code, in which `#` is a comment and nothing is a link. */
export function prose(markdown: string): string {
  return markdown.replace(/^```[^]*?^```$/gm, '');
}

export function headings(markdown: string): string[] {
  return [...prose(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
}

/** What stands under a heading, down to the next one of its level or above. */
export function section(markdown: string, heading: string): string {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.endsWith(` ${heading}`));
  if (start === -1) throw new Error(`There is no heading ${heading}`);
  const level = lines[start].indexOf(' ');
  const length = lines
    .slice(start + 1)
    .findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level);
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join('\n');
}

/** The rows of the table whose first column is headed so, each cell by the head of its column. */
export function table(markdown: string, firstColumn: string): Record<string, string>[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && cells(line)[0] === firstColumn);
  if (start === -1) throw new Error(`There is no table headed ${firstColumn}`);
  const head = cells(lines[start]);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest
    .slice(0, end === -1 ? undefined : end)
    .map((line) => Object.fromEntries(cells(line).map((cell, column) => [head[column], cell])));
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^\*\*(.*)\*\*$/, '$1'));
}
