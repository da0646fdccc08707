import type { Breach, Contract } from '../contract.mts';
import type { Evidence } from '../evidence.mts';

/** The verdict on an assumption. */
export type Finding =
  | { verdict: 'holds' | 'differs'; seen: string }
  | { verdict: 'cannot tell'; needs: string };

/** Something that this package assumes about the API because iTeraBiz does not document it. */
export interface Assumption {
  id: string;
  /** The assumption, as a sentence */
  says: string;
  /** The one file that has to change if it does not hold */
  place: string;
  /** The entries of openapi.yaml that it covers, by their place in {@link Contract.assumed} */
  covers: string[];
  judge(evidence: Evidence, contract: Contract): Finding;
}

export const holds = (seen: string): Finding => ({ verdict: 'holds', seen });
export const differs = (seen: string): Finding => ({ verdict: 'differs', seen });
export const cannotTell = (needs: string): Finding => ({ verdict: 'cannot tell', needs });

/** For assumptions that a probe should not test. */
export const never = (why: string) => () => cannotTell(why);

export const SPEND = 'A run with --spend, which orders a video';
export const HOOK = 'A run with --spend --webhook-url …, which registers a webhook';

/**
 * Judges fields of bodies by a schema in openapi.yaml.
 *
 * @param bodies all observed bodies of this kind; at least one
 * @param fields the fields in question, including their subfields
 */
export function judgeFields(
  contract: Contract,
  schema: string,
  bodies: unknown[],
  fields: string[],
): Finding {
  const breaches = bodies.flatMap((body) =>
    contract
      .breaches(schema, body)
      .filter(({ field }) => fields.some((name) => field === name || field.startsWith(`${name}.`))),
  );
  if (breaches.length > 0) return differs(inWords(breaches, bodies.length));
  return holds(bodies.length === 1 ? 'In the one that was seen' : `In all ${bodies.length}`);
}

function inWords(breaches: Breach[], of: number): string {
  const counts = new Map<string, number>();
  for (const { field, problem } of breaches) {
    const text = `${field} ${problem}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts]
    .map(([text, count]) => (of > 1 ? `${text} (${count} of ${of})` : text))
    .join('; ');
}

/** Each value once, in order of first appearance. */
export const distinct = <T,>(values: T[]): T[] => [...new Set(values)];
