/** `npm run demo` in a process of its own, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { argumentsOf, root } from '../command.mts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs it to its end, for four minutes at the most. */
async function demo(options: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [...argumentsOf('demo'), '--out', folder, ...options], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  return { code, output };
}

test('the campaign that comes along becomes videos on disk, and reasons', async () => {
  const { code, output } = await demo([]);
  expect(output).toContain('nothing is paid');
  expect(output).toContain('Row 7 failed. "Duration": "about a minute" is not a length');
  const [, failed] = /Row 8 failed\. iTeraBiz could not make video (\w+):/.exec(output) ?? [];
  expect(output).toMatch(new RegExp(`^8 Too Good to Be True +${failed} +failed `, 'm'));
  expect(output).toContain('The script promises too much');
  expect(output).toMatch(/\n6 of 8 videos in .*demo-/);
  expect(code).toBe(0);

  const saved = readdirSync(folder).sort();
  expect(saved).toHaveLength(6);
  expect(saved[0]).toBe('01-spring-sale.mp4');
  for (const name of saved) {
    // Each MP4 file says so in its fifth to eighth byte.
    expect(readFileSync(join(folder, name)).toString('latin1', 4, 8)).toBe('ftyp');
  }
}, 300_000);

test('at iTeraBiz itself nothing is made unless somebody agrees', async () => {
  const key = 'not-a-real-key';
  const { code, output } = await demo(
    [
      ...['--base-url', 'https://api.iterabiz.invalid/v1'],
      ...['--image-url', 'https://example.com/a.jpg', '--voice-id', 'voice_1'],
    ],
    { ITERABIZ_API_KEY: key },
  );
  expect(output).toContain('creates 1 avatar and 8 videos at https://api.iterabiz.invalid/v1');
  expect(output).toContain('add --yes if that is what you want');
  expect(output).not.toContain(key);
  expect(code).toBe(1);
}, 300_000);
