/** An account at an API that is written apart from the sandbox, and that speaks as a test wants it to. */
import type { IDataObject, INodeParameters, IRun } from 'n8n-workflow';

import { RECONCILING } from '../../../nodes/ITeraBiz/account/reconciler.ts';
import { type Asked, type LittleApi, type Reply, useLittleApi } from '../../shared/littleApi.mts';
import { runNode, type NodeRunOptions } from '../support.mts';

let accounts = 0;

export class LittleAccount {
  /** Another one for each test: what this process has just made is known of an account */
  apiKey = '';
  /** What was accepted, and has to be paid for; newest first */
  jobs: IDataObject[] = [];
  avatars: IDataObject[] = [];
  /** What meets a submission */
  post: (accept: () => IDataObject, asked: Asked) => Reply = (accept) => ({ body: accept() });
  /** How a job is stated where it is read */
  state: (job: IDataObject) => IDataObject = (job) => job;
  /** How a job is answered where it is asked for by its ID */
  byId: (job?: IDataObject) => Reply = (job) => (job ? { body: job } : { status: 404, body: {} });
  /** How a list is answered */
  list: (entries: IDataObject[]) => Reply = (data) => ({ body: { data, has_more: false } });

  constructor(readonly api: LittleApi) {}

  get url(): string {
    return this.api.url;
  }

  async run(parameters: INodeParameters, options: NodeRunOptions = {}): Promise<IRun> {
    return await runNode(this, parameters, options);
  }

  /** A job that is there. */
  add(fields: IDataObject): IDataObject {
    const id = `video_${this.jobs.length + 1}`;
    const job = { id, status: 'queued', created_at: new Date().toISOString(), ...fields };
    this.jobs.unshift(job);
    return job;
  }

  reply(asked: Asked): Reply {
    const { method, path, body } = asked;
    if (method === 'POST') return this.post(() => this.add(body as IDataObject), asked);
    if (path === '/avatars') return this.list(this.avatars);
    if (path === '/videos') return this.list(this.jobs.map(this.state));
    const job = this.jobs.find(({ id }) => path === `/videos/${String(id)}`);
    return this.byId(job && this.state(job));
  }
}

export function useLittleAccount(): LittleAccount {
  const account = new LittleAccount(useLittleApi());
  beforeEach(() => {
    // Its lists show at once what was made.
    Object.assign(RECONCILING, { polls: [0, 15], again: 15, patience: 1_000, refused: 10 });
    Object.assign(account, new LittleAccount(account.api), { apiKey: `sk_test_${++accounts}` });
    account.api.reply = (asked) => account.reply(asked);
  });
  return account;
}
