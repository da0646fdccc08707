/** The package as a person meets it: in n8n's editor, in a browser. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Execution, Json } from '../../../n8n/rest.mts';
import { type N8n, startN8n } from '../../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { examplesFolder } from '../examples.mts';
import { type Browser, Editor, startBrowser } from './editor.mts';

let sandbox: Sandbox;
let n8n: N8n;
let browser: Browser;
let editor: Editor;

beforeAll(async () => {
  sandbox = await startSandbox({ queuedMs: 100, processingMs: 300 });
  [n8n, browser] = await Promise.all([
    startN8n({ env: { N8N_LOG_LEVEL: 'warn' } }),
    startBrowser(),
  ]);
  editor = new Editor(browser.page, n8n);
});

afterAll(async () => {
  await browser?.stop();
  await n8n?.stop();
  await sandbox?.stop();
});

/** Into the folder that PICTURES names, light and dark, to be looked at. */
async function picture(name: string): Promise<void> {
  if (!process.env.PICTURES) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    await browser.page.emulateMedia({ colorScheme });
    await browser.page.screenshot({
      path: join(process.env.PICTURES, `${name}-${colorScheme}.png`),
      animations: 'disabled',
    });
  }
}

const accepted = async () => (await sandbox.stats()).accepted.map(({ body }) => body);

/** The newest execution of a workflow with that state. */
async function newestExecution(workflowId: string, status: Execution['status']): Promise<string> {
  const newest = async () => (await n8n.rest.executions({ workflowId, status: [status] }))[0]?.id;
  return await until(`an execution is ${status}`, newest);
}

function isGone(processOrGroup: number): boolean {
  try {
    return !process.kill(processOrGroup, 0);
  } catch {
    return true;
  }
}

const workflowIdInAddress = () => /\/workflow\/([^/?]+)/.exec(browser.page.url())![1];

test('a credential: a wrong key is refused with advice, the right one is accepted', async () => {
  await editor.signIn();
  await editor.newCredential();
  await editor.field('apiKey').fill('sk_live_wrong');
  await editor.field('baseUrl').fill(sandbox.url);
  await editor.get('credential-save-button').click();
  await browser.page.getByText('More details').click();
  const advice =
    /iTeraBiz does not accept this API key. Copy it again from your iTeraBiz dashboard/;
  await browser.page.getByText(advice).waitFor();
  const success = editor.get('credentials-config-container-test-success');
  expect(await success.isVisible()).toBe(false);

  await editor.field('apiKey').fill(sandbox.apiKey);
  await editor.get('credential-save-button').click();
  await success.waitFor();
  expect(await browser.page.getByText(advice).isVisible()).toBe(false);
});

test.each(['avatar', 'video', 'avatar video', 'iterabiz'])(
  'searching "%s" finds both nodes',
  async (word) => {
    await editor.newWorkflow();
    await editor.addNode();
    await editor.search('zzzz');
    await editor.entry('iTeraBiz').waitFor({ state: 'detached' });
    await editor.search(word);
    await editor.entry('iTeraBiz Polling').waitFor();
    await editor.entry('iTeraBiz').click();
    await editor.entry('On video completed').waitFor();
    await editor.get('node-creator-category-item').filter({ hasText: 'Actions (7)' }).waitFor();
  },
);

test('from an empty canvas to the file, in at most 12 clicks', async () => {
  await editor.newWorkflow();
  const clicks = await editor.countClicks();

  await editor.addNode();
  await editor.search('avatar video');
  await editor.entry('iTeraBiz').click();
  await editor.get('node-creator-category-item').filter({ hasText: 'Actions' }).click();
  await editor.entry('Create video from script').click();
  await editor.get('resource-locator-avatarId').getByTestId('rlc-input').click();
  await editor.get('rlc-item').filter({ hasText: 'Maria, Friendly Host' }).click();
  await editor.field('script').click();
  await browser.page.keyboard.type('Welcome to our store');
  await editor.get('parameter-input-waitForCompletion').locator('.el-switch').click();
  await browser.page.keyboard.press('Escape');
  await editor.get('ndv').waitFor({ state: 'detached' });

  await editor.addNode();
  await editor.search('download video');
  await editor.entry('iTeraBiz').click();
  await editor.entry('Download video').click();
  await editor.executeStep();
  await editor.output('video/mp4');

  const count = await clicks();
  console.log(`From an empty canvas to the file: ${count} clicks`);
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThanOrEqual(12);
});

