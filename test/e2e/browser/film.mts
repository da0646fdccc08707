/**
 * Films the real editor, from an empty canvas to a video that plays, into `.github/film.webp`.
 *
 * By hand, with `npm run film`: a test run should not change files of the repository. With
 * `npm run film -- --long` a longer film in one take, as n8n asks for in its verification, goes to
 * `reports/film.mp4`. Needs Chromium and ffmpeg.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { placeOf } from '../../../n8n/community.mts';
import { startN8n } from '../../../n8n/server.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { connect } from '../examples.mts';
import { Editor, startBrowser } from './editor.mts';

const { values: options } = parseArgs({ options: { long: { type: 'boolean', default: false } } });

const root = join(import.meta.dirname, '../../..');
const PACKAGE = 'n8n-nodes-iterabiz';

/** The window, and how many pixels of the film make one of it: so that it can be read where it is shown small. */
const WINDOW = { width: 960, height: 600 };
const SCALE = 1.25;

/** The short film is played faster where it would be longer, in seconds: the machine may be busy. */
const LONGEST = 38;

/** How long n8n's own work is shown at the most, in seconds. */
const [LOADING, RUNNING] = [0.4, 2.5];

/** How fast a person is: milliseconds per key and for a look, and moves of the pointer. */
const [KEY, LOOK, STEPS] = [30, 700, 15];

/** A picture of the page, and when it was so, in seconds. */
interface Frame {
  file: string;
  at: number;
}

