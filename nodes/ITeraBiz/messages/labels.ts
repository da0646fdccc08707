/**
 * What the editor calls each field of the API, for the messages that tell a user which field was
 * refused. A test holds it to the labels of the fields.
 */
export const LABELS: Record<string, string> = {
  avatar_id: 'Avatar',
  duration: 'Duration (Seconds)',
  events: 'Events',
  image_url: 'Image URL',
  language: 'Language',
  name: 'Name',
  prompt: 'Prompt',
  script: 'Script',
  voice_id: 'Voice ID',
};
