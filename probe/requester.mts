import { LoadOptionsContext } from 'n8n-core';

import { ITeraBizApi } from '../credentials/ITeraBizApi.credentials.ts';
import { engine } from '../n8n/embedded.mts';
import type { RequestContext } from '../nodes/ITeraBiz/client/http.ts';
import { ITeraBiz } from '../nodes/ITeraBiz/ITeraBiz.node.ts';

/** The address of the API and its key, as in n8n's credential. */
export interface Access {
  baseUrl: string;
  apiKey: string;
}

/** A real n8n context for the node's client, with this access as its credential. */
export function requesterFor({ baseUrl, apiKey }: Access): RequestContext {
  const node = {
    id: 'probe',
    name: 'Probe',
    type: 'iTeraBiz',
    typeVersion: 1,
    position: [0, 0] as [number, number],
    parameters: {},
  };
  const { instance, additionalData } = engine(
    { nodes: [node], connections: {} },
    {
      kit: { nodes: { iTeraBiz: new ITeraBiz() }, credentials: { iTeraBizApi: new ITeraBizApi() } },
      secrets: { iTeraBizApi: { baseUrl, apiKey } },
    },
  );
  return new LoadOptionsContext(instance, instance.getNode('Probe')!, additionalData, '');
}
