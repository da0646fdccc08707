import type { IContextObject, IDataObject, INodeProperties } from 'n8n-workflow';

import { JobRegistry } from '../../../nodes/ITeraBiz/account/jobRegistry.ts';
import { BadInput } from '../../../nodes/ITeraBiz/fields/validate.ts';
import { Ledger } from '../../../nodes/ITeraBiz/orders/ledger.ts';
import { prepareRows } from '../../../nodes/ITeraBiz/orders/rows.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
import { api, errorOf, running } from './ordering.mts';

test.each([
  ['whenVideoExists', 'use', '"use" is not one of the choices'],
  ['whenVideoExists', null, 'is empty'],
  ['lookBack', 'ten', '"ten" is not a number above 0'],
  ['lookBack', 0, 'is not a number above 0'],
  ['lookBack', Number.NaN, 'is not a number above 0'],
  ['previewOnly', 'maybe', 'is neither on nor off'],
  ['maxVideos', 'many', 'Max Videos'],
])('an option that is invalid refuses its row: %s %p', async (name, value, words) => {
  const options = { whenVideoExists: 'reuse', [name]: value } as IDataObject;
  const place = running({ options });
  expect((await errorOf(place)).message).toContain(words);
  expect(api.asked).toEqual([]);
});

describe('The rows of a run', () => {
  const field = (name: string, property?: string): INodeProperties => ({
    ...{ displayName: name, name, type: 'string', default: '' },
    routing: property ? { send: { type: 'body', property } } : {},
  });
  const fields = [field('script', 'script'), field('avatarId', 'avatar_id'), field('other')];

  async function prepared(parameters: FakeRunOptions['parameters'], more: Partial<Given> = {}) {
    const { ledger = new Ledger({}, 0, 'me', ''), jobs = new JobRegistry() } = more;
    const { mode, ...options } = more;
    const { run } = fakeRun({ api: () => new Error('nobody asks'), parameters, ...options });
    run.locatorMode = (name) => (name === 'avatarId' ? mode : undefined);
    const asked: string[] = [];
    const findAvatar = async (name: string) => {
      asked.push(name);
      return `id of ${name}`.replaceAll(' ', '_');
    };
    const template = { doing: '', url: '/videos', fields };
    const rows = await prepareRows(run, template, ledger, jobs, findAvatar);
    return { ...rows, asked, body: rows.good[0]?.order.body };
  }
  interface Given extends FakeRunOptions {
    ledger: Ledger;
    jobs: JobRegistry;
    mode: string;
  }
  const all = { script: ' Hi ', avatarId: 'a', other: 'not sent' };

  test('have the bodies that the description says, checked, with the fields that the user added', async () => {
    expect((await prepared(all)).body).toEqual({ script: 'Hi', avatar_id: 'a' });
    const added = {
      field: [{ name: 'n', value: '1' }, 'nonsense', { name: 'script', value: 'Ho' }],
    };
    expect((await prepared({ ...all, additionalFields: added })).body).toEqual({
      ...{ script: 'Ho', avatar_id: 'a', n: 1 },
    });
    expect((await prepared({ ...all, additionalFields: { field: 'nonsense' } })).body).toEqual({
      ...{ script: 'Hi', avatar_id: 'a' },
    });
  });

  test.each([
    ['name', ' Anna\u200b ', 'id_of_Anna', ['Anna']],
    ['name', ['Anna'], 'id_of_Anna', ['Anna']],
    ['id', 'a', 'a', []],
  ])('take avatars by %s', async (mode, avatarId, id, names) => {
    const { body, asked } = await prepared({ ...all, avatarId }, { mode });
    expect([body.avatar_id, asked]).toEqual([id, names]);
    expect(body.script).toBe('Hi');
  });

  test.each([' ', null])('ask for no avatar without a name: %j', async (avatarId) => {
    const { bad, asked } = await prepared({ ...all, avatarId }, { mode: 'name' });
    expect([bad.get(0)!.error.message, asked]).toEqual(['"Avatar" is empty', []]);
  });

  test('have the lowest limits of all, and are a preview if one is', async () => {
    const rowOptions = [{ maxVideos: 9, maxSeconds: 8 }, { maxVideos: 7, previewOnly: true }, {}];
    const items = rowOptions.map((options) => ({ options }));
    const result = await prepared((_, input) => ({ ...all, ...input }), { items });
    expect(result).toMatchObject({ maxVideos: 7, maxSeconds: 8, isPreview: true });
    expect((await prepared(all)).isPreview).toBe(false);
    expect(result.good.map(({ options }) => options)).toEqual(rowOptions);
  });

  test('that are invalid show how far their bodies got', async () => {
    const { bad, good } = await prepared({ ...all, script: '' });
    expect([good, [...bad]]).toEqual([
      [],
      [[0, { error: expect.any(BadInput), body: { script: '', avatar_id: 'a' } }]],
    ]);
    const options = await prepared({ ...all, options: { maxVideos: 'x' } });
    expect(options.bad.get(0)).toMatchObject({ body: {} });
  });

  test('wait if the user wants that', async () => {
    expect((await prepared({ ...all, waitForCompletion: 'yes' })).good[0].waits).toBe(true);
    expect((await prepared(all)).good[0].waits).toBe(false);
    const unclear = await prepared({ ...all, waitForCompletion: 'maybe' });
    expect(unclear.bad.get(0)!.error.message).toContain('"Wait for Completion"');
  });

  test('look for existing videos as far back as the user wants', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(100 * 86_400_000);
    const sinceOf = async (options: IDataObject) =>
      (await prepared({ ...all, options })).good[0].reuseSince;
    expect(await sinceOf({ lookBack: 1 })).toBeUndefined();
    expect(await sinceOf({ whenVideoExists: 'order' })).toBeUndefined();
    expect(await sinceOf({ whenVideoExists: 'reuse' })).toBe(70 * 86_400_000);
    expect(await sinceOf({ whenVideoExists: 'reuse', lookBack: 1 })).toBe(99 * 86_400_000);
    jest.restoreAllMocks();
  });

  test.each([
    ['a step takes what the row got with other values', false, 'sent'],
    ['a tool takes each call for another one', true, undefined],
  ])('know their earlier submissions: %s', async (_, isTool, state) => {
    const memory: IContextObject = {};
    const ledger = new Ledger(memory, 0, 'me', '');
    ledger.sent(ledger.keyOf(0, { url: '/videos', body: { script: 'now 1', avatar_id: 'a' } }), 1);
    const again = { ledger: new Ledger(memory, 0, 'me', ''), isTool };
    const now = async (script: string) => (await prepared({ ...all, script }, again)).good[0];
    expect((await now('now 2')).known?.state).toBe(state);
    const same = await now('now 1');
    expect([same.known?.state, same.key]).toEqual(['sent', expect.stringMatching(/^0\/0\//)]);
  });

  test('of a tool are looked for if an earlier call left the same in doubt, but not while another one sends it', async () => {
    const memory: IContextObject = {};
    const order = { url: '/videos', body: { script: 'Hi', avatar_id: 'a' } };
    const first = new Ledger(memory, 0, 'me', '');
    first.sent(first.keyOf(0, order), 1);
    const jobs = new JobRegistry();
    const stateOf = async (script: string) => {
      const again = { ledger: new Ledger(memory, 1, 'me', ''), jobs, isTool: true };
      return (await prepared({ ...all, script }, again)).good[0].known?.state;
    };
    jobs.sending.add(order);
    expect(await stateOf('Hi')).toBeUndefined();
    jobs.sending.clear();
    expect(await stateOf('Ho')).toBeUndefined();
    expect(await stateOf('Hi')).toBe('sent');
  });
});
