import type { AcceptedSubmission, SandboxStats } from './types.mts';

type Counter = Record<string, number>;
type Counted = Omit<SandboxStats, 'hooksRegistered' | 'acceptedCount' | 'ordered'>;

const increment = (counter: Counter, key: string) => (counter[key] = (counter[key] ?? 0) + 1);

const zero = (): Counted => ({
  requests: {},
  refused: {},
  accepted: [],
  maxInFlight: {},
  deliveries: 0,
  faulted: {},
  contractViolations: [],
  unknownFields: [],
  keyLeaks: [],
});

/** Counts what clients actually did. */
export class Stats {
  #counted = zero();
  readonly #inFlight: Counter = {};

  /** Resets the counters. Requests in flight still count toward `maxInFlight`. */
  reset(): void {
    this.#counted = zero();
  }

  /** Counts a request to the API or, with `isDownload`, to the file hosts. Call the result when it ends. */
  begin(kind: string, isDownload: boolean): () => void {
    increment(this.#counted.requests, kind);
    const gauges = isDownload ? [kind] : ['all', kind.split(' ')[0], kind];
    for (const gauge of gauges) {
      const now = increment(this.#inFlight, gauge);
      this.#counted.maxInFlight[gauge] = Math.max(now, this.#counted.maxInFlight[gauge] ?? 0);
    }
    return () => gauges.forEach((gauge) => (this.#inFlight[gauge] -= 1));
  }

  refuse(kind: string): void {
    increment(this.#counted.refused, kind);
  }

  accept(submission: AcceptedSubmission): void {
    this.#counted.accepted.push(submission);
  }

  fault(type: string): void {
    increment(this.#counted.faulted, type);
  }

  delivery(): void {
    this.#counted.deliveries += 1;
  }

  violation(what: string): void {
    this.#counted.contractViolations.push(what);
  }

  unknownField(what: string): void {
    this.#counted.unknownFields.push(what);
  }

  keyLeak(address: string): void {
    this.#counted.keyLeaks.push(address);
  }

  report(hooksRegistered: number): SandboxStats {
    const { accepted } = this.#counted;
    const videos = accepted.filter(({ kind }) => kind !== 'POST /avatars');
    const seconds = videos.reduce((sum, { body }) => sum + Number(body.duration), 0);
    return {
      ...this.#counted,
      acceptedCount: accepted.length,
      ordered: { videos: videos.length, seconds },
      hooksRegistered,
    };
  }
}
