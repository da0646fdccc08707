/**
 * Takes the README's pictures of the real editor, in light and dark, into `.github/screenshots`.
 * By hand, with `npm run screenshots`: a test run should not change files of the repository.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startN8n } from '../../n8n/server.mts';
import { startSandbox } from '../../sandbox/client.mts';
import { Campaign, connect, importExample } from '../e2e/examples.mts';
import { Editor, startBrowser } from './editor.mts';

const folder = join(import.meta.dirname, '../../.github/screenshots');
mkdirSync(folder, { recursive: true });

const sandbox = await startSandbox({ queuedMs: 100, processingMs: 300 });
const n8n = await startN8n();
const browser = await startBrowser();
const { page } = browser;
const editor = new Editor(page, n8n);

try {
  await connect(n8n, sandbox);
  const campaign = await Campaign.install(n8n);
  await campaign.add(
    [
      'Good morning! Today I show you our new headphones.',
      'Three reasons to try our headphones this week.',
      'Thank you for your order. It is on its way.',
    ].map((script) => ({ script })),
  );
  const first = await importExample(n8n, 'first-video');
  const whenReady = await importExample(n8n, 'when-a-video-is-ready');

  await editor.signIn();
  await editor.newWorkflow();
  await page.getByRole('button', { name: 'Got it' }).click();

  await editor.addNode();
  await editor.entry('Trigger manually').click();
  await editor.addNode();
  await editor.search('avatar');
  await editor.entry('iTeraBiz Polling').waitFor();
  await editor.entry('iTeraBiz').click();
  await editor.entry('Create video').waitFor();
  await picture('node-panel');

  await editor.openWorkflow(campaign.workflow.id);
  await editor.executeWorkflow();
  await editor.node('Write results').getByTestId('canvas-node-status-success').waitFor();
  await withoutMessages();
  await editor.get('zoom-to-fit').click();
  await picture('campaign');
  await editor.openNode('Create videos');
  await editor.get('output-panel').getByTestId('radio-button-table').click();
  await picture('create-videos');

  await editor.openWorkflow(first.id);
  await editor.executeWorkflow();
  await editor.node('Download video').getByTestId('canvas-node-status-success').waitFor();
  await withoutMessages();
  await editor.openNode('Download video');
  await editor.get('ndv-view-binary-data').click();
  await page.locator('video').evaluate((video: HTMLVideoElement) => {
    video.currentTime = 1;
    return new Promise((resolve) => video.addEventListener('seeked', resolve));
  });
  await picture('video');

  await editor.openWorkflow(whenReady.id);
  await editor.openNode('iTeraBiz Trigger');
  await picture('trigger');
} finally {
  await browser.stop();
  await n8n.stop();
  await sandbox.stop();
}

/** The editor follows the system's colours. */
async function picture(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.screenshot({
      path: join(folder, `${name}-${colorScheme}.png`),
      animations: 'disabled',
    });
    console.log(`${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Closes the messages in the corner. */
async function withoutMessages(): Promise<void> {
  const messages = page.locator('.el-notification__closeBtn');
  await messages.first().waitFor();
  while (await messages.count()) await messages.first().click();
}
