/** README's tables have what the editor shows: operations, fields, options and settings, by their labels. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { ITeraBizApi } from '../../../credentials/ITeraBizApi.credentials.ts';
import { additionalFields } from '../../../nodes/ITeraBiz/fields/fields.ts';
import { waitForCompletion, whenVideoExists } from '../../../nodes/ITeraBiz/fields/options.ts';
import { ITeraBizPollingTrigger } from '../../../nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts';
import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';
import { resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import type { Operation } from '../../../nodes/ITeraBiz/resources/operation.ts';
import { headings, read, section, table } from './markdown.mts';

const readme = read('README.md');
const operations = resources.flatMap((resource) => resource.operations);
const [trigger, pollingTrigger] = [ITeraBizTrigger, ITeraBizPollingTrigger].map(
  (Node) => new Node().description,
);

const names = (properties: INodeProperties[]) => properties.map(({ displayName }) => displayName);

const withoutUnit = (label: string) => label.replace(/ \(.*\)$/, '');

/** A language is one of many, and not limited to the list. */
function choicesOf({ type, options = [], allowArbitraryValues }: INodeProperties): string[] {
  if (!['options', 'multiOptions'].includes(type) || allowArbitraryValues) return [];
  return (options as INodePropertyOptions[]).map(({ name }) => name);
}

function defaultOf({ type, default: value }: INodeProperties): string | undefined {
  if (type === 'boolean') return value ? 'on' : 'off';
  return type === 'number' ? String(value) : undefined;
}

function expectToSay(text: string, property: INodeProperties): void {
  expect(/\((\d+|on|off)\)/.exec(text)?.[1]).toBe(defaultOf(property));
  for (const choice of choicesOf(property)) expect(text).toContain(choice);
}

test('README has the sections that n8n asks of a verified node, and can be read in five minutes', () => {
  const installing = ['Installation', 'Credentials', 'Usage', 'Operations', 'Compatibility'];
  const all = [...installing, 'Resources', 'Version history'];
  expect(headings(readme)).toEqual(expect.arrayContaining(all));
  for (const heading of all) expect(section(readme, heading).trim()).not.toBe('');
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(18_000);
});

test('The operations are these, with these fields, in this order', () => {
  const documented = table(section(readme, 'Operations'), 'Resource').map((row) => [
    row.Resource,
    row.Operation,
    row.Fields.replace(/ \([^)]*\)/g, '').split(', '),
  ]);
  const offered = resources.flatMap((resource) =>
    resource.operations.map(({ name, fields }) => {
      const shown = fields.filter((field) => field !== additionalFields);
      return [resource.name, name, names(shown).map(withoutUnit)];
    }),
  );
  expect(documented).toEqual(offered);
});

describe('Options', () => {
  const rows = table(section(readme, 'Options'), 'Option');
  const options = [...new Set(operations.flatMap((operation) => operation.options))];
  const [, reuse] = whenVideoExists.options as INodePropertyOptions[];
  const having: Record<string, (operation: Operation) => boolean> = {
    everything: () => true,
    creating: ({ request }) => request.method === 'POST',
    'ordering videos': ({ request }) => request.method === 'POST' && request.url !== '/avatars',
    [waitForCompletion.displayName]: ({ fields }) => fields.includes(waitForCompletion),
    [reuse.name]: ({ options: all }) => all.includes(whenVideoExists),
    Download: ({ name }) => name === 'Download',
  };

  test('are these, in the order of the editor', () => {
    expect(rows.map(({ Option }) => Option)).toEqual(names(options).sort());
  });

  test.each(options)('$displayName: where it is, its default and its choices', (option) => {
    const { On, ...row } = rows.find(({ Option }) => Option === option.displayName)!;
    const users = operations.filter(({ options: all }) => all.includes(option));
    expect(users).toEqual(operations.filter(having[On]));
    expectToSay(row['What it does'], option);
  });
});

describe('Triggers', () => {
  const text = section(readme, 'Triggers');
  const rows = table(text, 'Setting');
  const settingsOf = ({ properties }: typeof trigger) =>
    properties
      .filter(({ type }) => type !== 'notice')
      .flatMap(({ type, options, ...property }) =>
        type === 'collection' ? (options as INodeProperties[]) : [{ type, options, ...property }],
      );
  const settings = settingsOf(trigger);
  const shared = names(settingsOf(pollingTrigger));

  test('are called so, and have these settings', () => {
    const heads = Object.keys(table(text, '')[0]);
    expect(heads).toEqual(['', trigger.displayName, pollingTrigger.displayName]);
    expect(rows.map(({ Setting }) => Setting).sort()).toEqual(names(settings).sort());
    expect(names(settings)).toEqual(expect.arrayContaining(shared));
  });

  test.each(settings)('$displayName: where it is, its default and its choices', (setting) => {
    const { On, ...row } = rows.find(({ Setting }) => Setting === setting.displayName)!;
    const isManual = /manual/.test(JSON.stringify(setting.displayOptions?.show ?? {}));
    const isShared = shared.includes(setting.displayName);
    const where = isShared ? 'both' : isManual ? 'Registration: Manual' : trigger.displayName;
    const isOption = !names(trigger.properties).includes(setting.displayName);
    expect(On).toBe(isOption ? `${where}, under Options` : where);
    expectToSay(row['What it does'], setting);
  });
});

test('The credential is called so, and has these fields', () => {
  const { displayName, properties } = new ITeraBizApi();
  for (const label of [displayName, ...names(properties)]) {
    expect(section(readme, 'Credentials')).toContain(`**${label}**`);
  }
});
