import { LoadOptionsContext } from 'n8n-core';

import { ITeraBizApi } from '../credentials/ITeraBizApi.credentials.ts';
import { engine } from '../n8n/embedded.mts';
import type { RequestContext } from '../nodes/ITeraBiz/client/http.ts';
import { ITeraBiz } from '../nodes/ITeraBiz/ITeraBiz.node.ts';

/** Where the API is, and the key to it, as they stand in the credential in n8n. */
export interface Access {
  baseUrl: string;
  apiKey: string;
}

/** A context of n8n's own in which the node's client asks, with this access as its credential. */
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
