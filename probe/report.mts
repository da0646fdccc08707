import type { Exchange } from './asker.mts';
import type { Result } from './assumptions/index.mts';
import type { Contract } from './contract.mts';
import { isAnswer } from './outcome.mts';

/** The outcome of a run of the probe. */
export interface Outcome {
  baseUrl: string;
  /** Start time, ISO 8601 */
  at: string;
  seconds: number;
  exchanges: Exchange[];
  results: Result[];
}

const VERDICTS = ['differs', 'cannot tell', 'holds'] as const;

const WIDEST = Math.max(...VERDICTS.map(({ length }) => length));

const noteOf = (result: Result) => (result.verdict === 'cannot tell' ? result.needs : result.seen);

/** The most important first: differing, then unclear. */
const sorted = (results: Result[]) =>
  VERDICTS.flatMap((verdict) => results.filter((result) => result.verdict === verdict));

/** E.g. `1 differs, 14 unclear, 21 hold`. */
function sum(results: Result[]): string {
  const [differ, open, hold] = VERDICTS.map(
    (verdict) => results.filter((result) => result.verdict === verdict).length,
  );
  const ending = (count: number) => (count === 1 ? 's' : '');
  return `${differ} differ${ending(differ)}, ${open} unclear, ${hold} hold${ending(hold)}`;
}

/** For the screen. */
export function onScreen(outcome: Outcome): string {
  const { baseUrl, seconds, exchanges, results } = outcome;
  const rows = sorted(results).map((result) => {
    const lines = [
      result.says,
      `${result.verdict === 'cannot tell' ? 'Needs' : 'Seen'}: ${noteOf(result)}`,
      ...(result.verdict === 'differs' ? [`To change: ${result.place}`] : []),
    ];
    return `${result.verdict.padEnd(WIDEST)}  ${lines.join(`\n${' '.repeat(WIDEST)}    `)}`;
  });
  return [
    ...rows,
    `\n${exchanges.length} requests to ${baseUrl} in ${seconds.toFixed(1)} s: ${sum(results)}.`,
  ].join('\n');
}

/** For reports/probe.md. */
export function asMarkdown(outcome: Outcome, contract: Contract): string {
  const { baseUrl, at, seconds, exchanges, results } = outcome;
  const differing = results.filter(({ verdict }) => verdict === 'differs');
  return [
    '# Which assumptions about iTeraBiz hold',
    `${baseUrl}, ${at}: ${exchanges.length} requests in ${seconds.toFixed(1)} s. ${sum(results)}.`,
    ...(differing.length > 0
      ? ['## What has to change', ...differing.map((result) => change(result, contract))]
      : []),
    '## All assumptions',
    markdownTable(
      ['Verdict', 'Assumption', 'Seen, or what is needed', 'Place'],
      sorted(results).map((result) => [
        result.verdict === 'differs' ? '**differs**' : result.verdict,
        result.says,
        noteOf(result),
        `\`${result.place}\``,
      ]),
    ),
    '## Requests',
    markdownTable(
      ['Request', 'Answer', 'Tries', 'ms'],
      exchanges.map(({ request, outcome, tries, ms }) => [
        request,
        isAnswer(outcome) ? String(outcome.status) : `none (${outcome.code})`,
        String(tries.length),
        String(ms),
      ]),
    ),
  ].join('\n\n');
}

function change(result: Result, contract: Contract): string {
  const meanwhile = new Set(result.covers.map((entry) => contract.assumed.get(entry)));
  return [
    `### \`${result.place}\``,
    `Assumed: ${result.says}`,
    `Seen: ${noteOf(result)}`,
    ...(meanwhile.size > 0 ? [`Until it is changed: ${[...meanwhile].join('. ')}`] : []),
    `In \`sandbox/openapi.yaml\`: ${result.covers.join(', ') || 'nothing'}`,
  ].join('\n\n');
}

/** For programs. */
export function asJson({ exchanges, results, ...rest }: Outcome): string {
  const findings = results.map((result) => ({
    id: result.id,
    assumption: result.says,
    verdict: result.verdict,
    note: noteOf(result),
    place: result.place,
    covers: result.covers,
  }));
  return JSON.stringify({ ...rest, requests: exchanges.length, findings }, null, 2);
}

function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Redacts these words, and the query of every URL, which may carry a link's signature. */
export function withoutSecrets(text: string, secrets: string[]): string {
  const words = secrets.filter((secret) => secret.length > 0);
  const redacted = words.reduce((rest, secret) => rest.replaceAll(secret, '(secret)'), text);
  return redacted.replace(/(https?:\/\/[^\s?"'`|)]+)\?[^\s"'`|)]*/g, '$1?…');
}
