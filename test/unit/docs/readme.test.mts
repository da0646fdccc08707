/** README says what the editor shows: each label in it is one, and each label is in it. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { ITeraBizApi } from '../../../credentials/ITeraBizApi.credentials.ts';
import { additionalFields } from '../../../nodes/ITeraBiz/fields/additionalFields.ts';
import { whenVideoExists } from '../../../nodes/ITeraBiz/fields/reuse.ts';
import { waitForCompletion } from '../../../nodes/ITeraBiz/fields/waiting.ts';
import { ITeraBiz } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { ITeraBizPollingTrigger } from '../../../nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts';
import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';
import { resources } from '../../../nodes/ITeraBiz/resources/index.ts';
import type { Operation } from '../../../nodes/ITeraBiz/resources/operation.ts';
import { headings, prose, read, section, table } from './markdown.mts';

const readme = read('README.md');
const operations = resources.flatMap((resource) => resource.operations);
const [node, trigger, pollingTrigger] = [ITeraBiz, ITeraBizTrigger, ITeraBizPollingTrigger].map(
  (Node) => new Node().description,
);
const credential = new ITeraBizApi();

/** The words in brackets that begin with a capital: what can be chosen in a field. */
function choicesIn(text: string): string[] {
  const brackets = [...text.matchAll(/\(([^)]*)\)/g)].flatMap(([, inside]) =>
    inside.split(/, | or /),
  );
  return brackets.filter((words) => /^[A-Z]/.test(words)).sort();
}

/** A language is one of many, and not limited to the list. */
function choicesOf({ type, options = [], allowArbitraryValues }: INodeProperties): string[] {
  if (!['options', 'multiOptions'].includes(type) || allowArbitraryValues) return [];
  return (options as INodePropertyOptions[]).map(({ name }) => name).sort();
}

/** A field, and those in it where it is a collection. */
function withInner(property: INodeProperties): INodeProperties[] {
  const inner = property.type === 'collection' ? (property.options as INodeProperties[]) : [];
  return [property, ...inner];
}

const fieldsOf = (operation: Operation) =>
  operation.fields.filter((field) => field !== additionalFields).flatMap(withInner);

const names = (properties: INodeProperties[]) => properties.map(({ displayName }) => displayName);

test('README has the sections that n8n asks of a verified node', () => {
  // "Usage" is told by an example.
  const asked = ['Installation', 'Operations', 'Credentials', 'Compatibility', 'Resources'];
  const all = [...asked, 'Your first video', 'Version history'];
  expect(headings(readme)).toEqual(expect.arrayContaining(all));
  for (const heading of all) expect(section(readme, heading).trim()).not.toBe('');
});

describe.each(resources)('Operations: $name', ({ name, operations }) => {
  const rows = table(section(section(readme, 'Operations'), name), 'Operation');

  test('are these', () => {
    const documented = rows.map(({ Operation }) => Operation);
    expect(documented.sort()).toEqual(operations.map(({ name }) => name).sort());
  });

  test.each(operations)('$name has these fields, in this order', (operation) => {
    const { Fields } = rows.find((row) => row.Operation === operation.name)!;
    const documented = Fields.replace(/\([^)]*\)/g, '').split(/[,;:]/);
    expect(documented.map((field) => field.trim().replace(/^or /, ''))).toEqual(
      names(fieldsOf(operation)),
    );
    expect(choicesIn(Fields)).toEqual(fieldsOf(operation).flatMap(choicesOf).sort());
  });
});

test('Everything that creates, and nothing else, takes additional fields', () => {
  const takers = operations.filter(({ fields }) => fields.includes(additionalFields));
  expect(takers).toEqual(operations.filter(({ request }) => request.method === 'POST'));
  expect(readme).toContain(`**${additionalFields.displayName}** (on everything that creates)`);
});

