import { readOptions } from '../../../demo/options.mts';

const address = 'https://api.iterabiz.com/v1';
const real = ['--base-url', address, '--image-url', 'https://a.example/b.jpg', '--voice-id', 'v1'];
const env = { ITERABIZ_API_KEY: ' a-key ' };

test('without options: the campaign that comes along, and no real service even with a key', () => {
  const options = readOptions([], env);
  expect(options.rows).toMatch(/demo.campaign\.csv$/);
  expect(options.out).toMatch(/demo.output$/);
  expect(options).toMatchObject({ yes: false, help: false, real: undefined });
});

test('own rows and folder', () => {
  const options = readOptions(['--rows', 'my.csv', '--out=videos'], {});
  expect(options).toMatchObject({ rows: 'my.csv', out: 'videos', real: undefined });
});

test('the real service takes the key from the environment', () => {
  expect(readOptions([...real, '--yes'], env)).toMatchObject({
    yes: true,
    real: {
      baseUrl: address,
      apiKey: 'a-key',
      imageUrl: 'https://a.example/b.jpg',
      voiceId: 'v1',
    },
  });
  expect(readOptions(['--base-url', `${address}/`, ...real.slice(2)], env).real?.baseUrl).toBe(
    address,
  );
});

test.each(['--key', '--key=abc', '-key', '--api-key', '--apiKey=abc', '--API-KEY'])(
  'a key is not taken from the command line: %s',
  (argument) => {
    expect(() => readOptions([...real, argument, 'sk_live_secret'], env)).toThrow(
      'environment variable ITERABIZ_API_KEY',
    );
    expect(() => readOptions([...real, argument, 'sk_live_secret'], env)).not.toThrow('secret');
  },
);

test.each([
  ['an unknown option', ['--row', 'a.csv'], env, '--row'],
  ['a stray word', ['my.csv'], env, 'my.csv'],
  ['an option without its value', ['--rows'], env, '--rows'],
  ['no key in the environment', real, {}, 'Put your API key'],
  ['a blank key in the environment', real, { ITERABIZ_API_KEY: ' ' }, 'Put your API key'],
  ['no picture', ['--base-url', address, '--voice-id', 'v1'], env, '--image-url'],
  ['no voice', ['--base-url', address, '--image-url', 'https://a.example/b'], env, '--voice-id'],
  ['a voice for the sandbox', ['--voice-id', 'v1'], env, 'add --base-url'],
])('%s is refused', (_, args, environment, message) => {
  expect(() => readOptions(args, environment)).toThrow(message);
});

test('--help asks for nothing else', () => {
  expect(readOptions(['--help', '--base-url', address], {})).toMatchObject({ help: true });
});
