import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';

import type { Row } from './campaign.mts';
import type { Result } from './results.mts';
import { shortPath, table } from './text.mts';

/**
 * Streams the downloaded videos from n8n's storage to a folder.
 *
 * @returns the path of each file, by row number
 */
export async function saveVideos(results: Result[], folder: string): Promise<Map<number, string>> {
  await mkdir(folder, { recursive: true });
  const storage = Container.get(BinaryDataService);
  const saved = new Map<number, string>();
  for (const { row, file } of results) {
    if (!file) continue;
    const path = join(folder, fileNameOf(row, extname(file.name)));
    await pipeline(await storage.getAsStream(file.id), createWriteStream(path));
    saved.set(row.number, path);
  }
  return saved;
}

/**
 * E.g. `03-weekend-brunch.mp4`.
 *
 * @param extension with its dot
 */
export function fileNameOf(
  { number, title }: Pick<Row, 'number' | 'title'>,
  extension: string,
): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return [String(number).padStart(2, '0'), words].filter(Boolean).join('-') + extension;
}

/** The results of the campaign, for humans. */
export function report(results: Result[], saved: Map<number, string>): string {
  const rows = results.map(({ row, videoId, seconds, reason }) => ({
    Row: `${row.number} ${row.title}`,
    Video: videoId ?? '–',
    Status: reason === undefined ? 'completed' : 'failed',
    Seconds: seconds ?? '–',
    File: shortPath(saved.get(row.number) ?? '–'),
  }));
  const failed = results.filter(({ reason }) => reason !== undefined);
  const reasons = failed.map(({ row, reason }) => `Row ${row.number} failed. ${reason}`);
  return [table(rows), ...reasons].join('\n\n');
}
