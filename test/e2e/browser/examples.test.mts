/** The examples as a person meets them in n8n's editor: opened, and changed as their notes advise. */
import { readdirSync } from 'node:fs';
import { type N8n, startN8n } from '../../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { Campaign, connect, examplesFolder, importExample } from '../examples.mts';
import { type Browser, Editor, startBrowser } from './editor.mts';

const names = readdirSync(examplesFolder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));

let sandbox: Sandbox;
let n8n: N8n;
let browser: Browser;
let editor: Editor;

beforeAll(async () => {
  sandbox = await startSandbox();
  [n8n, browser] = await Promise.all([startN8n(), startBrowser()]);
  await connect(n8n, sandbox);
  editor = new Editor(browser.page, n8n);
  await editor.signIn();
});

afterAll(async () => {
  await browser?.stop();
  await n8n?.stop();
  await sandbox?.stop();
});

/** How large the canvas is shown, 1 being its own size, once n8n has fitted it to the window. */
async function zoom(): Promise<number> {
  const viewport = browser.page.locator('.vue-flow__transformationpane');
  const scale = async () =>
    await viewport.evaluate((element) => new DOMMatrix(getComputedStyle(element).transform).a);
  let last = NaN;
  return await until('the canvas stands still', scale, {
    isSo: (now) => now === last || ((last = now), false),
    every: 500,
  });
}

test.each(names)('%s opens at a size that can be read', async (name) => {
  const { id } = await importExample(n8n, name);
  await editor.openWorkflow(id);
  const shown = await zoom();
  if (process.env.PICTURES)
    await browser.page.screenshot({ path: `${process.env.PICTURES}/${name}.png` });
  console.log(`${name} opens at ${Math.round(100 * shown)} %`);
  expect(shown).toBeGreaterThan(0.45);
});

test('the Polling Trigger, put in the place of the other one, runs the example', async () => {
  const campaign = await Campaign.install(n8n);
  const [video] = await sandbox.addVideos(1);
  await campaign.add([{ script: 'wanted', status: 'rendering', job_id: video.id }]);
  const { id } = await importExample(n8n, 'when-a-video-is-ready');
  await editor.openWorkflow(id);

  await editor.node('iTeraBiz Trigger').getByTestId('canvas-trigger-node').click();
  await browser.page.keyboard.press('Delete');
  await editor.node('iTeraBiz Trigger').waitFor({ state: 'detached' });
  await editor.addNode();
  await editor.search('iterabiz polling');
  await editor.entry('iTeraBiz Polling').click();
  await editor.entry('On video completed').click();
  await editor.get('ndv').waitFor();
  await editor.closeNode();
  const output = editor
    .get('canvas-node')
    .filter({ has: editor.get('canvas-trigger-node') })
    .getByTestId('canvas-node-output-handle');
  const input = editor.node('Event').getByTestId('canvas-node-input-handle');
  await output.dragTo(input);
  await editor.executeWorkflow();

  await editor.node('Hand on').getByTestId('canvas-node-status-success').waitFor();
  expect(await campaign.row('wanted')).toMatchObject({ status: 'completed' });
});
