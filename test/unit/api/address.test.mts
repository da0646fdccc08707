import { isLoopback, trimBaseUrl, trimPasted } from '../../../nodes/ITeraBiz/api/address.ts';

const hostOf = (address: string) => new URL(address).hostname;

test.each([
  'http://localhost:4010',
  'http://my.app.localhost',
  'http://127.10.0.255',
  'http://[::1]:1',
])('%s is this computer', (address) => {
  expect(isLoopback(hostOf(address))).toBe(true);
});

test.each([
  'https://127.example.com',
  'https://localhost.example.com',
  'https://notlocalhost',
  'https://128.0.0.1',
  'https://[::2]',
])('%s is another one', (address) => {
  expect(isLoopback(hostOf(address))).toBe(false);
});

test.each<[unknown, string]>([
  [' "sk_live_1"\n', 'sk_live_1'],
  ['\u200B“sk 1”', 'sk 1'],
  ['\u202A"sk\u00AD_1\u200E"\u202C', 'sk_1'],
  ['', ''],
  [17, '17'],
  [NaN, ''],
  [null, ''],
  [['sk_live_1'], ''],
])('%j was pasted: %j', (value, trimmed) => expect(trimPasted(value)).toBe(trimmed));

test.each([
  [' https://api.example/v1// ', 'https://api.example/v1'],
  ['https://api.example', 'https://api.example'],
  [undefined, ''],
])('the Base URL %j is %j', (entered, url) => expect(trimBaseUrl(entered)).toBe(url));