describe('Options', () => {
  const rows = table(section(section(readme, 'Operations'), 'Options'), 'Option');
  const options = [...new Set(operations.flatMap((operation) => operation.options))];
  const [, reuse] = whenVideoExists.options as INodePropertyOptions[];
  const having: Record<string, (operation: Operation) => boolean> = {
    all: () => true,
    'everything that creates': ({ request }) => request.method === 'POST',
    'everything that makes videos': ({ request }) =>
      request.method === 'POST' && request.url !== '/avatars',
    [waitForCompletion.displayName]: ({ fields }) => fields.includes(waitForCompletion),
    [reuse.name]: ({ options: all }) => all.includes(whenVideoExists),
    ...Object.fromEntries(
      operations.map(({ name }) => [name, (operation: Operation) => operation.name === name]),
    ),
  };

  test('are these', () => {
    expect(rows.map(({ Option }) => Option).sort()).toEqual(names(options).sort());
  });

  test.each(rows)('$Option is on $On', ({ Option, On }) => {
    const users = operations.filter((operation) => names(operation.options).includes(Option));
    expect(users).toEqual(operations.filter(having[On]));
  });

  test.each(options)('$displayName has this default and these choices', (option) => {
    const row = rows.find(({ Option }) => Option === option.displayName)!;
    expect(defaultIn(row['What it does'])).toBe(defaultOf(option));
    expect(choicesIn(row['What it does'])).toEqual(choicesOf(option));
  });
});

function defaultIn(text: string): string | undefined {
  return /\((\d+|on|off)\)/.exec(text)?.[1];
}

function defaultOf({ type, default: value }: INodeProperties): string | undefined {
  if (type === 'boolean') return value ? 'on' : 'off';
  return type === 'number' ? String(value) : undefined;
}

describe('Triggers', () => {
  const text = section(readme, 'Triggers');
  const rows = table(text, 'Setting');
  const settingsOf = ({ properties }: typeof trigger) =>
    properties
      .filter(({ type }) => type !== 'notice')
      .flatMap(withInner)
      .filter(({ name }) => name !== 'options');
  const settings = settingsOf(trigger);

  test('are called so', () => {
    const heads = Object.keys(table(text, '')[0]);
    expect(heads).toEqual(['', trigger.displayName, pollingTrigger.displayName]);
  });

  test('have these settings', () => {
    expect(rows.map(({ Setting }) => Setting).sort()).toEqual(names(settings).sort());
    expect(names(settings)).toEqual(expect.arrayContaining(names(settingsOf(pollingTrigger))));
  });

  test.each(settings)('$displayName is there, has this default and these choices', (setting) => {
    const row = rows.find(({ Setting }) => Setting === setting.displayName)!;
    const { properties } = trigger;
    const isManual = /manual/.test(JSON.stringify(setting.displayOptions?.show ?? {}));
    const isShared = names(settingsOf(pollingTrigger)).includes(setting.displayName);
    const where = isShared ? 'both' : isManual ? 'Registration: Manual' : trigger.displayName;
    expect(row.On).toBe(properties.includes(setting) ? where : `${where}, under Options`);
    expect(defaultIn(row['What it does'])).toBe(defaultOf(setting));
    expect(choicesIn(row['What it does'])).toEqual(choicesOf(setting));
  });
});

test('The credential is called so, and has these fields', () => {
  const text = section(readme, 'Credentials');
  for (const label of [credential.displayName, ...names(credential.properties)]) {
    expect(text).toContain(`**${label}**`);
  }
});

/** What is printed in bold, and neither a label of ours nor a sentence of its own. */
const NOT_OURS = [
  // n8n's own
  'Settings → Community Nodes',
  'Install',
  'Credentials → Create credential',
  'Save',
  'HTTP Request',
  '⋯ → Import → From file',
  'From URL',
  'Pin data',
  'By Name',
  'AI Agent',
  'On Error',
  'Retry On Fail',
  'Retry',
  // iTeraBiz's messages
  'Check this one',
  // for emphasis
  'n8n itself does the waiting',
  'not',
  '2.41',
  '1.122',
  'sandbox',
];

test('Whatever else is printed in bold as a label is one', () => {
  const properties = [node, trigger, pollingTrigger].flatMap((description) =>
    description.properties.flatMap(withInner),
  );
  const labels = new Set(
    [
      ...[node, trigger, pollingTrigger, credential].map(({ displayName }) => displayName),
      ...names([...properties, ...credential.properties]),
      ...properties.flatMap(choicesOf),
      ...operations.flatMap(({ action }) => action),
    ].map((label) => label.replace(/ \(.*\)$/, '')),
  );
  const bold = [...prose(readme).matchAll(/\*\*([^*]+)\*\*/g)].map(([, words]) => words);
  const sentence = /[.:]$/;
  const strange = bold.filter(
    (words) => !sentence.test(words) && !labels.has(words.replace(/ \(.*\)$/, '')),
  );
  expect(strange.filter((words) => !NOT_OURS.includes(words))).toEqual([]);
  expect(NOT_OURS.filter((words) => !strange.includes(words))).toEqual([]);
});
