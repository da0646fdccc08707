/**
 * Takes the pictures of the documents in the real editor, in light and dark, into `.github/screenshots`.
 * By hand, with `npm run screenshots`: a test run should not change files of the repository.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Workflow } from '../../../n8n/rest.mts';
import { startN8n } from '../../../n8n/server.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { createVideo } from '../../shared/createVideo.mts';
import { Campaign, connect, importExample } from '../examples.mts';
import { Editor, startBrowser } from './editor.mts';

const folder = join(import.meta.dirname, '../../../.github/screenshots');
mkdirSync(folder, { recursive: true });

const sandbox = await startSandbox({ queuedMs: 100, processingMs: 300 });
const n8n = await startN8n();
const browser = await startBrowser();
const { page } = browser;
const editor = new Editor(page, n8n);

await page.setViewportSize({ width: 1440, height: 900 });

try {
  await connect(n8n, sandbox);
  const campaign = await Campaign.install(n8n);
  const whenReady = await importExample(n8n, 'when-a-video-is-ready');
  await editor.signIn();
  // The editor follows the system's colors.
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const picture = async (name: string) => await takePicture(`${name}-${colorScheme}`);
    await ranCampaign(campaign);
    await picture('campaign');
    await editor.openNode('Create videos');
    await editor.get('output-panel').getByTestId('radio-button-schema').click();
    await picture('create-videos');
    await previewing();
    await picture('preview');
    await editor.openWorkflow(whenReady.id);
    await editor.openNode('iTeraBiz Trigger');
    await picture('trigger');
  }
} finally {
  await browser.stop();
  await n8n.stop();
  await sandbox.stop();
}

async function ranCampaign(campaign: Campaign): Promise<void> {
  const scripts = [
    'Good morning! Today I show you our new headphones.',
    'Three reasons to try our headphones this week.',
    'Thank you for your order. It is on its way.',
  ];
  await campaign.add(scripts.map((script) => ({ script, duration: '5' })));
  await run(campaign.workflow, 'Write results');
  await editor.get('zoom-to-fit').click();
}

/** Rows of which one is invalid, and what would be ordered of them. */
async function previewing(): Promise<void> {
  const rows = [
    { script: 'Good morning! Today I show you our new headphones.', duration: 5 },
    { script: 'Three reasons to try our headphones this week.', duration: 4 },
    { script: 'Only today: two for the price of one.', duration: 0 },
    { script: 'Thank you for your order. It is on its way.', duration: 5 },
  ];
  const [credential] = await n8n.rest.credentials();
  const { id } = await n8n.rest.createWorkflow({
    name: 'Preview',
    nodes: [
      {
        id: 'rows',
        name: 'Rows',
        type: 'n8n-nodes-base.manualTrigger',
        typeVersion: 1,
        position: [0, 0],
        parameters: {},
      },
      {
        id: 'create',
        name: 'Create videos',
        type: 'n8n-nodes-iterabiz.iTeraBiz',
        typeVersion: 1,
        position: [240, 0],
        onError: 'continueErrorOutput',
        credentials: { iTeraBizApi: { id: credential.id, name: credential.name } },
        parameters: {
          ...createVideo,
          duration: '={{ $json.duration }}',
          options: { previewOnly: true, maxVideos: 10 },
        },
      },
    ],
    connections: { Rows: { main: [[{ node: 'Create videos', type: 'main', index: 0 }]] } },
    pinData: { Rows: rows.map((json) => ({ json })) },
  });
  await editor.openWorkflow(id);
  await editor.openNode('Create videos');
  await editor.executeStep();
  const output = await editor.output('wouldOrder');
  await output.getByTestId('radio-button-table').click();
  await messageGone();
}

/** Runs a workflow until that node has succeeded and the message that says so has gone. */
async function run({ id }: Workflow, lastNode: string): Promise<void> {
  await editor.openWorkflow(id);
  await editor.executeWorkflow();
  await editor.node(lastNode).getByTestId('canvas-node-status-success').waitFor();
  await messageGone();
}

/** Until n8n has said how it went, and its message is no longer in the way. */
async function messageGone(): Promise<void> {
  const message = page.locator('.el-notification').first();
  await message.waitFor();
  await message.waitFor({ state: 'detached' });
}

async function takePicture(name: string): Promise<void> {
  await page.mouse.move(720, 10); // nothing there shows that the mouse is on it
  await page.screenshot({
    path: join(folder, `${name}.png`),
    animations: 'disabled',
    // n8n's expression fields leave an empty box each in the corner of the window.
    style: '.ͼ1:not(.cm-editor) { visibility: hidden }',
  });
  console.log(name);
}
