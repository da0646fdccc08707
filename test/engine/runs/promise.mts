import type { IDataObject, IRun } from 'n8n-workflow';

import type { Sandbox, SandboxStats } from '../../../sandbox/client.mts';
import { errorOf, itemsOf, jsonOf } from '../support.mts';

/** All that the user gets to read of a run: message and description. */
export function textOf(result: IRun): string {
  const { message, description } = errorOf(result);
  return `${message}\n${description}`;
}

/** The lines "Item 4: video_…" of an error, as a table from item to job. Messages count items from 1. */
export function jobsIn(result: IRun): Record<number, string> {
  const lines = errorOf(result).description.matchAll(/^Item (\d+): (video_\w+)\.$/gm);
  return Object.fromEntries([...lines].map(([, item, id]) => [Number(item) - 1, id]));
}

/** What the lines "Items 1–3, 6: …" of an error say of one item. */
export function lineOf(item: number, description: string): string | undefined {
  for (const line of description.split('\n')) {
    const [, items, said] = /^Items? ([\d–, ]+): (.*?)\.$/.exec(line) ?? [];
    const isNamed = items?.split(', ').some((range) => {
      const [from, to = from] = range.split('–').map(Number);
      return item + 1 >= from && item + 1 <= to;
    });
    if (isNamed) return said;
  }
  return undefined;
}

/** The scripts that the sandbox accepted, as often as it did. */
export function acceptedScripts({ accepted }: SandboxStats): string[] {
  return accepted.map(({ body }) => String(body.script));
}

/**
 * What the package promises of every run, whatever happens: no row is accepted twice, and every
 * accepted job is in an output item or in the error's text.
 *
 * @param lost IDs of the jobs whose answer never arrived, so that nobody can know them
 */
export async function expectPromiseKept(
  sandbox: Sandbox,
  result: IRun,
  lost: string[] = [],
): Promise<SandboxStats> {
  const stats = await sandbox.stats();
  expect(stats.contractViolations).toEqual([]);
  const scripts = acceptedScripts(stats);
  expect([...new Set(scripts)].sort()).toEqual([...scripts].sort());

  const told = JSON.stringify([...jsonOf(result, 0), ...jsonOf(result, 1)]) + textOf(result);
  const unsaid = stats.accepted.map(({ id }) => id).filter((id) => !told.includes(id));
  expect(unsaid.sort()).toEqual([...lost].sort());
  return stats;
}

/** The input item that each output item points to. */
export function pairsOf(result: IRun, output = 0): unknown[] {
  return itemsOf(result, output).map(
    ({ pairedItem }) => (pairedItem as IDataObject | undefined)?.item,
  );
}

/** From now on no list shows what was made so far, so that no test finds the jobs of another one. */
export async function hideVideosSoFar(sandbox: Sandbox): Promise<void> {
  const ids = (await sandbox.videos()).map(({ id }) => id);
  await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids, times: 'always' });
}
