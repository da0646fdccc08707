/** n8n's editor, in a browser, worked by hand. The selectors are n8n's own (2.41). */
import { chromium, type Locator, type Page, selectors } from 'playwright-core';
import type { N8n } from '../../../n8n/server.mts';
import { until } from '../../shared/until.mts';
import { chromiumPath } from './chromium.mts';

/** n8n's editor takes seconds to load, many of them on a busy machine. */
const PATIENCE_MS = 120_000;

export interface Browser {
  /** Leader of the process group in which all its processes are. */
  readonly pid: number;
  readonly page: Page;
  stop(): Promise<void>;
}

/**
 * Starts Chromium with a new profile.
 *
 * @param scale how many pixels of a picture make one of the page
 */
export async function startBrowser({ scale = 1 } = {}): Promise<Browser> {
  const server = await chromium.launchServer({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A recording goes by this, a screenshot by `deviceScaleFactor`.
      `--force-device-scale-factor=${scale}`,
    ],
  });
  const browser = await chromium.connect(server.wsEndpoint());
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: scale,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page.setDefaultTimeout(PATIENCE_MS);
  selectors.setTestIdAttribute('data-test-id');
  return { pid: server.process().pid!, page, stop: () => server.close() };
}

/** What a person does in the editor. Each action waits until the editor has followed it. */
export class Editor {
  constructor(
    readonly page: Page,
    private readonly n8n: Pick<N8n, 'url' | 'owner'>,
  ) {}

  get(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  async open(path: string): Promise<void> {
    await this.page.goto(this.n8n.url + path);
  }

  async signIn(): Promise<void> {
    const { email, password } = this.n8n.owner;
    await this.open('/signin');
    await this.page.locator('input[type=email]').fill(email);
    await this.page.locator('input[type=password]').fill(password);
    await this.get('form-submit-button').click();
    await this.get('project-home-menu-item').waitFor();
  }

  /** Opens the form for a new credential of ours. */
  async newCredential(): Promise<void> {
    await this.open('/home/credentials');
    await this.get('add-resource-credential').click();
    await this.get('new-credential-type-select').locator('input').fill('iTeraBiz');
    await this.get('new-credential-type-select-option').filter({ hasText: 'iTeraBiz API' }).click();
    await this.get('new-credential-type-button').click();
    await this.field('apiKey').waitFor();
  }

  /** Counts what a person presses from now on. @returns how often it was until then */
  async countClicks(): Promise<() => Promise<number>> {
    await this.page.evaluate(() => {
      const counted = window as unknown as { clicks: number };
      counted.clicks = 0;
      addEventListener('pointerdown', () => counted.clicks++, true);
    });
    return async () =>
      await this.page.evaluate(() => (window as unknown as { clicks: number }).clicks);
  }

  /** The text box of a parameter. */
  field(name: string): Locator {
    return this.get(`parameter-input-${name}`).locator('input, textarea').first();
  }

  async newWorkflow(): Promise<void> {
    await this.open('/workflow/new');
    await this.get('canvas-add-button').waitFor();
  }

  async openWorkflow(id: string): Promise<void> {
    await this.open(`/workflow/${id}`);
    await this.get('canvas-node').first().waitFor();
  }

  /** Opens the list of nodes to add. */
  async addNode(): Promise<void> {
    await this.get('canvas-plus-button').or(this.get('node-creator-plus-button')).first().click();
    await this.get('node-creator-search-bar').waitFor();
  }

  async search(text: string): Promise<void> {
    await this.get('node-creator-search-bar').fill(text);
  }

  /** An entry of the list of nodes or actions. */
  entry(name: string): Locator {
    const itself = this.page.getByText(name, { exact: true });
    return this.get('item-iterator-item').filter({ has: itself }).first();
  }

  /** Pastes an exported workflow onto the canvas. */
  async paste(workflow: string): Promise<void> {
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), workflow);
    await this.page.locator('.vue-flow__pane').click({ position: { x: 50, y: 300 } });
    await this.page.keyboard.press('ControlOrMeta+V');
    await this.get('canvas-node').first().waitFor();
  }

  node(name: string): Locator {
    const label = this.page.getByText(name, { exact: true });
    return this.get('canvas-node').filter({ has: label });
  }

  /** Opens the panel of a node. */
  async openNode(name: string): Promise<void> {
    await this.node(name)
      .getByTestId(/^canvas-(default|trigger|configuration)-node$/)
      .dblclick();
    await this.get('ndv').waitFor();
  }

  async closeNode(): Promise<void> {
    await this.get('ndv-close-button').click();
    await this.get('ndv').waitFor({ state: 'detached' });
  }

  /** Chooses from the list of a parameter that is picked by name. */
  async pick(parameter: string, name: string): Promise<void> {
    const input = await this.pickFrom(parameter, 'From list');
    await input.click();
    await this.get('rlc-item').filter({ hasText: name }).click();
  }

  async pickById(parameter: string, id: string): Promise<void> {
    const input = await this.pickFrom(parameter, 'By ID');
    await input.fill(id);
  }

  private async pickFrom(parameter: string, mode: string): Promise<Locator> {
    const picker = this.get(`resource-locator-${parameter}`);
    const selector = picker.getByTestId('rlc-mode-selector');
    await selector.click();
    await this.page.getByRole('option', { name: mode }).click();
    // Until then the text box is still that of the other mode, and what is typed into it is lost.
    const chosen = async () => await selector.locator('input').inputValue();
    await until(`the mode is ${mode}`, chosen, { isSo: (value) => value === mode });
    return picker.getByTestId('rlc-input');
  }

  async executeStep(): Promise<void> {
    // n8n takes over what was typed a moment later. A person is slower than that.
    await this.page.waitForTimeout(500);
    await this.get('node-execute-button').first().click();
  }

  async executeWorkflow(): Promise<void> {
    await this.get('execute-workflow-button').click();
  }

  /** Shows the output as a table, all items of it. n8n remembers how it was shown last. */
  async showTable(): Promise<void> {
    await this.get('output-panel').getByTestId('radio-button-table').click();
  }

  /** Waits until a text stands in the right-hand side of the open node. */
  async output(text: string): Promise<Locator> {
    const output = this.get('output-panel').filter({ hasText: text });
    await output.waitFor();
    return output;
  }

  async publish(): Promise<void> {
    await this.get('workflow-open-publish-modal-button').click();
    await this.get('workflow-publish-button').click();
    const published = this.get('activation-modal');
    await published.getByRole('button', { name: 'Got it' }).click();
    await published.waitFor({ state: 'detached' });
  }

  async unpublish(): Promise<void> {
    await this.get('version-menu-button').click();
    await this.get('version-menu-item-unpublish').click();
    const question = this.get('workflow-history-version-unpublish-modal');
    await question.getByRole('button', { name: 'Unpublish' }).click();
    await this.get('workflow-active-version-indicator').waitFor({ state: 'detached' });
  }

  /** The entry of an execution in the list of the open workflow. */
  execution(id: string): Locator {
    return this.get(`execution-details-${id}`);
  }

  /** Goes on from where the execution failed, with the workflow as it was. */
  async retry(executionId: string): Promise<void> {
    await this.execution(executionId).getByTestId('retry-execution-button').click();
    await this.get('retry-execution-button-item-original-workflow').click();
  }
}
