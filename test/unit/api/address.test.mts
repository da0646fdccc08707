import { isLoopback } from '../../../nodes/ITeraBiz/api/address.ts';

const hostOf = (address: string) => new URL(address).hostname;

test.each(['http://localhost:4010', 'http://a.localhost', 'http://127.0.0.1', 'http://[::1]:1'])(
  '%s is this computer',
  (address) => {
    expect(isLoopback(hostOf(address))).toBe(true);
  },
);

test.each([
  'https://127.example.com',
  'https://localhost.example.com',
  'https://notlocalhost',
  'https://128.0.0.1',
  'https://[::2]',
])('%s is another one', (address) => {
  expect(isLoopback(hostOf(address))).toBe(false);
});
