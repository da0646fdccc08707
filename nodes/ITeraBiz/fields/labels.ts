/**
 * What the editor calls each field of the API. The one list: fields take their label from here, and
 * so do the messages that tell a user which field iTeraBiz refused.
 */
export const LABELS: Record<string, string> = {
  avatar_id: 'Avatar',
  duration: 'Duration',
  events: 'Events',
  image_url: 'Image URL',
  language: 'Language',
  name: 'Name',
  prompt: 'Prompt',
  script: 'Script',
  voice_id: 'Voice ID',
};