test('a step: an avatar from the list, a message when it is wrong, a video when it is right', async () => {
  await editor.newWorkflow();
  await editor.addNode();
  await editor.entry('Trigger manually').click();
  await editor.addNode();
  await editor.search('iterabiz');
  await editor.entry('iTeraBiz').click();
  await editor.entry('Create video from script').click();
  await editor.field('script').fill('Welcome to our store');

  await sandbox.resetStats();
  await editor.pickById('avatarId', 'avatar_nobody');
  await editor.executeStep();
  await editor.output('iTeraBiz refused the field "Avatar"');
  await editor.output('Correct "Avatar" of this item and run it again');
  expect(await accepted()).toEqual([]);

  await editor.pick('avatarId', 'Maria, Friendly Host');
  await editor.executeStep();
  await editor.output('Welcome to our store');
  const [video] = (await sandbox.videos()).slice(-1);
  await editor.output(video.id);
  await editor.output('Ordered: 1 video, 60 seconds.');
  await editor.output(
    'Still being made: to get it, add "Get video" after this step, with Wait for Completion on.',
  );
  await editor.output('Running this step again orders and charges for another.');
  await picture('hints');
  expect(await accepted()).toEqual([
    expect.objectContaining({ avatar_id: 'avatar_maria01', script: 'Welcome to our store' }),
  ]);
});

test('the example, pasted: runs to a video that plays', async () => {
  await editor.newWorkflow();
  await editor.paste(readFileSync(join(examplesFolder, 'first-video.json'), 'utf8'));
  await editor.executeWorkflow();
  await editor.node('Download video').getByTestId('canvas-node-status-success').waitFor();
  await editor.openNode('Download video');
  await editor.get('ndv-view-binary-data').click();

  const video = browser.page.locator('video');
  await video.waitFor();
  const played = await video.evaluate(async (element: HTMLVideoElement) => {
    element.muted = true;
    const moved = new Promise((resolve) => element.addEventListener('timeupdate', resolve));
    await element.play();
    await moved;
    while (element.currentTime === 0) await new Promise(requestAnimationFrame);
    const { duration, videoWidth, error } = element;
    return { duration, videoWidth, error: error?.message };
  });
  expect(played).toEqual({ duration: 3, videoWidth: 640, error: undefined });
});

test('a bad row: its message, and a retry from the execution list that sends no other row again', async () => {
  await sandbox.resetStats();
  await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 400, containing: 'row two' });
  const [credential] = await n8n.rest.credentials();
  const rows = ['row one', 'row two', 'row three'].map((script) => ({ script }));
  const { id } = await n8n.rest.createWorkflow(rowsWorkflow(credential, rows));
  await editor.openWorkflow(id);
  await editor.executeWorkflow();
  await editor.node('Videos').getByTestId('node-issues').waitFor();
  await editor.openNode('Videos');
  const output = await (await editor.output('Ordered and still being made')).innerText();
  for (const video of (await sandbox.videos()).slice(-2)) expect(output).toContain(video.id);
  expect(output).toContain(
    'This is item 2 of 3 (n8n counts from 0 and calls it [item 1]). Ordered',
  );
  expect(output).toContain(
    'open this execution under Executions and choose "Retry with currently saved workflow"',
  );
  expect(output).toContain('"Execute step" and "Execute workflow" order and charge for all of it');
  await picture('bad-row');
  expect(await accepted()).toHaveLength(2);

  const failed = await newestExecution(id, 'error');
  await editor.open(`/workflow/${id}/executions`);
  await editor.retry(failed);
  const retried = await newestExecution(id, 'success');
  await editor.execution(retried).filter({ hasText: 'Succeeded' }).waitFor();
  const scripts = (await accepted()).map(({ script }) => script).sort();
  expect(scripts).toEqual(['row one', 'row three', 'row two']);

  // As the message says, too: whatever is run in the editor orders all of them again.
  await editor.openWorkflow(id);
  await editor.executeWorkflow();
  await until('all are ordered again', async () => (await accepted()).length === 6);
});

test('a preview: its sum, an avatar that is not there, and equal rows', async () => {
  await sandbox.resetStats();
  const [credential] = await n8n.rest.credentials();
  const { id } = await n8n.rest.createWorkflow(
    rowsWorkflow(
      credential,
      [
        { script: 'one', avatar: 'avatar_james01' },
        { script: 'two', avatar: 'avatar_nobody' },
        { script: 'one', avatar: 'avatar_james01' },
      ],
      {
        avatarId: { __rl: true, mode: 'id', value: '={{ $json.avatar }}' },
        options: { previewOnly: true },
      },
    ),
  );
  await editor.openWorkflow(id);
  await editor.executeWorkflow();
  await editor.node('Videos').getByTestId('canvas-node-status-success').waitFor();
  await editor.openNode('Videos');
  await editor.output(
    'A preview: nothing was ordered. 2 videos, 120 seconds in all would be ordered; 1 would not.',
  );
  await editor.showTable();
  await editor.output('Your account has no avatar "avatar_nobody"');
  await editor.output('The same order as item 1');
  await picture('preview');
  expect(await accepted()).toEqual([]);
});

test('a wait for several rows says before it runs what one failed video does', async () => {
  const [credential] = await n8n.rest.credentials();
  const rows = [{ script: 'one' }, { script: 'two' }];
  const waiting = { waitForCompletion: true };
  const { id } = await n8n.rest.createWorkflow(rowsWorkflow(credential, rows, waiting));
  await editor.openWorkflow(id);
  await editor.openNode('Rows');
  await editor.executeStep();
  await editor.output('one');
  await editor.showTable();
  await editor.output('two');
  await editor.closeNode();
  await editor.openNode('Videos');
  const hint = browser.page.getByText('If On Error is "Stop Workflow", one failed video ends');
  await hint.waitFor();
  await picture('before');
});

