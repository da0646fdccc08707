/** n8n's own nodes, out of the installed server, on the engine of this process. */
import Module, { createRequire } from 'node:module';
import type {
  INode,
  INodeCredentialsDetails,
  INodeParameters,
  INodeType,
  IVersionedNodeType,
} from 'n8n-workflow';

const ENGINE = /^(n8n-core|n8n-workflow|@n8n\/di)(\/|$)/;

interface ModuleInternals {
  _resolveFilename(
    request: string,
    parent: unknown,
    isMain: boolean,
    options?: { paths?: string[] },
  ): string;
}

/**
 * Gives every module that is loaded from now on this process's engine. With a copy of their own,
 * n8n's nodes would not be known to it: it tells some by their class.
 */
export function shareEngine(): void {
  const internals = Module as unknown as ModuleInternals;
  const resolve = internals._resolveFilename;
  internals._resolveFilename = (request, parent, isMain, options) =>
    resolve(
      request,
      parent,
      isMain,
      ENGINE.test(request) ? { paths: [import.meta.dirname] } : options,
    );
}

type NodeClass = new () => INodeType | IVersionedNodeType;

const FILES: Record<string, string> = {
  HttpRequest: 'HttpRequest/HttpRequest.node.js',
  If: 'If/If.node.js',
  NoOp: 'NoOp/NoOp.node.js',
  SplitOut: 'Transform/SplitOut/SplitOut.node.js',
  SplitInBatches: 'SplitInBatches/SplitInBatches.node.js',
  Wait: 'Wait/Wait.node.js',
};

/** @param n8nScript a file of the installed n8n, from where its nodes can be found */
export function loadN8nNodes(n8nScript: string): Record<string, INodeType | IVersionedNodeType> {
  const n8nRequire = createRequire(n8nScript);
  return Object.fromEntries(
    Object.entries(FILES).map(([className, file]) => {
      const loaded = n8nRequire(`n8n-nodes-base/dist/nodes/${file}`) as Record<string, NodeClass>;
      const name = className[0].toLowerCase() + className.slice(1);
      return [`n8n-nodes-base.${name}`, new loaded[className]()];
    }),
  );
}

export function node(
  name: string,
  type: string,
  parameters: INodeParameters = {},
  more: Partial<INode> = {},
): INode {
  return { id: name, name, type, typeVersion: 1, position: [0, 0], parameters, ...more };
}

/** Connections as `[from, to, output of from]`. */
export function connect(...pairs: [string, string, number?][]) {
  const connections: Record<string, { main: { node: string; type: 'main'; index: number }[][] }> =
    {};
  for (const [from, to, output = 0] of pairs) {
    connections[from] ??= { main: [] };
    const { main } = connections[from];
    while (main.length <= output) main.push([]);
    main[output].push({ node: to, type: 'main', index: 0 });
  }
  return connections;
}

/** Of every node that asks the API. */
export const CREDENTIALS: INode['credentials'] = { iTeraBizApi: { id: '1', name: 'iTeraBiz' } };

/** The HTTP Request node, with the credential that our package brings for it. */
export function httpRequest(
  name: string,
  parameters: INodeParameters,
  more: Partial<INode> = {},
): INode {
  return node(
    name,
    'n8n-nodes-base.httpRequest',
    {
      authentication: 'predefinedCredentialType',
      nodeCredentialType: 'iTeraBizApi',
      ...parameters,
    },
    {
      typeVersion: 4.5,
      credentials: CREDENTIALS,
      ...more,
    },
  );
}

export function iTeraBiz(
  name: string,
  parameters: INodeParameters,
  more: Partial<INode> = {},
): INode {
  return node(name, 'n8n-nodes-iterabiz.iTeraBiz', parameters, {
    credentials: CREDENTIALS,
    ...more,
  });
}

/** Creating a video from a row, as the HTTP Request node is set up for it. */
export const byHand = (url: string): INodeParameters => ({
  method: 'POST',
  url: `${url}/videos`,
  sendBody: true,
  specifyBody: 'json',
  jsonBody:
    "={{ { avatar_id: 'avatar_james01', script: $json.script, language: 'en-US', duration: 30 } }}",
});

/**
 * What is usually built to wait: look, go on with what is finished, wait, look again for the others.
 *
 * @param submit the node that creates the videos, and comes before
 * @param pause between two looks, in seconds
 */
