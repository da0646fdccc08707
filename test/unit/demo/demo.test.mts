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

/**
 * Runs it to its end, for four minutes at the most.
 *
 * @param program what Node.js is given before the options
 */
async function demo(options: string[], env: NodeJS.ProcessEnv = {}, program = argumentsOf('demo')) {
  const child = spawn(process.execPath, [...program, '--out', folder, ...options], {
    cwd: root,
    // Jest sets it, and n8n then logs nothing.
    env: { ...process.env, NODE_ENV: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  return { code, output };
}

test('the campaign that comes along becomes videos on disk, and reasons; then no timer keeps it from ending', async () => {
  const script =
    "await import('./demo/demo.mts'); console.log('Left:', process.getActiveResourcesInfo().join(' '));";
  // Node.js gives a script on the command line its arguments without a file name before them.
  const program = ['--import', 'tsx', '--input-type=module', '--eval', script, '--', 'demo'];
  const { code, output } = await demo([], {}, program);
  const [, left] = /\nLeft: (.*)/.exec(output)!;
  expect(left).not.toContain('Timeout');
  expect(output).toContain('nothing is charged');
  expect(output).toContain(
    'Row 7 failed. "Duration (Seconds)": "about a minute" is not a valid duration',
  );
  const [, failed] = /Row 8 failed\. iTeraBiz could not make video (\w+):/.exec(output) ?? [];
  expect(output).toMatch(new RegExp(`^8 Too Good to Be True +${failed} +failed `, 'm'));
  expect(output).toContain('The script promises too much');
  expect(output).toMatch(/\n6 of 8 videos in .*demo-/);
  // Before the table: what is made, where, for which avatar, and how far it is.
  const progress = output.slice(0, output.indexOf('\nRow ')).split('\n').filter(Boolean);
  const known =
    /^(8 videos from |Sandbox at |Avatar avatar_| {2}\d of 8: \d finished, \d failed, \d rendering$)/;
  expect(progress.filter((line) => !known.test(line))).toEqual([]);
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
  expect(output).toContain('add --yes to go ahead');
  expect(output).not.toContain(key);
  expect(code).toBe(1);
}, 300_000);
