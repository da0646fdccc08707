import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';

const { description } = new ITeraBizTrigger();

test("n8n's own words, which would have people order a video, are replaced", () => {
  expect(description).toMatchObject({
    activationMessage: expect.any(String),
    eventTriggerDescription: expect.stringContaining('Fetch Test Event'),
    triggerPanel: {
      header: expect.any(String),
      activationHint: { active: expect.any(String), inactive: expect.any(String) },
      executionsHelp: { active: expect.any(String), inactive: expect.any(String) },
    },
  });
  expect(JSON.stringify(description)).not.toMatch(/mock data|create an event/);
});