/** Chromium's own recording: a picture whenever something on the page has changed. */
class Screencast {
  private readonly frames: Frame[] = [];
  private readonly waits: { from: number; to: number; longest: number }[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'film-'));
  private end?: () => Promise<void>;

  async start(page: Page): Promise<void> {
    const session = await page.context().newCDPSession(page);
    session.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
      const file = join(this.folder, `${String(this.frames.length).padStart(5, '0')}.jpg`);
      writeFileSync(file, Buffer.from(data, 'base64'));
      this.frames.push({ file, at: metadata.timestamp ?? Date.now() / 1_000 });
      session.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
    });
    await session.send('Page.startScreencast', { format: 'jpeg', quality: 95 });
    this.end = async () => {
      await session.send('Page.stopScreencast');
      await session.detach();
    };
  }

  async stop(): Promise<void> {
    await this.end?.();
  }

  /** Waits for n8n. That takes no longer in the film, in seconds, however long it was. */
  async hurry<T>(longest: number, wait: () => Promise<T>): Promise<T> {
    const from = Date.now() / 1_000;
    const result = await wait();
    this.waits.push({ from, to: Date.now() / 1_000, longest });
    return result;
  }

  /**
   * Puts the pictures together with ffmpeg.
   *
   * @param settings of ffmpeg
   * @param longest how long the film may be, in seconds; it is cut nowhere where it may be any
   * @returns how long it is, in seconds
   */
  write(target: string, settings: string[], longest: number): number {
    const times = this.frames.map(({ at }, index) => {
      const time = Math.max(0.001, (this.frames[index + 1]?.at ?? at + 2) - at);
      const wait = this.waits.find(({ from, to }) => at >= from && at < to);
      return wait && longest < Infinity
        ? time * Math.min(1, wait.longest / (wait.to - wait.from))
        : time;
    });
    const sum = times.reduce((total, time) => total + time, 0);
    const pace = Math.min(1, longest / sum);
    const lines = this.frames.map(({ file }, at) => `file '${file}'\nduration ${times[at] * pace}`);
    const list = join(this.folder, 'frames.txt');
    // ffmpeg ignores the duration of the last picture, so that one is named twice.
    writeFileSync(list, [...lines, `file '${this.frames.at(-1)!.file}'`].join('\n'));
    const input = ['-f', 'concat', '-safe', '0', '-i', list];
    execFileSync('ffmpeg', ['-y', '-loglevel', 'error', ...input, ...settings, target]);
    return sum * pace;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const sandbox = await startSandbox({ queuedMs: 300, processingMs: 2_500 });
const n8n = await startN8n();
const browser = await startBrowser({ scale: SCALE });
const { page } = browser;
const editor = new Editor(page, n8n);
const cast = new Screencast();

try {
  await page.setViewportSize(WINDOW);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.addInitScript(showPointer);
  if (options.long) await filmAll();
  else await filmFirstVideo();
} finally {
  await browser.stop();
  await n8n.stop();
  await sandbox.stop();
  cast.remove();
}

async function filmFirstVideo(): Promise<void> {
  await connect(n8n, sandbox);
  await editor.signIn();
  await editor.newWorkflow();
  await cast.start(page);
  await pause(LOOK);
  await makeVideo();
  await playVideo();
  await cast.stop();
  const film = ['-vf', 'mpdecimate,fps=8', '-fps_mode', 'vfr'];
  const coded = ['-c:v', 'libwebp_anim', '-quality', '75', '-compression_level', '6', '-loop', '0'];
  save(join(root, '.github/film.webp'), [...film, ...coded], LONGEST);
}

/** From an empty canvas to the file. */
async function makeVideo(): Promise<void> {
  await click(editor.get('canvas-plus-button').or(editor.get('node-creator-plus-button')).first());
  await type(editor.get('node-creator-search-bar'), 'avatar video');
  await click(editor.entry('iTeraBiz'));
  const actions = editor.get('node-creator-category-item').filter({ hasText: 'Actions' });
  await click(actions);
  await click(editor.entry('Create video from script'));
  await click(editor.get('resource-locator-avatarId').getByTestId('rlc-input'));
  await click(editor.get('rlc-item').filter({ hasText: 'Maria, Friendly Host' }));
  await type(editor.field('script'), 'Welcome to our store! Today everything is half price.');
  await click(editor.field('duration'));
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('5');
  await click(editor.get('parameter-input-waitForCompletion').locator('.el-switch'));
  await pause(LOOK);
  await click(editor.get('ndv-close-button'));

  await click(editor.get('canvas-plus-button').or(editor.get('node-creator-plus-button')).first());
  await type(editor.get('node-creator-search-bar'), 'download video');
  await click(editor.entry('iTeraBiz'));
  await click(editor.entry('Download video'));
  await pause(LOOK);
  await click(editor.get('node-execute-button').first());
  await cast.hurry(RUNNING, async () => await editor.output('video/mp4'));
  await pause(LOOK);
}

async function playVideo(): Promise<void> {
  await click(editor.get('ndv-view-binary-data'));
  const video = page.locator('video');
  await cast.hurry(LOADING, async () => await video.waitFor());
  await pause(LOOK);
  await video.evaluate(async (element: HTMLVideoElement) => {
    element.muted = true;
    await element.requestFullscreen();
    await element.play();
    if (!element.ended) await new Promise((resolve) => element.addEventListener('ended', resolve));
  });
}

/** Installs, tests the credential, and goes through the main actions and the trigger, in one take. */
async function filmAll(): Promise<void> {
  const isPublished = canInstall();
  if (isPublished) {
    rmSync(placeOf(n8n.folder), { recursive: true, force: true });
    await n8n.restart();
  }
  await editor.signIn();
  await cast.start(page);
  if (isPublished) await installPackage();
  else console.log(`${PACKAGE} is not on npm, so the film begins with the credential.`);
  await testCredential();
  await editor.newWorkflow();
  await makeVideo();
  await playVideo();
  await page.evaluate(() => document.exitFullscreen());
  await click(editor.get('ndv-close-button'));
  await listVideos();
  await startOnEvent();
  await cast.stop();
  const coded = ['-c:v', 'libx264', '-crf', '24', '-pix_fmt', 'yuv420p', '-movflags', '+faststart'];
  mkdirSync(join(root, 'reports'), { recursive: true });
  save(join(root, 'reports/film.mp4'), ['-vf', 'fps=15', ...coded], Infinity);
}

function canInstall(): boolean {
  try {
    execFileSync('npm', ['view', PACKAGE, 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function installPackage(): Promise<void> {
  await editor.open('/settings/community-nodes');
  await click(page.getByRole('button', { name: /^Install/ }).first());
  await type(editor.get('package-name-input'), PACKAGE);
  await click(editor.get('user-agreement-checkbox'));
  await click(editor.get('install-community-package-button'));
  await editor.get('communityPackageInstall-modal').waitFor({ state: 'detached' });
  await pause(LOOK);
}

async function testCredential(): Promise<void> {
  await editor.newCredential();
  for (const key of ['sk_live_wrong', sandbox.apiKey]) {
    await editor.field('baseUrl').fill(sandbox.url);
    await editor.field('apiKey').fill('');
    await type(editor.field('apiKey'), key);
    await click(editor.get('credential-save-button'));
    if (key === sandbox.apiKey) {
      await editor.get('credentials-config-container-test-success').waitFor();
    } else {
      await click(page.getByText('More details'));
    }
    await pause(2 * LOOK);
  }
}

async function listVideos(): Promise<void> {
  await click(editor.get('node-creator-plus-button').or(editor.get('canvas-plus-button')).first());
  await type(editor.get('node-creator-search-bar'), 'iterabiz');
  await click(editor.entry('iTeraBiz'));
  await click(editor.entry('Get many videos'));
  await click(editor.get('node-execute-button').first());
  await editor.output('completed');
  await pause(2 * LOOK);
  await click(editor.get('ndv-close-button'));
}

async function startOnEvent(): Promise<void> {
  await editor.newWorkflow();
  await click(editor.get('canvas-plus-button').or(editor.get('node-creator-plus-button')).first());
  await type(editor.get('node-creator-search-bar'), 'iterabiz');
  await click(editor.entry('iTeraBiz'));
  await click(editor.entry('On video completed'));
  await pause(2 * LOOK);
  await click(editor.get('ndv-close-button'));
  await editor.publish();
  const id = /\/workflow\/([^/?]+)/.exec(page.url())![1];
  const [video] = await sandbox.addVideos(1, { status: 'processing' });
  await sandbox.finish(video.id);
  await editor.open(`/workflow/${id}/executions`);
  await page.getByText('Succeeded').first().waitFor();
  await pause(3 * LOOK);
}

function save(target: string, settings: string[], longest: number): void {
  const seconds = cast.write(target, settings, longest);
  const size = (statSync(target).size / 2 ** 20).toFixed(1);
  console.log(`${relative(root, target)}: ${seconds.toFixed(0)} seconds, ${size} MB`);
}

/** Moves the pointer to something as a person does, and presses. */
async function click(target: Locator): Promise<void> {
  await cast.hurry(LOADING, async () => await target.waitFor());
  await target.scrollIntoViewIfNeeded();
  const box = (await target.boundingBox())!;
  const [x, y] = [box.x + Math.min(box.width / 2, 160), box.y + box.height / 2];
  await page.mouse.move(x, y, { steps: STEPS });
  await pause(250);
  await target.click({ position: { x: x - box.x, y: y - box.y } });
  await pause(350);
}

async function type(target: Locator, text: string): Promise<void> {
  await click(target);
  await target.pressSequentially(text, { delay: KEY });
  await pause(LOOK);
}

async function pause(milliseconds: number): Promise<void> {
  await page.waitForTimeout(milliseconds);
}

/** Chromium's recording has no pointer. Runs in the page. */
function showPointer(): void {
  addEventListener('DOMContentLoaded', () => {
    const pointer = document.createElement('div');
    pointer.style.cssText =
      'position:fixed;z-index:2147483647;left:-40px;top:-40px;width:22px;height:22px;margin:-11px;border-radius:50%;' +
      'background:rgba(255,109,90,.55);border:2px solid #fff;box-shadow:0 0 4px #0006;pointer-events:none;transition:transform .12s';
    document.documentElement.append(pointer);
    addEventListener(
      'mousemove',
      ({ clientX, clientY }) => {
        pointer.style.left = `${clientX}px`;
        pointer.style.top = `${clientY}px`;
      },
      true,
    );
    addEventListener('mousedown', () => (pointer.style.transform = 'scale(.6)'), true);
    addEventListener('mouseup', () => (pointer.style.transform = ''), true);
  });
}
