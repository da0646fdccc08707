/**
 * The node as tools of an assistant: the official MCP client on n8n's MCP Server Trigger, with the
 * example as it ships. What counts is how many videos the account has paid for at the end.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import type { Json } from '../../n8n/rest.mts';
import { type N8n, startN8n, type WorkflowFile } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { connect, importExample } from './examples.mts';

const TOKEN = 'a-token-for-this-test-alone';

let sandbox: Sandbox;
let n8n: N8n;
let client: Client;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await startN8n();
  await connect(n8n, sandbox);
  await n8n.rest.createCredential('Bearer Auth account', 'httpBearerAuth', { token: TOKEN });
  const workflow = await importExample(n8n, 'mcp-server', withMoreTools);
  await n8n.rest.activate(workflow);
  client = (await until('n8n answers as an MCP server', connected))!;
});

afterAll(async () => {
  await client?.close();
  await n8n?.stop();
  await sandbox?.stop();
});

beforeEach(async () => await sandbox.resetStats());

/** Beside the example's tools: one that waits, and one that orders a new video each time. */
function withMoreTools({ nodes, connections }: WorkflowFile): void {
  const create = nodes.find(({ name }) => name === 'Create a video')!;
  const add = (name: string, parameters: Json) => {
    nodes.push({ ...create, id: name, name, parameters: { ...create.parameters, ...parameters } });
    const all = connections as Record<string, unknown>;
    all[name] = all['Create a video'];
  };
  add('Create and wait', { waitForCompletion: true });
  add('Create another', { options: {} });
}

async function connected(): Promise<Client | undefined> {
  const url = new URL(`${n8n.url}/mcp/iterabiz`);
  const requestInit = { headers: { Authorization: `Bearer ${TOKEN}` } };
  const made = new Client({ name: 'test', version: '1.0.0' });
  return await made.connect(new StreamableHTTPClientTransport(url, { requestInit })).then(
    () => made,
    () => undefined,
  );
}

interface Answer {
  isError: boolean;
  text: string;
  /** The entries of the answer, where it is no error */
  entries: Json[];
}

async function call(name: string, args: Json = {}, timeout?: number): Promise<Answer> {
  const answer = await client.callTool({ name, arguments: args }, undefined, { timeout });
  const text = (answer.content as { text: string }[]).map((part) => part.text).join('\n');
  const isError = answer.isError === true;
  return { isError, text, entries: isError ? [] : [JSON.parse(text) as Json | Json[]].flat() };
}

const asked = (Script: string, more: Json = {}) => ({
  ...{ Avatar: 'avatar_maria01', Script, Language: 'en-US', Duration: 20 },
  ...more,
});

const orders = async () => (await sandbox.stats()).acceptedCount;

test('a model reads what each tool does, costs and needs', async () => {
  const { tools } = await client.listTools();
  const described = Object.fromEntries(tools.map((tool) => [tool.name, tool.description]));
  expect(Object.keys(described).sort()).toEqual([
    ...['Create_a_video', 'Create_and_wait', 'Create_another', 'Get_a_video', 'List_avatars'],
    'List_videos',
  ]);
  expect(described.Create_a_video).toContain('Every call orders a video that costs money');
  expect(described.List_avatars).toContain('Costs nothing');
  expect(client.getInstructions()).toContain('Ask the user before you create a video');
});

test('without the token nothing is answered', async () => {
  const answer = await fetch(`${n8n.url}/mcp/iterabiz`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(403);
});

test('avatars are listed, with nothing empty', async () => {
  const { entries } = await call('List_avatars');
  expect(entries.length).toBeGreaterThan(1);
  expect(entries.map(({ id }) => id)).toContain('avatar_maria01');
  for (const value of entries.flatMap((entry) => Object.values(entry))) {
    expect([null, '', undefined]).not.toContain(value);
  }
  expect(await orders()).toBe(0);
});

test('an order answers at once, small, with what to do next; later its link is there', async () => {
  const { entries, text } = await call('Create_a_video', asked('Good morning'));
  const [{ id }] = entries;
  expect(entries).toEqual([
    {
      id: expect.stringMatching(/^video_/),
      status: 'queued',
      message: expect.stringContaining('Do not create it again'),
      _iteraBizReused: false,
    },
  ]);
  console.log(`The answer to an order: ${text.length} characters`);
  expect((await call('Get_a_video', { Video: id })).entries[0]).toMatchObject({ id });
  await sandbox.finish(String(id));
  const [video] = (await call('Get_a_video', { Video: id })).entries;
  expect(video).toMatchObject({ id, status: 'completed' });
  expect(video.video_url).toMatch(/^http/);
  expect((await call('List_videos')).text).toContain(id);
  expect(await orders()).toBe(1);
});

test('bad arguments say what to correct, order nothing, and speak of no button', async () => {
  const bad = [
    asked('  '),
    asked('Hi', { Duration: 0 }),
    asked('Hi', { Duration: 4000 }),
    asked('Hi', { Duration: 'long' }),
    asked('Hi', { Language: 'Klingon' }),
    asked('Hi', { Avatar: 'avatar nobody' }),
    { Script: 'Only a script' },
  ];
  for (const args of bad) {
    const { isError, text } = await call('Create_a_video', args);
    expect(isError || /error/i.test(text)).toBe(true);
    expect(text).not.toMatch(/Executions|Execute step|in the options/);
  }
  const unknown = await call('Create_a_video', asked('Hi', { Avatar: 'avatar_nobody' }));
  expect(unknown.text).toContain('iTeraBiz refused the field "Avatar"');
  expect(await orders()).toBe(0);
});

test('the same order twice, and twice in parallel, is one video', async () => {
  const first = await call('Create_a_video', asked('Twice'));
  const second = await call('Create_a_video', asked('Twice'));
  expect(second.entries[0].id).toBe(first.entries[0].id);
  expect(await orders()).toBe(1);
  const both = await Promise.all([1, 2].map(() => call('Create_a_video', asked('In parallel'))));
  expect(new Set(both.map(({ entries }) => entries[0].id)).size).toBe(1);
  expect(await orders()).toBe(2);
});

test('where existing videos are not used, each call orders another', async () => {
  for (let n = 0; n < 2; n++) await call('Create_another', asked('Another take'));
  expect(await orders()).toBe(2);
});

test('a tool that waits answers within a minute: with the video, or with its ID and what to do', async () => {
  const waiting = call('Create_and_wait', asked('Quick'));
  await until('it is ordered', async () => (await orders()) === 1);
  await sandbox.finish();
  expect((await waiting).entries[0]).toMatchObject({ status: 'completed' });

  // The client's own patience is 60 seconds.
  const { entries } = await call('Create_and_wait', asked('Slow'));
  expect(entries).toEqual([
    expect.objectContaining({
      id: expect.stringMatching(/^video_/),
      message: expect.stringContaining('Do not create it again'),
    }),
  ]);
  expect(await orders()).toBe(2);
});

test('a client that gives up early and tries again gets the first order', async () => {
  const early = call('Create_and_wait', asked('Given up'), 3_000);
  await expect(early).rejects.toThrow('Request timed out');
  expect(await orders()).toBe(1);
  const again = await call('Create_a_video', asked('Given up'));
  const [{ id }] = again.entries;
  expect((await sandbox.stats()).accepted.map((one) => one.id)).toEqual([id]);
});
