import { startN8n } from '../../../n8n/server.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { connect } from '../examples.mts';
import { Editor, startBrowser } from './editor.mts';

const sandbox = await startSandbox({ queuedMs: 100, processingMs: 200_000 });
await sandbox.addVideos(3, { script: 'Welcome to our store, today I show you something new in the middle' });
await sandbox.addVideos(2, { script: 'A short one' });
await sandbox.addVideos(1, { script: 'Not yet', status: 'processing' });
const n8n = await startN8n();
const browser = await startBrowser();
const { page } = browser;
page.setDefaultTimeout(90_000);
const editor = new Editor(page, n8n);
let n = 0;
const shot = async (name: string) => {
  await page.screenshot({ path: `/tmp/hf/shots2/${String(++n).padStart(2, '0')}-${name}.png`, animations: 'disabled' });
  console.log(name, new Date().toISOString());
};
const step = async (name: string, f: () => Promise<void>) => {
  try { await f(); } catch (e) { console.log('FAILED', name, String(e).slice(0, 600)); await shot(`failed-${name}`).catch(() => {}); }
};
try {
  await connect(n8n, sandbox);
  await editor.signIn();
  await page.setViewportSize({ width: 1440, height: 900 });
  await step('search', async () => {
    await editor.newWorkflow();
    await editor.addNode();
    await editor.search('avatar video');
    await editor.entry('iTeraBiz').waitFor();
    await shot('search');
    await editor.entry('iTeraBiz').click();
    await editor.get('node-creator-category-item').filter({ hasText: 'Actions' }).click();
    await editor.entry('Create video from script').waitFor();
    await shot('actions');
    await editor.entry('Create video from script').click();
    await editor.field('script').waitFor();
    await shot('create-dropped');
    await editor.pick('avatarId', 'Maria, Friendly Host');
    await editor.field('script').fill('Welcome to our store');
    await editor.executeStep();
    await editor.output('Welcome to our store');
    await page.waitForTimeout(1500);
    await shot('create-output');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(800);
    await shot('create-output-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await editor.closeNode();
    await shot('canvas');
  });
  await step('download', async () => {
    await editor.addNode();
    await editor.search('download video');
    await editor.entry('iTeraBiz').click();
    await editor.entry('Download video').click();
    await editor.get('ndv').waitFor();
    await page.waitForTimeout(1500);
    await shot('download-dropped');
    const picker = editor.get('resource-locator-videoId');
    await picker.getByTestId('rlc-mode-selector').click();
    await page.getByRole('option', { name: 'From list' }).click();
    await picker.getByTestId('rlc-input').click();
    await editor.get('rlc-item').first().waitFor();
    await page.waitForTimeout(500);
    await shot('picker');
  });
  await step('trigger', async () => {
    await editor.newWorkflow();
    await editor.addNode();
    await editor.search('iterabiz');
    await editor.entry('iTeraBiz').click();
    await editor.entry('On video completed').click();
    await editor.get('ndv').waitFor();
    await page.waitForTimeout(1500);
    await shot('trigger');
    await page.getByText('When will this node trigger my flow?').click().catch(() => {});
    await page.waitForTimeout(500);
    await shot('trigger-help');
    await editor.executeStep();
    await page.waitForTimeout(3000);
    await shot('trigger-listening');
  });
} finally {
  await browser.stop();
  await n8n.stop();
  await sandbox.stop();
}
