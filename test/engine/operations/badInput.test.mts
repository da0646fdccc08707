import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import {
  createVideo,
  errorOf,
  itemsOf,
  jsonOf,
  runNode,
  type NodeRunOptions,
} from '../support.mts';
import { byId } from './byId.mts';
import { storedText, useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();

const generate: INodeParameters = {
  resource: 'content',
  operation: 'generate',
  prompt: 'Tea',
  avatarId: byId('avatar_james01'),
  language: 'en-US',
  duration: 30,
};
const create = createVideo({ script: 'Hello' });
const avatar: INodeParameters = {
  resource: 'avatar',
  operation: 'create',
  name: 'Anna',
  imageUrl: 'https://example.com/a.jpg',
  voiceId: 'voice_1',
};
const get: INodeParameters = { resource: 'video', operation: 'get', videoId: byId('video_1') };

const SECONDS = 'Enter a whole number of seconds from 1 to 3600, such as 45.';
const CODE = 'enter its English name, such as German, or its BCP-47 code, such as de-DE.';
const PICK = 'Choose one from the list, or enter its ID, which has no spaces and no slashes';
const MISSING = 'Check the step or the spreadsheet that this item comes from';
const WEB = 'It begins with https://, for example https://example.com/photo.jpg.';

/** An operation, one of its parameters, a value from an item, and what the user reads. */
type BadInput = [INodeParameters, string, unknown, string, string];

const badInput: BadInput[] = [
  [generate, 'prompt', '', '"Prompt" is empty', 'Fill in "Prompt"'],
  [generate, 'prompt', ' \n', '"Prompt" is empty', 'Fill in "Prompt"'],
  [create, 'script', '', '"Script" is empty', 'Fill in "Script"'],
  [create, 'script', undefined, '"Script" is empty', 'check that the item has that field'],
  [avatar, 'name', '', '"Name" is empty', 'Fill in "Name"'],
  [avatar, 'voiceId', null, '"Voice ID" is empty', 'Fill in "Voice ID"'],
  [create, 'duration', 0, '"Duration (Seconds)": "0" is not a valid duration', SECONDS],
  [create, 'duration', -5, '"Duration (Seconds)": "-5" is not a valid duration', SECONDS],
  [create, 'duration', 'abc', '"Duration (Seconds)": "abc" is not a valid duration', SECONDS],
  [
    generate,
    'duration',
    1e9,
    '"Duration (Seconds)": "1000000000" is not a valid duration',
    SECONDS,
  ],
  [create, 'duration', 1.5, '"Duration (Seconds)": "1.5" is not a valid duration', SECONDS],
  [
    create,
    'duration',
    '1.000',
    '"Duration (Seconds)": "1.000" can be read as two different numbers',
    'Write it without periods or commas',
  ],
  [create, 'script', '\u200B\uFEFF', '"Script" is empty', 'Fill in "Script"'],
  [
    create,
    'script',
    '[object Object]',
    '"Script": "[object Object]" stands for a missing value',
    MISSING,
  ],
  [generate, 'prompt', 'undefined', '"Prompt": "undefined" stands for a missing value', MISSING],
  [create, 'script', '#N/A', '"Script": "#N/A" stands for a missing value', MISSING],
  [avatar, 'name', 'Loading...', '"Name": "Loading..." stands for a missing value', MISSING],
  [
    create,
    'script',
    '{{ $json.script }}',
    '"Script": "{{ $json.script }}" is an expression that n8n did not fill in',
    'Switch "Script" from Fixed to Expression',
  ],
  [create, 'language', 'jp', '"Language": "jp" is not a language', 'Did you mean ja-JP?'],
  [create, 'language', 'tbd', '"Language": "tbd" is not a language', CODE],
  [create, 'language', 'xx-nonsense!', '"Language": "xx-nonsense!" is not a language', CODE],
  [generate, 'language', 'Klingon', '"Language": "Klingon" is not a language', CODE],
  [create, 'avatarId', '', '"Avatar" is empty', 'Fill in "Avatar"'],
  [create, 'avatarId', 'my avatar', '"Avatar": "my avatar" is not an ID', PICK],
  [generate, 'avatarId', 'a/b', '"Avatar": "a/b" is not an ID', PICK],
  [create, 'avatarId', '../webhooks', '"Avatar": "../webhooks" is not an ID', PICK],
  [get, 'videoId', '../avatars', '"Video": "../avatars" is not an ID', PICK],
  [get, 'videoId', 'a?b=c', '"Video": "a?b=c" is not an ID', PICK],
  [get, 'videoId', '', '"Video" is empty', 'Fill in "Video"'],
  [{ ...get, operation: 'download' }, 'videoId', '..', '"Video": ".." is not an ID', PICK],
  [
    avatar,
    'imageUrl',
    'javascript:alert(1)',
    '"Image URL": "javascript:alert(1)" is not a web address',
    WEB,
  ],
  [
    avatar,
    'imageUrl',
    'C:\\photos\\anna.jpg',
    '"Image URL": "C:\\photos\\anna.jpg" is not a web address',
    WEB,
  ],
];

test.each(badInput.map((row) => [`${row[1]} ${JSON.stringify(row[2])}`, row] as const))(
  'from an item, %s is told about, and nothing is sent',
  async (_, [parameters, field, value, message, advice]) => {
    const expression = '={{ $json.value }}';
    const isPicked = field === 'avatarId' || field === 'videoId';
    const run = await runNode(
      sandbox,
      { ...parameters, [field]: isPicked ? byId(expression) : expression },
      { items: [{ value } as IDataObject] },
    );
    expect(errorOf(run)).toMatchObject({ message, item: 0 });
    expect(errorOf(run).description).toContain(advice);
    expect(errorOf(run).description).toContain('Nothing was sent for this item.');
    expect(storedText(run)).not.toContain(sandbox.apiKey);
    expect((await sandbox.stats()).requests).toEqual({});
  },
);

test('what a table may hold is read as it was meant', async () => {
  const rows = [
    { script: 'What null and {{ $json.script }} mean', duration: '45 s', language: 'german' },
    { script: 'Two', duration: '0:45', language: 'EN_us' },
    { script: 'Three', duration: '45,0', language: 'en-US' },
  ];
  const fields = ['script', 'duration', 'language'].map((name) => [name, `={{ $json.${name} }}`]);
  await runNode(sandbox, { ...create, ...Object.fromEntries(fields) }, { items: rows });
  const { accepted } = await sandbox.stats();
  expect(accepted.map(({ body }) => [body.script, body.duration, body.language]).sort()).toEqual([
    ['Three', 45, 'en-US'],
    ['Two', 45, 'en-US'],
    ['What null and {{ $json.script }} mean', 45, 'de-DE'],
  ]);
});

/** What is typed into the editor n8n checks by itself, by what the fields' descriptions say. */
test.each<[INodeParameters, string, INodeParameters[string], string]>([
  [generate, 'prompt', '', 'Parameter "Prompt" is required'],
  [create, 'script', '', 'Parameter "Script" is required'],
  [create, 'avatarId', byId(''), 'Parameter "Avatar" is required'],
  [avatar, 'voiceId', '', 'Parameter "Voice ID" is required'],
])('typed in, it does not even start: %#', async (parameters, field, value, issue) => {
  const start = runNode(sandbox, { ...parameters, [field]: value });
  await expect(start).rejects.toThrow(issue);
  expect((await sandbox.stats()).requests).toEqual({});
});

/** n8n would check these by a pattern in a sandbox, which a busy machine lets time out: the node does it. */
test.each<[INodeParameters, string, INodeParameters[string]]>([
  [create, 'avatarId', byId('my avatar')],
  [create, 'avatarId', byId('a/b')],
  [get, 'videoId', byId('../avatars')],
])(
  'typed in, what is no ID is refused before anything is sent: %#',
  async (known, field, value) => {
    const result = await runNode(sandbox, { ...known, [field]: value });
    expect(errorOf(result).message).toMatch(/ is not an ID$/);
    expect(errorOf(result).description).toContain('has no spaces and no slashes');
    expect((await sandbox.stats()).requests).toEqual({});
  },
);

test('one bad row does not keep the good ones from going on', async () => {
  const run = await runNode(
    sandbox,
    { ...create, script: '={{ $json.script }}' },
    {
      items: [{ script: 'One' }, { script: '' }, { script: 'Three' }],
      settings: { onError: 'continueErrorOutput' },
    },
  );
  expect(jsonOf(run).map(({ script }) => script)).toEqual(['One', 'Three']);
  expect(jsonOf(run, 1)).toEqual([
    { script: '', error: expect.stringContaining('"Script" is empty. Fill in "Script"') },
  ]);
  expect(itemsOf(run, 1)[0].pairedItem).toMatchObject({ item: 1 });
  expect((await sandbox.stats()).acceptedCount).toBe(2);
});

describe('A credential that cannot work is told about, and nothing is sent', () => {
  test.each<[string, NodeRunOptions, string]>([
    ['an empty key', { apiKey: ' ' }, 'The API Key of the iTeraBiz credential is empty.'],
    [
      'a key with a line break',
      { apiKey: 'sk_test_one\nsk_test_two' },
      'The API Key of the iTeraBiz credential contains a character that keys never contain',
    ],
    [
      'a Base URL that is no address',
      { baseUrl: 'api iterabiz' },
      'The Base URL of the iTeraBiz credential is not a web address',
    ],
    [
      'a Base URL without https',
      { baseUrl: 'http://api.iterabiz.com/v1' },
      'begins with http://, over which others could read the API key. Change it to https://',
    ],
  ])('%s', async (_, credential, message) => {
    for (const parameters of [create, get]) {
      const run = await runNode(sandbox, parameters, credential);
      expect(errorOf(run).message).toContain(message);
      expect(storedText(run)).not.toContain(credential.apiKey?.trim() || sandbox.apiKey);
    }
    expect((await sandbox.stats()).requests).toEqual({});
  });

  test('no credential at all', async () => {
    const run = await runNode(sandbox, create, { secrets: {} });
    expect(errorOf(run).message).toBe('Node does not have any credentials set for "iTeraBizApi"');
    expect((await sandbox.stats()).requests).toEqual({});
  });
});

test('a Base URL that answers with web pages is told about', async () => {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!DOCTYPE html><html><title>iTeraBiz – AI videos</title><body>Hi</body></html>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const parameters of [create, get, { resource: 'avatar', operation: 'getAll' }]) {
      const { message, description } = errorOf(await runNode(sandbox, parameters, { baseUrl }));
      expect(message).toMatch(/web page|does not look like one from iTeraBiz/);
      expect(description).toContain('Check the Base URL of the credential');
      expect(description).toContain('iTeraBiz – AI videos');
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
