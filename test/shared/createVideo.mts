/** Parameters of Video: Create for items that carry a `script`. */
export const createVideo = {
  resource: 'video',
  operation: 'create',
  avatarId: { __rl: true, mode: 'id', value: 'avatar_james01' },
  script: '={{ $json.script }}',
  language: 'en-US',
  duration: 30,
};
