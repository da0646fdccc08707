import type { Fault, FaultEffect } from './types.mts';

interface ActiveFault {
  fault: Fault;
  matched: number;
  hits: number;
  random: () => number;
}

/** The active faults. Decides which of them strike a request. */
export class Faults {
  #active: ActiveFault[] = [];

  add(fault: Fault): void {
    this.#active.push({ fault, matched: 0, hits: 0, random: seededRandom(fault.seed ?? 1) });
  }

  clear(): void {
    this.#active = [];
  }

  /**
   * The faults that strike this request, oldest first. Each call counts as a request.
   * @param text path and body, which `containing` searches
   */
  strike(kind: string, text: string): FaultEffect[] {
    return this.#active.filter((active) => strikes(active, kind, text)).map(({ fault }) => fault);
  }
}

function strikes(active: ActiveFault, kind: string, text: string): boolean {
  const { on, times = 1, skip = 0, every = 1, probability = 1, containing } = active.fault;
  if (on !== kind && !(on === '*' && kind !== 'GET file' && kind !== 'GET picture')) return false;
  if (containing !== undefined && !text.includes(containing)) return false;
  if (times !== 'always' && active.hits >= times) return false;
  active.matched += 1;
  if (active.matched <= skip || (active.matched - skip) % every !== 0) return false;
  if (active.random() >= probability) return false;
  active.hits += 1;
  return true;
}

/** A random number generator from 0 to 1, deterministic for a seed (linear congruential). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
