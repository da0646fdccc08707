/** The least that n8n allows: reads its parameters, posts, and gives out what comes back. */
import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

const CONCURRENCY = 5;

/** Made like our node, declarative with a custom operation, without a single promise. */
export class Floor implements INodeType {
  static readonly type = 'bench.floor';

  description: INodeType['description'] = {
    displayName: 'Floor',
    name: 'floor',
    group: ['transform'],
    version: 1,
    description: 'Posts its parameters',
    defaults: { name: 'Floor' },
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    requestDefaults: {},
    properties: [
      {
        ...{ displayName: 'Avatar', name: 'avatarId', type: 'resourceLocator', default: '' },
        modes: [{ displayName: 'By ID', name: 'id', type: 'string' }],
      },
      ...['resource', 'operation', 'script', 'language', 'duration'].map(
        (name) => ({ displayName: name, name, type: 'string', default: '' }) as const,
      ),
    ],
  };

  customOperations = { video: { create } };
}

async function create(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
  const outputs: INodeExecutionData[] = [];
  const queue = this.getInputData().keys();
  const work = async () => {
    for (const item of queue) {
      const json = (await this.helpers.httpRequestWithAuthentication.call(this, 'iTeraBizApi', {
        method: 'POST',
        url: '/videos',
        json: true,
        body: {
          avatar_id: this.getNodeParameter('avatarId', item, '', { extractValue: true }),
          script: this.getNodeParameter('script', item),
          language: this.getNodeParameter('language', item),
          duration: this.getNodeParameter('duration', item),
        },
      })) as IDataObject;
      outputs[item] = { json, pairedItem: { item } };
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return [outputs];
}