test('a wait that is stopped: its order is named in the log and kept with the execution', async () => {
  await sandbox.resetStats();
  await sandbox.settings({ queuedMs: 600_000 });
  const [credential] = await n8n.rest.credentials();
  const { id } = await n8n.rest.createWorkflow(
    rowsWorkflow(credential, [{ script: 'stopped' }], { waitForCompletion: true }),
  );
  await editor.openWorkflow(id);
  await editor.executeWorkflow();
  await until('it is ordered', async () => (await accepted()).length === 1);
  await editor.get('stop-execution-button').click();
  const stopped = await newestExecution(id, 'canceled');
  await sandbox.settings({ queuedMs: 100 });
  const [video] = (await sandbox.videos()).slice(-1);
  await until('the log names it', () => readFileSync(n8n.log, 'utf8').includes(video.id));
  const kept = async () =>
    (await n8n.rest.request<{ customData?: object }>('GET', `/executions/${stopped}`)).customData;
  const data = await until('the order is kept', async () => {
    const found = await kept();
    return Object.keys(found ?? {}).length > 0 ? found : undefined;
  });
  expect(data).toEqual({ iTeraBiz_orders: video.id });
});

test("a tool's description for the model follows the operation, and can be written anew", async () => {
  const [credential] = await n8n.rest.credentials();
  const { id } = await n8n.rest.createWorkflow({
    name: 'Tool',
    nodes: [
      {
        ...{ id: 'tool', name: 'Tool', type: 'n8n-nodes-iterabiz.iTeraBizTool', typeVersion: 1 },
        position: [0, 0],
        parameters: {},
        credentials: { iTeraBizApi: { id: credential.id, name: credential.name } },
      },
    ],
    connections: {},
  });
  await editor.openWorkflow(id);
  await editor.openNode('Tool');
  const description = editor.field('toolDescription');
  const reads = async (text: string) =>
    await until(`the description has ${text}`, async () =>
      (await description.inputValue()).includes(text),
    );
  await reads('Orders a video in which an avatar speaks a script');
  await picture('tool');
  await editor.get('parameter-input-operation').click();
  await browser.page.getByRole('option', { name: 'Get Many' }).click();
  await reads('Lists the videos of the iTeraBiz account');
});

test('the trigger: published, it starts for a finished video; unpublished, its webhook is gone', async () => {
  await editor.newWorkflow();
  await editor.addNode();
  await editor.search('iterabiz');
  await editor.entry('iTeraBiz').click();
  await editor.entry('On video completed').click();
  await editor.closeNode();
  await editor.publish();
  expect((await sandbox.hooks()).map(({ events }) => events)).toEqual([['video.completed']]);

  const workflowId = workflowIdInAddress();
  const [video] = await sandbox.addVideos(1, { status: 'processing' });
  await sandbox.finish(video.id);
  const started = await newestExecution(workflowId, 'success');
  await editor.open(`/workflow/${workflowId}/executions`);
  await editor.execution(started).filter({ hasText: 'Succeeded' }).waitFor();

  await editor.openWorkflow(workflowId);
  await editor.unpublish();
  const isGone = async () => (await sandbox.hooks()).length === 0;
  expect(await until('its webhook is gone', isGone)).toBe(true);
});

test('nothing of it is left running', async () => {
  const processes = [-browser.pid, -n8n.pid, sandbox.pid];
  for (const one of processes) expect(isGone(one)).toBe(false);
  await browser.stop();
  await n8n.stop();
  await sandbox.stop();
  for (const one of processes) expect(await until(`${one} is gone`, () => isGone(one))).toBe(true);
});

function rowsWorkflow(
  credential: { id: string; name: string },
  rows: Json[],
  parameters: Json = {},
) {
  const node = (name: string, type: string, x: number, more: object) => ({
    name,
    type,
    typeVersion: 1,
    position: [x, 0],
    parameters: {},
    ...more,
  });
  return {
    name: 'Rows',
    nodes: [
      node('Start', 'n8n-nodes-base.manualTrigger', 0, {}),
      node('Rows', 'n8n-nodes-base.code', 200, {
        typeVersion: 2,
        parameters: { jsCode: `return ${JSON.stringify(rows.map((json) => ({ json })))}` },
      }),
      node('Videos', 'n8n-nodes-iterabiz.iTeraBiz', 400, {
        credentials: { iTeraBizApi: { id: credential.id, name: credential.name } },
        parameters: {
          avatarId: { __rl: true, mode: 'id', value: 'avatar_james01' },
          script: '={{ $json.script }}',
          ...parameters,
        },
      }),
    ],
    connections: {
      Start: { main: [[{ node: 'Rows', type: 'main', index: 0 }]] },
      Rows: { main: [[{ node: 'Videos', type: 'main', index: 0 }]] },
    },
  };
}
