import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { n8nVersion } from '../../../n8n/install.mts';

const folder = join(import.meta.dirname, '../../../n8n');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

interface Service {
  image: string;
  env_file?: string;
  environment?: Record<string, string>;
  volumes?: string[];
}

const text = read('docker-compose.yml');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const n8n = Object.entries(services).filter(([, { image }]) => image.includes('n8n'));
const shared = parseEnv(read('queue-mode.env'));

test('main, workers and webhooks run the n8n that the tests run', () => {
  expect(n8n.map(([name]) => name)).toEqual(['main', 'worker', 'webhook-1', 'webhook-2']);
  for (const [, { image }] of n8n) expect(image.split(':')[1]).toBe(n8nVersion());
});

test.each(n8n)('%s has the settings that the tests run, and overrides none', (_, service) => {
  expect(service.env_file).toBe('queue-mode.env');
  expect(Object.keys(service.environment ?? {}).filter((name) => name in shared)).toEqual([]);
  expect(service.environment).toMatchObject({
    DB_POSTGRESDB_HOST: 'postgres',
    QUEUE_BULL_REDIS_HOST: 'redis',
    N8N_REINSTALL_MISSING_PACKAGES: 'true',
    N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
  });
});

test('the load balancer has the file that the tests run, and knows both webhook processes', () => {
  const { environment = {}, volumes } = services.balancer;
  expect(volumes).toEqual(['./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro']);
  const asked = [...read('haproxy.cfg').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
  expect(Object.keys(environment).sort()).toEqual(asked.sort());
  const processes = Object.keys(services).filter((name) => name.startsWith('webhook'));
  expect(Object.values(environment)).toEqual([':5679', ...processes.map((name) => `${name}:5678`)]);
});

test('the database is made as the settings name it', () => {
  expect(services.postgres.environment).toMatchObject({
    POSTGRES_DB: shared.DB_POSTGRESDB_DATABASE,
    POSTGRES_USER: shared.DB_POSTGRESDB_USER,
  });
});

test('every value that is asked for is required and explained, and none is filled in', () => {
  const asked = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)];
  expect(asked.length).toBeGreaterThan(0);
  for (const [, name, rest] of asked)
    expect({ name, rest }).toEqual({ name, rest: ':?is missing in .env' });

  const example = read('.env.example');
  const names = [...new Set(asked.map(([, name]) => name))].sort();
  expect(Object.keys(parseEnv(example)).sort()).toEqual(names);
  expect(Object.values(parseEnv(example)).every((value) => value === '')).toBe(true);
  for (const name of names) expect(example).toMatch(new RegExp(`^# .+\\n${name}=$`, 'm'));
});

test('no password or key stands in the file', () => {
  const secret = Object.values(services).flatMap(({ environment = {} }) =>
    Object.entries(environment).filter(([name]) => /PASSWORD|KEY|AUTH/.test(name)),
  );
  expect(secret.length).toBeGreaterThan(0);
  for (const [, value] of secret) expect(value).toMatch(/^\$\{\w+:\?/);
});
