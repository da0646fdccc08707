/**
 * Stands in for the language model of an AI agent, so that the agent and its tools run for real. It
 * speaks as much of OpenAI's chat completions as n8n's model node asks for.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Question {
  messages: { role: string; content: string }[];
  tools: { function: { name: string } }[];
}

export interface ScriptedModel {
  /** For the credential's Base URL */
  url: string;
  /** The names of the tools that it was offered. */
  tools(): string[];
  stop(): Promise<void>;
}

/** A model that calls this tool once, and then repeats what the tool answered. */
export async function startScriptedModel(tool: string, args: object): Promise<ScriptedModel> {
  let offered: string[] = [];
  const server = createServer(async (request, response) => {
    const { messages, tools } = JSON.parse(await text(request)) as Question;
    offered = tools.map(({ function: { name } }) => name);
    const last = messages.at(-1)!;
    const call = { name: tool, arguments: JSON.stringify(args) };
    const message =
      last.role === 'tool'
        ? { content: last.content }
        : { content: null, tool_calls: [{ id: 'call_1', type: 'function', function: call }] };
    const finish_reason = last.role === 'tool' ? 'stop' : 'tool_calls';
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 0,
        model: 'scripted',
        choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    tools: () => offered,
    async stop() {
      server.closeAllConnections();
      await new Promise((ended) => server.close(ended));
    },
  };
}
