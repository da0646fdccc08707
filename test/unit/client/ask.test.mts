import type { INode } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { answerOf, ask, pageFrom } from '../../../nodes/ITeraBiz/client/ask.ts';
import { answered, connectionReset, fakeContext } from '../fakeContext.mts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';

const subject = { doing: 'list the hooks' };
const node = { name: 'Trigger' } as INode;

test.each([200, 201, 204, 299])('status %i is an answer', async (status) => {
  const { context, asked } = fakeContext({ answer: () => answered({ ok: 1 }, status) });
  expect(await ask(context, { url: '/webhooks' }, subject)).toMatchObject({
    status,
    body: { ok: 1 },
  });
  expect(asked).toHaveLength(1);
});

test.each([199, 300, 302, 400, 404, 500])('status %i is none', async (status) => {
  const { context } = fakeContext({ answer: () => answered({}, status) });
  await expect(ask(context, { url: '/webhooks' }, subject)).rejects.toMatchObject({
    name: 'NodeApiError',
    httpCode: String(status),
  });
});

test('unless the caller knows what to make of it', async () => {
  const { context } = fakeContext({ answer: () => answered({}, 404) });
  expect(await ask(context, { url: '/webhooks' }, subject, [405, 404])).toMatchObject({
    status: 404,
  });
  await expect(ask(context, { url: '/webhooks' }, subject, [405])).rejects.toThrow();
});

test('a missing answer is told in words, and an error of another kind stays what it is', async () => {
  const reset = fakeContext({ answer: () => connectionReset }).context;
  await expect(ask(reset, { url: '' }, subject)).rejects.toMatchObject({
    message:
      'The connection to iTeraBiz broke off before it answered the request to list the hooks',
  });
  const other = fakeContext({ answer: () => new UserError('no credential') }).context;
  await expect(ask(other, { url: '' }, subject)).rejects.toThrow('no credential');
  expect(() => answerOf(new NetworkError('', false, 'x'), node, subject)).toThrow(
    'iTeraBiz could not be reached to list the hooks',
  );
});

test('a page is read, and what is none is told', () => {
  const answer = (body: unknown) => ({ status: 200, headers: {}, body });
  expect(pageFrom(answer([{ id: 1 }]), node, subject)).toEqual({
    data: [{ id: 1 }],
    has_more: false,
  });
  expect(() => pageFrom(answer('<html>'), node, subject)).toThrow(
    'The answer to the request to list the hooks does not look like one from iTeraBiz',
  );
});
