/** What the tests of the example workflows share. */
import { join } from 'node:path';
import type { Execution, Json, NodeRun, Workflow } from '../../n8n/rest.mts';
import type { N8n, WorkflowFile } from '../../n8n/server.mts';
import type { Sandbox } from '../../sandbox/client.mts';

export const examplesFolder = join(import.meta.dirname, '../../examples');

/** A row of the data table that the campaign example makes. */
export interface Row extends Json {
  id: number;
  script: string | null;
  /** As text, so that "45 s" in one cell does not make n8n refuse a whole CSV file. */
  duration: string | null;
  status: string | null;
  job_id: string | null;
  video_url: string | null;
  attempts: number | null;
  note: string | null;
}

/** Saves the credential that the examples ask for, with the sandbox's key. */
export async function connect(n8n: N8n, { apiKey, url }: Sandbox): Promise<void> {
  await n8n.rest.createCredential('iTeraBiz account', 'iTeraBizApi', { apiKey, baseUrl: url });
}

/**
 * Imports an example as it ships.
 *
 * @param name without `.json`
 * @param change what a user would set otherwise
 */
export async function importExample(
  n8n: N8n,
  name: string,
  change?: (workflow: WorkflowFile) => void,
): Promise<Workflow> {
  return await n8n.importWorkflow(join(examplesFolder, `${name}.json`), change);
}

export type Item = NonNullable<NonNullable<NodeRun['data']>['main'][number]>[number];

/** What a node gave out in all its runs, on one of its outputs. */
export function itemsOf(execution: Execution, node: string, output = 0): Item[] {
  const runs = execution.data.resultData.runData[node] ?? [];
  return runs.flatMap(({ data }) => data?.main[output] ?? []);
}

/** A campaign example, as its user runs and fills it. */
export class Campaign {
  private constructor(
    private readonly n8n: N8n,
    readonly workflow: Workflow,
    private readonly table: string,
  ) {}

  /** Imports it and runs it once, which makes its table, without rows. */
  static async install(n8n: N8n, example = 'campaign'): Promise<Campaign> {
    const workflow = await importExample(n8n, example);
    const first = await n8n.rest.executionReaching(await n8n.rest.run(workflow, 'Start'));
    const [{ json: table }] = itemsOf(first, 'Campaign table');
    return new Campaign(n8n, workflow, table.id as string);
  }

  /** The same table, used by another import of an example. */
  with(workflow: Workflow): Campaign {
    return new Campaign(this.n8n, workflow, this.table);
  }

  async add(rows: Partial<Row>[]): Promise<void> {
    const defaults = { avatar_id: 'avatar_james01', language: 'en-US', duration: '20' };
    await this.n8n.rest.insertRows(
      this.table,
      rows.map((row) => ({ ...defaults, status: 'ready', ...row })),
    );
  }

  /** As a person does with Import CSV. */
  async importCsv(csv: string): Promise<void> {
    const form = new FormData();
    form.append('file', new Blob([csv], { type: 'text/csv' }), 'campaign.csv');
    form.append('hasHeaders', 'true');
    const { id } = await this.n8n.rest.request<{ id: string }>(
      'POST',
      '/data-tables/uploads',
      form,
    );
    await this.n8n.rest.request('POST', `${await this.path()}/import-csv`, { fileId: id });
  }

  /** In the order in which they were added. */
  async rows(): Promise<Row[]> {
    const rows = (await this.n8n.rest.rows(this.table)) as Row[];
    return rows.sort((one, other) => one.id - other.id);
  }

  /** The row with that script. @throws when there is none */
  async row(script: string): Promise<Row> {
    const row = (await this.rows()).find((one) => one.script === script);
    if (!row) throw new Error(`There is no row with the script ${script}`);
    return row;
  }

  /** As a person does who edits a cell of the table. */
  async edit(row: Row, changes: Partial<Row>): Promise<void> {
    const filter = {
      type: 'and',
      filters: [{ columnName: 'id', condition: 'eq', value: row.id }],
    };
    await this.n8n.rest.request('PATCH', `${await this.path()}/rows`, { filter, data: changes });
  }

  /** Removes all rows. */
  async clear(): Promise<void> {
    const filter = { type: 'and', filters: [{ columnName: 'id', condition: 'gt', value: 0 }] };
    const params = { filter: JSON.stringify(filter) };
    await this.n8n.rest.request('DELETE', `${await this.path()}/rows`, undefined, params);
  }

  private async path(): Promise<string> {
    return `/projects/${await this.n8n.rest.personalProjectId()}/data-tables/${this.table}`;
  }

  /** @returns the ID of the execution, which goes on after this call */
  async start(): Promise<string> {
    return await this.n8n.rest.run(this.workflow, 'Start');
  }

  /**
   * Runs it to its end. That is an error where something is open, said by its last step.
   *
   * @throws when another step ends it
   */
  async run(timeoutMs?: number): Promise<Execution> {
    return await this.ended(await this.start(), timeoutMs);
  }

  /** The same for an execution that was started before. */
  async ended(id: string, timeoutMs?: number): Promise<Execution> {
    const states = ['success', 'error'] as const;
    const execution = await this.n8n.rest.executionReaching(id, [...states], timeoutMs);
    const { error, runData } = execution.data.resultData;
    if (error && !runData?.['Say what is open']) throw new Error(error.message);
    return execution;
  }
}
