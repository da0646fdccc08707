/**
 * A trigger that registers its address by itself.
 *
 * @param webhookId what n8n makes its address of
 */
export function eventTrigger(
  credential: { id: string; name: string },
  webhookId: string,
  events = ['video.completed', 'video.failed'],
) {
  return {
    name: 'Event',
    type: 'n8n-nodes-iterabiz.iTeraBizTrigger',
    typeVersion: 1.1,
    position: [0, 0],
    webhookId,
    credentials: { iTeraBizApi: credential },
    parameters: { events, registration: 'automatic' },
  };
}
