import type { IRun } from 'n8n-workflow';

import { startSandbox, type Sandbox, type SandboxOptions } from '../../../sandbox/client.mts';

/**
 * One sandbox for the tests of a file, with clean counters and no faults before each. Every test is
 * also a test that the contract is kept, and that the key goes nowhere but to the API.
 */
export function useSandbox(options: SandboxOptions = {}): Sandbox {
  const shared = {} as Sandbox;
  beforeAll(async () => void Object.assign(shared, await startSandbox(options)));
  beforeEach(async () => {
    await shared.clearFaults();
    await shared.resetStats();
  });
  afterEach(async () => {
    const { contractViolations, keyLeaks } = await shared.stats();
    expect(contractViolations).toEqual([]);
    const { origin } = new URL(shared.url);
    expect(keyLeaks.filter((address) => !address.startsWith(`${origin}/`))).toEqual([]);
  });
  afterAll(async () => await shared.stop());
  return shared;
}

/** All that n8n stores of a run: what a user sees, exports and sends to others. */
export function storedText(run: IRun): string {
  const { error } = run.data.resultData;
  return JSON.stringify(run) + JSON.stringify({ ...error, text: String(error) });
}
