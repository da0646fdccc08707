import { unreachableHost } from '../../../nodes/ITeraBiz/webhook/registration.ts';

const API = 'https://api.iterabiz.com/v1';

test.each([
  'http://localhost:5678',
  'http://LOCALHOST.:5678',
  'http://n8n.localhost',
  'http://127.0.0.1:5678',
  'http://127.8.9.1',
  'http://127.1',
  'http://2130706433',
  'http://0x7f.0.0.1',
  'http://0.0.0.0:5678',
  'http://10.0.0.5',
  'http://172.16.0.1',
  'http://172.31.255.254',
  'http://192.168.1.20:5678',
  'http://169.254.1.1',
  'http://100.64.0.1',
  'http://100.127.255.255',
  'http://[::1]:5678',
  'http://[::]',
  'http://[fd12:3456::1]',
  'http://[fc00::1]',
  'http://[fe80::1]',
  'http://[febf::1]',
  'http://[::ffff:192.168.1.20]',
  'http://[::ffff:7f00:1]',
  'http://[::ffff:8.8.8.8]',
  'http://[200::1]',
  'http://[4000::1]',
  'http://n8n:5678',
  'http://nas.local',
  'http://nas.local.',
  'http://n8n.internal',
  'http://n8n.lan',
  'http://n8n.home.arpa',
  'http://n8n.',
  'http://my.n8n.localhost.',
])('%s cannot be reached from the internet', (url) => {
  expect(unreachableHost(`${url}/webhook/x`, API)).toBe(new URL(url).hostname);
});

test.each([
  'https://n8n.example.com',
  'https://n8n.example.com.',
  'https://localhost.example.com',
  'https://local.company',
  'http://8.8.8.8:5678',
  'http://11.0.0.1',
  'http://172.15.0.1',
  'http://172.32.0.1',
  'http://192.169.0.1',
  'http://100.63.0.1',
  'http://100.128.0.1',
  'http://169.253.0.1',
  'http://[2001:db8::1]',
  'http://[2001:db8::fc1]',
  'http://[2001::ffff:7f00:1]',
  'http://[2001:db8::]',
  'http://[3fff:ffff::1]',
  'http://[64:ff9b::102:304]',
  'https://10.example.com',
  'https://fd00.example.com',
])('%s may be reached', (url) => {
  expect(unreachableHost(`${url}/webhook/x`, API)).toBeUndefined();
});

test.each(['http://127.0.0.1:4010/v1', 'http://localhost:4010', 'http://[::1]:4010'])(
  'an API on this machine, at %s, reaches what this machine does',
  (api) => {
    expect(unreachableHost('http://localhost:5678/webhook/x', api)).toBeUndefined();
  },
);

test.each(['https://192.168.1.30', 'https://10.127.0.1', 'no URL'])('one at %s does not', (api) => {
  expect(unreachableHost('http://localhost:5678', api)).toBe('localhost');
});