export function waitingLoop(submit: INode, url: string, pause: number) {
  const nodes = [
    submit,
    node(
      'Wait',
      'n8n-nodes-base.wait',
      { resume: 'timeInterval', unit: 'seconds', amount: pause },
      { typeVersion: 1.1 },
    ),
    httpRequest('Look', { method: 'GET', url: `=${url}/videos/{{ $json.id }}` }),
    node('Finished?', 'n8n-nodes-base.if', {
      conditions: { string: [{ value1: '={{ $json.status }}', value2: 'completed' }] },
    }),
    node('Done', 'n8n-nodes-base.noOp'),
  ];
  const connections = connect(
    [submit.name, 'Wait'],
    ['Wait', 'Look'],
    ['Look', 'Finished?'],
    ['Finished?', 'Done', 0],
    ['Finished?', 'Wait', 1],
  );
  return { nodes, connections };
}

/**
 * What has to be built so that a Webhook node takes in only what comes from iTeraBiz, and each event once:
 * the signature over the bytes that came, its age, the video asked for again, events seen before left out.
 *
 * @param path of its address
 * @param secret n8n's credential for the Crypto node, with the secret of the signatures
 */
export function checkedWebhook(url: string, path: string, secret: INodeCredentialsDetails) {
  const signature = (part: string) =>
    `$('Event').item.json.headers['x-iterabiz-signature'].match(/${part}=(\\w+)/)[1]`;
  const event = "$('Body').item.json.text.parseJson()";
  const respond = (name: string, code: number) =>
    node(
      name,
      'n8n-nodes-base.respondToWebhook',
      { respondWith: 'noData', options: { responseCode: code } },
      { typeVersion: 1.5 },
    );
  const nodes = [
    node(
      'Event',
      'n8n-nodes-base.webhook',
      { httpMethod: 'POST', path, responseMode: 'responseNode', options: { rawBody: true } },
      { typeVersion: 2.1, webhookId: path },
    ),
    node(
      'Body',
      'n8n-nodes-base.extractFromFile',
      { operation: 'text', binaryPropertyName: 'data', destinationKey: 'text' },
      { typeVersion: 1.1 },
    ),
    node(
      'Sign',
      'n8n-nodes-base.crypto',
      {
        ...{ action: 'hmac', type: 'SHA256', encoding: 'hex', dataPropertyName: 'signature' },
        value: `={{ ${signature('t')} }}.{{ $json.text }}`,
      },
      { typeVersion: 2, credentials: { crypto: secret } },
    ),
    node('Genuine?', 'n8n-nodes-base.if', {
      conditions: {
        string: [{ value1: '={{ $json.signature }}', value2: `={{ ${signature('v1')} }}` }],
        number: [{ value1: `={{ Math.abs(Date.now() / 1000 - ${signature('t')}) }}`, value2: 300 }],
      },
    }),
    httpRequest('Confirm', { method: 'GET', url: `=${url}/videos/{{ ${event}.data.id }}` }),
    node('Confirmed?', 'n8n-nodes-base.if', {
      conditions: { string: [{ value1: '={{ $json.status }}', value2: 'completed' }] },
    }),
    node(
      'New?',
      'n8n-nodes-base.removeDuplicates',
      {
        operation: 'removeItemsSeenInPreviousExecutions',
        dedupeValue: `={{ ${event}.id }}`,
      },
      { typeVersion: 2 },
    ),
    respond('Accept', 200),
    respond('Refuse', 401),
    node('End', 'n8n-nodes-base.noOp'),
  ];
  const connections = connect(
    ['Event', 'Body'],
    ['Body', 'Sign'],
    ['Sign', 'Genuine?'],
    ['Genuine?', 'Confirm', 0],
    ['Genuine?', 'Refuse', 1],
    ['Confirm', 'Confirmed?'],
    ['Confirmed?', 'New?', 0],
    ['Confirmed?', 'Refuse', 1],
    ['New?', 'Accept', 0],
    ['New?', 'End', 0],
    ['New?', 'Accept', 1],
  );
  return { nodes, connections };
}

/** Rows of a campaign, each with a script of its own. */
export function rows(count: number, name = 'Row') {
  return Array.from({ length: count }, (_, row) => ({ row, script: `${name} ${row}` }));
}
