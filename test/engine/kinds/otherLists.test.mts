/** Lists in other orders and pages than the sandbox has them. */
import type { IDataObject } from 'n8n-workflow';

import { N8n } from '../triggers/n8n.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();

/** An n8n that polls the account, with what is then the account's key. */
async function withPolls(task: (poll: () => Promise<unknown[]>) => Promise<void>): Promise<void> {
  const credential = {
    baseUrl: account.url,
    get apiKey() {
      return account.apiKey;
    },
  };
  const n8n = await N8n.start(credential);
  n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
  try {
    await n8n.activate('w1');
    await task(async () => (await n8n.poll('w1')).map(({ video }) => video.id));
  } finally {
    await n8n.stop();
  }
}

/** Videos of the last hour, more than a trigger remembers. */
function addMany(): void {
  for (let n = 0; n < 530; n++) {
    const created_at = new Date(Date.now() - (600 - n) * 1_000).toISOString();
    account.add({ status: 'completed', video_url: 'https://a.example/b', created_at });
  }
}

describe('More videos than a trigger remembers start nothing again', () => {
  const oldestFirst = (jobs: IDataObject[]) => [...jobs].reverse();
  const undated = (jobs: IDataObject[]) => jobs.map((job) => ({ ...job, created_at: undefined }));

  test.each<[string, (jobs: IDataObject[]) => IDataObject[]]>([
    ['that begins with the newest', (jobs) => jobs],
    ['that begins with the oldest', oldestFirst],
    ['without times', undated],
  ])('in a list in one page %s', async (_, order) => {
    addMany();
    account.list = (jobs) => ({ body: { data: order(jobs) } });
    await withPolls(async (poll) => {
      expect(await poll()).toEqual([]);
      const { id } = account.add({ status: 'failed' });
      expect(await poll()).toEqual([id]);
      expect(await poll()).toEqual([]);
    });
  });

  test('in pages of 30 that begin with the oldest', async () => {
    addMany();
    account.api.reply = ({ query }) => {
      const jobs = oldestFirst(account.jobs);
      const start = jobs.findIndex(({ id }) => id === query.starting_after) + 1;
      const data = jobs.slice(start, start + 30);
      return { body: { data, has_more: start + 30 < jobs.length } };
    };
    await withPolls(async (poll) => {
      expect(await poll()).toEqual([]);
      expect(await poll()).toEqual([]);
    });
  });
});

test('a new key, and a list that breaks off before the first known video: nothing is taken for history', async () => {
  const finished = { status: 'completed', video_url: 'https://a.example/b' };
  account.add(finished);
  let isBusy = false;
  account.api.reply = ({ query }) => {
    const start = account.jobs.findIndex(({ id }) => id === query.starting_after) + 1;
    if (isBusy && start > 0) return { status: 429, headers: { 'Retry-After': '3600' }, body: {} };
    const data = account.jobs.slice(start, start + 10);
    return { body: { data, has_more: start + 10 < account.jobs.length } };
  };
  await withPolls(async (poll) => {
    for (let n = 0; n < 15; n++) account.add(finished);
    account.apiKey += '_new';
    isBusy = true;
    await expect(poll()).rejects.toThrow('iTeraBiz is too busy to list the videos');
    isBusy = false;
    account.apiKey += '_newer';
    expect(await poll()).toHaveLength(15);
    expect(await poll()).toEqual([]);
  });
});
